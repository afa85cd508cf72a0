"""The end of a run: what became of its nights goes on record in the bucket, and decides how the run ends.

Nothing of it is on this disk only. What the bucket does not take now stays in the notes of failures, and the
next run puts it there.
"""

from __future__ import annotations

import datetime as dt
import json
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from airglow.model.errors import AirglowError, BadInput, MachineError
from airglow.model.files import write_whole
from airglow.model.states import WANTED, ErrorClass, ExitStatus, NightState
from airglow.pipeline.attempts import logs_of_run, send_attempts, send_left_over, step_name, steps_passed
from airglow.pipeline.failures import Failure, failures, forget_before
from airglow.pipeline.last_discovery import DISCOVERY, last_discovery
from airglow.pipeline.recording import RunAtHand, failures_by_night, record_failures, recorded_by_steps
from airglow.pipeline.rows import done_here
from airglow.pipeline.stored_table import read_table, table_from_json, write_table
from airglow.pipeline.table import (
    Row,
    Table,
    is_failing,
    new_trouble,
    open_rows,
    row_of_record,
    row_of_report,
    with_first_times,
)
from airglow.store import Store, json_bytes
from airglow.uploads import CAME_DOWN, MEMORY, Discovery, NightId, NightRecord, NightReport, note_written

ENDED = "ended.json"  # in the workflow's directory for temporary files: how the last run ended


@dataclass
class Closed:
    """How a run ended.

    Parameters
    ----------
    discovery
        What it found, if it looked.
    rows
        Of all nights, those that it finished included.
    before
        The table before it.
    status
        Exit status.
    said
        What the operator is told, a line each.
    problems
        What could not be put on record, a line each.
    unchanged
        Names of nights that failed and are as they were: their rows tell of it, and go nowhere else.
    """

    discovery: Discovery | None
    rows: list[Row] = field(default_factory=list)
    before: Table = field(default_factory=Table)
    status: ExitStatus = ExitStatus.OK
    said: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    unchanged: set[str] = field(default_factory=set)


def close_run(work: Path, store: Store, run: RunAtHand, now: dt.datetime | None = None) -> Closed:
    """Put what became of a run's nights on record in the bucket.

    Costs a request for the log of each night that was worked on, two for each night that failed, and one for
    the table if it has changed.

    Parameters
    ----------
    work
        The workflow's directory for temporary files.
    store
        The bucket.
    run
        The run.
    now
        The present (UTC).

    Returns
    -------
    Closed
        Also if the bucket took nothing: then its ``problems`` say so, and the failures stay noted on this
        disk.
    """
    now = (now or dt.datetime.now(dt.UTC)).replace(microsecond=0)
    discovery, problem = _discovery_of(work, run)
    closed = Closed(discovery)
    closed.problems += [problem] if problem else []
    noted = failures(work)
    try:
        closed.before = table_from_json(discovery.table, now) if discovery else read_table(store)
        passed = {night.name: steps_passed([path]) for night, path in logs_of_run(run.stamp).items()}
        logs = {night.name: key for night, key in send_attempts(store, run.stamp).items()}
        table, records = record_failures(work, store, run, discovery, closed.before, noted, passed, logs, now)
        records |= recorded_by_steps(store, _without_end(work, discovery, records), run.stamp)
    except (AirglowError, OSError) as error:
        closed.problems.append(f"what failed is not on record yet: {error}")
        closed.rows = _rows(work, run, closed, noted, {})
        closed.status = ExitStatus.FAILING
        closed.said = _sentences(closed, run, noted)
        return closed
    closed.rows = with_first_times(_rows(work, run, closed, noted, records), closed.before.rows)
    closed.status = _status(closed, run, noted)
    closed.said = _sentences(closed, run, noted)
    try:
        others = closed.before.others if discovery is None else dict(discovery.others)
        table = replace(table, rows=open_rows(_rows_of_table(closed, run)), others=others)
        send_left_over(store)
        if written := write_table(store, table, closed.before, now):
            note_written(work / MEMORY, store, written)
    except (AirglowError, OSError) as error:
        closed.problems.append(f"the table of nights is the one of before: {error}")
        closed.status = closed.status or ExitStatus.FAILING
    if discovery is not None:
        forget_before(work, run.begun)
    return closed


