"""The table of nights as the bucket has it: one object, read entry by entry, written where it has changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from airglow.model.files import parse_json
from airglow.model.typed import Fields, moment_of
from airglow.pipeline.table import Row, Table
from airglow.store import MissingObject, Store, json_bytes
from airglow.store.clock import TOLERANCE
from airglow.uploads import TABLE

FORMAT = 1
_SEEN_EVERY = dt.timedelta(hours=20)  # else a table would look alike whether runs look or not
_MOMENTS = ("since", "last_tried", "next_try")


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
