"""The operator's table: every night with its state, reason and time."""

import datetime as dt
import json
from pathlib import Path

import pytest
from uploading import CONFIG, MINIME05, MINIME13, receipt, send

from airglow.__main__ import main
from airglow.demo.servers import S3Server
from airglow.pipeline.failures import (
    begin_step,
    end_step,
    failures,
    forget_failure,
    forget_failures,
    forget_unrepeated,
    record_failure,
    record_killed,
)
from airglow.pipeline.last_discovery import DISCOVERY, last_discovery
from airglow.pipeline.status import night_row, report, rows, summarise_night
from airglow.registry import load_registry
from airglow.store import Store
from airglow.uploads import NightId, ScanSettings, clear_pending, discovery_to_json, mark_pending, scan

REGISTRY = load_registry(CONFIG / "sites.yaml", CONFIG / "instruments.yaml")
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
    return report(found, rows(found, failures(work), store))


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


def test_a_failure_is_shown_until_the_step_succeeds(store: Store, tmp_path: Path) -> None:
    send(store, MINIME05)
    discover(store, tmp_path)
    record_failure(tmp_path, "analyze", WILDCARDS, "the sky fell", log="logs/a.log")
    record_failure(tmp_path, "load", {**WILDCARDS, "tag": ""}, "no database", log="logs/l.log")
    line = line_of(table_of(store, tmp_path), MINIME05.name)
    assert "failed" in line
    assert "analyze XR: the sky fell (and 1 more). Log: logs/a.log" in line
    forget_failure(tmp_path, "analyze", WILDCARDS)
    assert "load: no database. Log" in line_of(table_of(store, tmp_path), MINIME05.name)
    forget_failure(tmp_path, "load", {**WILDCARDS, "tag": ""})
    forget_failure(tmp_path, "load", {**WILDCARDS, "tag": ""})  # nothing to forget
    assert "failed" not in table_of(store, tmp_path)


def test_a_night_that_is_not_worked_on_shows_why_before_what_failed(store: Store, tmp_path: Path) -> None:
    send(store, MINIME05)
    record_failure(tmp_path, "extract", WILDCARDS | {"tag": ""}, "gzip ends early", log="e.log")
    discover(store, tmp_path, hold=(MINIME05.name,))
    line = line_of(table_of(store, tmp_path), MINIME05.name)
    assert " held " in line
    assert line.endswith("held by the configuration; failed before: extract: gzip ends early. Log: e.log")


def test_failures_of_nights_without_an_upload_are_shown_too(tmp_path: Path) -> None:
    record_failure(tmp_path, "weather", {"site": "uao", "date": "20260429"}, "no bucket", log="w.log")
    record_failure(tmp_path, "discover", {}, "no answer", log="d.log")
    text = report(None, rows(None, failures(tmp_path)))
    assert "weather: no bucket" in line_of(text, "uao_20260429")
    assert "discover: no answer" in line_of(text, "discover")


def test_a_record_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    record_failure(tmp_path, "load", WILDCARDS, "no database", log="l.log")
    (tmp_path / "failures" / f"publish_{MINIME13.name}.json").write_text('{"rule": "pub')
    (tmp_path / "failures" / "discover.json").write_bytes(b"\xff")
    (tmp_path / "failures" / f"extract_{MINIME13.name}.json").mkdir()  # a disk that fails answers like this
    (tmp_path / "failures" / "load.partial").write_text("a step is writing it, or was killed")
    text = report(None, rows(None, failures(tmp_path)))
    assert "load XR: no database" in line_of(text, MINIME05.name)
    line = line_of(text, MINIME13.name)
    assert " failed " in line
    assert "its record cannot be read (" in line
    assert f"Remove {tmp_path / 'failures'}/" in line
    assert "(and 1 more)" in line
    assert "discover: its record cannot be read" in line_of(text, "discover")


