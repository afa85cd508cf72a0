"""The operator's table: every night with its state, reason and time."""

import datetime as dt
import json
from pathlib import Path

import pytest
from known import known_registry
from uploading import MINIME05, MINIME13, receipt, send

from airglow.__main__ import main
from airglow.demo.servers import S3Server
from airglow.model.states import ErrorClass
from airglow.pipeline.at_work import StepAtWork, begin_step, end_step, record_killed
from airglow.pipeline.failures import (
    failures,
    forget_before,
    forget_failure,
    forget_failures,
    forget_recorded,
    mark_recorded,
    record_failure,
)
from airglow.pipeline.last_discovery import last_discovery
from airglow.pipeline.rows import night_row, report, summarise_night
from airglow.pipeline.stored_table import read_table, write_table
from airglow.pipeline.table import Row, Table, row_of_report
from airglow.store import Store
from airglow.uploads import TABLE, ScanSettings, discovery_to_json, scan

REGISTRY = known_registry()
WILDCARDS = {"instrument": "minime05", "site": "uao", "date": "20260429", "tag": "XR"}
INDEX = {
    "outcomes": {
        "XG": {"state": "no frames", "reason": "no frame of tag XG", "products": []},
        "XR": {"state": "analysed", "reason": "", "sky_frames": 40, "products": ["a.nc"]},
    },
    "products": [{"key": "Results/2026/a.nc"}],
    "made_at": "2026-04-30T15:00:00+00:00",
}


def discover(store: Store, work: Path, **settings) -> None:
    work.mkdir(exist_ok=True)
    found = scan(store, REGISTRY, ScanSettings(**settings))
    (work / "discovery.json").write_text(json.dumps(discovery_to_json(found)))


def table_of(store: Store, work: Path) -> str:
    found = last_discovery(work / "discovery.json")
    return report(found, map(row_of_report, found.nights))


def line_of(text: str, name: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(name))


def test_each_night_has_its_state_and_reason(store: Store, tmp_path: Path) -> None:
    send(store, MINIME05)
    store.put_bytes(MINIME13.receipt_key, receipt(MINIME13, 3, 1000))
    store.put_bytes("raw/holiday.jpg", b"?")
    discover(store, tmp_path)
    text = table_of(store, tmp_path)
    assert "ready" in line_of(text, MINIME05.name)
    assert "waiting" in line_of(text, MINIME13.name)
    assert line_of(text, MINIME13.name).endswith("0 of 3 parts")
    assert f"{dt.datetime.now(dt.UTC):%Y-%m-%d}" in line_of(text, MINIME13.name)
    assert "1 objects in raw/ are none of ours" in text
    assert "raw/holiday.jpg" in text


def test_a_night_that_is_finished_by_another_way_has_no_failures_left(tmp_path: Path) -> None:
    night = {**WILDCARDS, "tag": ""}
    record_failure(tmp_path, "extract", night, "a bad upload, which was taken back", log="logs/e.log")
    record_failure(tmp_path, "analyze", WILDCARDS, "the sky fell", log="logs/a.log")
    record_failure(tmp_path, "extract", {**night, "instrument": "minime13"}, "another one", log="logs/e.log")
    forget_failures(tmp_path, MINIME05.name)
    assert [failure.name for failure in failures(tmp_path)] == [MINIME13.name]


def test_a_record_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    record_failure(tmp_path, "load", WILDCARDS, "no database", log="l.log")
    (tmp_path / "failures" / f"publish_{MINIME13.name}.json").write_text('{"rule": "pub')
    (tmp_path / "failures" / "discover.json").write_bytes(b"\xff")
    (tmp_path / "failures" / f"extract_{MINIME13.name}.json").mkdir()  # a disk that fails answers like this
    (tmp_path / "failures" / "load.partial").write_text("a step is writing it, or was killed")
    noted = failures(tmp_path)
    assert {failure.name for failure in noted} == {MINIME05.name, MINIME13.name, "discover"}
    unreadable = [failure for failure in noted if failure.name == MINIME13.name]
    assert len(unreadable) == 2
    assert all(f"Remove {tmp_path / 'failures'}/" in failure.reason for failure in unreadable)


