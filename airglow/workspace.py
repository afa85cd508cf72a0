"""The working disk of the workflow: frames for the analysis, and what may be thrown away."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

from airglow.archive import Manifest, fetch_frames
from airglow.store import Store

_SECONDS_PER_DAY = 86400.0


def bring_frames(
    store: Store, manifest: Manifest, directory: Path, unpacked: Path, threads: int = 8
) -> list[Path]:
    """Fill a directory with the frames of a night, and nothing else.

    Parameters
    ----------
    store
        The bucket.
    manifest
        What the frames are.
    directory
        Where they are wanted.
    unpacked
        Where an extraction may have left them; what is of use is taken from there, the rest is removed.
    threads
        How many are downloaded at once.

    Returns
    -------
    list of Path
        The frames, in the order of their names; each has the size and SHA-256 of the manifest.

    Raises
    ------
    StoreError
        If the bucket does not have a frame as it was archived.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for frame in manifest.frames:
        if (unpacked / frame.name).is_file():
            os.replace(unpacked / frame.name, directory / frame.name)
    shutil.rmtree(unpacked, ignore_errors=True)
    return fetch_frames(store, manifest, directory, threads)


def remove_older(directories: Iterable[Path], keep_days: float, now: float | None = None) -> list[Path]:
    """Remove files that nobody has written to for long, and directories that are empty then.

    Parameters
    ----------
    directories
        Where to look.
    keep_days
        Age, in days, up to which files stay; 0 keeps all.
    now
        The present in seconds since 1970.

    Returns
    -------
    list of Path
        What was removed.
    """
    if keep_days <= 0:
        return []
    limit = (time.time() if now is None else now) - keep_days * _SECONDS_PER_DAY
    removed = []
    emptied = set()
    for directory in directories:
        for folder, _, names in os.walk(directory, topdown=False):
            for path in (Path(folder) / name for name in names):
                if path.lstat().st_mtime < limit:
                    path.unlink()
                    removed.append(path)
                    emptied.add(path.parent)
            here = Path(folder)
            if here in emptied and here != directory and not any(here.iterdir()):
                here.rmdir()
                emptied.add(here.parent)
    return removed
