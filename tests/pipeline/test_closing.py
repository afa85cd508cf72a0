"""What the end of a run puts on record, and how it ends."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from uploading import MINIME05, MINIME13, counted, keys, receipt, send

from airglow.model.states import ErrorClass, ExitStatus, NightState
from airglow.pipeline.attempts import attempt_stamp
from airglow.pipeline.closing import Closed, close_run, end_run, ended_run, note_end
from airglow.pipeline.failures import failures, record_failure
from airglow.pipeline.history import history
from airglow.pipeline.recording import RunAtHand
from airglow.pipeline.rows import night_row
from airglow.pipeline.stored_table import read_table
from airglow.uploads import (
    TABLE,
    NightId,
    Plan,
    Versions,
    hold,
    mark_pending,
    read_record,
    release,
)
from pipeline.runs import BEGIN, DOWN, Runs, row_of


def test_a_night_goes_from_waiting_to_done_and_its_history_tells_of_it(runs: Runs) -> None:
    runs.store.put_bytes(MINIME05.receipt_key, receipt(MINIME05, 3, 1000))
    closed = runs.run()
    assert (row_of(closed, MINIME05).state, closed.status) == ("waiting", ExitStatus.OK)
    send(runs.store, MINIME05)
    found, _ = runs.look()
    assert found.nights[0].state is NightState.READY
    closed = runs.run(finish=[MINIME05])
    assert (row_of(closed, MINIME05).state, closed.status) == ("done", ExitStatus.OK)
    assert keys(runs.store, "state/pending/") == ["state/pending/table.json"]
    assert read_table(runs.store).rows == ()
    (attempt,) = history(runs.store, MINIME05)
    assert (attempt.result, attempt.code) == ("done", "1")
    assert night_row(runs.store, MINIME05).attempts == 1


def test_a_run_that_is_stopped_leaves_a_night_that_is_continued(runs: Runs) -> None:
    send(runs.store, MINIME05)
    closed = runs.run()
    assert row_of(closed, MINIME05).state == "continuing"
    assert night_row(runs.store, MINIME05).state == "running"
    assert runs.look()[0].nights[0].state is NightState.CONTINUING


def test_tags_without_a_result_make_a_night_degraded(runs: Runs) -> None:
    send(runs.store, MINIME05)
    runs.run()
    run = RunAtHand("run 1", runs.now, attempt_stamp(runs.now))
    runs.finish(run, MINIME05, "", "camera off")
    assert night_row(runs.store, MINIME05).state == "degraded"
    mark_pending(runs.store, MINIME05, "reanalysis")
    runs.finish(run, MINIME05, "camera off")  # none has one: done, with the reason
    assert night_row(runs.store, MINIME05).state == "done"
    assert [event.result for event in history(runs.store, MINIME05)] == ["degraded", "done"]


def test_a_night_without_data_is_no_failure(runs: Runs) -> None:
    runs.store.put_bytes(MINIME05.receipt_key, receipt(MINIME05, 0, 0))
    closed = runs.run()
    assert (row_of(closed, MINIME05).state, closed.status) == ("collection error", ExitStatus.OK)


def test_more_nights_than_a_run_takes_are_queued(runs: Runs) -> None:
    send(runs.store, MINIME05)
    send(runs.store, MINIME13)
    closed = runs.run(plan=Plan(1), finish=[MINIME05])
    assert [row.state for row in closed.rows] == ["done", "queued"]


def test_a_held_night_costs_nothing_and_stays_until_it_is_released(runs: Runs) -> None:
    send(runs.store, MINIME05)
    runs.run()
    hold(runs.store, MINIME05, "the camera was upside down", runs.now)
    runs.versions = Versions("2", "b")  # an operator's hold is the operator's
    runs.run()
    closed = runs.run()
    row = row_of(closed, MINIME05)
    assert (row.state, row.reason) == ("held", "held by hand: the camera was upside down")
    assert closed.status is ExitStatus.OK
    assert runs.look()[1] == ["ListObjectsV2", "ListObjectsV2"]
    assert release(runs.store, MINIME05, runs.now) == ["held by hand: the camera was upside down"]
    closed = runs.run(finish=[MINIME05])
    assert row_of(closed, MINIME05).state == "done"
    assert [event.result for event in history(runs.store, MINIME05)] == ["held", "released", "done"]


def test_a_night_can_be_held_before_it_comes(runs: Runs) -> None:
    hold(runs.store, MINIME05, "test")
    send(runs.store, MINIME05)
    assert row_of(runs.run(), MINIME05).state == "held"
    assert read_record(runs.store, MINIME05) is None


def test_a_reanalysis_that_fails_leaves_a_done_night_done(runs: Runs) -> None:
    send(runs.store, MINIME05)
    runs.run(finish=[MINIME05])
    before = {found.key: found.etag for found in runs.store.list("state/")}
    closed = runs.run(named=[MINIME05.name], fail={MINIME05: DOWN})
    assert closed.status is ExitStatus.FAILING
    row = row_of(closed, MINIME05)
    assert row.state == "done"
    assert "tried again in vain: analyze: " in row.reason
    assert closed.unchanged == {MINIME05.name}  # so the database does not tell of it
    after = {found.key: found.etag for found in runs.store.list("state/")}
    (log,) = after.keys() - before.keys()
    assert {key for key in before if after[key] != before[key]} == {TABLE}  # which knows of the fault
    assert [(event.result, event.log) for event in history(runs.store, MINIME05)][-1] == ("failed", log)
    assert night_row(runs.store, MINIME05).state == "done"
    closed = runs.run()
    assert closed.status is ExitStatus.OK  # nobody repeats it, so it is not on record for ever


def test_what_one_machine_put_on_record_the_other_one_knows(runs: Runs, tmp_path: Path) -> None:
    send(runs.store, MINIME05)
    closed = runs.run(fail={MINIME05: DOWN})
    elsewhere = Runs(runs.store, tmp_path / "elsewhere")
    elsewhere.work.mkdir(parents=True)
    elsewhere.now = runs.now
    again = elsewhere.run(later_h=0.5)
    assert [row.__dict__ for row in again.rows] == [row.__dict__ for row in closed.rows]
    assert again.status is ExitStatus.FAILING


def test_idle_runs_write_nothing(runs: Runs) -> None:
    runs.store.put_bytes(MINIME05.receipt_key, receipt(MINIME05, 3, 1000))
    runs.store.put_bytes(MINIME13.receipt_key, b"?")
    runs.run()
    runs.run()
    with counted(runs.store) as sent:
        runs.run()
    assert sent == ["ListObjectsV2", "ListObjectsV2"]


def test_what_one_plan_of_a_run_told_is_told_by_the_run(tmp_path: Path) -> None:
    run = RunAtHand("a", BEGIN, attempt_stamp(BEGIN))
    ends = (ExitStatus.LOOK, ["refused"]), (ExitStatus.FAILING, ["failed"]), (ExitStatus.OK, [])
    for status, said in ends:
        note_end(tmp_path, run, Closed(None, status=status, said=said))
    assert ended_run(tmp_path, "a") == (ExitStatus.LOOK, ["refused", "failed"])
    assert ended_run(tmp_path, "b") is None
    other = RunAtHand("b", BEGIN, attempt_stamp(BEGIN))
    for status, said in ends[1:]:
        note_end(tmp_path, other, Closed(None, status=status, said=said))
    assert ended_run(tmp_path, "b") == (ExitStatus.OK, ["failed"])


def test_a_discovery_that_its_input_stops_does_not_become_quiet(runs: Runs) -> None:
    runs.work.mkdir()
    for _ in range(2):
        record_failure(runs.work, "discover", {}, "rubbish", "d.log", ErrorClass.DATA)
        (failure,) = failures(runs.work)
        run = RunAtHand("a", failure.at, attempt_stamp(failure.at))
        assert close_run(runs.work, runs.store, run).status is ExitStatus.FAILING


def test_logs_of_a_run_that_was_killed_follow(runs: Runs) -> None:
    send(runs.store, MINIME05)
    killed = RunAtHand("killed", BEGIN, attempt_stamp(BEGIN))
    runs.note(killed, MINIME05, {"event": "begin", "step": "extract"})
    runs.run()
    (attempt,) = history(runs.store, MINIME05)
    assert (attempt.result, attempt.step) == ("interrupted", "extract")
    runs.run()
    with counted(runs.store) as sent:
        runs.run()
    assert "PutObject" not in sent


def test_a_run_that_cannot_be_closed_does_not_end_well(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr("airglow.pipeline.closing.failures", lambda work: [][0])
    run = RunAtHand("a", BEGIN, attempt_stamp(BEGIN))
    closed = end_run(runs.work, runs.store, run)
    assert ended_run(runs.work, "a") == (ExitStatus.BROKEN, closed.said)
    assert "unexpected IndexError" in closed.said[0]
    assert "Traceback" in capsys.readouterr().err


def many(count: int) -> list[NightId]:
    days = [dt.date(2026, 1, 1) + dt.timedelta(days=day) for day in range(count)]
    return [NightId("minime05", "uao", day) for day in days]


def test_nights_whose_upload_went_away_cost_nothing_until_it_comes_again(runs: Runs) -> None:
    nights = many(50)
    for night in nights:
        mark_pending(runs.store, night, "upload")
    closed = runs.run()
    assert {(row.state, closed.status) for row in closed.rows} == {("waiting", ExitStatus.OK)}
    assert "upload the night again" in row_of(closed, nights[0]).reason
    runs.run()  # what has changed is read once
    found, sent = runs.look()
    assert len(sent) <= 5
    assert [report.state for report in found.nights] == [NightState.WAITING] * 50
    with counted(runs.store) as sent:
        closed = runs.run()
    assert len(sent) <= 5
    assert len(closed.rows) == 50
    send(runs.store, nights[3])
    assert [report.night for report in runs.look()[0].wanted] == [nights[3]]
    closed = runs.run(finish=[nights[3]])
    assert row_of(closed, nights[3]).state == "done"
    assert release(runs.store, nights[4], runs.now)  # such as after its manifest was put back by hand
    runs.store.put_json(nights[4].manifest_key, {"receipt": {"key": "a", "etag": "b"}, "parts": []})
    assert [report.night for report in runs.look()[0].wanted] == [nights[4]]


def test_nights_held_by_a_damaged_manifest_are_told_once_and_cost_nothing(runs: Runs) -> None:
    nights = many(50)
    for night in nights:
        mark_pending(runs.store, night, "upload")
        runs.store.put_bytes(night.manifest_key, b"{")
    closed = runs.run()
    assert {row.state for row in closed.rows} == {"held"}
    assert closed.status is ExitStatus.LOOK
    assert "manifest" in row_of(closed, nights[0]).reason
    assert runs.run().status is ExitStatus.OK
    with counted(runs.store) as sent:
        closed = runs.run()
    assert len(sent) <= 5
    assert {(row.state, closed.status) for row in closed.rows} == {("held", ExitStatus.OK)}
    assert release(runs.store, nights[4], runs.now)
    runs.store.put_json(nights[4].manifest_key, {"receipt": {"key": "a", "etag": "b"}, "parts": []})
    assert [report.night for report in runs.look()[0].wanted] == [nights[4]]
