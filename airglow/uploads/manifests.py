"""What the bucket says is archived of a night, and what to do where that cannot be read."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from airglow.model.errors import BadInput, StoreError
from airglow.model.files import parse_json
from airglow.model.typed import Fields
from airglow.store import Deletion, MissingObject, Store, StoredObject, set_aside
from airglow.uploads.discovery import Discovery
from airglow.uploads.keys import NightId, is_of_upload
from airglow.uploads.pending import archived_upload, kept_manifests_prefix

log = logging.getLogger(__name__)

_DAMAGED = "damaged/"


@dataclass(frozen=True)
class Archived:
    """What is archived of a night.

    Parameters
    ----------
    upload
        ETag by key of the raw objects that it was made from; None if nothing is archived.
    problem
        Why the manifest cannot be read; empty if it can, or if there is none.
    copy
        Key of a whole copy of the manifest, where the manifest cannot be read; empty if there is none.
    """

    upload: Mapping[str, str] | None
    problem: str = ""
    copy: str = ""


def look_up(
    store: Store, night: NightId, there: Collection[str], objects: Collection[StoredObject]
) -> Archived:
    """What is archived of a night; where the manifest is damaged, by a copy of it.

    Parameters
    ----------
    store
        The bucket.
    night
        Which night.
    there
        Keys of the night's state in the bucket.
    objects
        What is in ``raw/`` of it: of several copies, the one of this upload is the right one.

    Returns
    -------
    Archived
    """
    if night.manifest_key not in there:
        return Archived(None)
    try:
        return Archived(archived_upload(store, night))
    except BadInput as error:
        copy, upload = _whole_copy(store, night, objects)
        return Archived(upload, str(error), copy)


def mend_manifests(store: Store, discovery: Discovery) -> Discovery:
    """Replace damaged manifests by a copy, or take them away where the upload is archived again.

    To be called after `airglow.uploads.take_up`. A damaged one is kept under ``damaged/`` beside.

    Parameters
    ----------
    store
        The bucket.
    discovery
        What `airglow.uploads.scan` found.

    Returns
    -------
    Discovery
        The same, without what it had listed of those nights.
    """
    for night, copy in discovery.damaged.items():
        try:
            _replace_manifest(store, night, copy)
        except StoreError as error:  # its own steps fail at it, and are on record
            log.warning("%s: its damaged manifest could not be replaced: %s", night.name, error)
    states = {night: found for night, found in discovery.states.items() if night not in discovery.damaged}
    return replace(discovery, states=states)


def restore_manifest(store: Store, night: NightId) -> StoredObject | None:
    """Put a copy in the place of a damaged manifest.

    Parameters
    ----------
    store
        The bucket.
    night
        The night.

    Returns
    -------
    StoredObject or None
        The manifest; None if there is no whole copy: then nothing is changed.
    """
    copy, _ = _whole_copy(
        store, night, [found for found in store.list(night.raw_prefix) if is_of_upload(found.key, night)]
    )
    return _replace_manifest(store, night, copy) if copy else None


def _replace_manifest(store: Store, night: NightId, copy: str) -> StoredObject | None:
    """Let a copy take the place of a damaged manifest, which is kept beside; without one, only the latter."""
    found = store.head(night.manifest_key)
    if found is not None:
        beside = f"{night.state_prefix}{_DAMAGED}{found.etag}.json"
        if copy:
            store.copy(found.key, beside)
        else:  # an object of our own, which nobody else writes: no guard is needed
            set_aside(store, found, beside, Deletion())
    return store.copy(copy, night.manifest_key) if copy else None


def _whole_copy(
    store: Store, night: NightId, objects: Collection[StoredObject]
) -> tuple[str, Mapping[str, str] | None]:
    """The copy that is to take the place of a damaged manifest: key, and what it was made from."""
    copies: list[tuple[bool, dt.datetime, str, dict[str, str]]] = []
    for found in store.list(kept_manifests_prefix(night)):
        with contextlib.suppress(MissingObject, ValueError, KeyError, TypeError):
            data = store.get_bytes(found.key)
            if hashlib.sha256(data).hexdigest() != found.key.rpartition("/")[2].removesuffix(".json"):
                continue
            manifest = parse_json(data)
            upload = {entry["key"]: entry["etag"] for entry in (manifest["receipt"], *manifest["parts"])}
            is_of_upload = all(upload.get(one.key) == one.etag for one in objects)
            copies.append((is_of_upload, found.modified, found.key, upload))
    if not copies:
        return "", None
    *_, key, upload = max(copies, key=lambda copy: copy[:3])
    return key, upload


def rests_until(
    store: Store,
    night: NightId,
    objects: Collection[StoredObject],
    there: Collection[str],
    now: dt.datetime,
) -> dt.datetime | None:
    """Until when the upload of a night that is done stays in ``raw/``; None if it may go, or is another one.

    Parameters
    ----------
    store
        The bucket.
    night
        Which night.
    objects
        What is in ``raw/`` of it.
    there
        Keys of the night's state in the bucket.
    now
        The present (UTC).

    Returns
    -------
    datetime.datetime or None
    """
    if night.cleaned_key not in there:
        return None
    try:
        until = Fields.of(parse_json(store.get_bytes(night.cleaned_key))).moment("rests_until")
    except (MissingObject, ValueError):
        return None
    if until is None or until <= now:  # of most nights, nothing rests
        return None
    archived = look_up(store, night, there, objects).upload or {}
    is_same = all(archived.get(found.key) == found.etag for found in objects)
    return until if is_same else None
