"""Markers of unfinished work, so that work that was killed is found again without looking at the archive.

A night is *finished* when ``cleaned.json`` exists. Marking a night removes that object first, so it can only
have been written by work that came after the mark: no comparison of clocks is needed.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
from collections.abc import Collection

from airglow.model.errors import BadInput
from airglow.store import MissingObject, Store
from airglow.uploads.discovery import Discovery
from airglow.uploads.keys import PENDING, NightId
from airglow.uploads.refusals import forget_refusal


def mark_pending(store: Store, night: NightId, why: str, there: Collection[str] | None = None) -> None:
    """Mark that work on a night begins, before anything else is done.

    Parameters
    ----------
    store
        The bucket.
    night
        Which night.
    why
        What begins, for an operator who looks: ``upload``, ``reanalysis``.
    there
        Keys of the night's state in the bucket, as just listed.
    """
    # In this order: killed in between, nothing has begun and nothing is lost.
    if there is None or night.cleaned_key in there:
        store.delete(night.cleaned_key)
    store.put_json(
        night.pending_key,
        {"format": 1, "night": night.name, "why": why, "made_at": dt.datetime.now(dt.UTC).isoformat()},
    )


def clear_pending(store: Store, night: NightId) -> None:
    """Say that no work on the night is unfinished.

    Parameters
    ----------
    store
        The bucket.
    night
        The night.
    """
    store.delete(night.pending_key)


def pending_nights(store: Store) -> set[NightId]:
    """Nights with a marker; what else lies among the markers is none of ours and is passed over.

    Parameters
    ----------
    store
        The bucket.

    Returns
    -------
    set of NightId
    """
    nights = set()
    for found in store.list(PENDING):
        with contextlib.suppress(BadInput):
            nights.add(NightId.parse(found.key.removeprefix(PENDING).removesuffix(".json")))
    return nights


def archived_upload(store: Store, night: NightId) -> dict[str, str] | None:
    """ETag by key of the raw objects that a night's manifest was made from; None without a manifest.

    Parameters
    ----------
    store
        The bucket.
    night
        The night.

    Returns
    -------
    dict or None

    Raises
    ------
    BadInput
        If the manifest is there and is none.
    """
    try:
        manifest = json.loads(store.get_bytes(night.manifest_key))
        return {entry["key"]: entry["etag"] for entry in (manifest["receipt"], *manifest["parts"])}
    except MissingObject:
        return None
    except (ValueError, KeyError, TypeError) as error:
        hint = "put back one of the copies under manifests/, or delete it and upload the night again"
        raise BadInput(night.manifest_key, f"not a manifest ({error!r})", hint) from error


def kept_manifest_key(night: NightId, sha256: str) -> str:
    """Where a copy of a night's manifest stays when another upload of the night takes its place.

    Parameters
    ----------
    night
        The night.
    sha256
        SHA-256 of the manifest.

    Returns
    -------
    str
    """
    return f"{kept_manifests_prefix(night)}{sha256}.json"


def kept_manifests_prefix(night: NightId) -> str:
    """What the keys of those copies begin with."""
    return f"{night.state_prefix}manifests/"


def take_up(store: Store, discovery: Discovery) -> None:
    """Prepare the bucket for work on the nights that a discovery wants, so that a kill forgets none.

    Every such night gets a marker. A manifest that describes an earlier upload than the one in ``raw/`` steps
    aside (a copy stays), since the night must be archived again; if the other upload has been withdrawn, the
    latest such copy takes its place again. Markers of nights that are finished are removed.

    Parameters
    ----------
    store
        The bucket.
    discovery
        What `scan` found, of this moment.
    """
    for night in discovery.finished:
        clear_pending(store, night)
    if not discovery.wanted:
        return
    marked = pending_nights(store) if discovery.marked is None else discovery.marked - set(discovery.finished)
    for report in discovery.wanted:
        if report.night not in marked:
            there = discovery.states.get(report.night)
            keys = None if there is None else {found.key for found in there}
            mark_pending(store, report.night, "upload", keys)
        if report.changed:
            _set_manifest_aside(store, report.night)
        elif report.withdrawn:
            forget_refusal(store, report.night)
            _bring_manifest_back(store, report.night)


def _set_manifest_aside(store: Store, night: NightId) -> None:
    with contextlib.suppress(MissingObject):
        manifest = store.get_bytes(night.manifest_key)
        store.put_bytes(kept_manifest_key(night, hashlib.sha256(manifest).hexdigest()), manifest)
        store.delete(night.manifest_key)


def _bring_manifest_back(store: Store, night: NightId) -> None:
    kept = store.list(kept_manifests_prefix(night))
    if kept and store.head(night.manifest_key) is None:
        latest = max(kept, key=lambda found: (found.modified, found.key))
        store.copy(latest.key, night.manifest_key)
