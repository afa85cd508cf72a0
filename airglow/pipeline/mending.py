"""An archive that lacks files of a night is made whole again, while there is something to make it from."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from airglow.archive import (
    Manifest,
    NotArchived,
    NotLoaded,
    bring_back,
    cleanup_night,
    prove_archived,
    read_manifest,
)
from airglow.model.errors import BadInput, StoreError
from airglow.pipeline.states import manifest_bytes, mirror_written, remove_state
from airglow.pipeline.workspace import bring_frames
from airglow.registry import Registry
from airglow.store import Guard, Store
from airglow.uploads import Memory, NightId, restore_manifest

log = logging.getLogger(__name__)
Archiving = Callable[[], Manifest]
_NO_COPY = "No copy of it is whole: put one back from a backup, or delete it and upload the night again"


def read_archived(store: Store, night: NightId, at_hand: Path, states: Path) -> tuple[Manifest, bytes]:
    """The manifest of a night; a copy takes its place where it is damaged.

    Parameters
    ----------
    store, night, at_hand
        As in `airglow.pipeline.states.manifest_bytes`.
    states
        The directory of the mirrors of sentinels.

    Returns
    -------
    manifest : Manifest
    data : bytes
        The same as the bucket has it.

    Raises
    ------
    BadInput
        If it is damaged, and so are its copies, if there are any.
    StoreError
        If the bucket does not do its part.
    """
    data = manifest_bytes(store, night, at_hand, states)
    try:
        return read_manifest(data, night.manifest_key), data
    except BadInput as problem:
        restored = restore_manifest(store, night)
        if restored is None:
            raise BadInput(problem.name, problem.reason, _NO_COPY) from problem
        log.warning("%s. A copy has taken its place", problem)
        mirror_written(night, "manifest", restored.etag, states)
    data = store.get_bytes(night.manifest_key)
    return read_manifest(data, night.manifest_key), data


def mend_archive(store: Store, manifest: Manifest, archive: Archiving) -> Manifest:
    """Bring back files that the bucket does not have as the manifest says.

    First those that were set aside for another upload, which went away. Then, while the upload is still in
    ``raw/``, by extracting it again.

    Parameters
    ----------
    store
        The bucket.
    manifest
        What should be there.
    archive
        Extracts the upload of the night again (`airglow.pipeline.archiving.archive_upload`).

    Returns
    -------
    Manifest
        What is archived now.

    Raises
    ------
    NotArchived
        If nothing is left that a file can be brought back from: then the message says what to do.
    StoreError
        If the bucket does not do its part.
    """
    night = manifest.night
    lost = bring_back(store, manifest, {found.key: found for found in store.list(night.frames_prefix)})
    if lost:
        log.warning("%d files of the archive are not as they were, %s first", len(lost), lost[0].key)
        there = {found.key: found.etag for found in store.list(night.raw_prefix)}
        if all(there.get(read.key) == read.etag for read in (manifest.receipt, *manifest.parts)):
            manifest = archive()
            log.warning("%s: extracted again from its upload", night.name)
    prove_archived(store, manifest, just_read=True)
    return manifest


def bring_frames_surely(
    store: Store, manifest: Manifest, directory: Path, unpacked: Path, archive: Archiving, threads: int = 8
) -> Manifest:
    """Fill a directory with the frames of a night, and mend the archive where it does not have them.

    Parameters
    ----------
    store, manifest, directory, unpacked
        As in `airglow.pipeline.workspace.bring_frames`.
    archive
        As in `mend_archive`.
    threads
        How many frames are downloaded at once.

    Returns
    -------
    Manifest
        What is archived now.

    Raises
    ------
    NotArchived, StoreError, MachineError
        As `mend_archive` and `airglow.pipeline.workspace.bring_frames`.
    """
    try:
        bring_frames(store, manifest, directory, unpacked, threads)
    except StoreError as problem:
        log.warning("%s", problem)
        manifest = mend_archive(store, manifest, archive)
        bring_frames(store, manifest, directory, unpacked, threads)
    return manifest


def cleanup_surely(
    store: Store,
    registry: Registry,
    manifest: Manifest,
    published: Mapping[str, Any],
    loaded: Mapping[str, Any],
    archive: Archiving,
    guard: Guard,
    keep_superseded_days: int,
    states: Path,
    memory: Memory | None = None,
) -> dict[str, Any]:
    """Clean up a night whose manifest was just read, and mend the archive first where it has to be.

    Parameters
    ----------
    store, registry, manifest, published, loaded
        As in `airglow.archive.cleanup_night`.
    archive
        As in `mend_archive`.
    guard, keep_superseded_days
        As in `airglow.archive.cleanup_night`.
    states
        The directory of the mirrors of sentinels.
    memory
        As in `airglow.archive.cleanup_night`.

    Returns
    -------
    dict
        The record of the cleanup.

    Raises
    ------
    NotLoaded
        As `airglow.archive.cleanup_night`. The record of the load is gone then: the next attempt loads again.
    NotArchived, StoreError
        As `mend_archive` and `airglow.archive.cleanup_night`.
    """

    def clean_up(archived: Manifest) -> dict[str, Any]:
        return cleanup_night(
            store, registry, archived, published, loaded, True, guard, keep_superseded_days, memory
        )

    try:
        try:
            return clean_up(manifest)
        except NotArchived as problem:
            log.warning("%s", problem)
            return clean_up(mend_archive(store, manifest, archive))
    except NotLoaded:
        remove_state(store, manifest.night, "loaded", states)
        raise
