"""Failures of a run go on record in the bucket: refused, failed, or held where only this night fails so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from airglow.model.errors import BadInput
from airglow.model.states import ErrorClass, NightState
from airglow.pipeline.attempts import attempt_key, step_name
from airglow.pipeline.failures import Failure, mark_recorded
from airglow.pipeline.table import Table, recent_faults
from airglow.store import Store
from airglow.uploads import (
    ONE_DAY,
    Discovery,
    Fault,
    NightId,
    NightRecord,
    NightReport,
    Versions,
    failed,
    mark_pending,
    put_record,
    read_record,
    what_counts,
)

_AFTER_PUBLICATION = ("load", "cleanup")  # steps
_FAILED = (NightState.FAILED.value, NightState.HELD.value, NightState.REFUSED.value)  # results of attempts


@dataclass(frozen=True)
class RunAtHand:
    """The run that ends.

    Parameters
    ----------
    identifier
        Of the run.
    begun
        When (UTC, to the second).
    stamp
        The same as it is in names of logs.
    versions
        Of code and settings.
    named
        Names of the nights that were asked for by name; empty for a run of all that is ready.
    """

    identifier: str
    begun: dt.datetime
    stamp: str
    versions: Versions = field(default_factory=Versions)
    named: Collection[str] = ()


def record_failures(
    work: Path,
    store: Store,
    run: RunAtHand,
    discovery: Discovery | None,
    before: Table,
    noted: Iterable[Failure],
    passed: Mapping[str, set[str]],
    logs: Mapping[str, str],
    now: dt.datetime,
) -> tuple[Table, dict[str, NightRecord]]:
    """Put the failures of nights on record.

    Parameters
    ----------
    work
        The workflow's directory for temporary files.
    store
        The bucket.
    run
        The run.
    discovery
        What it found, if it looked.
    before
        The table before it.
    noted
        Failures noted on this disk, oldest first.
    passed
        Steps that were done, by name of the night.
    logs
        Keys of logs, by name of the night.
    now
        The present (UTC), to the second.

    Returns
    -------
    table : Table
        Without rows: which night passed each step last, and which met a fault.
    records : dict
        Of the nights that failed, by name.

    Raises
    ------
    StoreError
        If the bucket does not take it.
    """
    nights = discovery.nights if discovery else ()
    moment = now.isoformat(timespec="seconds")
    passed_by = dict(before.passed)
    of_nights = failures_by_night(discovery, noted)
    met = {name: _fault(of_night[0]) for name, of_night in of_nights.items()}
    for name, steps in passed.items():
        for rule in {_rule(step) for step in steps}:
            if name not in met or _rule(met[name].step) != rule:  # another tag of a night says nothing
                passed_by[rule] = (name, moment)
    known = recent_faults(before.faults, now)
    faults = {key: dict(nights) for key, nights in known.items()}
    for name, fault in met.items():
        if not fault.refused:
            faults.setdefault(fault.key, {})[name] = moment
    there = {report.night.name: report.tried for report in nights}
    records = {}
    for name, fault in met.items():
        night, failure = NightId.parse(name), of_nights[name][0]
        record = read_record(store, night)
        if record is not None and _is_recorded(record, night, failure):
            # Whoever put it there was killed before it could mark the note.
            records[name] = record
            for each in of_nights[name]:
                mark_recorded(work, each)
            continue
        if record is None and _rule(fault.step) in _AFTER_PUBLICATION:
            # It had a marker when it was published. A run elsewhere has taken that away, which was at work on
            # the same night: what is there now may be partly of the one and partly of the other.
            record = mark_pending(store, night, "delivery", versions=run.versions)
        # Without a marker nothing of the night has changed: it is done, or was never begun.
        if record is not None:
            # A time to come is from a clock that was wrong, and counts as now.
            first = min(record.since, now) if record.fault_key == fault.key and record.since else now
            others = {n: at for n, at in faults.get(fault.key, {}).items() if n != name}
            by, at = passed_by.get(_rule(fault.step), (name, moment))
            records[name] = failed(
                record,
                fault,
                now,
                alone=not any(dt.datetime.fromisoformat(at) >= first for at in others.values()),
                others_pass=by != name and dt.datetime.fromisoformat(at) >= first,
                versions=run.versions,
                upload=what_counts(there.get(name) or failure.tried, fault.step, fault.error_class),
                log=_log_of(failure, night) or logs.get(name, ""),
            )
            put_record(store, night, records[name])
            for key in {one.log for one in record.events} - {one.log for one in records[name].events} - {""}:
                store.delete(key)  # of an attempt so long ago that the record has forgotten it
        for failure in of_nights[name]:
            mark_recorded(work, failure)
    for report in nights:
        is_final = report.state is NightState.REFUSED or report.is_final
        if is_final and report.night.name not in met:
            _record_final(store, report, run, now)
    return Table(passed=passed_by, faults=faults), records


def record_at_once(
    store: Store,
    night: NightId,
    fault: Fault,
    tried: str,
    attempt: str,
    versions: Versions,
    now: dt.datetime | None = None,
) -> bool:
    """Put the failure of a step on record by the step itself, since this disk does not take a note of it.

    Parameters
    ----------
    store
        The bucket.
    night
        The night.
    fault
        How it failed.
    tried
        What it worked on (`airglow.uploads.tried`); empty if that is not known.
    attempt
        When the run began (`airglow.pipeline.attempts.attempt_stamp`).
    versions
        Of code and settings.
    now
        The present (UTC).

    Returns
    -------
    bool
        False for a night without a marker, which is as it was.

    Raises
    ------
    StoreError
        If the bucket does not take it.
    """
    record = read_record(store, night)
    if record is None:
        return False
    now = (now or dt.datetime.now(dt.UTC)).replace(microsecond=0)
    counts = what_counts(tried, fault.step, fault.error_class)
    log = attempt_key(night, attempt) if attempt else ""
    # What other nights met is not known here, so it says nothing against this one.
    how = {"alone": False, "others_pass": False, "versions": versions, "upload": counts, "log": log}
    put_record(store, night, failed(record, fault, now, **how))
    return True


def recorded_by_steps(store: Store, nights: Iterable[NightId], attempt: str) -> dict[str, NightRecord]:
    """Records that steps of a run have written themselves. Costs a request for each night.

    Parameters
    ----------
    store
        The bucket.
    nights
        Nights that did not come to their end, and of which no failure is noted.
    attempt
        When the run began.

    Returns
    -------
    dict
        By name of the night.
    """
    found = {}
    for night in nights:
        record, log = read_record(store, night), attempt_key(night, attempt)
        if record and any(event.log == log and event.result in _FAILED for event in record.events[-1:]):
            found[night.name] = record
    return found


def _log_of(failure: Failure, night: NightId) -> str:
    """Key of the log of the attempt that failed; empty if that is not known, or is of no single night."""
    return attempt_key(night, failure.attempt) if failure.attempt and failure.name == night.name else ""


def _is_recorded(record: NightRecord, night: NightId, failure: Failure) -> bool:
    """Whether a record has the attempt already that a note tells of."""
    log = _log_of(failure, night)
    return bool(log) and any(event.log == log and event.result in _FAILED for event in record.events)


def _record_final(store: Store, report: NightReport, run: RunAtHand, now: dt.datetime) -> None:
    """Let the marker of a night say that it is refused, held or waits: then no later look costs a request."""
    record = report.record
    if report.night.date > now.date() + ONE_DAY:  # by this clock, which may be wrong: no verdict on data
        return
    if record is None:
        return
    final = replace(
        record,
        state=report.state,
        reason=report.reason,
        error_class=ErrorClass.DATA if report.state is NightState.REFUSED else None,
        step="",
        since=report.since or now,
        next_try=None,
        versions=run.versions,
        upload=report.upload,
    )
    names = ("state", "versions", "upload")
    if any(getattr(final, name) != getattr(record, name) for name in names):
        put_record(store, report.night, final)


def _rule(step: str) -> str:
    return step.split(" ")[0]


def failures_by_night(discovery: Discovery | None, noted: Iterable[Failure]) -> dict[str, list[Failure]]:
    """Failures that are not on record, by name of the night.

    A night that the weather files of its site stopped has failed with them. What failed with another upload
    than the one that is there now is no verdict on that.

    Parameters
    ----------
    discovery
        What the run found, if it looked.
    noted
        Failures noted on this disk, oldest first.

    Returns
    -------
    dict
    """
    found: dict[str, list[Failure]] = {}
    others: dict[str, list[Failure]] = {}
    there = {report.night.name: report for report in discovery.nights} if discovery else {}
    for failure in noted:
        if failure.recorded or _is_older(failure, there):
            continue
        try:
            found.setdefault(NightId.parse(failure.name).name, []).append(failure)
        except BadInput:
            others.setdefault(failure.name, []).append(failure)
    for report in discovery.wanted if discovery else ():
        of_site = others.get(f"{report.night.site}_{report.night.day}")
        if of_site and report.night.name not in found and of_site[0].rule == "weather":
            found[report.night.name] = of_site
    return found


def _is_older(failure: Failure, there: Mapping[str, NightReport]) -> bool:
    """Whether a failure is of another upload, or other weather files, than are there now."""
    report = there.get(failure.name)
    if report is None or not failure.tried:
        return False
    step = step_name(failure.rule, failure.tag)
    then, now = (what_counts(one, step, failure.error_class) for one in (failure.tried, report.tried))
    return then != now


def _fault(failure: Failure) -> Fault:
    step = step_name(failure.rule, failure.tag)
    return Fault(step, failure.reason, failure.error_class, failure.refused)
