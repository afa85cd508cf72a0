"""Nights that a run passes over without a request: held, refused, waiting, or failed and not due yet."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from airglow.model.files import parse_json
from airglow.model.states import LONGEST_PAUSE_H, ErrorClass, NightState
from airglow.model.typed import Fields, moment_of
from airglow.store import ChangedObject, MissingObject, Store, StoredObject, in_threads
from airglow.store.clock import TOLERANCE
from airglow.uploads.discovery import NightReport, Unreadable
from airglow.uploads.holds import UNREADABLE_HOLD, Hold, parse_hold
from airglow.uploads.keys import NightId
from airglow.uploads.memory import Memory
from airglow.uploads.pending import Markers, read_marker
from airglow.uploads.records import NightRecord, Versions
from airglow.uploads.tried import what_counts

_SETTLED = (NightState.HELD, NightState.REFUSED, NightState.WAITING)
_LONGEST = dt.timedelta(hours=LONGEST_PAUSE_H + 1)


@dataclass(frozen=True)
class Standing:
    """What the markers say of nights.

    Parameters
    ----------
    records
        Of nights with a marker.
    holds
        Of nights that an operator holds.
    table
        The table of nights; None if there is none that can be read.
    unreadable
        Objects that say nothing that can be read.
    """

    records: Mapping[NightId, NightRecord]
    holds: Mapping[NightId, Hold]
    table: Mapping[str, Any] | None
    unreadable: tuple[Unreadable, ...] = ()


def read_standing(store: Store, markers: Markers, memory: Memory) -> Standing:
    """Read markers, holds and table; what was read before costs no request.

    Parameters
    ----------
    store
        The bucket.
    markers
        As just listed.
    memory
        What earlier looks read.

    Returns
    -------
    Standing
    """

    unreadable: list[Unreadable] = []

    def read(found: StoredObject) -> bytes | None:
        try:
            return memory.read_receipt(store, found)
        except (ChangedObject, MissingObject):  # another process is at it: as if there were nothing to read
            return None

    def parsed(
        found: StoredObject,
        data: bytes | None,
        parse: Callable[[bytes], Any],
        instead: Any,
        night: NightId | None,
    ) -> Any:
        try:
            return instead if data is None else parse(data)
        except ValueError as error:
            unreadable.append(Unreadable(found, str(error), night))
            return instead

    def each(
        named: Mapping[NightId, StoredObject], parse: Callable[[bytes, StoredObject], Any], instead: Any
    ):
        data = in_threads(read, list(named.values()))
        return {
            night: parsed(found, one, lambda text, found=found: parse(text, found), instead, night)
            for (night, found), one in zip(named.items(), data, strict=True)
        }

    records = each(markers.nights, lambda text, found: read_marker(text, found.modified), NightRecord())
    holds = each(markers.holds, lambda text, _: parse_hold(text), UNREADABLE_HOLD)
    table = None
    if (found := markers.table) is not None:
        table = parsed(found, read(found), lambda text: Fields.of(parse_json(text)).values, None, None)
    return Standing(records, holds, table, tuple(unreadable))


def upload_digest(objects: Iterable[StoredObject]) -> str:
    """By which an upload is known again.

    Parameters
    ----------
    objects
        What is in ``raw/`` of a night.

    Returns
    -------
    str
        Of keys and ETags; empty for nothing.
    """
    told = sorted((found.key, found.etag) for found in objects)
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:24] if told else ""


def settled(
    report: NightReport,
    hold: Hold | None,
    now: dt.datetime,
    versions: Versions | None,
    table: Mapping[str, Any] | None = None,
) -> NightReport:
    """A night's report, if its record or an operator settles that no run works on it now.

    Parameters
    ----------
    report
        With its record and the digest of its upload.
    hold
        An operator's.
    now
        The present (aware).
    versions
        Of code and settings now: what was held, refused or failed under others is looked at again. None: they
        do not count.
    table
        The table of nights: what stopped several nights is over as soon as another one passes that step.

    Returns
    -------
    NightReport
        The report that was given if nothing is settled.
    """
    if hold is not None:
        return replace(report, state=NightState.HELD, reason=f"held by hand: {hold.because}", since=hold.at)
    record = report.record
    if record is None or record.upload != what_counts(report.tried, record.step, record.error_class):
        return report
    if versions is not None and record.versions != versions:
        return report
    waits = _is_to_wait(record, now) and not _is_over(report, record, table or {}, now)
    if record.state in _SETTLED or waits:
        return replace(report, state=record.state, reason=told(record), since=record.since)
    return report


def told(record: NightRecord) -> str:
    """The reason of a record with the step that failed; of one that a run held, also how often.

    What is refused is so by itself, whichever step found it out.

    Parameters
    ----------
    record
        The record.

    Returns
    -------
    str
    """
    if record.state is NightState.REFUSED or not record.step:
        return record.reason
    reason = f"{record.step}: {record.reason}"
    if record.state is NightState.HELD:
        return f"{record.same_fault} times alike, while other nights passed: {reason}"
    return reason


def _is_over(report: NightReport, record: NightRecord, table: Mapping[str, Any], now: dt.datetime) -> bool:
    """Whether a fault that other nights met too is over: one of them has passed that step since."""
    if record.same_fault or record.last_tried is None or record.error_class is not ErrorClass.MACHINE:
        return False
    try:
        name, at = Fields(Fields(table).object("passed")).items(record.step.split(" ")[0])
        # What is told of a time to come says nothing: a clock was wrong.
        return name != report.night.name and record.last_tried < moment_of(at) <= now + TOLERANCE
    except ValueError:
        return False


def _is_to_wait(record: NightRecord, now: dt.datetime) -> bool:
    if record.state is not NightState.FAILED or record.next_try is None:
        return False
    # A time that is farther away than the longest pause comes from a clock that was wrong.
    return now < record.next_try <= now + _LONGEST
