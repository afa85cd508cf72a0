"""What a night has gone through: its record, which is in the bucket and nowhere else.

Until a night is done, its marker of unfinished work carries the record (`airglow.uploads.pending`); of a
night that is done, ``cleaned.json`` does. What is taken up again takes its events along.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from airglow.model.states import SAME_FAULT_LIMIT, ErrorClass, NightState, next_try
from airglow.model.typed import Fields
from airglow.store.clock import clock_error

MAX_EVENTS = 30
"""Attempts that a record keeps; a night that fails once a day has a month of them."""

_VARIES = re.compile(r"0x[0-9a-fA-F]+|[0-9a-fA-F]{12,}|\d+(?:[.,:]\d+)*")
_NAMES = re.compile(r"\b(?:fpi|minime)\d*[A-Za-z0-9]*|\S*/\S*")


@dataclass(frozen=True)
class Versions:
    """What a verdict on a night depends on beside its data.

    Parameters
    ----------
    code
        Version of the code.
    settings
        Digest of the settings and the registry.
    """

    code: str = ""
    settings: str = ""


@dataclass(frozen=True)
class Attempt:
    """One attempt at a night, or what an operator did with it.

    Parameters
    ----------
    at
        When it ended, UTC.
    result
        State afterwards, or ``released``, or ``interrupted``.
    step
        Rule of the workflow that failed, and the tag; empty if none did.
    reason
        One sentence.
    error_class
        Whose fault it was; empty if nobody's.
    code
        Version of the code.
    log
        Key of its log in the bucket; empty if there is none.
    """

    at: dt.datetime
    result: str
    step: str = ""
    reason: str = ""
    error_class: str = ""
    code: str = ""
    log: str = ""


@dataclass(frozen=True)
class Fault:
    """How an attempt failed.

    Parameters
    ----------
    step
        Rule of the workflow, and the tag.
    reason
        One sentence.
    error_class
        Whose fault it is.
    refused
        True if it is a verdict on the upload: the same would come of every further attempt.
    """

    step: str
    reason: str
    error_class: ErrorClass
    refused: bool = False

    @property
    def key(self) -> str:
        """By which the same fault is known again, in another attempt or another night."""
        return f"{self.step}: {normalised(self.reason)}"


@dataclass(frozen=True)
class NightRecord:
    """Where a night stands that is not done, and how it came there.

    Parameters
    ----------
    state
        Its state.
    why
        What began: ``upload``, ``delivery``, ``weather``.
    reason
        Why it is in this state.
    error_class
        Whose fault that is; None if nobody's.
    step
        The step that failed.
    since
        When it came into this state for this reason: another attempt that fails alike does not change it.
    last_tried
        End of the last attempt.
    attempts
        How many there were since the night was taken up.
    same_fault
        How many of the last ones failed in the same way, while no other night did.
    next_try
        Before that no run tries it again of its own.
    versions
        Of the last attempt.
    upload
        Digest of what was tried (`airglow.uploads.tried.what_counts`); empty if it was none.
    events
        The last attempts, oldest first.
    interrupted
        How many of the last attempts in a row came to no end, since the run or the machine came down.
    interrupted_in
        Rule of the workflow that was at work then.
    over
        SHA-256 of the sentinel that said that the night was done when this work began: it does not count any
        more, and goes next.
    """

    state: NightState = NightState.RUNNING
    why: str = ""
    reason: str = ""
    error_class: ErrorClass | None = None
    step: str = ""
    since: dt.datetime | None = None
    last_tried: dt.datetime | None = None
    attempts: int = 0
    same_fault: int = 0
    next_try: dt.datetime | None = None
    versions: Versions = field(default_factory=Versions)
    upload: str = ""
    events: tuple[Attempt, ...] = ()
    interrupted: int = 0
    interrupted_in: str = ""
    over: str = ""

    @property
    def fault_key(self) -> str:
        """The fault of the last attempt, as `Fault.key`; empty if it did not fail."""
        return f"{self.step}: {normalised(self.reason)}" if self.error_class else ""


def normalised(reason: str) -> str:
    """A reason without what differs from night to night and from attempt to attempt.

    Parameters
    ----------
    reason
        A sentence for people.

    Returns
    -------
    str
        Without paths, keys, names of nights, numbers, times and addresses.
    """
    return " ".join(_VARIES.sub("#", _NAMES.sub("*", reason)).split())[:300]


def failed(
    record: NightRecord,
    fault: Fault,
    now: dt.datetime,
    *,
    alone: bool,
    others_pass: bool,
    versions: Versions | None = None,
    upload: str = "",
    log: str = "",
) -> NightRecord:
    """The record after an attempt that failed.

    Parameters
    ----------
    record
        The record before it.
    fault
        How it failed.
    now
        When, UTC.
    alone
        Whether no other night met the same fault, in the same run or since this night met it first.
    others_pass
        Whether other nights have passed that step since.
    versions
        Of code and settings.
    upload
        Digest of the upload that was tried.
    log
        Key of the log of the attempt.

    Returns
    -------
    NightRecord
        Refused, held or failed.
    """
    versions = versions or Versions()
    same = record.fault_key == fault.key and record.versions == versions
    counts = alone or fault.error_class is ErrorClass.DATA  # data that others have too are no better for it
    count = (record.same_fault + 1 if same else 1) if counts else 0
    attempts = record.attempts + 1
    if fault.refused:
        state, retry = NightState.REFUSED, None
    elif count >= SAME_FAULT_LIMIT and (others_pass or fault.error_class is ErrorClass.DATA):
        state, retry = NightState.HELD, None
    else:
        state, retry = NightState.FAILED, next_try(now, _failures_in_a_row(record) + 1)
    changed = replace(
        record,
        state=state,
        reason=fault.reason,
        error_class=fault.error_class,
        step=fault.step,
        since=min(record.since, now) if same and record.since else now,
        last_tried=now,
        attempts=attempts,
        same_fault=count,
        next_try=retry,
        versions=versions,
        upload=upload or record.upload,
        interrupted=0,
        interrupted_in="",
    )
    event = Attempt(now, state.value, fault.step, fault.reason, fault.error_class.value, versions.code, log)
    return with_event(changed, event)


def released(record: NightRecord, now: dt.datetime, because: str = "by hand") -> NightRecord:
    """The record of a night that is to be tried again at once.

    Parameters
    ----------
    record
        That of a night that is held, refused or failed.
    now
        When, UTC.
    because
        Who or what released it.

    Returns
    -------
    NightRecord
        Ready, with its events.
    """
    changed = replace(
        record,
        state=NightState.READY,
        reason="",
        error_class=None,
        step="",
        since=now,
        same_fault=0,
        next_try=None,
        versions=Versions(),
        upload="",
        interrupted=0,
        interrupted_in="",
    )
    return with_event(changed, Attempt(now, "released", reason=because))


def with_event(record: NightRecord, event: Attempt) -> NightRecord:
    """The record with one more event; the oldest ones go where there are too many.

    Parameters
    ----------
    record
        The record.
    event
        What happened.

    Returns
    -------
    NightRecord
    """
    return replace(record, events=(*record.events, event)[-MAX_EVENTS:])


def _failures_in_a_row(record: NightRecord) -> int:
    count = 0
    for event in reversed(record.events):
        if event.result != NightState.FAILED.value:
            break
        count += 1
    return count


def record_to_json(record: NightRecord) -> dict[str, Any]:
    """A record as a value that JSON can hold; what is empty is left out.

    Parameters
    ----------
    record
        The record.

    Returns
    -------
    dict
    """
    value = {
        **asdict(record),
        "state": record.state.value,
        "error_class": record.error_class.value if record.error_class else "",
        **{name: _text(getattr(record, name)) for name in ("since", "last_tried", "next_try")},
        "code": record.versions.code,
        "settings": record.versions.settings,
        "events": events_to_json(record.events),
    }
    del value["versions"]
    return {name: one for name, one in value.items() if one}


def by_the_store(record: NightRecord, written: dt.datetime | None, modified: dt.datetime) -> NightRecord:
    """A record with the times of its last attempt and its next by the store's clock.

    A machine whose clock was wrong must neither cut a pause short nor make it longer.

    Parameters
    ----------
    record
        The record.
    written
        When it was written, by the clock of the machine that did; None if that is not known.
    modified
        When it was written, by the store.

    Returns
    -------
    NightRecord
    """
    error = clock_error(modified, written) if written is not None else dt.timedelta()
    if not error:
        return record
    last, following = (m and m - error for m in (record.last_tried, record.next_try))
    return replace(record, last_tried=last, next_try=following)


def record_from_json(value: Mapping[str, Any]) -> NightRecord:
    """Make a record of what `record_to_json` made, or of the marker of an earlier version.

    Parameters
    ----------
    value
        What a marker says.

    Returns
    -------
    NightRecord

    Raises
    ------
    ValueError
        If it is none.
    """
    fields = Fields.of(value, "the record")
    error_class = fields.text("error_class", "")
    return NightRecord(
        state=NightState(fields.text("state", NightState.RUNNING.value)),
        why=fields.text("why", ""),
        reason=fields.text("reason", ""),
        error_class=ErrorClass(error_class) if error_class else None,
        step=fields.text("step", ""),
        since=fields.moment("since") or fields.moment("made_at"),
        last_tried=fields.moment("last_tried"),
        attempts=fields.count("attempts"),
        same_fault=fields.count("same_fault"),
        next_try=fields.moment("next_try"),
        versions=Versions(fields.text("code", ""), fields.text("settings", "")),
        upload=fields.text("upload", ""),
        events=events_from_json(fields.items("events")),
        interrupted=fields.count("interrupted"),
        interrupted_in=fields.text("interrupted_in", ""),
        over=fields.text("over", ""),
    )


def events_to_json(events: Sequence[Attempt]) -> list[dict[str, str]]:
    """Events as values that JSON can hold.

    Parameters
    ----------
    events
        Oldest first.

    Returns
    -------
    list of dict
        What is empty is left out.
    """
    values = [{**asdict(event), "at": _text(event.at)} for event in events]
    return [{name: one for name, one in value.items() if one} for value in values]


def events_from_json(values: Sequence[Any]) -> tuple[Attempt, ...]:
    """Make events of what `events_to_json` made.

    Parameters
    ----------
    values
        Oldest first.

    Returns
    -------
    tuple of Attempt

    Raises
    ------
    ValueError
        If one of them is none.
    """
    return tuple(_event(Fields.of(value, "an event")) for value in values)


def _event(fields: Fields) -> Attempt:
    at, result = fields.required_moment("at"), fields.text("result")
    texts = {name: fields.text(name, "") for name in ("step", "reason", "error_class", "code", "log")}
    return Attempt(at, result, **texts)


def _text(moment: dt.datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""