def test_an_earlier_result_that_was_kept_is_told(store: Store) -> None:
    kept = {"state": "camera off", "reason": "too warm", "at": "2026-05-02T11:59:58+00:00"}
    outcomes = {"XR": {**INDEX["outcomes"]["XR"], "kept": {**kept, "manifest_sha256": "b" * 64}}}
    store.put_json(MINIME05.published_key, {**INDEX, "outcomes": outcomes})
    assert night_row(store, MINIME05).reason == (
        "XR: 40 sky frames (earlier result kept: the analysis of 2026-05-02 11:59 UTC came to none:"
        " camera off, too warm)"
    )


def test_a_night_is_followed_through_its_sentinels(store: Store) -> None:
    assert night_row(store, MINIME05) is None
    assert summarise_night(store, MINIME05)["state"] == "not archived"
    store.put_json(MINIME05.manifest_key, {"totals": {"frames": 3}})
    assert night_row(store, MINIME05).state == "archived, not finished"
    store.put_json(MINIME05.published_key, INDEX)
    row = night_row(store, MINIME05)
    assert row.state == "published, not finished"
    assert row.reason == "XG: no frames (no frame of tag XG); XR: 40 sky frames"
    store.put_json(MINIME05.loaded_key, {"rows": 40, "made_at": "2026-04-30T15:01:00+00:00"})
    assert night_row(store, MINIME05).state == "loaded, not finished"
    store.put_json(MINIME05.cleaned_key, {"deleted": [], "made_at": "2026-04-30T15:02:00+00:00"})
    row = night_row(store, MINIME05)
    assert (row.state, row.since) == ("done", dt.datetime(2026, 4, 30, 15, 2, tzinfo=dt.UTC))
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
def test_the_command_line(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    discover(store, tmp_path)
    assert main(["status", "--work", str(tmp_path)]) == 0
    assert "No night is waiting or at work." in capsys.readouterr().out
    assert main(["status", "--offline", MINIME05.name]) == 1


@pytest.mark.usefixtures("surroundings")
def test_named_nights_are_looked_up_from_any_directory(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    store.put_json(MINIME05.cleaned_key, {"made_at": "2026-04-30T15:02:00+00:00"})
    assert main(["status", "--work", str(tmp_path), MINIME05.name]) == 0
    assert "done" in line_of(capsys.readouterr().out, MINIME05.name)
    assert main(["status", "--work", str(tmp_path), "yesterday", MINIME05.name]) == 1
    printed = capsys.readouterr()
    assert "done" in line_of(printed.out, MINIME05.name)
    assert printed.err.splitlines() == [
        "airglow status: yesterday: not a night. A night is named like minime05_uao_20250429"
    ]


@pytest.mark.usefixtures("surroundings")
def test_a_named_night_that_is_only_in_raw_has_the_reason_of_the_discovery(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    store.put_bytes(MINIME13.receipt_key, receipt(MINIME13, 3, 1000))
    ask = ["status", "--work", str(tmp_path), MINIME13.name, MINIME05.name]
    assert main(ask) == 0
    assert "not archived" in line_of(capsys.readouterr().out, MINIME13.name)
    discover(store, tmp_path)
    assert main(ask) == 0
    printed = capsys.readouterr().out
    line = line_of(printed, MINIME13.name)
    assert " waiting " in line
    assert line.endswith("0 of 3 parts")
    assert "not archived" in line_of(printed, MINIME05.name)
    (tmp_path / "discovery.json").write_text("[")
    assert main(ask) == 0
    assert "not archived" in line_of(capsys.readouterr().out, MINIME13.name)


def test_a_mistyped_night_is_one_line_without_a_bucket(capsys: pytest.CaptureFixture, monkeypatch) -> None:
    monkeypatch.delenv("DEST_BUCKET", raising=False)
    assert main(["status", "minime05_uao_20260431"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "airglow status: minime05_uao_20260431: 20260431 is not a date\n"


def test_a_directory_that_never_looked_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["status"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    first, second = printed.err.splitlines()
    assert first == f"{tmp_path}/work: no run has looked for nights from here (there is no discovery.json)."
    assert "sudo airglow-workflow status" in second

    record_failure(tmp_path / "work", "discover", {}, "no answer", log="d.log")  # of the first run of all
    assert main(["status"]) == 2
    assert "discover: no answer" in line_of(capsys.readouterr().out, "discover")


@pytest.mark.parametrize("found", [b'{"format": 99}', b"[", b"{}", b"\xff", None])
def test_a_discovery_that_cannot_be_read_or_is_of_another_version_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture, found: bytes | None
) -> None:
    path = tmp_path / "discovery.json"
    if found is None:
        path.mkdir()  # a disk that fails answers like this
    else:
        path.write_bytes(found)
    record_failure(tmp_path, "load", WILDCARDS, "no database", log="l.log")
    assert main(["status", "--work", str(tmp_path)]) == 2
    printed = capsys.readouterr()
    assert "load XR: no database" in line_of(printed.out, MINIME05.name)
    assert len(printed.err.splitlines()) == 1
    assert printed.err.startswith(f"{path}: ")


def test_records_of_failures_that_no_run_repeats_go(tmp_path: Path, store: Store) -> None:
    held, ended, begun = "minime05_uao_20260429", "minime05_uao_20260428", "minime05_uao_20260427"
    refused = "minime05_uao_20260426"
    for night in (held, refused):
        store.put_bytes(f"raw/fpi05_uao_{night[-8:]}.txt", b"?")
    discover(store, tmp_path, hold=(held,))
    mark_pending(store, NightId.parse(begun), "delivery")

    def fail(rule: str, night: str = "") -> None:
        names = dict(zip(("instrument", "site", "date"), night.split("_"), strict=False))
        record_failure(tmp_path, rule, names, "no", log="l.log")

    for rule, night in (
        ("extract", held),
        ("extract", refused),
        ("extract", ended),
        ("load", begun),
        ("discover", ""),
        ("instrument_night", held),
    ):
        fail(rule, night)
    record_failure(tmp_path, "weather", {"site": "uao", "date": "20260429"}, "no", log="l.log")
    record_failure(tmp_path, "weather", {"site": "uao", "date": "20200101"}, "no", log="l.log")

    gone = forget_unrepeated(tmp_path, store, {"instrument_night"})
    assert sorted(gone) == [refused, ended, held, "uao_20200101"]
    assert {(failure.rule, failure.name) for failure in failures(tmp_path)} == {
        ("extract", held),
        ("load", begun),
        ("discover", "discover"),
        ("weather", "uao_20260429"),
    }


def test_without_a_discovery_only_unfinished_work_is_repeated(tmp_path: Path, store: Store) -> None:
    (tmp_path / DISCOVERY).write_text("{")
    record_failure(tmp_path, "load", WILDCARDS, "no database", log="l.log")
    mark_pending(store, MINIME05, "delivery")
    assert forget_unrepeated(tmp_path, store) == []
    clear_pending(store, MINIME05)
    assert forget_unrepeated(tmp_path, store) == [MINIME05.name]
    assert failures(tmp_path) == []


def test_a_step_that_was_killed_is_on_record_after_the_run(tmp_path: Path) -> None:
    ended = {**WILDCARDS, "tag": "XG"}
    for wildcards in (WILDCARDS, ended):
        begin_step(tmp_path, "analyze", wildcards, log="l.log")
    end_step(tmp_path, "analyze", ended)
    assert failures(tmp_path) == []  # while it is at work
    record_killed(tmp_path)
    (failure,) = failures(tmp_path)
    assert (failure.rule, failure.name, failure.tag) == ("analyze", MINIME05.name, WILDCARDS["tag"])
    assert "was killed" in failure.reason
    forget_failure(tmp_path, "analyze", WILDCARDS)
    record_killed(tmp_path)
    assert failures(tmp_path) == []