def test_an_earlier_result_that_was_kept_is_told(store: Store) -> None:
    kept = {"state": "camera off", "reason": "too warm", "at": "2026-05-02T11:59:58+00:00"}
    outcomes = {"XR": {**INDEX["outcomes"]["XR"], "kept": {**kept, "manifest_sha256": "b" * 64}}}
    store.put_json(MINIME05.published_key, {**INDEX, "outcomes": outcomes})
    assert night_row(store, MINIME05).reason == (
        "published, not finished; XR: 40 sky frames (earlier result kept:"
        " the analysis of 2026-05-02 11:59 UTC came to none: camera off, too warm)"
    )


def test_a_night_is_followed_through_its_sentinels(store: Store) -> None:
    assert night_row(store, MINIME05) is None
    assert summarise_night(store, MINIME05)["state"] == "not archived"
    store.put_json(MINIME05.manifest_key, {"totals": {"frames": 3}})
    row = night_row(store, MINIME05)
    assert (row.state, row.reason) == ("continuing", "archived, not finished")
    store.put_json(MINIME05.published_key, INDEX)
    assert night_row(store, MINIME05).reason == (
        "published, not finished; XG: no frames (no frame of tag XG); XR: 40 sky frames"
    )
    store.put_json(MINIME05.loaded_key, {"rows": 40, "made_at": "2026-04-30T15:01:00+00:00"})
    assert night_row(store, MINIME05).reason.startswith("loaded, not finished; XG")
    made_at = {"made_at": "2026-04-30T15:02:00+00:00"}
    store.put_json(MINIME05.cleaned_key, {"deleted": [], "state": "done", **made_at})
    row = night_row(store, MINIME05)
    assert (row.state, row.since) == ("done", dt.datetime(2026, 4, 30, 15, 2, tzinfo=dt.UTC))
    assert row.reason == "XG: no frames (no frame of tag XG); XR: 40 sky frames"
    summary = summarise_night(store, MINIME05)
    assert summary["state"] == "done"
    assert summary["archive"] == {"frames": 3}
    assert summary["products"] == ["Results/2026/a.nc"]
    assert summary["database"]["rows"] == 40


