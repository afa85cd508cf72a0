"""Attempts that were interrupted go on record in the bucket, when the next run begins.

Not at its end: a night that brings every run down would keep that from ever coming.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path

from airglow.model.errors import AirglowError, BadInput
from airglow.model.states import SAME_FAULT_LIMIT, NightState
from airglow.pipeline.at_work import InterruptedAttempt, StepAtWork, forget_attempt, interrupted_attempts
from airglow.pipeline.attempts import ATTEMPTS, attempt_key, logs_of_run, step_name, steps_passed
from airglow.pipeline.stored_table import read_table
from airglow.store import Store
from airglow.uploads import (
    CAME_DOWN,
    INTERRUPTED,
    NightId,
    NightRecord,
    interrupted,
    interruptions,
    put_record,
    read_record,
)


def record_interrupted(work: Path, store: Store, now: dt.datetime | None = None) -> list[str]:
    """Put on record which nights were at work when runs came down that came to no end.

    Costs two requests for each such night, and one more where it was so several times.

    Parameters
    ----------
    work
        The workflow's directory for temporary files.
    store
        The bucket.
    now
        The present (UTC).

    Returns
    -------
    list of str
        What the operator is told, a line each. Where the bucket does not take it, that it is not on record:
        then the next run puts it there.
    """
    now = (now or dt.datetime.now(dt.UTC)).replace(microsecond=0)
    said = []
    for attempt in interrupted_attempts(work):
        try:
            said += _record(store, attempt, now)
        except AirglowError as error:
            return [*said, f"which nights were interrupted is not on record yet: {error}"]
        forget_attempt(attempt)
    return said


def _record(store: Store, attempt: InterruptedAttempt, now: dt.datetime) -> list[str]:
    at_work = _by_night(attempt.steps)
    records: dict[NightId, NightRecord] = {}
    for night in at_work:
        record = read_record(store, night)
        # Without a marker nothing of it has changed. One that is on record was killed before its note went.
        if record is not None and attempt_key(night, attempt.stamp) not in {one.log for one in record.events}:
            records[night] = record
    steps = {night: _step_of(at_work[night], record) for night, record in records.items()}

    def count(night: NightId) -> int:
        upload = steps[night].tried.partition("+")[0]
        return interruptions(records[night], steps[night].rule, attempt.versions, upload)

    counts = {night: count(night) for night in records}
    passed = read_table(store).passed if any(n >= SAME_FAULT_LIMIT for n in counts.values()) else {}
    said = []
    for night, record in records.items():
        step, key = steps[night], attempt_key(night, attempt.stamp)
        changed = interrupted(
            record,
            step_name(step.rule, step.wildcards.get("tag", "")),
            now,
            alone=all(n < counts[night] for other, n in counts.items() if other != night),
            others_pass=_others_pass(night, step.rule, record, counts[night], attempt, passed),
            versions=attempt.versions,
            upload=step.tried.partition("+")[0],
            log=key,
        )
        put_record(store, night, changed)
        said.append(_sentence(night, changed, step.rule))
    return said


def _by_night(steps: Iterable[StepAtWork]) -> dict[NightId, list[StepAtWork]]:
    found: dict[NightId, list[StepAtWork]] = {}
    for step in steps:
        try:
            found.setdefault(NightId.parse(step.name), []).append(step)
        except BadInput:
            continue  # of no single night
    return found


def _step_of(steps: list[StepAtWork], record: NightRecord) -> StepAtWork:
    """Of several steps of a night, the one that was interrupted before; else the first."""
    return next((step for step in steps if step.rule == record.interrupted_in), steps[0])


def _others_pass(
    night: NightId,
    rule: str,
    record: NightRecord,
    count: int,
    attempt: InterruptedAttempt,
    passed: Mapping[str, tuple[str, str]],
) -> bool:
    """Whether another night has passed a step since this one was interrupted in it first.

    Runs that came down have not put that into the table; their logs are here.
    """
    if count < SAME_FAULT_LIMIT:
        return False
    logs = [event.log for event in record.events if event.log][-(count - 1) :]
    stamps = [key.rpartition("/")[2].removesuffix(".log") for key in logs]
    first = min([*stamps, attempt.stamp])
    name, at = passed.get(rule, (night.name, ""))
    if name != night.name and dt.datetime.fromisoformat(at) >= _moment(first):
        return True
    return any(
        rule in {step.split(" ")[0] for step in steps_passed([path])}
        for folder in ATTEMPTS.glob("*Z")
        if first <= folder.name <= attempt.stamp
        for other, path in logs_of_run(folder.name).items()
        if other != night
    )


def _moment(stamp: str) -> dt.datetime:
    """The time of an attempt; of none, one that no pass comes after."""
    try:
        return dt.datetime.fromisoformat(stamp)
    except ValueError:
        return dt.datetime.max.replace(tzinfo=dt.UTC)


def _sentence(night: NightId, record: NightRecord, rule: str) -> str:
    last = record.events[-1]
    if last.result == INTERRUPTED:
        return f"{night.name}: interrupted in {rule} ({record.interrupted} times in a row); it goes on"
    then = (
        "held"
        if record.state is NightState.HELD
        else f"not tried before {record.next_try:%Y-%m-%d %H:%M} UTC"
    )
    return f"{night.name}: {rule}: {CAME_DOWN} ({record.interrupted}): {then}"
