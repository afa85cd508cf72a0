"""Runs that come down with all that they started: which night is suspected, and what comes of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from uploading import MINIME05, MINIME13, counted, keys, part_key, send

from airglow.model.errors import StoreError
from airglow.model.states import ErrorClass, ExitStatus, NightState
from airglow.pipeline.attempts import attempt_key
from airglow.pipeline.history import history
from airglow.store import Store
from airglow.uploads import CAME_DOWN, NightId, Versions, read_record, release
from pipeline.runs import DOWN, OTHER, Runs, row_of

THIRD = NightId.parse("minime05_uao_20260427")


def test_a_night_that_brings_every_run_down_does_not_come_first_for_ever(runs: Runs) -> None:
    send(runs.store, MINIME05)
    stamps = [runs.come_down(at_work=[MINIME05]) for _ in range(3)]
    send(runs.store, OTHER)
    closed = runs.run(finish=[OTHER])
    row = row_of(closed, MINIME05)
    assert (row.state, row.error_class, closed.status) == ("failed", "machine", ExitStatus.FAILING)
    assert CAME_DOWN in row.reason
    assert row.attempts == 3
    assert runs.told == [
        f"{MINIME05.name}: analyze: {CAME_DOWN} (3): not tried before {row.next_try:%Y-%m-%d %H:%M} UTC"
    ]
    assert any(MINIME05.name in line and "after a pause" in line for line in closed.said)
    assert row_of(closed, OTHER).state == "done"
    assert not runs.look()[0].wanted
    events = history(runs.store, MINIME05)
    assert [event.result for event in events] == ["interrupted", "interrupted", "failed"]
    assert [event.log for event in events] == [attempt_key(MINIME05, stamp) for stamp in stamps]
    again = runs.run(later_h=0.5)
    assert (again.status, again.said, runs.told) == (ExitStatus.FAILING, [], [])

    runs.come_down(at_work=[MINIME05])  # another night has passed the step since: it is this one
    closed = runs.run()
    assert (row_of(closed, MINIME05).state, closed.status) == ("held", ExitStatus.LOOK)
    assert runs.run().status is ExitStatus.OK
    assert release(runs.store, MINIME05, runs.now)
    assert read_record(runs.store, MINIME05).interrupted == 0
    assert row_of(runs.run(finish=[MINIME05]), MINIME05).state == "done"


def test_nights_that_passed_in_the_runs_that_came_down_count(runs: Runs) -> None:
    send(runs.store, MINIME05)
    for others in ([OTHER], [], []):
        runs.come_down(at_work=[MINIME05], pass_step=others)
    assert row_of(runs.run(), MINIME05).state == "held"


def test_runs_that_an_operator_kills_hold_no_night(runs: Runs) -> None:
    send(runs.store, MINIME05)
    for _ in range(2):
        runs.come_down(at_work=[MINIME05], pass_step=[OTHER])
    closed = runs.run()
    row = row_of(closed, MINIME05)
    assert (row.state, closed.status) == ("continuing", ExitStatus.OK)
    assert runs.told == [f"{MINIME05.name}: interrupted in analyze (2 times in a row); it goes on"]
    assert row_of(runs.run(finish=[MINIME05]), MINIME05).state == "done"
    assert [event.result for event in history(runs.store, MINIME05)] == ["interrupted"] * 2 + ["done"]


@pytest.mark.parametrize("change", ["step", "failure", "upload", "code"])
def test_what_is_not_the_same_in_a_row_counts_anew(runs: Runs, change: str) -> None:
    send(runs.store, MINIME05)
    for number in range(4):
        runs.come_down(at_work=[MINIME05], step="publish" if change == "step" and number == 2 else "analyze")
        if number == 1 and change == "failure":
            runs.run(fail={MINIME05: DOWN})
        elif number == 1 and change == "upload":
            runs.store.put_bytes(part_key(MINIME05, 1), runs.store.get_bytes(part_key(MINIME05, 1))[::-1])
        elif number == 1 and change == "code":
            runs.versions = Versions("2", "a")
    assert runs.look()[0].wanted
    runs.begin()
    assert runs.look()[0].wanted
    assert read_record(runs.store, MINIME05).interrupted == (1 if change == "step" else 2)


def test_of_nights_at_work_together_one_is_taken_at_a_time_until_it_is_known_which_it_is(runs: Runs) -> None:
    send(runs.store, MINIME05)
    send(runs.store, MINIME13)
    for _ in range(3):
        runs.come_down(at_work=[MINIME05, MINIME13], pass_step=[OTHER])
    closed = runs.run()
    assert {row.state for row in closed.rows} == {"failed"}
    first = [report.night for report in _due(runs)]
    assert len(first) == 1  # the one that brings runs down, let us say
    runs.come_down(at_work=first, later_h=0)
    runs.begin()
    assert read_record(runs.store, first[0]).state is NightState.HELD
    (other,) = {MINIME05, MINIME13} - set(first)
    assert [report.night for report in _due(runs)] == [other]
    assert row_of(runs.run(later_h=0, finish=[other]), other).state == "done"


def _due(runs: Runs):
    runs.now += dt.timedelta(hours=1)
    return runs.look()[0].wanted


def test_an_interruption_waits_for_the_bucket_and_counts_once(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(runs.store, MINIME05)
    runs.come_down(at_work=[MINIME05])

    def refuse(*_: object, **__: object) -> None:
        raise StoreError("503")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "put_bytes", refuse)
        runs.begin()
        assert runs.told == ["which nights were interrupted is not on record yet: 503"]
    with monkeypatch.context() as patch:  # killed between record and note
        patch.setattr("airglow.pipeline.interrupted.forget_attempt", lambda attempt: None)
        for _ in range(2):
            runs.begin()
            assert read_record(runs.store, MINIME05).interrupted == 1
    runs.begin()
    assert read_record(runs.store, MINIME05).interrupted == 1
    assert not list((runs.work / "interrupted").iterdir())
    with counted(runs.store) as sent:
        runs.begin()
    assert sent == []
    assert keys(runs.store, "state/pending/minime05") == [MINIME05.pending_key]


def _held(runs: Runs) -> None:
    for _ in range(3):
        runs.run(fail={MINIME05: ("no laser frame", ErrorClass.DATA)})


def _refused(runs: Runs) -> None:
    runs.run(fail={MINIME05: ("not an archive", ErrorClass.DATA, True)})


def _failed(runs: Runs) -> None:
    runs.run(fail={MINIME05: DOWN})


def _without_upload(runs: Runs) -> None:
    runs.come_down()
    for key in keys(runs.store, "raw/"):
        runs.store.delete(key)
    runs.run()


@pytest.mark.parametrize("change", ["upload", "code"])
@pytest.mark.parametrize(
    ("settle", "state"),
    [
        (_held, NightState.HELD),
        (_refused, NightState.REFUSED),
        (_failed, NightState.FAILED),
        (_without_upload, NightState.WAITING),
    ],
)
def test_a_verdict_that_counts_no_more_does_not_come_back_by_an_interruption(
    runs: Runs, settle: Callable[[Runs], None], state: NightState, change: str
) -> None:
    send(runs.store, MINIME05)
    settle(runs)
    assert read_record(runs.store, MINIME05).state is state
    if change == "code":
        runs.versions = Versions("2", "a")
    if change == "upload" or state is NightState.WAITING:
        send(runs.store, MINIME05, parts=5)
    assert [report.night for report in runs.look()[0].wanted] == [MINIME05]
    runs.come_down(at_work=[MINIME05], later_h=0.1)
    runs.begin()
    assert [report.night for report in runs.look()[0].wanted] == [MINIME05]
    assert row_of(runs.run(later_h=0.1), MINIME05).state == "continuing"
    assert read_record(runs.store, MINIME05).interrupted == 1
