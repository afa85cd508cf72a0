"""What comes of a failure: tried again with pauses, held, refused, and what of it is told."""

from __future__ import annotations

import datetime as dt

import pytest
from uploading import MINIME05, MINIME13, keys, part_key, receipt, send

import pipeline.runs
from airglow.model.errors import StoreError
from airglow.model.states import ErrorClass, ExitStatus, NightState
from airglow.pipeline.attempts import attempt_key, attempt_stamp
from airglow.pipeline.failures import failures, record_failure
from airglow.pipeline.history import history
from airglow.pipeline.recording import record_at_once
from airglow.store import Store
from airglow.uploads import (
    Fault,
    NightId,
    Versions,
    hold,
    read_record,
    release,
)
from pipeline.runs import BEGIN, BUG, DOWN, OTHER, STEP, Runs, row_of


def test_a_machine_fault_is_tried_again_with_longer_and_longer_pauses(runs: Runs) -> None:
    send(runs.store, MINIME05)
    closed = runs.run(fail={MINIME05: DOWN})
    first = row_of(closed, MINIME05)
    assert (first.state, first.error_class, closed.status) == ("failed", "machine", ExitStatus.FAILING)
    tried, since, more = [], first.since, 0
    for hour in range(1, 60):
        runs.now += dt.timedelta(hours=1)
        found, sent = runs.look()
        if found.wanted:
            closed = runs.run(later_h=0, fail={MINIME05: DOWN})
            tried.append(hour)
        else:
            if hour - 1 not in [0, *tried]:  # what has changed is read once
                more += sent != ["ListObjectsV2", "ListObjectsV2"]
            closed = runs.run(later_h=0)
        assert closed.status is ExitStatus.FAILING  # while it lasts
        assert row_of(closed, MINIME05).since == since  # the first time, not the last retry
    assert tried == [1, 3, 7, 15, 31, 55]
    # Once a day it is asked which nights need the weather files in raw/, and the table says that runs look.
    assert more <= 5
    assert row_of(closed, MINIME05).attempts == 7
    assert read_record(runs.store, MINIME05).same_fault == 7
    assert read_record(runs.store, MINIME05).since == since
    runs.now = row_of(closed, MINIME05).next_try
    closed = runs.run(later_h=0, finish=[MINIME05])
    assert (row_of(closed, MINIME05).state, closed.status) == ("done", ExitStatus.OK)
    assert [event.result for event in history(runs.store, MINIME05)] == ["failed"] * 7 + ["done"]
    assert failures(runs.work) == []


def test_what_stopped_several_nights_is_over_as_soon_as_one_of_them_passes(runs: Runs) -> None:
    send(runs.store, MINIME05)
    send(runs.store, MINIME13)
    for hours in (25, 25, 25):
        runs.run(later_h=hours, fail={MINIME05: DOWN, MINIME13: DOWN})
    assert not runs.look()[0].wanted  # 4 hours
    assert release(runs.store, MINIME13, runs.now)
    closed = runs.run(finish=[MINIME13])
    assert row_of(closed, MINIME05).state == "failed"
    assert [report.night for report in runs.look()[0].wanted] == [MINIME05]


def test_a_clock_that_was_ahead_stops_no_night_for_long(runs: Runs) -> None:
    send(runs.store, MINIME05)
    runs.run(later_h=24 * 365, fail={MINIME05: DOWN})
    runs.now = BEGIN
    assert runs.look()[0].wanted


def test_the_same_fault_three_times_while_other_nights_pass_is_held_and_told_once(runs: Runs) -> None:
    send(runs.store, MINIME05)
    statuses = []
    for attempt, night in enumerate((MINIME13, OTHER, NightId.parse("minime05_uao_20260427"))):
        send(runs.store, night)
        reason = f"unexpected KeyError: '2026042{attempt}T{attempt}' in /tmp/x{attempt}"
        closed = runs.run(later_h=25, finish=[night], fail={MINIME05: (reason, ErrorClass.CODE)})
        statuses.append(closed.status)
    assert statuses == [ExitStatus.FAILING, ExitStatus.FAILING, ExitStatus.LOOK]
    row = row_of(closed, MINIME05)
    assert row.state == "held"
    assert "3 times alike, while other nights passed: analyze: unexpected KeyError" in row.reason
    for _ in range(2):
        closed = runs.run()
        assert closed.status is ExitStatus.OK
        assert row_of(closed, MINIME05).state == "held"
    _, sent = runs.look()
    assert sent == ["ListObjectsV2", "ListObjectsV2"]

    reason = row.reason.split("analyze: ")[1]
    assert release(runs.store, MINIME05, runs.now) == [f"held: {reason}"]
    assert release(runs.store, MINIME05, runs.now) == []
    assert runs.look()[0].wanted
    closed = runs.run(finish=[MINIME05])
    assert closed.status is ExitStatus.OK
    results = [event.result for event in history(runs.store, MINIME05)]
    assert results == ["failed", "failed", "held", "released", "done"]


