"""The table of nights that are not done, as the last run left it: one object in the bucket.

Every machine gets the same answer from it. It is written at the end of a run, if anything in it has changed.
Beside the rows it says what the rule of the same fault must know of other nights: which night passed each
step last, and which nights met a fault.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from airglow.model.names import NIGHT
from airglow.model.states import FINISHED, ErrorClass, NightState
from airglow.uploads import NightRecord, NightReport, normalised, told

_FAULTS_FOR = dt.timedelta(days=8)  # how long a fault of another night speaks against holding one
_VERDICTS = (NightState.REFUSED.value, NightState.HELD.value)


@dataclass(frozen=True)
class Row:
    """A night (or a site's weather files) in the table.

    Parameters
    ----------
    name
        Name of the night, or of what else failed (`airglow.pipeline.failures.Failure`).
    state
        In a word or a few: of a night, a value of `airglow.model.states.NightState`.
    reason
        Why, for people; may be empty.
    since
        UTC, when it came into this state for this reason; None if not known.
    error_class
        Whose fault it is; empty if nobody's.
    last_tried
        End of the last attempt (UTC).
    attempts
        How many there were.
    next_try
        Before that no run tries it again of its own (UTC).
    code
        Version of the code of the last attempt.
    settings
        Digest of the settings of the last attempt.
    """

    name: str
    state: str
    reason: str
    since: dt.datetime | None
    error_class: str = ""
    last_tried: dt.datetime | None = None
    attempts: int = 0
    next_try: dt.datetime | None = None
    code: str = ""
    settings: str = ""


@dataclass(frozen=True)
class Table:
    """The table in the bucket.

    Parameters
    ----------
    rows
        Of nights that are not done.
    passed
        By step: the night that passed it last, and when (ISO 8601).
    faults
        By fault (`airglow.uploads.Fault.key`): the nights that met it, and when last (ISO 8601).
    others
        How many objects of other instruments are in ``raw/``, by what their names begin with. As of when it
        was written: a count alone is no news.
    written_at
        When what it says changed last (UTC); None before it was written.
    seen_at
        When a run looked last (UTC), to a day: one that finds no change writes it once in twenty hours.
    problems
        What of it could not be read, a sentence each. The rest counts, and the next run writes it anew.
    """

    rows: tuple[Row, ...] = ()
    passed: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    faults: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    others: Mapping[str, int] = field(default_factory=dict)
    written_at: dt.datetime | None = None
    seen_at: dt.datetime | None = None
    problems: tuple[str, ...] = ()


def row_of_report(report: NightReport) -> Row:
    """The row of a night as a discovery found it.

    Parameters
    ----------
    report
        The night.

    Returns
    -------
    Row
    """
    row = Row(report.night.name, report.state.value, report.reason, report.since)
    if report.record is None:
        return row
    return replace(_with_record(row, report.record), state=row.state, reason=row.reason, since=row.since)


def row_of_record(name: str, record: NightRecord) -> Row:
    """The row of a night by its record.

    Parameters
    ----------
    name
        Name of the night.
    record
        Its record.

    Returns
    -------
    Row
    """
    return _with_record(Row(name, record.state.value, told(record), record.since), record)


def _with_record(row: Row, record: NightRecord) -> Row:
    return replace(
        row,
        error_class=record.error_class.value if record.error_class else "",
        last_tried=record.last_tried,
        attempts=record.attempts,
        next_try=record.next_try,
        code=record.versions.code,
        settings=record.versions.settings,
    )


def with_first_times(rows: Iterable[Row], before: Iterable[Row]) -> list[Row]:
    """Rows with the time at which each state began: what stays as it was keeps its time.

    Parameters
    ----------
    rows
        Those of now.
    before
        Those of the run before.

    Returns
    -------
    list of Row
    """
    known = {row.name: row for row in before}
    kept = []
    for row in rows:
        old = known.get(row.name)
        same = old is not None and _kind(old) == _kind(row)
        kept.append(replace(row, since=old.since) if same and old.since else row)
    return kept


def new_trouble(rows: Iterable[Row], before: Iterable[Row]) -> list[Row]:
    """Rows that a person has to look at, and that were not told before.

    Parameters
    ----------
    rows
        Those of now.
    before
        Those of the run before.

    Returns
    -------
    list of Row
        Refused; held by a run; failed by what is in the data.
    """
    told_before = {_kind(row) for row in before if needs_a_look(row)}
    return [row for row in rows if needs_a_look(row) and _kind(row) not in told_before]


def needs_a_look(row: Row) -> bool:
    """Whether only a person, or another upload, can mend it.

    Parameters
    ----------
    row
        The row.

    Returns
    -------
    bool
    """
    if row.state == NightState.REFUSED.value:
        return True
    if row.state == NightState.HELD.value:
        return not row.reason.startswith("held by ")  # an operator: he knows
    return row.state == NightState.FAILED.value and not is_failing(row)


def is_failing(row: Row) -> bool:
    """Whether a step failed that runs try again, and that may succeed then.

    Parameters
    ----------
    row
        The row.

    Returns
    -------
    bool
        Of a night, not if it failed by its data. What is of no single night, such as the discovery, must not
        become quiet, whatever failed it.
    """
    # One that failed and is due again may be queued behind others.
    is_queued = row.state == NightState.QUEUED.value and row.error_class
    if row.state != NightState.FAILED.value and not is_queued:
        return False
    return row.error_class != ErrorClass.DATA.value or re.fullmatch(NIGHT, row.name) is None


def _kind(row: Row) -> tuple[str, str, str]:
    # Of a verdict, which a row has before its class is on record.
    is_verdict = bool(row.error_class) or row.state in _VERDICTS
    return row.name, row.state, normalised(row.reason) if is_verdict else row.reason


def open_rows(rows: Iterable[Row]) -> tuple[Row, ...]:
    """The rows of what is not done.

    Parameters
    ----------
    rows
        Rows of nights.

    Returns
    -------
    tuple
    """
    done = {state.value for state in FINISHED}
    return tuple(row for row in rows if row.state not in done)


def recent_faults(faults: Mapping[str, Mapping[str, str]], now: dt.datetime) -> dict[str, dict[str, str]]:
    """Faults that may still speak against holding a night.

    Parameters
    ----------
    faults
        By fault, the nights that met it and when last.
    now
        The present (UTC).

    Returns
    -------
    dict
    """
    limit = (now - _FAULTS_FOR).isoformat(timespec="seconds")
    recent = {fault: {n: at for n, at in nights.items() if at >= limit} for fault, nights in faults.items()}
    return {fault: nights for fault, nights in recent.items() if nights}
