"""The package outside a clone: built as a wheel, installed, and used in an empty directory."""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NIGHT = ("--instrument", "minime05", "--site", "uao", "--date", "20260511")


def run(*command: object, cwd: Path) -> str:
    ran = subprocess.run([*map(str, command)], cwd=cwd, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of an environment that has the wheel, and the other packages of this one."""
    directory = tmp_path_factory.mktemp("wheel")
    source = directory / "source"  # a copy: a build leaves files beside the package
    shutil.copytree(ROOT / "airglow", source / "airglow", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, source)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
    run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", directory, source, cwd=directory)
    run(sys.executable, "-m", "venv", "--without-pip", directory / "venv", cwd=directory)
    python = directory / "venv/bin/python"
    (wheel,) = directory.glob("airglow-*.whl")
    run(*pip, "--python", python, "install", "--no-deps", wheel, cwd=directory)
    own = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=directory).strip()
    (Path(own) / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def test_a_night_is_simulated_and_the_commands_are_there_in_an_empty_directory(
    installed: Path, tmp_path: Path
) -> None:
    where = run(installed, "-c", "import airglow; print(airglow.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(installed.parents[1])
    assert "--registry DIR" in run(installed, "-m", "airglow", "analyze", "--help", cwd=tmp_path)
    few = ("--sky-frames", 2, "--laser-frames", 1)
    output = run(installed, "-m", "airglow", "simulate", *NIGHT, *few, "--out", "night", cwd=tmp_path)
    assert output.startswith("2 sky and 1 laser frames of minime05 at uao")
    refused = subprocess.run(
        [installed, "-m", "airglow", "run"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 2
    assert (
        "has no workflow/Snakefile. Run in a clone of airglow, or name one with --workflow" in refused.stderr
    )
