"""Which code this is: the release, and the commit when the package runs from a clone."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import airglow

_PACKAGE = Path(__file__).resolve().parents[1]
_ENOUGH_S = 10.0


@cache
def code_version() -> str:
    """Version of the code that is running, for provenance.

    Git is asked once in a process, and only if there is a clone to ask about.

    Returns
    -------
    str
        ``0.1.0+g7b7930ac41f2`` in a clone, with ``.changed`` at its end if the package differs from that
        commit (what an operator changes is elsewhere, in ``/etc/airglow``); ``0.1.0`` where there is no
        clone or no git.
    """
    commit = commit_of(_PACKAGE)
    separator = "." if "+" in airglow.__version__ else "+"
    return f"{airglow.__version__}{separator}{commit}" if commit else airglow.__version__


def commit_of(package: Path) -> str:
    """Name the commit that a directory at the top of a clone is at.

    Parameters
    ----------
    package
        The directory.

    Returns
    -------
    str
        Such as ``g7b7930ac41f2``, or ``g7b7930ac41f2.changed`` if files in the directory differ from it;
        empty if git or the clone is not there.
    """
    clone = package.parent
    if not (clone / ".git").exists():
        return ""
    import subprocess  # which an installed package never needs

    # A service often runs from a clone that another account owns, which git refuses unless told that it is
    # meant. It is: the code that runs comes from there.
    command = ["git", "--no-optional-locks", "-c", f"safe.directory={clone}", "-C", str(clone), "status"]
    command += ["--porcelain=v2", "--branch", "--untracked-files=no", "--", package.name]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=_ENOUGH_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    commit, *others = answer.stdout.splitlines()
    changed = any(not line.startswith("#") for line in others)
    return f"g{commit.removeprefix('# branch.oid ')[:12]}{'.changed' if changed else ''}"
