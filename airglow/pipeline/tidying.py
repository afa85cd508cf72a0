"""What runs leave on the working disk and nobody needs any more: found first, then removed.

The discovery of every run does the part that is cheap and only goes by age (`remove_old`), so that files per
night do not grow without end. ``airglow clean`` finds the rest (`leftovers`).
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import shutil
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from airglow.model.errors import MachineError
from airglow.model.files import PARTIAL
from airglow.model.products import SUFFIXES, local_name
from airglow.pipeline.workspace import old_files, remove_older, unneeded_work

_SNAKEMAKE = Path(".snakemake")
# Of which Snakemake makes one for each output, or for each job, and removes few.
_OF_SNAKEMAKE = ("log", "metadata", "auxiliary", "scripts", "iocache")
_DAY_S = 86400.0
_HALF_WRITTEN_AGE_S = 3600.0  # a file that is being written is younger
_IN_PATH = re.compile(r"(?P<instrument>[a-z0-9]+)/(?P<site>[a-z0-9]+)/20\d\d/(?P<date>20\d{6})(?:/|$)")


@dataclass(frozen=True)
class Leftover:
    """A file or directory that nobody needs.

    Parameters
    ----------
    path
        Where it is.
    why
        Why nobody needs it.
    """

    path: Path
    why: str


def remove_old(
    directory: Path, keep_local_days: float, keep_log_days: float, states: bool = True
) -> list[Path]:
    """Remove what is older than the configuration says: results, logs, and records of each output.

    Parameters
    ----------
    directory
        In which runs are made.
    keep_local_days, keep_log_days
        ``run.keep_local_days`` and ``run.keep_log_days``; 0 keeps all.
    states
        Whether mirrors of sentinels go too: they may be as old as those of a night that is at work.

    Returns
    -------
    list of Path
        What was removed.
    """
    logs, local = _old_places(directory, states)
    removed = remove_older(logs, keep_log_days) + remove_older(local, keep_local_days)
    return removed + remove_older(_places_of_snakemake(directory), _days_of_records(keep_local_days))


def remove_earlier_products(folder: Path, kinds: Collection[str]) -> list[Path]:
    """Remove what was made of an earlier result of a tag: it must not pass for a product of the new one.

    PDFs, say, which are made where they are asked for, and files that were half written by a step that was
    killed.

    Parameters
    ----------
    folder
        Of the products of the tag.
    kinds
        Kinds (`airglow.model.products.SUFFIXES`) that the new analysis writes itself: they stay.

    Returns
    -------
    list of Path
        What was removed.

    Raises
    ------
    MachineError
        If something cannot be removed.
    """
    others = [folder / local_name(kind) for kind in SUFFIXES if kind not in kinds]
    try:
        removed = [path for path in (*others, *folder.glob(f".*{PARTIAL}")) if path.is_file()]
        for path in removed:
            path.unlink()
    except OSError as error:
        raise MachineError.from_os(str(error.filename or folder), error) from error
    return removed


def leftovers(
    directory: Path,
    open_nights: Collection[str],
    keep_local_days: float,
    keep_log_days: float,
    now: float | None = None,
) -> Iterator[Leftover]:
    """Find what nobody needs, while no run is at work in the directory.

    Parameters
    ----------
    directory
        In which runs are made.
    open_nights
        Names of nights that a run may go on with.
    keep_local_days, keep_log_days
        As in `remove_old`.
    now
        The present in seconds since 1970.

    Yields
    ------
    Leftover
        Each once.
    """
    now = time.time() if now is None else now
    logs, local = _old_places(directory, states=True)
    seen: set[Path] = set()

    def new(paths: Iterator[Path], why: str) -> Iterator[Leftover]:
        for path in paths:
            if path not in seen:
                seen.add(path)
                yield Leftover(path, why)

    yield from new(unneeded_work(directory / "work", open_nights, ()), "of a night that no run goes on with")
    yield from new(_half_written(directory, now), "half written, by a process that is gone")
    yield from new(_without_output(directory), "of an output that is gone")
    yield from new(_finished_markers(directory, open_nights), "mark of work on a night that is done")
    yield from new(_files(directory / _SNAKEMAKE / "locks"), "lock of a run that is gone")
    for name in ("scripts", "iocache"):
        young = (path for path in _files(directory / _SNAKEMAKE / name) if now - _mtime(path) > _DAY_S)
        yield from new(young, "of a step that is over")
    yield from new(
        old_files(logs, keep_log_days, now), f"older than {keep_log_days:g} days (run.keep_log_days)"
    )
    local_and_records = (
        (local, keep_local_days),
        (_places_of_snakemake(directory), _days_of_records(keep_local_days)),
    )
    for places, days in local_and_records:
        yield from new(old_files(places, days, now), f"older than {days:g} days (run.keep_local_days)")


def remove(leftover: Leftover, directory: Path) -> None:
    """Remove a leftover, and directories that are empty then.

    Parameters
    ----------
    leftover
        What to remove; nothing happens if it is gone.
    directory
        In which runs are made: it stays, with the directories directly in it.

    Raises
    ------
    OSError
        If it cannot be removed.
    """
    path = leftover.path
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    for parent in path.parents:
        if parent.parent == directory or directory not in parent.parents:
            return
        if parent.is_dir() and not any(parent.iterdir()):
            parent.rmdir()


def _old_places(directory: Path, states: bool) -> tuple[list[Path], list[Path]]:
    """Where logs are, and what else goes by age."""
    local = [directory / name for name in ("results", "work/failures", "fetched", "benchmarks")]
    if states:
        local.append(directory / "work/states")
    return [directory / "logs"], local


def _places_of_snakemake(directory: Path) -> list[Path]:
    return [directory / _SNAKEMAKE / name for name in _OF_SNAKEMAKE]


def _days_of_records(keep_local_days: float) -> float:
    """How long Snakemake's own files stay: those of the run at hand are younger than a day."""
    return max(keep_local_days, 1.0) if keep_local_days > 0 else 0.0


def _half_written(directory: Path, now: float) -> Iterator[Path]:
    for name in ("work", "results", "logs", "benchmarks", "fetched", "nights"):
        for path in _files(directory / name):
            if path.name.endswith(PARTIAL) and now - _mtime(path) > _HALF_WRITTEN_AGE_S:
                yield path


def _without_output(directory: Path) -> Iterator[Path]:
    """Snakemake's records of outputs that are not there any more."""
    for path, output in _records(directory / _SNAKEMAKE / "metadata"):
        if not (directory / output).exists():
            yield path


def _finished_markers(directory: Path, open_nights: Collection[str]) -> Iterator[Path]:
    """Snakemake's marks of outputs that were half done when a run was killed, of nights done since."""
    for path, output in _records(directory / _SNAKEMAKE / "incomplete"):
        found = _IN_PATH.search(output)
        if found and "_".join(found.group("instrument", "site", "date")) not in open_nights:
            yield path


def _records(root: Path) -> Iterator[tuple[Path, str]]:
    """Files of Snakemake that are named by an output: by its Base64, cut where it is long."""
    for path in _files(root):
        text = "".join(part.removeprefix("@") for part in path.relative_to(root).parts)
        try:
            yield path, base64.urlsafe_b64decode(text).decode()
        except (binascii.Error, UnicodeDecodeError, ValueError):
            continue  # none of its records


def _files(root: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(root):
        yield from (Path(folder) / name for name in sorted(names))


def _mtime(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except OSError:
        return time.time()
