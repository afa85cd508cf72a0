"""The version of the code: the commit of a clone, and no failure where there is none."""

import subprocess
import sys
from pathlib import Path

import pytest

import airglow
from airglow.model.version import code_version, commit_of


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package in a clone of its own, and a file that operators edit beside it."""
    path = tmp_path / "clone" / "package"
    path.mkdir(parents=True)
    (path / "code.py").write_text("1\n")
    (path.parent / "config.yaml").write_text("a: 1\n")
    git(path.parent, "init", "--quiet")
    git(path.parent, "add", ".")
    who = ("-c", "user.name=n", "-c", "user.email=n@example.org")
    git(path.parent, *who, "commit", "--quiet", "-m", "first")
    return path


def git(path: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(path), *arguments], check=True, capture_output=True, text=True
    ).stdout


def test_a_clean_clone_is_its_commit(package: Path) -> None:
    head = git(package.parent, "rev-parse", "HEAD").strip()
    assert commit_of(package) == f"g{head[:12]}"
    git(package.parent, "tag", "v9")
    (package / "note.txt").write_text("not part of the code")
    (package.parent / "config.yaml").write_text("a: 2\n")
    assert commit_of(package) == f"g{head[:12]}"


def test_changed_code_says_so(package: Path) -> None:
    clean = commit_of(package)
    (package / "code.py").write_text("2\n")
    assert commit_of(package) == f"{clean}.changed"


def test_without_a_clone_or_git_there_is_the_release(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = tmp_path / "installed" / "package"
    alone.mkdir(parents=True)
    assert commit_of(alone) == ""
    (alone.parent / ".git").write_text("gitdir: nowhere\n")
    assert commit_of(alone) == ""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit_of(package) == ""


def test_the_version_begins_with_the_release_and_fits_the_database() -> None:
    version = code_version()
    assert version.startswith(airglow.__version__)
    assert len(version) <= 100
    assert version.count("+") <= 1


def test_importing_asks_no_git() -> None:
    code = """
import sys
started = []
sys.addaudithook(lambda event, given: started.append(given[0]) if event == "subprocess.Popen" else None)
import airglow, airglow.model.version, airglow.night, airglow.products
assert "git" not in started, started
airglow.model.version.code_version()
"""
    subprocess.run([sys.executable, "-c", code], check=True)