def end_run(work: Path, store: Store, run: RunAtHand) -> Closed:
    """Close a run, whatever happens, and leave a note of how it ended.

    Parameters
    ----------
    work, store, run
        As in `close_run`.

    Returns
    -------
    Closed
        Broken if it could not be closed by a fault of this code, which must not pass for a good end.
    """
    try:
        closed = close_run(work, store, run)
    except Exception as error:
        traceback.print_exc()
        problem = f"the run could not be closed: unexpected {type(error).__name__}: {error}"
        closed = Closed(None, status=ExitStatus.BROKEN, said=[problem], problems=[problem])
    try:
        note_end(work, run, closed)
    except MachineError as error:  # `airglow run` finds it out by itself
        closed.problems.append(str(error))
        closed.status = closed.status or ExitStatus.FAILING
    return closed


def note_end(work: Path, run: RunAtHand, closed: Closed) -> None:
    """Leave a note of how a run ended, for the process that started it.

    A run may make several plans, each with an end of its own. What was told for the first time in one of them
    stays so for the run; of faults the last one knows which are left.

    Parameters
    ----------
    work
        The workflow's directory for temporary files.
    run, closed
        The run, and how its plan ended.
    """
    earlier, said_before = ended_run(work, run.identifier) or (ExitStatus.OK, [])
    stays = earlier in (ExitStatus.LOOK, ExitStatus.BROKEN)
    status = earlier if stays else closed.status
    said = list(dict.fromkeys([*said_before, *closed.said]))
    value = {"run": run.identifier, "status": int(status), "said": said}
    write_whole(work / ENDED, json_bytes(value))


def _discovery_of(work: Path, run: RunAtHand) -> tuple[Discovery | None, str]:
    """What this run found, if it looked; and what is wrong with what it left."""
    try:
        found = last_discovery(work / DISCOVERY)
    except AirglowError as error:
        return None, f"It is not known which nights wait: {error}"
    return (found if found is not None and found.run == run.identifier else None), ""


def _without_end(
    work: Path, discovery: Discovery | None, records: Mapping[str, NightRecord]
) -> list[NightId]:
    """Nights that a run took up and that are neither done nor failed."""
    wanted = [report.night for report in discovery.wanted] if discovery else []
    return [night for night in wanted if night.name not in records and not done_here(night, work / "states")]


def _rows(
    work: Path, run: RunAtHand, closed: Closed, noted: Iterable[Failure], records: Mapping[str, NightRecord]
) -> list[Row]:
    """Where nights stand after the run; of a run that did not look, those that it was asked for."""
    noted = list(noted)
    table = []
    for report in closed.discovery.nights if closed.discovery else ():
        table.append(_row_after(report, work, records))
    shown = {row.name for row in table}
    of_nights = failures_by_night(closed.discovery, noted)
    for name in sorted({*run.named, *of_nights} - shown):
        row = done_here(NightId.parse(name), work / "states")
        if name in records:
            row = row_of_record(name, records[name])
        elif name in of_nights:  # it is as it was
            first = of_nights[name][0]
            if first.at < run.begun:  # of an earlier run, and nobody repeats it
                continue
            failure = f"{step_name(first.rule, first.tag)}: {first.reason}. Log: {first.log}"
            reason = f"{row.reason}; tried again in vain: {failure}" if row else f"not begun: {failure}"
            state, since = (row.state, row.since) if row else (NightState.FAILED.value, first.at)
            row = Row(name, state, reason, since)
            closed.unchanged.add(name)
        if row is not None:
            table.append(row)
    for failure in noted:
        if failure.at >= run.begun and not _is_of_night(failure):
            table.append(_failed_row(failure))
    return table


def _row_after(report: NightReport, work: Path, records: Mapping[str, NightRecord]) -> Row:
    name = report.night.name
    if name in records:
        return row_of_record(name, records[name])
    if report.state in WANTED:
        if done := done_here(report.night, work / "states"):
            return done
        row = row_of_report(report)
        return replace(row, state=NightState.CONTINUING.value, reason="interrupted", error_class="")
    return row_of_report(report)


