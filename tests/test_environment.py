"""One source of truth for dependencies: pyproject.toml; the lock and environment.yml agree with it.

The lock has what tests need as well, environment.yml only what runs.
"""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
CONDA_NAMES = {"tzdata": "python-tzdata"}  # conda's own tzdata is not the Python package
NOT_FROM_PYPI = {"python", "pip"}
PYTHON = "3.11.0"


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def by_name(lines):
    return {canonicalize_name(r.name): r for r in map(Requirement, lines)}


@pytest.fixture(scope="module")
def runtime(project):
    """Requirements of the package itself, by name."""
    return by_name(project["dependencies"])


@pytest.fixture(scope="module")
def requirements(project, runtime):
    """Requirements of the package, its demo and its tests, by name."""
    return runtime | by_name(project["optional-dependencies"]["dev"])


@pytest.fixture(scope="module")
def lock_text():
    return (ROOT / "requirements.lock").read_text()


@pytest.fixture(scope="module")
def locked(lock_text):
    """Versions that the lock gives the oldest Python that we support, on Linux, by name."""
    environment = default_environment() | {
        "python_full_version": PYTHON,
        "python_version": PYTHON.rpartition(".")[0],
        "sys_platform": "linux",
    }
    versions = {}
    for line in re.findall(r"^([a-z0-9].*?) *\\?$", lock_text, re.MULTILINE):
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate(environment):
            (pin,) = requirement.specifier
            assert pin.operator == "=="
            versions[canonicalize_name(requirement.name)] = pin.version
    return versions


@pytest.fixture(scope="module")
def conda():
    """Packages in environment.yml, each a requirement by name."""
    lines = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    return {re.split("[<>=]", line)[0].strip(): line for line in lines}


def test_the_lock_has_what_we_ask_for_and_in_a_version_that_we_accept(requirements, locked):
    for name, requirement in requirements.items():
        assert name in locked, f"{name} is not in requirements.lock: run `make lock`"
        assert requirement.specifier.contains(locked[name]), f"{name}: run `make lock`"


def test_every_package_of_the_lock_has_hashes(lock_text):
    entries = re.split(r"^(?=[a-z0-9])", lock_text, flags=re.MULTILINE)[1:]
    assert len(entries) > 100
    assert all("--hash=sha256:" in entry for entry in entries)


def test_the_lock_names_no_host_and_no_directory(lock_text):
    assert not re.search(r"://|--(extra-)?index|--find-links|@ file|(^|\s)/\w", lock_text)


def test_environment_yml_has_what_runs_in_the_same_versions(runtime, locked, conda):
    names = {CONDA_NAMES.get(name, name) for name in runtime}
    assert conda.keys() - NOT_FROM_PYPI == names
    for name in runtime:
        line = conda[CONDA_NAMES.get(name, name)]
        # conda has no releases that only corrected the upload (".post1"); a single = takes them all the same
        assert re.split("==?", line)[1] == re.sub(r"\.post\d+$", "", locked[name]), line


def test_environment_yml_asks_for_the_same_python(project, conda):
    python = SpecifierSet(conda["python"].removeprefix("python"))
    assert project["requires-python"] in str(python)
    assert python.contains(PYTHON)
