"""What the end of a run puts on record, and how it ends: every transition, by what really happens."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from uploading import CONFIG, MINIME05, MINIME13, counted, keys, part_key, receipt, send

from airglow.model.states import ErrorClass, ExitStatus, NightState
from airglow.pipeline.attempts import attempt_key, attempt_log, attempt_stamp, logfmt
from airglow.pipeline.closing import Closed, close_run, end_run, ended_run, note_end
from airglow.pipeline.failures import failures, record_failure
from airglow.pipeline.finishing import finish_night
from airglow.pipeline.history import history
from airglow.pipeline.recording import RunAtHand
from airglow.pipeline.rows import night_row
from airglow.pipeline.states import marked_record, mirror_taken_up, put_state
from airglow.pipeline.table import Row, read_table
from airglow.registry import load_registry
from airglow.store import Store
from airglow.uploads import (
    MEMORY,
    TABLE,
    NightId,
    Plan,
    ScanSettings,
    Versions,
    discovery_to_json,
    hold,
    mark_pending,
    read_memory,
    read_record,
    release,
    scan,
    take_up,
)

REGISTRY = load_registry(CONFIG / "sites.yaml", CONFIG / "instruments.yaml")
OTHER = NightId.parse("minime05_uao_20260428")
BEGIN = dt.datetime.now(dt.UTC).replace(microsecond=0)
STEP = "analyze"


class Runs:
    """Runs of the workflow over one bucket, an hour apart, in which steps end as the test says."""

    def __init__(self, store: Store, directory: Path) -> None:
        self.store, self.work = store, directory / "work"
        self.now, self.versions = BEGIN, Versions("1", "a")
        self.number = 0

    def look(self, plan: Plan | None = None):
        """Only the discovery, and what it asked of the bucket."""
        memory = read_memory(self.work / MEMORY, self.store)
        with counted(self.store) as sent:
            found = scan(
                self.store,
                REGISTRY,
                ScanSettings(),
                now=self.now,
                memory=memory,
                versions=self.versions,
                plan=plan,
            )
        memory.write(self.work / MEMORY)
        return found, sent

    def run(self, later_h: float = 1.0, finish=(), fail=None, pass_step=(), named=(), plan=None) -> Closed:
        """A run: nights that are taken up finish, fail as told, or are interrupted."""
        self.now += dt.timedelta(hours=later_h)
        self.number += 1
        run = RunAtHand(f"run {self.number}", self.now, attempt_stamp(self.now), self.versions, named)
        if not named:
            found, _ = self.look(plan)
            records = take_up(self.store, found, self.versions)
            mirror_taken_up(self.store, found, self.work / "states", run.identifier, records)
            self.work.mkdir(exist_ok=True)
            (self.work / "discovery.json").write_text(json.dumps(discovery_to_json(found)))
        for night in (*finish, *pass_step):
            self.note(run, night, {"event": "done", "step": STEP})
        for night, (reason, error_class, *refused) in (fail or {}).items():
            names = {"instrument": night.instrument, "site": night.site, "date": night.day}
            record_failure(self.work, STEP, names, reason, "logs/a.log", error_class, bool(refused))
            self.note(run, night, {"event": "failed", "step": STEP, "msg": reason})
        self.date_notes()
        for night in finish:
            self.finish(run, night)
        return close_run(self.work, self.store, run, self.now)

    def date_notes(self) -> None:
        """Notes have the time of the machine; here it is that of the run."""
        for path in (self.work / "failures").glob("*.json"):
            value = json.loads(path.read_text())
            if not value["recorded"]:
                path.write_text(json.dumps({**value, "at": self.now.isoformat()}))

    def note(self, run: RunAtHand, night: NightId, fields: dict[str, str]) -> None:
        path = attempt_log(run.stamp, night.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as log:
            log.write(logfmt({"time": self.now.isoformat(), "night": night.name, **fields}) + "\n")

    def finish(self, run: RunAtHand, night: NightId, *tags: str) -> None:
        states = self.work / "states"
        published = {"outcomes": {tag or "XR": {"state": tag or "analysed"} for tag in tags or ("",)}}
        put_state(self.store, night, "published", published, states)
        for key in keys(self.store, night.raw_prefix):
            self.store.delete(key)
        known = marked_record(night, run.identifier, states)
        cleanup = {"made_at": self.now.isoformat(timespec="seconds")}
        log, code = attempt_key(night, run.stamp), self.versions.code
        of_run = {"record": known, "log": log, "code": code, "now": self.now}
        finish_night(self.store, night, cleanup, published, states, **of_run)


@pytest.fixture
def runs(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    monkeypatch.chdir(tmp_path)  # logs of attempts are below the working directory
    return Runs(store, tmp_path)


def row_of(closed: Closed, night: NightId) -> Row:
    return next(row for row in closed.rows if row.name == night.name)


DOWN = ("state/x: could not be written: 503", ErrorClass.MACHINE)
BUG = ("unexpected KeyError: 'gap'", ErrorClass.CODE)


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


def test_idle_runs_write_nothing(runs: Runs) -> None:
    runs.store.put_bytes(MINIME05.receipt_key, receipt(MINIME05, 3, 1000))
    runs.store.put_bytes(MINIME13.receipt_key, b"?")
    runs.run()
    runs.run()
    with counted(runs.store) as sent:
        runs.run()
    assert sent == ["ListObjectsV2", "ListObjectsV2"]


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


def test_logs_that_the_record_has_forgotten_go(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airglow.uploads.records.MAX_EVENTS", 3)
    send(runs.store, MINIME05)
    for _ in range(5):
        runs.run(later_h=25, fail={MINIME05: DOWN})
    logs = keys(runs.store, f"{MINIME05.state_prefix}attempts/")
    assert [event.log for event in history(runs.store, MINIME05)] == logs
    assert len(logs) == 3


def test_a_run_that_cannot_be_closed_does_not_end_well(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr("airglow.pipeline.closing.failures", lambda work: [][0])
    run = RunAtHand("a", BEGIN, attempt_stamp(BEGIN))
    closed = end_run(runs.work, runs.store, run)
    assert ended_run(runs.work, "a") == (ExitStatus.BROKEN, closed.said)
    assert "unexpected IndexError" in closed.said[0]
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(("step", "state"), [("load", NightState.FAILED), ("analyze", NightState.DONE)])
def test_a_night_that_another_machine_finished_beneath_us_is_done_again(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, step: str, state: NightState
) -> None:
    """Its publication had marked it: what is there now may be partly theirs and partly ours."""
    send(runs.store, MINIME05)
    runs.run(finish=[MINIME05])
    monkeypatch.setitem(globals(), "STEP", step)
    closed = runs.run(named=[MINIME05.name], fail={MINIME05: DOWN})
    assert closed.status is ExitStatus.FAILING
    is_marked = read_record(runs.store, MINIME05) is not None
    assert is_marked == (state is NightState.FAILED)
    found, _ = runs.look()
    assert found.finished == ()
    assert [report.state for report in found.nights] == [NightState.FAILED] * is_marked
