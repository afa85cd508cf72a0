"""The working disk of the workflow: frames for the analysis, and what may be thrown away."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airglow.archive import Manifest, fetch_frames, load_manifest
from airglow.model.errors import BadInput, MachineError, RegistryError
from airglow.model.files import sha256_of_file, write_whole
from airglow.model.products import FITTED, GROUPS, SUFFIXES, local_name
from airglow.model.result import ANALYSED, NightResult
from airglow.pipeline.publish import fetch_kinds, fetch_products
from airglow.store import MissingObject, Store, json_bytes
from airglow.uploads import NightId

if TYPE_CHECKING:
    from airglow.products import Beside

OUTCOME = "outcome.json"  # beside the products of a tag: what the analysis came to

_SECONDS_PER_DAY = 86400.0
log = logging.getLogger(__name__)


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
    MachineError
        If the local disk cannot be read or written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for frame in manifest.frames:
            if (unpacked / frame.name).is_file():
                os.replace(unpacked / frame.name, directory / frame.name)
        shutil.rmtree(unpacked, ignore_errors=True)
        return fetch_frames(store, manifest, directory, threads)
    except OSError as error:
        raise MachineError.from_os(str(error.filename or directory), error) from error


def published_results(
    store: Store, index: Mapping[str, Any], directory: Path, local: Path | None = None
) -> list[NightResult]:
    """Read what is published of a night.

    Parameters
    ----------
    store
        The bucket.
    index
        What was published.
    directory
        For the files while they are read; removed afterwards.
    local
        Where the results of the tags may be, each in a folder of its name: a file with the SHA-256 of the
        index is read instead of the bucket's.

    Returns
    -------
    list of NightResult
        One for each tag that has a result, in the order of the index; many a night has none.

    Raises
    ------
    StoreError
        If a file is missing or is not what was published.
    """
    from airglow.products import read_netcdf  # NumPy and netCDF, which most users of this module never need

    wanted = [product for product in index["products"] if Path(product["name"]).suffix == ".nc"]
    here: dict[str, Path] = {}
    for product in wanted if local is not None else ():
        path = local / product["tag"] / local_name("netcdf")
        if path.is_file() and sha256_of_file(path) == product["sha256"]:
            here[product["name"]] = path
    missing = [product for product in wanted if product["name"] not in here]
    fetched = fetch_products(store, {**index, "products": missing}, directory)
    here |= {product["name"]: path for product, path in zip(missing, fetched, strict=True)}
    results = [read_netcdf(here[product["name"]]) for product in wanted]
    shutil.rmtree(directory, ignore_errors=True)  # without results it was never made
    return results


def is_of_archive(store: Store, index: Mapping[str, Any]) -> bool:
    """Whether what is published of a night was made from the frames that its archive has now.

    Parameters
    ----------
    store
        The bucket.
    index
        What was published.

    Returns
    -------
    bool
        False also if the archive has no manifest of the night, or none that can be read.
    """
    try:
        manifest = load_manifest(store, NightId.parse(index["night"]))
    except (MissingObject, BadInput):
        return False
    return manifest.sha256 == index["manifest_sha256"]


def bring_results(
    store: Store,
    index: Mapping[str, Any],
    directory: Path,
    empty_result: Callable[[str, str], NightResult],
    beside: Beside,
) -> list[str]:
    """Fill the folders of a night's tags with what is published of it.

    Afterwards they are as the analysis and what follows it left them, so that plots, say, can be made again
    without it. In each folder the result is written first, so that nothing made from it is older. Where an
    analysis came to no result and the earlier one was kept, that is what comes back. A tag without a result
    that the registry does not know of the instrument any more is passed over.

    Parameters
    ----------
    store
        The bucket.
    index
        What was published.
    directory
        Gets a folder for each tag of the index.
    empty_result
        Makes the empty result of a tag that was not analysed, of which nothing is published: is given the tag
        and why. Raises RegistryError for a tag that the registry does not know.
    beside
        What the registry knows, for products of that.

    Returns
    -------
    list of str
        The tags whose folders were filled.

    Raises
    ------
    StoreError
        If a product is missing or is not what was published.
    """
    from airglow.products import write_kinds

    filled = []
    for tag, of_tag in index["outcomes"].items():
        folder = directory / tag
        outcome = {name: value for name, value in of_tag.items() if name != "products"}
        if outcome["state"] == ANALYSED:
            for wanted in (["netcdf"], [kind for kind in SUFFIXES if kind != "netcdf"]):
                fetch_kinds(
                    store,
                    index,
                    lambda of, kind, tag=tag, folder=folder, wanted=wanted: (
                        folder / local_name(kind) if of == tag and kind in wanted else None
                    ),
                )
        else:
            try:
                result = empty_result(tag, f"{outcome['state']}: {outcome['reason']}")
            except RegistryError as error:
                log.info("%s: there was no result, and none is made: %s", tag, error)
                continue
            write_kinds(result, {"netcdf": folder / local_name("netcdf")}, beside)
            kinds = [kind for kind in SUFFIXES if kind not in ("netcdf", FITTED, *GROUPS["pdf"])]
            files = {kind: folder / local_name(kind) for kind in kinds}
            # Of the frames none is looked for.
            write_kinds(result, files, replace(beside, frames_directory=folder))
        write_whole(folder / OUTCOME, json_bytes(outcome))
        filled.append(tag)
    return filled


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
        What was removed. What cannot be removed stays, with a warning in the log.
    """
    if keep_days <= 0:
        return []
    limit = (time.time() if now is None else now) - keep_days * _SECONDS_PER_DAY
    removed = []
    emptied = set()
    for directory in directories:
        for folder, _, names in os.walk(directory, topdown=False, onerror=_tell_unreadable):
            for path in (Path(folder) / name for name in names):
                if _remove_if_older(path, limit):
                    removed.append(path)
                    emptied.add(path.parent)
            here = Path(folder)
            if here in emptied and here != directory and _remove_if_empty(here):
                emptied.add(here.parent)
    return removed


