"""The working disk of the workflow: frames for the analysis, and what may be thrown away."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from airglow.archive import Manifest, fetch_frames
from airglow.products import SUFFIXES, Beside, local_name, read_netcdf, write_kinds
from airglow.publish import fetch_kinds, fetch_products
from airglow.result import ANALYSED, NightResult
from airglow.store import Store, json_bytes
from airglow.uploads import NightId

OUTCOME = "outcome.json"  # beside the products of a tag: what the analysis came to

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


def published_results(store: Store, index: Mapping[str, Any], directory: Path) -> list[NightResult]:
    """Read what is published of a night: a result for each tag that has one, so none for many a night.

    Parameters
    ----------
    store
        The bucket.
    index
        What was published.
    directory
        For the files while they are read; removed afterwards.

    Raises
    ------
    StoreError
        If a file is missing or is not what was published.
    """
    results = [read_netcdf(path) for path in fetch_products(store, index, directory)]
    shutil.rmtree(directory, ignore_errors=True)  # without results it was never made
    return results


def bring_results(
    store: Store,
    index: Mapping[str, Any],
    directories: Mapping[str, Path],
    nothing: Callable[[str, str], NightResult],
) -> list[str]:
    """Fill the folders of a night's tags with what is published of it, where there is no result.

    Afterwards they are as the analysis and what follows it left them, so that plots, say, can be made again
    without it. The files are a little older than the index, as they were: they do not pass for new ones.
    Where an analysis came to no result and the earlier one was kept, that takes its place here too.

    Parameters
    ----------
    store
        The bucket.
    index
        What was published.
    directories
        A folder for each tag of the index. One with a result of its own is left as it is.
    nothing
        Makes the empty result of a tag that was not analysed, of which nothing is published: is given the tag
        and why.

    Returns
    -------
    list of str
        The tags whose folders were filled.

    Raises
    ------
    StoreError
        If a product is missing or is not what was published.
    """
    published = store.head(NightId.parse(index["night"]).published_key)
    filled = [tag for tag in index["outcomes"] if _is_to_fill(directories[tag], index["outcomes"][tag])]
    age = min(published.modified.timestamp(), time.time()) - 1.0 if published else time.time()
    for tag in filled:
        shutil.rmtree(directories[tag], ignore_errors=True)  # files of a refused result are none of this one
        outcome = {name: value for name, value in index["outcomes"][tag].items() if name != "products"}
        if outcome["state"] == ANALYSED:
            paths = fetch_kinds(
                store,
                index,
                lambda of, kind, tag=tag: directories[tag] / local_name(kind) if of == tag else None,
            )
        else:
            result = nothing(tag, f"{outcome['state']}: {outcome['reason']}")
            files = {kind: directories[tag] / local_name(kind) for kind in SUFFIXES}
            beside = Beside(frames_directory=directories[tag])  # of which none is looked for
            paths = write_kinds(result, files, beside)
        outcome_path = directories[tag] / OUTCOME
        outcome_path.parent.mkdir(parents=True, exist_ok=True)
        outcome_path.write_bytes(json_bytes(outcome))
        for path in (*paths, outcome_path):
            os.utime(path, (age, age))
    return filled


def _is_to_fill(directory: Path, published: Mapping[str, Any]) -> bool:
    """Whether a tag's folder lacks its result, or has the empty one that was refused for an earlier one."""
    if not (directory / local_name("netcdf")).exists():
        return True
    outcome = directory / OUTCOME
    if not published.get("kept") or not outcome.exists():
        return False
    try:
        return json.loads(outcome.read_text(encoding="utf-8"))["state"] != ANALYSED
    except (ValueError, KeyError, TypeError):  # it says nothing of use
        return True


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
