"""``airglow run`` as an operator types it, with a real Snakemake and a real store."""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from running import TIMEOUT_S, Clone, Front, clone, front, kill_all, new_place, surroundings

from airglow.__main__ import main
from airglow.demo.servers import MariadbServer, S3Server
from airglow.model.files import write_whole
from airglow.pipeline.backlog import Ended
from airglow.pipeline.closing import ENDED
from airglow.pipeline.failures import failures
from airglow.pipeline.run import _work
from airglow.pipeline.runlock import Busy, Run, begin_run
from airglow.store import json_bytes

RECEIPT = "raw/fpi05_uao_20260510.txt"  # of a night that is refused: so a run looks at it, and does no more
NIGHT = "minime05_uao_20260510"


@pytest.fixture
def behind(s3: S3Server) -> Iterator[Front]:
    """Stands before the store."""
    with front(s3.endpoint_url) as made:
        yield made
        made.forget()


@pytest.fixture
def at_hand(tmp_path: Path, s3: S3Server, mariadb: MariadbServer, behind: Front) -> Clone:
    """A clone, and a bucket with a receipt that is none."""
    store, database = new_place(s3, mariadb)
    store.put_bytes(RECEIPT, b"?")
    return clone(tmp_path / "clone", surroundings(behind.url, store.bucket, s3, mariadb, database))


def left(at_hand: Clone) -> set[str]:
    """What a run left in the clone."""
    return {path.name for path in at_hand.directory.iterdir()} & {"work", ".snakemake", "logs", "nights"}


def until(condition: object, what: str) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def children(process: int) -> list[int]:
    """Processes that a process has started."""
    texts = [path.read_text() for path in Path(f"/proc/{process}/task").glob("*/children")]  # of each thread
    return [int(word) for text in texts for word in text.split()]


def asked_for_receipt(behind: Front) -> bool:
    return any(method == "GET" and RECEIPT in path for method, path in behind.requests)


def test_a_run_shows_its_steps_and_the_table_and_nothing_else(at_hand: Clone) -> None:
    ran = at_hand.airglow()
    assert ran.code == 3, ran.text
    first, *table, last = ran.text.splitlines()
    assert re.fullmatch(r"discover: done in [\d.]+ s", first)
    assert table[0].startswith("As of ")
    assert [line.split()[:2] for line in table[2:]] == [[NIGHT, "refused"]]
    assert last.startswith(f"airglow run: refused, until another upload comes: {NIGHT} (receipt has 1 lines")
    assert "Building DAG" in (at_hand.directory / "logs/run.log").read_text()


def test_a_night_that_was_never_uploaded_is_refused_and_leaves_nothing(at_hand: Clone) -> None:
    ran = at_hand.airglow("minime05_uao_20250429", "uao_20240101")
    assert ran.code == 2
    first, second = ran.text.splitlines()
    assert first.startswith("airglow run: minime05_uao_20250429: the bucket has no archived frames")
    assert second.startswith("airglow run: uao_20240101: the bucket has no archived frames")
    assert left(at_hand) == set()


def test_a_dry_run_shows_the_plan_of_a_night_and_takes_no_lock(at_hand: Clone) -> None:
    ran = at_hand.airglow(NIGHT, "--reanalyze", "-n")
    assert ran.code == 0, ran.text
    assert re.search(r"^analyze +1$", ran.text, re.M)
    assert not (at_hand.directory / ".snakemake/airglow.run.lock").exists()


