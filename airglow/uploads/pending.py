"""Markers of unfinished work, so that work that was killed is found again without looking at the archive.

A night is *finished* when ``cleaned.json`` exists. A marker says which one was there when the work began:
that one does not count, and goes next. No comparison of clocks is needed. A marker carries the record of its
night (`airglow.uploads.records`).

Beside the markers are the holds of operators (`airglow.uploads.holds`) and the table of nights, so that one
listing tells what is unfinished, what is held and whether the table is the known one.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import itertools
from collections.abc import Collection
from dataclasses import dataclass, replace

from airglow.model.errors import BadInput
from airglow.model.files import parse_json
from airglow.model.typed import Fields
from airglow.store import MissingObject, Store, StoredObject
from airglow.store.versions import UNFINISHED
from airglow.uploads.discovery import Discovery
from airglow.uploads.expiry import SUPERSEDED
from airglow.uploads.keys import PENDING, NightId
from airglow.uploads.late_weather import WEATHER
from airglow.uploads.records import (
    Attempt,
    NightRecord,
    Versions,
    by_the_store,
    events_from_json,
    record_from_json,
    record_to_json,
)
from airglow.uploads.refusals import forget_refusal

FORMAT = 2
HELD = f"{PENDING}held/"
TABLE = f"{PENDING}table.json"


@dataclass(frozen=True)
class Markers:
    """What lies among the markers.

    Parameters
    ----------
    nights
        Markers of unfinished work.
    holds
        Holds of operators.
    table
        The table of nights; None before the first run.
    superseded
        What says until when frames of superseded uploads are kept (`airglow.uploads.expiry`).
    deletions
        Notes of deletions that have not come to their end (`airglow.store.versions`).
    """

    nights: dict[NightId, StoredObject]
    holds: dict[NightId, StoredObject]
    table: StoredObject | None = None
    superseded: tuple[StoredObject, ...] = ()
    deletions: tuple[StoredObject, ...] = ()


def mark_pending(
    store: Store,
    night: NightId,
    why: str,
    there: Collection[str] | None = None,
    versions: Versions | None = None,
) -> NightRecord:
    """Mark that work on a night begins, before anything else is done.

    Parameters
    ----------
    store
        The bucket.
    night
        Which night.
    why
        What begins, for an operator who looks: ``upload``, ``delivery``, ``weather``. A night that is marked
        for the weather, and is killed, is finished again and not analysed.
    there
        Keys of the night's state in the bucket, as just listed.
    versions
        Of code and settings.

    Returns
    -------
    NightRecord
        What the marker says: it has the events of the time before.
    """
    now = dt.datetime.now(dt.UTC)
    done = _bytes_or_none(store, night.cleaned_key, there)
    record = NightRecord(
        why=why,
        since=now,
        versions=versions or Versions(),
        events=_earlier_events(store, night, there, done),
        over="" if done is None else hashlib.sha256(done).hexdigest(),
    )
    # In this order: killed in between, the night is still on record, and its work begins anew.
    put_record(store, night, record)
    if done is not None:
        store.delete(night.cleaned_key)
    return record


def put_record(store: Store, night: NightId, record: NightRecord) -> None:
    """Write the record of a night that is not done: its marker.

    Parameters
    ----------
    store
        The bucket.
    night
        The night.
    record
        Its record.
    """
    moment = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    value = {"format": FORMAT, "night": night.name, "made_at": moment, **record_to_json(record)}
    store.put_json(night.pending_key, value)


def read_record(store: Store, night: NightId) -> NightRecord | None:
    """The record of a night that is not done; None without a marker. Costs one request.

    Parameters
    ----------
    store
        The bucket.
    night
        The night.

    Returns
    -------
    NightRecord or None
    """
    try:
        return record_of(store.get_bytes(night.pending_key))
    except MissingObject:
        return None


def read_marker(marker: bytes, modified: dt.datetime | None = None) -> NightRecord:
    """The record that a marker carries.

    Parameters
    ----------
    marker
        Its bytes.
    modified
        When it was written, by the store, if that is known: then times are by the store's clock.

    Returns
    -------
    NightRecord

    Raises
    ------
    ValueError
        If it carries none.
    """
    value = parse_json(marker)
    record = record_from_json(value)
    return record if modified is None else by_the_store(record, Fields(value).moment("made_at"), modified)


def record_of(marker: bytes, modified: dt.datetime | None = None) -> NightRecord:
    """The record that a marker carries, whatever it is.

    Parameters
    ----------
    marker, modified
        As of `read_marker`.

    Returns
    -------
    NightRecord
        Of a marker that cannot be read: that work is under way, which is all that a marker must say.
    """
    try:
        return read_marker(marker, modified)
    except ValueError:
        return NightRecord()


def is_finished(store: Store, night: NightId, record: NightRecord | None) -> bool:
    """Whether a night with a marker is done: it has a sentinel that came after the mark. Costs one request.

    Parameters
    ----------
    store
        The bucket.
    night
        The night.
    record
        What its marker says.

    Returns
    -------
    bool
    """
    done = _bytes_or_none(store, night.cleaned_key)
    return done is not None and (record is None or hashlib.sha256(done).hexdigest() != record.over)


def _bytes_or_none(store: Store, key: str, there: Collection[str] | None = None) -> bytes | None:
    """An object; None if it is not there, which costs nothing if that is known."""
    if there is not None and key not in there:
        return None
    try:
        return store.get_bytes(key)
    except MissingObject:
        return None


def _earlier_events(
    store: Store, night: NightId, there: Collection[str] | None, done: bytes | None
) -> tuple[Attempt, ...]:
    """Events of the last time that a night was worked on; costs nothing where there was none."""
    later = (_bytes_or_none(store, key, there) for key in (night.refused_key, night.pending_key))
    for data in itertools.chain([done], later):
        with contextlib.suppress(ValueError):
            if data is not None:
                fields = Fields.of(parse_json(data))
                if events := events_from_json(fields.items("events")):
                    return events
    return ()


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
    """Nights with a marker.

    Parameters
    ----------
    store
        The bucket.

    Returns
    -------
    set of NightId
    """
    return set(list_markers(store).nights)


def list_markers(store: Store) -> Markers:
    """Everything among the markers, in one request; what is none of ours is passed over.

    Parameters
    ----------
    store
        The bucket.

    Returns
    -------
    Markers
    """
    markers = Markers({}, {})
    for found in store.list(PENDING):
        if found.key == TABLE:
            markers = replace(markers, table=found)
            continue
        if found.key.startswith(SUPERSEDED):
            markers = replace(markers, superseded=(*markers.superseded, found))
            continue
        if found.key.startswith(UNFINISHED):
            markers = replace(markers, deletions=(*markers.deletions, found))
            continue
        prefix, named = (HELD, markers.holds) if found.key.startswith(HELD) else (PENDING, markers.nights)
        with contextlib.suppress(BadInput):
            named[NightId.parse(found.key.removeprefix(prefix).removesuffix(".json"))] = found
    return markers


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
        manifest = parse_json(store.get_bytes(night.manifest_key))
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
    """What the keys of those copies begin with.

    Parameters
    ----------
    night
        The night.

    Returns
    -------
    str
    """
    return f"{night.state_prefix}manifests/"


def take_up(
    store: Store, discovery: Discovery, versions: Versions | None = None
) -> dict[NightId, NightRecord]:
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
    versions
        Of code and settings.

    Returns
    -------
    dict
        The record of each night that is taken up.
    """
    for night in discovery.finished:
        clear_pending(store, night)
    records: dict[NightId, NightRecord] = {}
    if not discovery.wanted:
        return records
    marked = pending_nights(store) if discovery.marked is None else discovery.marked - set(discovery.finished)
    for report in discovery.wanted:
        there = discovery.states.get(report.night)
        keys = None if there is None else {found.key for found in there}
        if report.night not in marked:
            why = WEATHER if report.refresh else "upload"
            records[report.night] = mark_pending(store, report.night, why, keys, versions)
        elif report.record is not None:
            records[report.night] = report.record
            if keys and report.night.cleaned_key in keys:
                _remove_what_is_over(store, report.night, report.record)
        if report.changed:
            _set_manifest_aside(store, report.night)
        elif report.withdrawn:
            forget_refusal(store, report.night)
            _bring_manifest_back(store, report.night)
    return records


def _remove_what_is_over(store: Store, night: NightId, record: NightRecord) -> None:
    """Remove the sentinel of before, where whoever marked the night was killed right after it.

    Another one is of a run elsewhere, which has finished the night and taken its mark away since the look:
    without either nobody would go on with it.
    """
    if not is_finished(store, night, record):
        store.delete(night.cleaned_key)


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