def _failed_row(failure: Failure) -> Row:
    reason = f"{step_name(failure.rule, failure.tag)}: {failure.reason}. Log: {failure.log}"
    return Row(failure.name, NightState.FAILED.value, reason, failure.at, failure.error_class.value)


def _is_of_night(failure: Failure) -> bool:
    return _names_night(failure.name)


def _names_night(name: str) -> bool:
    try:
        NightId.parse(name)
    except BadInput:
        return False
    return True


def _rows_of_table(closed: Closed, run: RunAtHand) -> list[Row]:
    """The rows that the bucket gets: all of a run that looked, else those of before with the new ones."""
    if closed.discovery is not None:
        return closed.rows
    mine = {row.name: row for row in closed.rows}
    done = {row.name for row in closed.rows if row not in open_rows(closed.rows)}
    kept = [mine.get(row.name, row) for row in closed.before.rows if row.name not in done]
    known = {row.name for row in kept}
    # A night that failed without a marker is as it was, and the table has no row of it.
    return [*kept, *(row for row in closed.rows if row.name not in known | done and row.error_class)]


def _status(closed: Closed, run: RunAtHand, noted: Iterable[Failure]) -> ExitStatus:
    rows = open_rows(closed.rows)
    mine = [failure for failure in noted if failure.at >= run.begun]
    unmarked = [f for f in mine if f.name not in {row.name for row in rows}]
    if new_trouble(rows, closed.before.rows) or any(f.error_class is ErrorClass.DATA for f in unmarked):
        return ExitStatus.LOOK
    if any(is_failing(row) for row in rows) or unmarked:
        return ExitStatus.FAILING
    return ExitStatus.OK


def _sentences(closed: Closed, run: RunAtHand, noted: Iterable[Failure]) -> list[str]:
    """What is told beside the table: which steps failed, and what needs a look for the first time."""
    steps = [
        f"{step_name(failure.rule, failure.tag)} of {failure.name}"
        for failure in noted
        if failure.at >= run.begun and not failure.refused
    ]
    said = [f"failed: {', '.join(steps)}"] if steps else []
    mine = {failure.name for failure in noted if failure.at >= run.begun}
    alone = [
        f"{row.name} ({row.reason})"
        for row in closed.rows
        if is_failing(row)
        and row.last_tried
        and row.last_tried >= run.begun
        and row.name not in mine
        and CAME_DOWN not in row.reason
        and _names_night(row.name)
    ]
    said += [f"failed, and could not be noted on this disk: {'; '.join(alone)}"] if alone else []
    failed_before = {row.name for row in closed.before.rows if is_failing(row)}
    down = [f"{r.name} ({r.reason})" for r in closed.rows if CAME_DOWN in r.reason and is_failing(r)]
    down = [each for each in down if each.split(" ")[0] not in failed_before]
    said += [f"failed, and tried again after a pause: {'; '.join(down)}"] if down else []
    new = new_trouble(closed.rows, closed.before.rows)
    again = {f.name: f.reason for f in noted if f.refused and f.at >= run.begun}
    again = [f"{name} ({reason})" for name, reason in again.items() if name not in {row.name for row in new}]
    said += [f"refused, as before: {'; '.join(again)}"] if again else []
    for state, words in (
        (NightState.REFUSED, "refused, until another upload comes"),
        (NightState.HELD, "held, until it is released"),
    ):
        named = [f"{row.name} ({row.reason})" for row in new if row.state == state.value]
        said += [f"{words}: {'; '.join(named)}"] if named else []
    return said


def ended_run(work: Path, identifier: str) -> tuple[ExitStatus, list[str]] | None:
    """How a run ended, as `note_end` left it; None if it did not come to its end.

    Parameters
    ----------
    work
        The workflow's directory for temporary files.
    identifier
        Of the run.

    Returns
    -------
    status : ExitStatus
    said : list of str
    """
    try:
        value: Any = json.loads((work / ENDED).read_text(encoding="utf-8"))
        if value["run"] != identifier:
            return None
        return ExitStatus(value["status"]), list(value["said"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