def test_a_file_that_no_rule_makes_is_a_wrong_request(at_hand: Clone) -> None:
    ran = at_hand.airglow("results/minime05/uao/2026/20260510/XR/wnds.png")
    assert ran.code == 2
    assert "MissingRuleException" in ran.text
    assert ran.text.splitlines()[-1].startswith("airglow run: Snakemake gave up; logs/run.log")


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (["minime77_uao_20250429", "uao_2025042"], ["unknown instrument minime77", "2025042 is no date"]),
        (["--", "-R", "analyze", "nights/uaa_20250429.json"], ["unknown site uaa"]),
        (["--reanalyze"], ["--reanalyze: name the nights"]),
    ],
)
def test_a_wrong_request_is_refused_before_the_surroundings_are_looked_at(
    arguments: list[str],
    lines: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DEST_BUCKET", raising=False)
    assert main(["run", *arguments]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == len(lines)
    for text, line in zip(said, lines, strict=True):
        assert text.startswith("airglow run: ")
        assert line in text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("config", "line"),
    [
        ("{}", "the environment lacks DEST_BUCKET, "),
        ("archive: {threads: 0}", "config/config.yaml: archive: threads: 0 is less than the minimum"),
    ],
)
def test_what_is_missing_around_is_told_apart_from_a_wrong_request(
    config: str,
    line: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.yaml").write_text(config)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DEST_BUCKET", raising=False)
    assert main(["run"]) == 2
    assert line in capsys.readouterr().err


def test_a_step_that_fails_is_named(at_hand: Clone, behind: Front) -> None:
    behind.damage = lambda path, data: b"other" if RECEIPT in path else data
    ran = at_hand.airglow()
    assert ran.code == 4
    assert ran.text.startswith("discover: ")
    assert ran.text.splitlines()[-1] == "airglow run: failed: discover of discover"
    assert [failure.rule for failure in failures(at_hand.directory / "work")] == ["discover"]


def test_a_step_that_is_killed_is_named(at_hand: Clone, behind: Front) -> None:
    """As by the kernel, when memory runs out; each time that it is tried."""
    go_on = behind.hold("GET", RECEIPT)
    note = at_hand.directory / "work/at_work/discover.json"
    parent = at_hand.start_airglow()
    try:
        killed: set[int] = set()
        for _ in range(2):  # a step that talks to the bucket is tried twice
            until(lambda: note.exists() and set(steps_of(parent.pid)) - killed, "it is not at work")
            for process in set(steps_of(parent.pid)) - killed:
                os.kill(process, signal.SIGKILL)
                killed.add(process)
        text, _ = parent.communicate(timeout=TIMEOUT_S)
    finally:
        go_on.set()
        if parent.poll() is None:
            kill_all(parent)
    assert parent.returncode == 4
    assert text.splitlines()[-1] == "airglow run: failed: discover of discover"
    assert not note.exists()


def steps_of(process: int) -> list[int]:
    """The scripts that a run has started."""
    found = []
    for child in children(process):
        command = Path(f"/proc/{child}/cmdline").read_bytes()
        found += [child] if b"/.snakemake/scripts/" in command else steps_of(child)
    return found


def test_a_run_beside_another_waits_and_plans_only_then(at_hand: Clone, behind: Front) -> None:
    go_on = behind.hold("GET", RECEIPT)
    first = at_hand.start_airglow()
    try:
        until(lambda: asked_for_receipt(behind), "the first run is not at work")
        refused = at_hand.airglow("--config", no_patience(at_hand))
        second = at_hand.start_airglow()
        assert "Waiting at most 600 s: another run is at work" in second.stdout.readline()
        assert children(second.pid) == []  # it has no Snakemake yet, so there is no plan
    finally:
        go_on.set()
    texts = [process.communicate(timeout=TIMEOUT_S)[0] for process in (first, second)]
    assert (first.returncode, second.returncode) == (3, 0), texts
    assert all("discover: done" in text for text in texts)
    tables = [[line for line in text.splitlines() if line.startswith(NIGHT)] for text in texts]
    assert tables[0] == tables[1] != []  # the same table, also of a run that tells nothing new
    assert refused.code == 0
    assert "another run is at work in .snakemake: process " in refused.text


def no_patience(at_hand: Clone) -> str:
    (at_hand.directory / "impatient.yaml").write_text("run: {wait_seconds: 0}\n")
    return "impatient.yaml"


def test_a_parent_that_is_killed_leaves_no_snakemake_without_the_lock(at_hand: Clone, behind: Front) -> None:
    go_on = behind.hold("GET", RECEIPT)
    parent = at_hand.start_airglow()
    try:
        until(lambda: asked_for_receipt(behind), "it is not at work")
        (snakemake,) = children(parent.pid)
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
        with pytest.raises(Busy, match=f"process {snakemake} on"):
            begin_run(at_hand.directory / ".snakemake", 0)
        go_on.set()
        begin_run(at_hand.directory / ".snakemake", TIMEOUT_S).end()
        assert (at_hand.directory / "work/discovery.json").exists()  # it ended its work, alone
    finally:
        kill_all(parent)


def test_a_stop_is_handed_on_and_the_step_at_work_ends(at_hand: Clone, behind: Front) -> None:
    go_on = behind.hold("GET", RECEIPT)
    parent = at_hand.start_airglow()
    try:
        until(lambda: asked_for_receipt(behind), "it is not at work")
        os.kill(parent.pid, signal.SIGTERM)  # alone, as systemd does
        time.sleep(0.5)
        assert parent.poll() is None
        go_on.set()
        text, _ = parent.communicate(timeout=TIMEOUT_S)
    finally:
        if parent.poll() is None:
            kill_all(parent)
    assert parent.returncode == 143
    assert "discover: done" in text
    assert text.splitlines()[-1] == "airglow run: stopped. The next run goes on from here"
    begin_run(at_hand.directory / ".snakemake", 0).end()


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The lock of a run in an empty directory."""
    monkeypatch.chdir(tmp_path)
    return begin_run(tmp_path / ".snakemake", 0)


def ends_of_plans(monkeypatch: pytest.MonkeyPatch, *ends: tuple[int, list[str]] | None) -> None:
    """Let plans of a run end so, one after another: status and what is told; None for one without an end."""
    left = list(ends)

    def plan(command: object, run: Run) -> tuple[int, int]:
        end = left.pop(0)
        if end is not None:
            value = {"run": run.identifier, "status": end[0], "said": end[1]}
            write_whole(Path("work") / ENDED, json_bytes(value))
        return (0 if end is not None and end[0] == 0 else 1), 0

    def work_off(work: Path, run: str, hours: float, plan_and_work: Callable) -> Ended:
        codes = [plan_and_work()[0] for _ in ends]
        return Ended(max(codes), 0, without_room=("a",) if hours == 7 else ())

    monkeypatch.setattr("airglow.pipeline.run._supervise", plan)
    monkeypatch.setattr("airglow.pipeline.run.work_off", work_off)


@pytest.mark.parametrize(
    ("ends", "status", "told"),
    [
        ([(0, []), (0, [])], 0, []),
        ([(3, ["a is refused"]), (0, [])], 3, ["a is refused"]),
        ([(3, ["a is refused"]), (4, ["b failed"])], 3, ["a is refused", "b failed"]),
        ([(4, ["b failed"]), (4, ["b failed"])], 4, ["b failed"]),
        ([(3, ["a is refused"]), None], 3, ["a is refused"]),  # told by no later run
        ([(0, []), None], 1, ["Snakemake gave up; logs/run.log has all that it said"]),
    ],
)
def test_a_run_of_several_plans_ends_as_they_did_together(
    lock: Run,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
    ends: list,
    status: int,
    told: list[str],
) -> None:
    ends_of_plans(monkeypatch, *ends)
    assert _work([], lock, [], 1) == status
    lines = [line.removeprefix("airglow run: ") for line in capsys.readouterr().err.splitlines() if line]
    assert lines == told
    begin_run(Path(".snakemake"), 0).end()  # the lock is free again


def test_nights_without_room_on_the_disk_are_a_fault_of_the_machine(
    lock: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    ends_of_plans(monkeypatch, (0, []))
    assert _work([], lock, [], 7) == 4
    assert "the working disk has no room for 1 night" in capsys.readouterr().err


def test_a_disk_that_takes_nothing_is_told(
    lock: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    Path("logs").write_text("in the place of a directory")
    assert _work([], lock, [], 1) == 4
    assert "the run came to no end: " in capsys.readouterr().err
    begin_run(Path(".snakemake"), 0).end()
