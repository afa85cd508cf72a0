"""Frames of an upload that another one has replaced: out of the way of the new ones, and kept for a time.

They go to ``superseded/<SHA-256 of their manifest>/`` in the folder of the night. The manifest itself stays
under ``manifests/`` in the state of the night, for good: it says what the upload was.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from airglow.archive.manifest import ArchivedFile, Manifest, read_manifest
from airglow.model.errors import BadInput, StoreError
from airglow.store import Deletion, MissingObject, Store, StoredObject, in_threads, set_aside
from airglow.uploads import NightId, kept_manifests_prefix
from airglow.uploads.expiry import SUPERSEDED, UNKNOWN, Superseded, markers_of, superseded_prefix

_OWN = Deletion(honours_if_match=True)  # nobody else writes into the folder of a night: no look is needed
log = logging.getLogger(__name__)


def earlier_manifests(store: Store, night: NightId, but: str = "") -> list[Manifest]:
    """The manifests that a night had before, the latest last; those that cannot be read are left out.

    Parameters
    ----------
    store
        The bucket.
    night
        The night.
    but
        SHA-256 of one that is left out.

    Returns
    -------
    list of Manifest
    """
    manifests = []
    kept = sorted(store.list(kept_manifests_prefix(night)), key=lambda found: (found.modified, found.key))
    for found in kept:
        if but and but in found.key:
            continue
        with contextlib.suppress(BadInput, MissingObject):
            manifests.append(read_manifest(store.get_bytes(found.key), found.key))
    return manifests


@dataclass(frozen=True)
class UploadVersion:
    """One of the uploads that were archived of a night, one after the other.

    Parameters
    ----------
    manifest_sha256
        SHA-256 of its manifest.
    archived_at
        When its manifest was written, UTC.
    frames
        How many frames it has.
    is_current
        Whether it is the one that is archived now.
    kept
        Of one that another has replaced: how many files of it are still kept that the other does not have.
    """

    manifest_sha256: str
    archived_at: dt.datetime
    frames: int
    is_current: bool
    kept: int


def upload_versions(store: Store, night: NightId) -> list[UploadVersion]:
    """All uploads of a night that were ever archived, the first one first.

    Parameters
    ----------
    store
        The bucket.
    night
        The night.

    Returns
    -------
    list of UploadVersion
    """
    written = {
        found.key.rpartition("/")[2].removesuffix(".json"): found.modified
        for found in store.list(kept_manifests_prefix(night))
    }
    aside = [found.key for found in store.list(superseded_prefix(night))]
    now = ""
    with contextlib.suppress(MissingObject):
        now = hashlib.sha256(store.get_bytes(night.manifest_key)).hexdigest()
    versions = [
        UploadVersion(
            manifest.sha256,
            written[manifest.sha256],
            len(manifest.frames),
            manifest.sha256 == now,
            sum(f"/{manifest.sha256}/" in key for key in aside),
        )
        for manifest in earlier_manifests(store, night)
        if manifest.sha256 in written
    ]
    return sorted(versions, key=lambda version: version.archived_at)


def keep_before_overwriting(
    store: Store, night: NightId, there: Mapping[str, StoredObject], sent: Mapping[str, str], keep_days: int
) -> None:
    """Keep what another upload's files are about to overwrite. Costs nothing where nothing is overwritten.

    Parameters
    ----------
    store
        The bucket.
    night
        The night.
    there
        What the folder of the night has, by key.
    sent
        MD5 by key of what is to be written.
    keep_days
        For how many days superseded frames are kept; 0 for ever.
    """
    lost = [there[key] for key, md5 in sent.items() if key in there and there[key].etag != md5]
    if not lost:
        return
    owners = _owners(earlier_manifests(store, night))
    of_each = {found: owners.get((found.key, found.etag), UNKNOWN) for found in lost}
    prefixes = {owner: _mark(store, night, owner, keep_days) for owner in sorted(set(of_each.values()))}
    for found, owner in of_each.items():
        name = found.key.removeprefix(night.frames_prefix)
        if owner == UNKNOWN:  # of several uploads, perhaps: names alone would not keep them apart
            name = f"{found.etag}_{PurePosixPath(name).name}"
        beside = prefixes[owner] + name
        if beside not in there or there[beside].etag != found.etag:
            store.keep(found, beside)


def retire(
    store: Store, manifest: Manifest, there: Mapping[str, StoredObject], keep_days: int
) -> list[dict[str, object]]:
    """Move what earlier manifests name, and this one does not, out of the folder of the night.

    What no manifest names stays: it is not ours. Costs nothing where all is named. Killed in between, the
    next call goes on.

    Parameters
    ----------
    store
        The bucket.
    manifest
        What is archived now.
    there
        What the folder of the night has, by key, as it was just listed.
    keep_days
        For how many days superseded frames are kept; 0 for ever.

    Returns
    -------
    list of dict
        Of each earlier manifest: ``manifest_sha256``, ``frames`` (how many were moved), ``prefix``.
    """
    night = manifest.night
    named = {file.key for file in (*manifest.frames, *manifest.others)}
    aside = superseded_prefix(night)
    _mark_unknown(store, night, there, keep_days)
    left = {key: found for key, found in there.items() if key not in named and not key.startswith(aside)}
    if not left:
        return []
    owners = _owners(earlier_manifests(store, night, but=manifest.sha256))
    moved: dict[str, list[StoredObject]] = {}
    for key, found in left.items():
        if (owner := owners.get((key, found.etag))) is not None:
            moved.setdefault(owner, []).append(found)
    records = []
    for owner, objects in sorted(moved.items()):
        prefix = _mark(store, night, owner, keep_days)

        def move(found: StoredObject, prefix: str = prefix) -> bool:
            return set_aside(store, found, prefix + found.key.removeprefix(night.frames_prefix), _OWN)

        count = sum(in_threads(move, objects))
        records.append({"manifest_sha256": owner, "frames": count, "prefix": prefix})
        log.info("%d files of an earlier upload moved to %s", count, prefix)
    strange = len(left) - sum(map(len, moved.values()))
    if strange:
        log.info("%s: %d objects that no manifest names are left alone", night.frames_prefix, strange)
    return records


def bring_back(store: Store, manifest: Manifest, there: Mapping[str, StoredObject]) -> list[ArchivedFile]:
    """Copy files of a manifest back that were set aside for another upload, which then went away.

    Parameters
    ----------
    store
        The bucket.
    manifest
        What should be there.
    there
        What the folder of the night has, by key.

    Returns
    -------
    list of ArchivedFile
        Files that are not there even so.
    """
    night, lost = manifest.night, []
    prefix = f"{superseded_prefix(night)}{manifest.sha256}/"
    for file in (*manifest.frames, *manifest.others):
        found = there.get(file.key)
        if found is not None and (found.size, found.etag) == (file.size, file.etag):
            continue
        kept = there.get(prefix + file.key.removeprefix(night.frames_prefix))
        if kept is not None and (kept.size, kept.etag) == (file.size, file.etag):
            store.copy(kept.key, file.key, kept.etag)
        else:
            lost.append(file)
    return lost


def expire_superseded(
    store: Store, overdue: Iterable[Superseded], tell: Callable[[str], None] = log.warning
) -> None:
    """Delete frames of superseded uploads that have been kept for long enough, and their marker last.

    Parameters
    ----------
    store
        The bucket.
    overdue
        What `airglow.uploads.scan` found.
    tell
        Takes a line for people for each.
    """
    overdue = list(overdue)
    markers = markers_of(store.list(SUPERSEDED)) if overdue else ()
    for one in overdue:
        try:
            if any(_outlives(other, one) for other in markers):  # it was superseded once more since
                store.delete(one.marker_key)
            elif not _may_be_needed(store, one):
                keys = [found.key for found in store.list(one.prefix)]
                in_threads(store.delete, keys)
                store.delete(one.marker_key)
                what = f"{len(keys)} files of a superseded upload are deleted"
                tell(f"{one.night.name}: {what}; they were kept until {one.keep_until}")
        except StoreError as error:  # of one night, which must not stop the others
            tell(f"{one.night.name}: files of a superseded upload could not be deleted: {error}")


def _outlives(other: Superseded, one: Superseded) -> bool:
    same = (other.night, other.manifest_sha256) == (one.night, one.manifest_sha256)
    return same and other.keep_until > one.keep_until


def _may_be_needed(store: Store, one: Superseded) -> bool:
    """Whether the night may go back to that upload: it is archived, or work on the night is not done."""
    try:
        now = hashlib.sha256(store.get_bytes(one.night.manifest_key)).hexdigest()
    except MissingObject:
        return True
    return now == one.manifest_sha256 or store.head(one.night.pending_key) is not None


def _owners(manifests: Iterable[Manifest]) -> dict[tuple[str, str], str]:
    """SHA-256 of the latest manifest that names an object, by its key and ETag."""
    return {
        (file.key, file.etag): manifest.sha256
        for manifest in manifests
        for file in (*manifest.frames, *manifest.others)
    }


def _mark(store: Store, night: NightId, manifest_sha256: str, keep_days: int) -> str:
    """Note until when the files of an earlier manifest are kept; returns where they go."""
    now = store.now() or dt.datetime.now(dt.UTC)  # by the clock that will say when the time has come
    return _mark_until(
        store, Superseded(night, manifest_sha256, now.date() + dt.timedelta(days=keep_days)), keep_days
    )


def _mark_unknown(store: Store, night: NightId, there: Mapping[str, StoredObject], keep_days: int) -> None:
    """Note until when frames of no manifest are kept, which earlier versions did not. The latest decides."""
    prefix = f"{superseded_prefix(night)}{UNKNOWN}/"
    latest = max((found.modified for key, found in there.items() if key.startswith(prefix)), default=None)
    if latest is not None:
        _mark_until(
            store, Superseded(night, UNKNOWN, latest.date() + dt.timedelta(days=keep_days)), keep_days
        )


def _mark_until(store: Store, one: Superseded, keep_days: int) -> str:
    if keep_days:
        store.put_bytes(one.marker_key, b"")
    return one.prefix
