"""Deleting an object only if it is still the one that was read, by the means that the store has for it.

===================  ===================================================================================
the store            how an object goes
===================  ===================================================================================
honours If-Match     one DELETE with the ETag that was read: nothing can come in between
keeps versions       DELETE of the version that was read: what comes meanwhile is another version
neither of the two   a look at the ETag, then DELETE: what is uploaded between the two is lost. So an object
                     first rests for some hours, in which nothing of its upload may change
===================  ===================================================================================

Which one it is, a probe on an object of our own tells. It is remembered in the bucket with its date.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airglow.model.errors import StoreError
from airglow.model.files import parse_json, write_whole
from airglow.model.typed import Fields
from airglow.store.bucket import Store
from airglow.store.hashes import json_bytes
from airglow.store.objects import ChangedObject, MissingObject, StoredObject
from airglow.store.probe import honours_if_match, remove_probes, versioning
from airglow.store.versions import delete_version, versions_of_objects

FORMAT = 1
RECORD = "state/store/deletion.json"
VALID_FOR = dt.timedelta(days=30)  # then the store is asked anew: it may have been upgraded
_VERSIONED = "Enabled"  # while versioning is suspended, another upload takes the place of the one before
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Deletion:
    """How a store guards the deletion of an object.

    Parameters
    ----------
    honours_if_match
        Whether DELETE leaves an object whose ETag is not that of ``If-Match``.
    keeps_versions
        Whether the bucket keeps every version of an object.
    found_at
        When that was found out, UTC; None if it was not.
    """

    honours_if_match: bool = False
    keeps_versions: bool = False
    found_at: dt.datetime | None = None

    @property
    def is_guarded(self) -> bool:
        """Whether an upload that comes during a deletion is safe."""
        return self.honours_if_match or self.keeps_versions


def probe_deletion(store: Store) -> Deletion:
    """Find out how a store guards deletions, on an object of our own. Costs nine requests.

    Parameters
    ----------
    store
        The bucket.

    Returns
    -------
    Deletion

    Raises
    ------
    StoreError
        If the service does not answer, or refuses.
    """
    remove_probes(store)  # of a process that was killed
    honours = honours_if_match(store)
    return Deletion(honours, _keeps_versions(store), dt.datetime.now(dt.UTC).replace(microsecond=0))


def _relies_on_versions(deletion: Deletion) -> bool:
    return deletion.keeps_versions and not deletion.honours_if_match


def _keeps_versions(store: Store) -> bool:
    try:
        return versioning(store) == _VERSIONED
    except StoreError as error:  # of an account that may not ask: then nothing is built on versions
        log.info("whether the bucket keeps versions is not known: %s", error)
        return False


def known_deletion(store: Store, at_hand: Path | None = None, now: dt.datetime | None = None) -> Deletion:
    """How a store guards deletions: as this disk or the bucket remembers it, or by a probe.

    Parameters
    ----------
    store
        The bucket.
    at_hand
        A file that remembers it too: while it is of this bucket and not too old, nothing is asked.
    now
        The present (UTC).

    Returns
    -------
    Deletion

    Raises
    ------
    StoreError
        If the store has to be asked, and does not answer.
    """
    now = now or dt.datetime.now(dt.UTC)
    known = None if at_hand is None else _of_file(at_hand, store, now)
    if known is None:
        known = _of_record(_json(store), store, now)
    elif not _relies_on_versions(known):
        return known
    # A bucket may cease to keep versions at any time, and then a deletion by version is none of that version.
    if known is None or (_relies_on_versions(known) and not _keeps_versions(store)):
        known = probe_deletion(store)
        store.put_json(RECORD, _to_record(store, known))
    if at_hand is not None:
        write_whole(at_hand, json_bytes(_to_record(store, known)))
    return known


def remembered_deletion(store: Store, at_hand: Path, now: dt.datetime | None = None) -> Deletion:
    """How a store guards deletions, as far as this disk remembers it; asks nothing.

    Parameters
    ----------
    store
        The bucket.
    at_hand
        The file of `known_deletion`.
    now
        The present (UTC).

    Returns
    -------
    Deletion
        Without any guard if nothing is remembered.
    """
    return _of_file(at_hand, store, now or dt.datetime.now(dt.UTC)) or Deletion()


def delete_read(
    store: Store, read: Mapping[str, str], deletion: Deletion, there: Mapping[str, StoredObject] | None = None
) -> dict[str, bool]:
    """Delete objects that are still the ones that were read.

    Where the store neither honours If-Match nor keeps versions, an object that is uploaded between the look
    and the deletion is lost: ask for few at a time.

    Parameters
    ----------
    store
        The bucket.
    read
        ETag by key of what was read; all keys begin alike.
    deletion
        How the store guards deletions.
    there
        What was listed earlier; of use where the store honours If-Match, which then needs no other look.

    Returns
    -------
    dict
        By key: whether it is gone, by this or before; else it has changed, and was kept.

    Raises
    ------
    StoreError
        If the service does not answer, or refuses.
    """
    from airglow.store.transfer import in_threads

    if not read:
        return {}
    prefix = _common_beginning(list(read))
    if deletion.keeps_versions and not deletion.honours_if_match:
        versions = versions_of_objects(store, prefix)

        def delete(key: str) -> bool:
            return delete_version(store, key, read[key], versions.get(key, []))

    else:
        if there is None or not deletion.honours_if_match:
            there = {found.key: found for found in store.list(prefix)}

        def delete(key: str) -> bool:
            return key not in there or store.delete_if_unchanged(key, read[key], there[key])

    return dict(zip(read, in_threads(delete, list(read)), strict=True))


def set_aside(store: Store, found: StoredObject, destination: str, deletion: Deletion) -> bool:
    """Move an object to another key: copied, checked, then deleted if it is still the same.

    Killed in between and begun again, it ends in the same way.

    Parameters
    ----------
    store
        The bucket.
    found
        The object, as it was listed.
    destination
        The key that it gets, which only an object with the same contents may have already.
    deletion
        How the store guards deletions.

    Returns
    -------
    bool
        Whether it is at its old place no more; False if it has changed and was kept.

    Raises
    ------
    StoreError
        If the service does not answer, or refuses.
    """
    try:
        store.copy(found.key, destination, found.etag)
    except MissingObject:
        return True
    except ChangedObject:
        return False
    return delete_read(store, {found.key: found.etag}, deletion, {found.key: found})[found.key]


def _common_beginning(keys: list[str]) -> str:
    low, high = min(keys), max(keys)
    same = next((k for k, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), len(low))
    return low[:same]


def _to_record(store: Store, deletion: Deletion) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "bucket": store.bucket,
        "endpoint": store.endpoint_url,
        "honours_if_match": deletion.honours_if_match,
        "keeps_versions": deletion.keeps_versions,
        "found_at": None if deletion.found_at is None else deletion.found_at.isoformat(),
    }


def _of_record(value: Any, store: Store, now: dt.datetime) -> Deletion | None:
    """What a record says, if it is of this bucket at this address, and not too old."""
    with contextlib.suppress(KeyError, ValueError):
        found_at = Fields.of(value).required_moment("found_at")
        is_of_here = (value["bucket"], value["endpoint"]) == (store.bucket, store.endpoint_url)
        if value["format"] == FORMAT and is_of_here and abs(now - found_at) < VALID_FOR:
            return Deletion(value["honours_if_match"] is True, value["keeps_versions"] is True, found_at)
    return None


def _of_file(path: Path, store: Store, now: dt.datetime) -> Deletion | None:
    with contextlib.suppress(OSError, ValueError):
        return _of_record(parse_json(path.read_bytes()), store, now)
    return None


def _json(store: Store) -> Any:
    try:
        return parse_json(store.get_bytes(RECORD))
    except (MissingObject, ValueError):
        return None