@pytest.fixture
def surroundings(s3: S3Server, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the bucket."""
    for name, value in s3.environment(bucket).items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("surroundings")
def test_the_command_line(store: Store, capsys: pytest.CaptureFixture) -> None:
    assert main(["status"]) == 0
    assert "No run has looked for nights in this bucket yet." in capsys.readouterr().out
    since = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
    again = dt.datetime(2026, 5, 2, 16, tzinfo=dt.UTC)
    rows = (
        Row(MINIME05.name, "failed", "load: no answer", since, "machine", since, 4, again, "0.1", "ab12"),
        Row(MINIME13.name, "waiting", "2 of 3 parts", since),
        Row("minime05_uao_20260501", "waiting", "receipt missing", since),
        Row("uao_20260429", "failed", "weather: no answer", since, "machine"),
    )
    write_table(store, Table(rows), Table())
    assert main(["status"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("As of the last run; changed ")
    assert "[machine; 4 attempts, next try 2026-05-02 16:00 UTC]" in line_of(text, MINIME05.name)
    assert "weather: no answer" in line_of(text, "uao_20260429")

    def names(*arguments: str) -> list[str]:
        assert main(["status", "--json", *arguments]) == 0
        return [night["name"] for night in json.loads(capsys.readouterr().out)["nights"]]

    assert names() == [row.name for row in rows]
    assert names("--state", "waiting") == [MINIME13.name, "minime05_uao_20260501"]
    assert names("--instrument", "minime05") == [MINIME05.name, "minime05_uao_20260501"]
    assert names("--site", "mrh") == []
    assert names("--since", "2026-05-01") == ["minime05_uao_20260501"]
    assert main(["status", "--json", "--state", "failed", "--site", "uao"]) == 0
    (night,) = json.loads(capsys.readouterr().out)["nights"]
    assert night == {
        "name": MINIME05.name,
        "state": "failed",
        "reason": "load: no answer",
        "since": "2026-05-01T12:00:00+00:00",
        "error_class": "machine",
        "last_tried": "2026-05-01T12:00:00+00:00",
        "attempts": 4,
        "next_try": "2026-05-02T16:00:00+00:00",
        "code": "0.1",
        "settings": "ab12",
    }


@pytest.mark.usefixtures("surroundings")
def test_a_table_that_no_run_has_looked_at_for_long_is_no_all_clear(
    store: Store, capsys: pytest.CaptureFixture
) -> None:
    now = dt.datetime.now(dt.UTC)
    first = now - dt.timedelta(days=9)
    assert write_table(store, Table(), Table(), first)
    assert main(["status"]) == 0
    assert f"NO RUN HAS LOOKED SINCE {first:%Y-%m-%d %H:%M} UTC" in capsys.readouterr().out
    assert not write_table(store, Table(), read_table(store), first + dt.timedelta(hours=19))
    assert write_table(store, Table(), read_table(store), now)  # nothing has changed; a run has looked
    table = read_table(store)
    assert (table.seen_at, table.written_at) == (now.replace(microsecond=0), first.replace(microsecond=0))
    assert main(["status"]) == 0
    text = capsys.readouterr().out
    assert "NO RUN" not in text
    assert f"changed {first:%Y-%m-%d %H:%M} UTC" in text


@pytest.mark.usefixtures("surroundings")
def test_nights_that_are_done_are_looked_up_when_they_are_asked_for(
    store: Store, capsys: pytest.CaptureFixture
) -> None:
    for night, state in ((MINIME05, "degraded"), (MINIME13, "done")):
        store.put_json(night.published_key, INDEX)
        store.put_json(night.cleaned_key, {"state": state, "made_at": "2026-04-30T15:02:00+00:00"})
    ask = ["status", "--since", "2026-04-01", "--state", "done", "--state"]
    assert main([*ask, "degraded"]) == 0
    text = capsys.readouterr().out
    assert " degraded " in line_of(text, MINIME05.name)
    assert " done " in line_of(text, MINIME13.name)
    assert main(["status", "--since", "2026-04-30", "--state", "done"]) == 0
    assert MINIME13.name not in capsys.readouterr().out


@pytest.mark.usefixtures("surroundings")
def test_hold_and_release_by_name(store: Store, capsys: pytest.CaptureFixture) -> None:
    assert main(["hold", MINIME05.name, "--because", "the shutter"]) == 0
    assert main(["status", MINIME05.name]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("  held by hand: the shutter")
    assert main(["release", MINIME05.name]) == 0
    assert "It was held by hand: the shutter" in capsys.readouterr().out
    assert main(["release", MINIME05.name]) == 1
    assert main(["hold", "yesterday", MINIME13.name, "--because", "x"]) == 1
    assert store.list("state/") == []
    assert main(["history", MINIME05.name]) == 1


@pytest.mark.usefixtures("surroundings")
def test_named_nights_are_looked_up_from_any_directory(store: Store, capsys: pytest.CaptureFixture) -> None:
    store.put_json(MINIME05.cleaned_key, {"made_at": "2026-04-30T15:02:00+00:00"})
    assert main(["status", MINIME05.name]) == 0
    assert "done" in line_of(capsys.readouterr().out, MINIME05.name)
    assert main(["status", "yesterday", MINIME05.name]) == 1
    printed = capsys.readouterr()
    assert "done" in line_of(printed.out, MINIME05.name)
    assert printed.err.splitlines() == [
        "airglow status: yesterday: not a night. A night is named like minime05_uao_20250429"
    ]


@pytest.mark.usefixtures("surroundings")
def test_a_named_night_that_is_only_in_raw_has_the_row_of_the_last_run(
    store: Store, capsys: pytest.CaptureFixture
) -> None:
    ask = ["status", MINIME13.name, MINIME05.name]
    assert main(ask) == 0
    assert "not archived" in line_of(capsys.readouterr().out, MINIME13.name)
    write_table(store, Table((Row(MINIME13.name, "waiting", "0 of 3 parts", None),)), Table())
    assert main(ask) == 0
    printed = capsys.readouterr().out
    assert " waiting " in line_of(printed, MINIME13.name)
    assert line_of(printed, MINIME13.name).endswith("0 of 3 parts")
    assert "not archived" in line_of(printed, MINIME05.name)
    store.put_bytes(TABLE, b'{"format": 99}')  # of another version
    assert main(ask) == 0
    assert "not archived" in line_of(capsys.readouterr().out, MINIME13.name)


@pytest.mark.usefixtures("surroundings")
def test_of_a_done_night_is_told_what_waits_in_raw(store: Store, capsys: pytest.CaptureFixture) -> None:
    """Else one command says that a night is done, and the other that its new upload is refused."""
    done_at = dt.datetime(2026, 4, 30, 15, tzinfo=dt.UTC)
    later = dt.datetime(2026, 5, 2, 15, tzinfo=dt.UTC)
    store.put_json(MINIME05.published_key, {**INDEX, "format": 1, "night": MINIME05.name})
    store.put_json(MINIME05.cleaned_key, {"state": "degraded", "made_at": done_at.isoformat()})
    row = Row(MINIME05.name, "refused", "not a receipt", later)
    for table, is_told in ((Table((row,)), True), (Table(), False)):
        write_table(store, table, read_table(store), later)
        assert main(["status", MINIME05.name]) == 0
        line = line_of(capsys.readouterr().out, MINIME05.name)
        assert "degraded" in line
        assert ("raw/, by the last run: refused (not a receipt)" in line) is is_told
    # What was there before the night was done is over.
    write_table(store, Table((row,)), read_table(store), done_at - dt.timedelta(hours=1))
    assert main(["status", MINIME05.name]) == 0
    assert "refused" not in capsys.readouterr().out


def test_a_mistyped_night_is_one_line_without_a_bucket(capsys: pytest.CaptureFixture, monkeypatch) -> None:
    monkeypatch.delenv("DEST_BUCKET", raising=False)
    assert main(["status", "minime05_uao_20260431"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "airglow status: minime05_uao_20260431: 20260431 is not a date\n"


def test_failures_that_the_bucket_knows_go_when_the_next_run_begins(tmp_path: Path) -> None:
    for rule in ("extract", "load", "instrument_night"):
        record_failure(tmp_path, rule, WILDCARDS, "no", "l.log", ErrorClass.CODE)
    known = next(failure for failure in failures(tmp_path) if failure.rule == "load")
    assert known.error_class is ErrorClass.CODE
    mark_recorded(tmp_path, known)
    forget_recorded(tmp_path, {"instrument_night"})
    (left,) = failures(tmp_path)
    assert left.rule == "extract"
    forget_before(tmp_path, left.at)
    assert failures(tmp_path) == [left]
    forget_before(tmp_path, left.at + dt.timedelta(seconds=1))
    assert failures(tmp_path) == []


def test_a_step_that_was_killed_is_on_record_after_the_run(tmp_path: Path) -> None:
    ended = {**WILDCARDS, "tag": "XG"}
    for wildcards in (WILDCARDS, ended):
        begin_step(tmp_path, StepAtWork("analyze", wildcards, log="l.log"))
    end_step(tmp_path, "analyze", ended)
    assert failures(tmp_path) == []  # while it is at work
    record_killed(tmp_path)
    (failure,) = failures(tmp_path)
    assert (failure.rule, failure.name, failure.tag) == ("analyze", MINIME05.name, WILDCARDS["tag"])
    assert "was killed" in failure.reason
    forget_failure(tmp_path, "analyze", WILDCARDS)
    record_killed(tmp_path)
    assert failures(tmp_path) == []