def test_what_stops_all_nights_holds_none(runs: Runs) -> None:
    send(runs.store, MINIME05)
    send(runs.store, MINIME13)
    for attempt in range(5):
        closed = runs.run(later_h=25, fail={MINIME05: BUG, MINIME13: BUG}, pass_step=[OTHER])
        assert {row.state for row in closed.rows} == {"failed"}, attempt
        assert closed.status is ExitStatus.FAILING


def test_a_fault_of_another_night_since_speaks_against_holding(runs: Runs) -> None:
    send(runs.store, MINIME05)
    for _ in range(2):
        runs.run(later_h=25, fail={MINIME05: DOWN}, pass_step=[OTHER])
    send(runs.store, MINIME13)
    hold(runs.store, MINIME05, "not in this run")
    runs.run(later_h=25, fail={MINIME13: DOWN})
    release(runs.store, MINIME13)
    runs.store.delete(f"state/pending/held/{MINIME05.name}.json")
    closed = runs.run(later_h=25, fail={MINIME05: DOWN}, finish=[MINIME13])
    assert row_of(closed, MINIME05).state == "failed"
    assert read_record(runs.store, MINIME05).same_fault == 0


def test_a_lone_night_is_not_held_while_no_other_passes(runs: Runs) -> None:
    send(runs.store, MINIME05)
    for _ in range(4):
        closed = runs.run(later_h=25, fail={MINIME05: BUG})
    assert (row_of(closed, MINIME05).state, closed.status) == ("failed", ExitStatus.FAILING)
    send(runs.store, MINIME13)
    closed = runs.run(later_h=25, fail={MINIME05: BUG}, finish=[MINIME13])
    assert (row_of(closed, MINIME05).state, closed.status) == ("held", ExitStatus.LOOK)


def test_other_faults_begin_to_count_anew(runs: Runs) -> None:
    send(runs.store, MINIME05)
    for reason in ("a", "b", "a", "b"):
        closed = runs.run(later_h=25, fail={MINIME05: (reason, ErrorClass.CODE)}, pass_step=[OTHER])
        assert row_of(closed, MINIME05).state == "failed"


def test_bad_data_is_refused_told_once_and_tried_again_when_anything_changes(runs: Runs) -> None:
    send(runs.store, MINIME05)
    bad = {MINIME05: ("fpi05_uao_20260429.tar.gz: the gzip is damaged", ErrorClass.DATA, True)}
    closed = runs.run(fail=bad)
    assert (row_of(closed, MINIME05).state, closed.status) == ("refused", ExitStatus.LOOK)
    assert "refused, until another upload comes" in closed.said[0]
    for _ in range(2):
        closed = runs.run(later_h=30)
        assert (row_of(closed, MINIME05).state, closed.status) == ("refused", ExitStatus.OK)
        assert closed.said == []
    runs.look()  # the table was written once more, to say that runs look
    assert runs.look()[1] == ["ListObjectsV2", "ListObjectsV2"]

    for change in ("code", "settings", "upload", "release"):
        if change == "upload":
            runs.store.put_bytes(part_key(MINIME05, 1), runs.store.get_bytes(part_key(MINIME05, 1))[::-1])
        elif change == "release":
            assert release(runs.store, MINIME05)
        else:
            runs.versions = Versions(**{**runs.versions.__dict__, change: "new"})
        assert runs.look()[0].wanted, change
        closed = runs.run(later_h=30, fail=bad)
        assert row_of(closed, MINIME05).state == "refused"
        assert closed.status is ExitStatus.OK  # it is the same, and was told


