"""Deleting the version of an object that was read, in a bucket that keeps versions.

Where older versions lie below it, a marker hides them all, and with them an upload that came at the same
moment: the versions are listed again, and the marker goes if there is another one. A process that is killed
in between leaves a note in the bucket, by which the next run does the same.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from airglow.model.errors import StoreError
from airglow.model.files import parse_json
from airglow.model.typed import Fields
from airglow.store.answers import asked
from airglow.store.bucket import Store
from airglow.store.objects import MissingObject, StoredObject

FORMAT = 1
UNFINISHED = "state/pending/deleting/"
"""Keys of the notes: every run lists what is there anyway."""


@dataclass(frozen=True)
class Version:
    """One version of an object.

    Parameters
    ----------
    identifier
        By which the store knows it.
    etag
        Its ETag; None for a marker, which hides those before it.
    is_latest
        Whether it is what a look at the key finds.
    """

    identifier: str
    etag: str | None
    is_latest: bool


def versions_of_objects(store: Store, prefix: str) -> dict[str, list[Version]]:
    """All versions and markers of objects.

    Parameters
    ----------
    store
        The bucket.
    prefix
        What the keys begin with.

    Returns
    -------
    dict
        By key.

    Raises
    ------
    StoreError
        If the service does not answer, or refuses.
    """
    found: dict[str, list[Version]] = {}
    with asked(store.place, f"list versions of {prefix}*"):
        for page in store.client.get_paginator("list_object_versions").paginate(
            Bucket=store.bucket, Prefix=prefix
        ):
            for one in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
                etag = one["ETag"].strip('"') if "ETag" in one else None
                found.setdefault(one["Key"], []).append(Version(one["VersionId"], etag, one["IsLatest"]))
    return found


def delete_version(store: Store, key: str, etag: str, versions: Sequence[Version]) -> bool:
    """Delete an object if its latest version is the one that was read.

    Parameters
    ----------
    store
        The bucket.
    key
        Which object.
    etag
        Of the version that was read.
    versions
        All of the object, as just listed.

    Returns
    -------
    bool
        Whether it is gone, by this or before; else it has changed, and is to be seen.

    Raises
    ------
    StoreError
        If the service does not answer, or refuses.
    """
    latest = next((version for version in versions if version.is_latest), None)
    if latest is None or latest.etag is None:
        return True
    if latest.etag != etag:
        return False
    if len(versions) == 1:
        _delete(store, key, latest.identifier)
        return store.head(key) is None
    # Without the latest version, an older one would be the object: so they are hidden, and all stay.
    known = [version.identifier for version in versions]
    note = f"{UNFINISHED}{secrets.token_hex(8)}.json"
    store.put_json(note, {"format": FORMAT, "key": key, "known": known})
    _delete(store, key)
    is_gone = not _uncover(store, key, known)
    store.delete(note)
    return is_gone


def finish_deletions(store: Store, notes: Iterable[StoredObject], tell: Callable[[str], None]) -> None:
    """Do what processes that were killed while they deleted have left to be done.

    Parameters
    ----------
    store
        The bucket.
    notes
        What was listed below `UNFINISHED`.
    tell
        Takes a line for people for each upload that was hidden, and for each note that cannot be read.
    """
    for found in notes:
        try:
            fields = Fields.of(parse_json(store.get_bytes(found.key)), "the note")
            key, known = fields.text("key"), [str(one) for one in fields.items("known")]
            if not key or not known:
                raise ValueError("it names no versions")
            if _uncover(store, key, known):
                tell(
                    f"{key}: was uploaded while an earlier version was deleted, and hidden. It is there again"
                )
            store.delete(found.key)
        except MissingObject:  # another process has finished
            continue
        except ValueError as error:
            tell(
                f"{found.key} cannot be read ({error}): it said which object of raw/ was being deleted at "
                f"{found.modified:%Y-%m-%d %H:%M} UTC. Look whether an upload of then has a delete marker"
            )
            store.delete(found.key)
        except StoreError as error:  # the note stays, for the next run
            tell(f"{found.key}: a deletion that was interrupted could not be finished: {error}")


def _uncover(store: Store, key: str, known: Collection[str]) -> bool:
    """Take away what hides a version that came meanwhile; whether there is one.

    Markers say nothing of an upload: one may be of the very request, sent twice for a lost answer.
    """
    versions = versions_of_objects(store, key).get(key, [])
    new = [version for version in versions if version.identifier not in known]
    if all(version.etag is None for version in new):
        return False
    if any(version.is_latest and version.etag is None for version in versions):
        for marker in (version for version in new if version.etag is None):
            _delete(store, key, marker.identifier)
    return True


def _delete(store: Store, key: str, version: str | None = None) -> None:
    """Delete a version, or hide all."""
    which = {} if version is None else {"VersionId": version}
    with asked(store.place, "delete", key):
        store.client.delete_object(Bucket=store.bucket, Key=key, **which)
