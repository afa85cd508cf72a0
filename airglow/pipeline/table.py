"""The table of nights that are not done, as the last run left it: one object in the bucket.

Every machine gets the same answer from it. It is written at the end of a run, if anything in it has changed.
Beside the rows it says what the rule of the same fault must know of other nights: which night passed each
step last, and which nights met a fault.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from airglow.model.files import parse_json
from airglow.model.names import NIGHT
from airglow.model.states import FINISHED, ErrorClass, NightState
from airglow.model.typed import Fields, moment_of
from airglow.store import MissingObject, Store, json_bytes
from airglow.store.clock import TOLERANCE
from airglow.uploads import TABLE, NightRecord, NightReport, normalised, told

FORMAT = 1
_SEEN_EVERY = dt.timedelta(hours=20)  # else a table would look alike whether runs look or not
_FAULTS_FOR = dt.timedelta(days=8)  # how long a fault of another night speaks against holding one
_VERDICTS = (NightState.REFUSED.value, NightState.HELD.value)
_MOMENTS = ("since", "last_tried", "next_try")


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


def read_table(store: Store) -> Table:
    """The table in the bucket; empty before the first run, or if it cannot be read. Costs one request.

    Parameters
    ----------
    store
        The bucket.

    Returns
    -------
    Table

    Raises
    ------
    StoreError
        If the bucket cannot be asked.
    """
    try:
        return table_from_json(parse_json(store.get_bytes(TABLE)))
    except MissingObject:
        return Table()
    except ValueError as error:
        return Table(problems=(f"{TABLE}: not JSON ({error})",))


def table_to_json(table: Table) -> dict[str, Any]:
    """A table as a value that JSON can hold, without the time of writing.

    Parameters
    ----------
    table
        The table.

    Returns
    -------
    dict
    """
    return {
        "format": FORMAT,
        "nights": [_row_to_json(row) for row in table.rows],
        "passed": {step: list(entry) for step, entry in table.passed.items()},
        "faults": {fault: dict(nights) for fault, nights in table.faults.items()},
        "others": sorted(table.others),
    }


def table_from_json(value: Any, now: dt.datetime | None = None) -> Table:
    """A table of what `write_table` wrote; what of it cannot be read is left out, and told as a problem.

    Moments to come are from a clock that was wrong. They count for nothing, since they would for ever.

    Parameters
    ----------
    value
        As read from JSON; None for nothing.
    now
        The present (UTC).

    Returns
    -------
    Table
        Empty for nothing, or for what is none: the next run writes it.
    """
    if value is None:
        return Table()
    problems: list[str] = []
    latest = (now or dt.datetime.now(dt.UTC)) + TOLERANCE

    def each(name: str, kind: type, read: Callable[[Any, Any], Any]) -> list[Any]:
        """Those entries of a list or an object that can be read."""
        try:
            there = fields.items(name) if kind is list else fields.object(name)
        except ValueError as error:
            problems.append(f"{TABLE}: {error}")
            return []
        found = []
        for key, entry in enumerate(there, 1) if kind is list else there.items():
            try:
                found.append(read(key, entry))
            except ValueError as error:
                problems.append(f"{TABLE}: {name} {key}: {error}")
        return [one for one in found if one is not None]

    def passed(step: str, entry: Any) -> tuple[str, tuple[str, str]] | None:
        night, at = _pair(entry)
        return (step, (night, at)) if moment_of(at) <= latest else None

    def fault(key: str, entry: Any) -> tuple[str, dict[str, str]]:
        nights = Fields.of(entry, "its nights").values
        return key, {night: _iso(at) for night, at in nights.items() if moment_of(at) <= latest}

    def count(prefix: str, _: Any) -> tuple[str, int]:
        return prefix, Fields(fields.object("counts")).count(prefix)

    try:
        fields = Fields.of(value, "the table")
        if fields.values.get("format") != FORMAT:
            raise ValueError(f"format {fields.values.get('format')!r} is not known")
        written_at = fields.required_moment("written_at")
        seen_at = fields.moment("seen_at") or written_at
    except ValueError as error:
        return Table(problems=(f"{TABLE}: {error}",))
    return Table(
        tuple(each("nights", list, lambda _, entry: row_from_json(entry))),
        dict(each("passed", dict, passed)),
        dict(each("faults", dict, fault)),
        dict(each("counts", dict, count)),
        written_at,
        seen_at,
        tuple(problems),
    )


def _pair(entry: Any) -> tuple[str, str]:
    if isinstance(entry, list) and len(entry) == 2 and isinstance(entry[0], str):
        return entry[0], _iso(entry[1])
    raise ValueError("not a night and a time")


def _iso(moment: Any) -> str:
    """A moment as text, in UTC: so texts compare as moments do."""
    return moment_of(moment).isoformat(timespec="seconds")


def write_table(store: Store, table: Table, before: Table, now: dt.datetime | None = None) -> bytes | None:
    """Write the table, if it says anything else than the one before.

    Parameters
    ----------
    store
        The bucket.
    table
        The table of now.
    before
        The one that the bucket has.
    now
        The present (UTC).

    Returns
    -------
    bytes or None
        What was written; None if the bucket has it already.
    """
    now = now or dt.datetime.now(dt.UTC)
    value = table_to_json(table)
    changed_at = now
    if before.written_at is not None and not before.problems and value == table_to_json(before):
        if dt.timedelta() <= now - (before.seen_at or before.written_at) < _SEEN_EVERY:
            return None
        changed_at = before.written_at
    times = {"written_at": changed_at, "seen_at": now}
    texts = {name: at.isoformat(timespec="seconds") for name, at in times.items()}
    data = json_bytes({**value, "counts": dict(table.others), **texts})
    store.put_bytes(TABLE, data, "application/json")
    return data


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


def row_to_json(row: Row) -> dict[str, Any]:
    """A row as a value that JSON can hold; what is empty is left out.

    Parameters
    ----------
    row
        The row.

    Returns
    -------
    dict
    """
    return _row_to_json(row)


def _row_to_json(row: Row) -> dict[str, Any]:
    value = asdict(row)
    for name in _MOMENTS:
        value[name] = value[name].isoformat(timespec="seconds") if value[name] else ""
    return {name: one for name, one in value.items() if one or name in ("name", "state", "reason")}


def row_from_json(value: Any) -> Row:
    """A row of what `row_to_json` made.

    Parameters
    ----------
    value
        As read from JSON.

    Returns
    -------
    Row

    Raises
    ------
    ValueError
        If it is none.
    """
    fields = Fields.of(value, "the row")
    texts = {name: fields.text(name) for name in ("name", "state", "reason")}
    texts |= {name: fields.text(name, "") for name in ("error_class", "code", "settings")}
    moments = {name: fields.moment(name) for name in _MOMENTS}
    return Row(**texts, **moments, attempts=fields.count("attempts"))
