"""One source of truth for dependencies: pyproject.toml; the lock and environment.yml agree with it."""

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


@pytest.fixture(scope="module")
def wanted(project):
    """What we ask for, by name."""
    lines = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    return {canonicalize_name(r.name): r for r in map(Requirement, lines)}


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
    """Conda's packages and pip's in environment.yml, each a requirement by name."""
    dependencies = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    (from_pip,) = [entry["pip"] for entry in dependencies if isinstance(entry, dict)]
    from_conda = [entry for entry in dependencies if isinstance(entry, str)]
    return {
        **{re.split("[<>=]", line)[0].strip(): line for line in from_conda},
        **{canonicalize_name(Requirement(line).name): line for line in from_pip},
    }


def test_the_lock_has_what_we_ask_for_and_in_a_version_that_we_accept(wanted, locked):
    for name, requirement in wanted.items():
        assert name in locked, f"{name} is not in requirements.lock: run `make lock`"
        assert requirement.specifier.contains(locked[name]), f"{name}: run `make lock`"


def test_every_package_of_the_lock_has_hashes(lock_text):
    entries = re.split(r"^(?=[a-z0-9])", lock_text, flags=re.MULTILINE)[1:]
    assert len(entries) > 100
    assert all("--hash=sha256:" in entry for entry in entries)


def test_the_lock_names_no_host_and_no_directory(lock_text):
    assert not re.search(r"://|--(extra-)?index|--find-links|@ file|(^|\s)/\w", lock_text)


def test_environment_yml_has_the_same_packages_in_the_same_versions(wanted, locked, conda):
    names = {CONDA_NAMES.get(name, name) for name in wanted}
    assert conda.keys() - NOT_FROM_PYPI == names
    for name in wanted:
        line = conda[CONDA_NAMES.get(name, name)]
        # conda has no releases that only corrected the upload (".post1"); a single = takes them all the same
        assert re.split("==?", line)[1] == re.sub(r"\.post\d+$", "", locked[name]), line


def test_environment_yml_asks_for_the_same_python(project, conda):
    python = SpecifierSet(conda["python"].removeprefix("python"))
    assert project["requires-python"] in str(python)
    assert python.contains(PYTHON)