def old_files(directories: Iterable[Path], keep_days: float, now: float) -> Iterator[Path]:
    """Files that `remove_older` removes.

    Parameters
    ----------
    directories, keep_days, now
        As in `remove_older`.

    Yields
    ------
    Path
    """
    limit = now - keep_days * _SECONDS_PER_DAY
    for directory in directories if keep_days > 0 else ():
        for folder, _, names in os.walk(directory):
            for path in (Path(folder) / name for name in names):
                with contextlib.suppress(OSError):
                    if path.lstat().st_mtime < limit:
                        yield path


def _remove_if_older(path: Path, limit: float) -> bool:
    try:
        if path.lstat().st_mtime >= limit:
            return False
        path.unlink()
    except OSError as error:
        _tell_stays(path, error)
        return False
    return True


def remove_leftovers(work: Path, continuing: Collection[str], at_work: Collection[str]) -> list[str]:
    """Remove what earlier runs left of nights, killed or failed, and nobody needs any more.

    Of a night that goes on, only files that were half written go: the next steps check the others against the
    record or the manifest, and use them. Of other nights everything goes, and all copies of weather files,
    which may be older than those in the archive. What is not in the folder of a night (``failures``, the
    discovery) is left alone.

    Parameters
    ----------
    work
        The workflow's directory for temporary files. No step of an earlier run may be at work in it.
    continuing
        Names of the nights that this run is about to work on.
    at_work
        Names of the nights that this run may be working on already: left alone.

    Returns
    -------
    list of str
        What was removed, with its size, for the log. What cannot be removed stays, with a warning in the
        log: it takes up room, but is no reason to work on no night at all.
    """
    removed = []
    for path in unneeded_work(work, continuing, at_work):
        size = size_on_disk(path)
        try:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        except OSError as error:
            _tell_stays(path, error)
            continue
        removed.append(f"{path} ({size / 1e6:.1f} MB)")
        _remove_empty(path.parent, work)
    return removed


def unneeded_work(work: Path, continuing: Collection[str], at_work: Collection[str]) -> Iterator[Path]:
    """What `remove_leftovers` removes.

    Parameters
    ----------
    work, continuing, at_work
        As in `remove_leftovers`.

    Yields
    ------
    Path
        Files and directories.
    """
    for path in _matching(work, "*/*/*/*"):
        try:
            night = NightId.parse("_".join((*path.relative_to(work).parts[:2], path.name)))
        except BadInput:
            continue
        if night.name in at_work:
            continue
        if night.name not in continuing:
            yield path
            continue
        yield from _matching(path, "**/*.partial")
        if os.path.lexists(path / "unpacked.unpacked"):
            yield path / "unpacked.unpacked"
    needed = tuple(name.split("_", 1)[1] for name in at_work)
    yield from (path for path in _matching(work, "weather/*") if not path.name.startswith(needed))


def _matching(directory: Path, pattern: str) -> list[Path]:
    """Paths below a directory in their order: as many as it gives out."""
    found = []
    try:
        found.extend(directory.glob(pattern))
    except OSError as error:
        _tell_unreadable(error)
    return sorted(found)


def size_on_disk(path: Path) -> int:
    """Bytes of a file, or of all below a directory; what cannot be asked does not count.

    Parameters
    ----------
    path
        The file or directory.

    Returns
    -------
    int
    """
    size = 0
    with contextlib.suppress(OSError):
        size = 0 if path.is_dir() else path.lstat().st_size
    for folder, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(OSError):
                size += (Path(folder) / name).lstat().st_size
    return size


def _remove_empty(directory: Path, root: Path) -> None:
    while directory != root and _remove_if_empty(directory):
        directory = directory.parent


def _remove_if_empty(directory: Path) -> bool:
    try:
        if any(directory.iterdir()):
            return False
        directory.rmdir()
    except OSError as error:
        _tell_stays(directory, error)
        return False
    return True


def _tell_stays(path: Path, error: OSError) -> None:
    log.warning("%s: could not be removed (%s)", path, error.strerror or error)


def _tell_unreadable(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        log.warning("%s: what is in it could not be looked at (%s)", error.filename, error.strerror or error)