def test_what_is_wrong_at_first_sight_is_told_once_too(runs: Runs) -> None:
    runs.store.put_bytes(MINIME05.receipt_key, b"?")
    assert runs.run().status is ExitStatus.LOOK
    assert runs.run().status is ExitStatus.OK
    runs.store.put_bytes(MINIME13.receipt_key, b"?")
    closed = runs.run()
    assert closed.status is ExitStatus.LOOK
    assert MINIME13.name in closed.said[0]
    assert MINIME05.name not in closed.said[0]


def test_it_is_told_again_if_it_comes_again(runs: Runs) -> None:
    runs.store.put_bytes(MINIME05.receipt_key, b"?")
    assert runs.run().status is ExitStatus.LOOK
    runs.store.delete(MINIME05.receipt_key)
    assert runs.run().rows == []
    runs.store.put_bytes(MINIME05.receipt_key, b"?")
    assert runs.run().status is ExitStatus.LOOK


def test_a_weather_step_that_fails_fails_the_nights_of_its_site(runs: Runs) -> None:
    send(runs.store, MINIME05)
    names = {"site": "uao", "date": MINIME05.day}
    runs.work.mkdir()
    record_failure(runs.work, "weather", names, "no answer", "w.log")
    closed = runs.run()
    assert row_of(closed, MINIME05).state == "failed"
    assert row_of(closed, MINIME05).reason == "weather: no answer"
    assert {row.name for row in closed.rows} == {MINIME05.name, f"uao_{MINIME05.day}"}
    assert not runs.look()[0].wanted


def test_a_bucket_that_takes_nothing_keeps_the_failure_for_the_next_run(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airglow.model.errors import StoreError

    send(runs.store, MINIME05)
    runs.run()

    def refuse(*_: object, **__: object) -> None:
        raise StoreError("503")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "put_bytes", refuse)
        closed = runs.run(fail={MINIME05: DOWN})
    assert closed.status is ExitStatus.FAILING
    assert closed.problems == ["what failed is not on record yet: 503"]
    assert read_record(runs.store, MINIME05).state is NightState.RUNNING
    closed = runs.run(later_h=0)
    assert row_of(closed, MINIME05).state == "failed"
    assert read_record(runs.store, MINIME05).attempts == 1


