"""This machine: room on the working disk, and what runs that are gone have left locked."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from airglow.doctor.finding import Finding, ok, warning, wrong
from airglow.model.errors import AirglowError
from airglow.pipeline.last_discovery import DISCOVERY, last_discovery
from airglow.uploads import NightReport, State, disk_need_bytes

_NEED_UNKNOWN = 500_000_000  # bytes; before a discovery has seen an upload
_NIGHTS_AT_ONCE = 4  # with less room than these need, nights wait for each other
_FEW_FILES, _TOO_FEW_FILES = 20_000, 2_000  # that can still be made: a night makes some hundreds
_RUN_LOCK, _STEPS_LOCK = "airglow.run.lock", "airglow.steps.lock"


def check_disk(directory: Path) -> Iterator[Finding]:
    """Compare the room for ``work`` and ``results`` with what nights need.

    Parameters
    ----------
    directory
        In which runs are made.

    Yields
    ------
    Finding
        For each file system.
    """
    need = _largest_need(directory)
    seen_devices = set()
    for name in ("work", "results"):
        place = directory / name
        place = place if place.exists() else directory
        device = place.stat().st_dev
        if device in seen_devices:
            continue
        seen_devices.add(device)
        yield disk_finding(place, need, os.statvfs(place))
    if not os.access(directory, os.W_OK):
        yield wrong("disk", f"{directory} cannot be written", "run this as the account that runs are made by")


def disk_finding(place: Path, need_bytes: int, state: os.statvfs_result) -> Finding:
    """Judge the room of one file system.

    Parameters
    ----------
    place
        A directory on it.
    need_bytes
        Room that one night needs.
    state
        As `os.statvfs` gives it.

    Returns
    -------
    Finding
    """
    free = state.f_bavail * state.f_frsize
    files = state.f_favail if state.f_files else None  # some file systems have no limit
    seen = f"{free / 1e9:.1f} GB free at {place}; a night needs about {need_bytes / 1e9:.1f} GB"
    if files is not None:
        seen += f"; {files:,} more files can be made"
    action = "make room: airglow clean, a smaller run.keep_local_days, or a larger disk"
    if free < need_bytes or (files is not None and files < _TOO_FEW_FILES):
        return wrong("disk", seen, action)
    if free < _NIGHTS_AT_ONCE * need_bytes or (files is not None and files < _FEW_FILES):
        return warning("disk", seen, action)
    return ok("disk", seen)


def _largest_need(directory: Path) -> int:
    """What the largest night needs that is in ``raw/`` and may be worked on."""

    def comes(report: NightReport) -> bool:
        return report.size_present > 0 and (report.is_wanted or report.state in (State.QUEUED, State.WAITING))

    try:
        found = last_discovery(directory / "work" / DISCOVERY)
    except AirglowError:
        found = None
    needs = [disk_need_bytes(report) for report in (found.nights if found else ()) if comes(report)]
    return max(needs, default=_NEED_UNKNOWN)


def check_locks(directory: Path, held_by: dict[int, int] | None = None) -> Iterator[Finding]:
    """Look for locks that runs have left.

    Parameters
    ----------
    directory
        In which runs are made.
    held_by
        Process by number of the file that it has locked; by default, what the kernel says.

    Yields
    ------
    Finding
    """
    locks = directory / ".snakemake"
    held = _kernel_locks() if held_by is None else held_by
    if held is None:
        yield warning("lock", "/proc/locks cannot be read: whether a run is at work is not known", "ps tells")
        return
    run = held.get(_inode(locks / _RUN_LOCK))
    steps = held.get(_inode(locks / _STEPS_LOCK))
    if run is not None:
        yield _run_at_work(locks / _RUN_LOCK)
    elif steps is not None:
        yield warning(
            "lock",
            f"steps of a run that was killed are still at work (process {steps})",
            f"wait, or end them: kill {steps}. The next run waits for them",
        )
    else:
        yield ok("lock", "no run is at work")
    left = sorted((locks / "locks").glob("*")) if (locks / "locks").is_dir() else []
    if left and run is None:
        yield warning(
            "Snakemake's lock",
            f"{len(left)} files in {locks / 'locks'}, of a run that is gone",
            "snakemake --unlock, or airglow clean; runs with our profiles do not look at them",
        )


def _run_at_work(path: Path) -> Finding:
    try:
        who = json.loads(path.read_text(encoding="utf-8"))
        process, since = int(who["process"]), who["since"]
    except (OSError, ValueError, KeyError, TypeError):
        return ok("lock", "a run has just begun")
    if os.uname().nodename == who.get("host") and not _lives(process):
        return warning(
            "lock",
            f"the run of process {process} is gone, but a process that it has started holds its lock",
            f"find it with fuser {path}, and end it, or wait for it",
        )
    return ok("lock", f"a run is at work: process {process}, since {since}")


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _kernel_locks() -> dict[int, int] | None:
    """Process by number of the file that it has locked as a whole (flock); None if that cannot be read."""
    held = {}
    try:
        lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    for line in lines:
        words = line.split()
        if len(words) >= 6 and words[1] == "FLOCK":  # 1: FLOCK ADVISORY WRITE 123 08:01:4567 0 EOF
            held[int(words[5].rpartition(":")[2])] = int(words[4])
    return held


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return -1