def test_logs_that_the_record_has_forgotten_go(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airglow.uploads.records.MAX_EVENTS", 3)
    send(runs.store, MINIME05)
    for _ in range(5):
        runs.run(later_h=25, fail={MINIME05: DOWN})
    logs = keys(runs.store, f"{MINIME05.state_prefix}attempts/")
    assert [event.log for event in history(runs.store, MINIME05)] == logs
    assert len(logs) == 3


@pytest.mark.parametrize(("step", "state"), [("load", NightState.FAILED), ("analyze", NightState.DONE)])
def test_a_night_that_another_machine_finished_beneath_us_is_done_again(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, step: str, state: NightState
) -> None:
    """Its publication had marked it: what is there now may be partly theirs and partly ours."""
    send(runs.store, MINIME05)
    runs.run(finish=[MINIME05])
    monkeypatch.setattr(pipeline.runs, "STEP", step)
    closed = runs.run(named=[MINIME05.name], fail={MINIME05: DOWN})
    assert closed.status is ExitStatus.FAILING
    is_marked = read_record(runs.store, MINIME05) is not None
    assert is_marked == (state is NightState.FAILED)
    found, _ = runs.look()
    assert found.finished == ()
    assert [report.state for report in found.nights] == [NightState.FAILED] * is_marked


def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the bucket take nothing."""

    def refuse(*_: object, **__: object) -> None:
        raise StoreError("503")

    monkeypatch.setattr(Store, "put_bytes", refuse)


def test_a_failure_that_was_noted_while_the_bucket_was_silent_is_none_of_a_later_upload(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(runs.store, MINIME05)
    runs.run()
    bad = ("fpi05_uao_20260429.tar.gz: the gzip is damaged", ErrorClass.DATA, True)
    with monkeypatch.context() as patch:
        silent(patch)
        runs.run(fail={MINIME05: bad})
    runs.store.put_bytes(part_key(MINIME05, 1), runs.store.get_bytes(part_key(MINIME05, 1))[::-1])
    closed = runs.run(later_h=0.2)  # its step has not begun yet when the run is stopped
    assert row_of(closed, MINIME05).state == "continuing"
    assert read_record(runs.store, MINIME05).state is NightState.RUNNING
    assert runs.look()[0].wanted


def test_an_attempt_counts_once_if_its_note_outlives_its_record(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(runs.store, MINIME05)
    with monkeypatch.context() as patch:
        patch.setattr("airglow.pipeline.recording.mark_recorded", lambda work, failure: None)
        runs.run(fail={MINIME05: DOWN})
    closed = runs.run()
    assert row_of(closed, MINIME05).state == "failed"
    assert read_record(runs.store, MINIME05).attempts == 1
    assert [one.recorded for one in failures(runs.work)] in ([], [True])


def test_a_failure_keeps_the_log_of_its_own_attempt(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    send(runs.store, MINIME05)
    runs.run()
    with monkeypatch.context() as patch:
        silent(patch)
        runs.run(fail={MINIME05: DOWN})
    stamp = attempt_stamp(runs.now)
    runs.run(pass_step=[MINIME05])
    (event,) = read_record(runs.store, MINIME05).events
    assert event.log == attempt_key(MINIME05, stamp)
    assert event.log in keys(runs.store, f"{MINIME05.state_prefix}attempts/")


def test_another_upload_that_is_refused_shows_its_own_reason(runs: Runs) -> None:
    runs.store.put_bytes(MINIME05.receipt_key, receipt(MINIME05, 3, 1000))
    send(runs.store, MINIME05)
    runs.run()  # marked
    for part in range(3):
        runs.store.delete(part_key(MINIME05, part))
    for text in (b"?", receipt(MINIME05, 3, 1000, "yesterday")):
        runs.store.put_bytes(MINIME05.receipt_key, text)
        closed = runs.run()
        record = read_record(runs.store, MINIME05)
        assert closed.status is ExitStatus.LOOK
        assert (record.state, record.reason) == (NightState.REFUSED, row_of(closed, MINIME05).reason)
        assert runs.run().status is ExitStatus.OK


def test_a_fault_of_data_holds_nights_that_share_it(runs: Runs) -> None:
    """What others have too is no better for that, and no pause mends it."""
    nights = (MINIME05, MINIME13)
    for night in nights:
        send(runs.store, night)
    odd = ("Cloud_uao_20260429.txt: not a cloud file", ErrorClass.DATA)
    for attempt in range(3):
        closed = runs.run(later_h=25, fail=dict.fromkeys(nights, odd))
        states = {row_of(closed, night).state for night in nights}
        assert states == {"held" if attempt == 2 else "failed"}
        assert closed.status is (ExitStatus.LOOK if attempt in (0, 2) else ExitStatus.OK)
    assert runs.run().status is ExitStatus.OK


def test_a_night_without_clouds_waits_for_a_day_and_goes_on(runs: Runs) -> None:
    send(runs.store, MINIME05, clouds=False)
    row = row_of(runs.run(later_h=0), MINIME05)
    assert (row.state, row.reason.split(" since")[0]) == ("waiting", "waiting for the cloud file")
    closed = runs.run(later_h=23.9)
    assert (row_of(closed, MINIME05), closed.status) == (row, ExitStatus.OK)
    runs.now += dt.timedelta(hours=3)  # the store has a clock of its own
    (report,) = runs.look()[0].wanted
    assert report.night == MINIME05
    assert row_of(runs.run(finish=[MINIME05]), MINIME05).state == "done"


def test_a_failure_that_only_the_bucket_could_take_is_told(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a step puts it on record whose disk is full."""
    send(runs.store, MINIME05)
    fault = Fault(STEP, "work/x: cannot be read or written: No space left on device", ErrorClass.MACHINE)
    close = pipeline.runs.close_run

    def as_step(work, store, run, now):
        assert record_at_once(store, MINIME05, fault, f"{'0' * 24}+", run.stamp, run.versions, now)
        return close(work, store, run, now)

    monkeypatch.setattr(pipeline.runs, "close_run", as_step)
    closed = runs.run()
    assert (row_of(closed, MINIME05).state, closed.status) == ("failed", ExitStatus.FAILING)
    assert any("could not be noted on this disk" in line and MINIME05.name in line for line in closed.said)
    assert read_record(runs.store, MINIME05).attempts == 1
    assert not record_at_once(runs.store, OTHER, fault, "", "", runs.versions)
