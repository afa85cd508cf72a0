"""What a step says is one line per event, in its own log and in that of the attempt at its night."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from airglow.model.states import ErrorClass
from airglow.pipeline.attempts import LogFormatter, attempt_log, logfmt, parse_logfmt, steps_passed
from airglow.pipeline.failures import failures

SCRIPTS = Path(__file__).parents[2] / "workflow/scripts"
STAMP = "20260501T120000Z"
NIGHT = "minime05_uao_20260429"
SCRIPT = f"""
import logging, sys, types
import __main__
sys.path.insert(0, {str(SCRIPTS)!r})
class Wildcards(dict):
    __getattr__ = dict.__getitem__
names = dict(instrument="minime05", site="uao", year="2026", date="20260429", tag="XR")
__main__.snakemake = types.SimpleNamespace(
    rule="analyze", config=dict(run=dict(step_hours=1)), wildcards=Wildcards(names), log=["logs/a.log"]
)
from adapter import step
from airglow.model.errors import RefusedUpload, StoreError
with step() as job:
    logging.info('a "word" and\\nanother line')
    print(job.attempt_key)
    {{act}}
"""


def run(directory: Path, act: str) -> subprocess.CompletedProcess:
    """A step in a process of its own, as Snakemake starts it."""
    (directory / "logs").mkdir()
    code = SCRIPT.replace("{act}", act).replace("{{", "{").replace("}}", "}")
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=directory,
        env={"AIRGLOW_ATTEMPT": STAMP, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=600,
    )


@pytest.mark.parametrize(
    ("act", "event", "error_class", "refused"),
    [
        ("pass", "done", None, False),
        ('raise RefusedUpload("fpi05", "the gzip is damaged")', "refused", ErrorClass.DATA, True),
        ('raise StoreError("no answer")', "failed", ErrorClass.MACHINE, False),
        ('raise OSError(28, "No space left on device")', "failed", ErrorClass.MACHINE, False),
        ('raise KeyError("gap")', "failed", ErrorClass.CODE, False),
    ],
)
def test_every_event_is_a_line_with_the_night(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    act: str,
    event: str,
    error_class: ErrorClass,
    refused: bool,
) -> None:
    done = run(tmp_path, act)
    monkeypatch.chdir(tmp_path)
    assert done.stdout.splitlines()[0] == f"state/minime05/uao/2026/20260429/attempts/{STAMP}.log", (
        done.stderr
    )
    assert (done.returncode == 0) is (event == "done")
    log = attempt_log(STAMP, NIGHT)
    assert log.read_text() == Path("logs/a.log").read_text()
    lines = [parse_logfmt(line) for line in log.read_text().splitlines()]
    assert {(line["night"], line["step"], line["tag"]) for line in lines} == {(NIGHT, "analyze", "XR")}
    assert lines[0]["event"] == "begin"
    assert lines[1]["msg"] == 'a "word" and\nanother line'
    assert lines[-1]["event"] == event
    assert lines[-1].get("class") == (error_class.value if error_class else None)
    assert any("KeyError" in line.get("trace", "") for line in lines) is ("KeyError" in act)
    assert steps_passed([log]) == ({"analyze XR"} if event == "done" else set())
    noted = [(one.rule, one.error_class, one.refused) for one in failures(Path("work"))]
    assert noted == ([("analyze", error_class, refused)] if error_class else [])


@pytest.mark.parametrize("act", ["pass", 'raise OSError(28, "No space left on device")'])
def test_a_step_on_a_disk_that_takes_nothing_says_so(tmp_path: Path, act: str) -> None:
    (tmp_path / "work").symlink_to("/dev/full")  # writing there fails; so does making a directory
    done = run(tmp_path, act)
    assert done.returncode == 1
    assert "this cannot be noted on the disk: " in done.stdout
    assert "Traceback" not in done.stderr
    assert "event=failed" in (tmp_path / "logs/a.log").read_text()


def test_an_error_of_a_full_disk_names_the_disk(tmp_path: Path) -> None:
    assert run(tmp_path, 'raise OSError(28, "No space left on device")').returncode == 1
    log = (tmp_path / "logs/a.log").read_text()
    assert "Make room on the disk at /" in log


@pytest.mark.parametrize(
    "value", ["a", "a b", 'say "no"', "a=b", "back\\slash", "two\nlines", "ü – ∞", '"', "="]
)
def test_a_value_is_read_as_it_was_written(value: str) -> None:
    line = logfmt({"night": NIGHT, "msg": value, "empty": "", "last": "x"})
    assert "\n" not in line
    assert parse_logfmt(line) == {"night": NIGHT, "msg": value, "last": "x"}


def test_what_is_no_line_of_ours_is_passed_over(tmp_path: Path) -> None:
    assert parse_logfmt('broken="open msg= =x \x00') == {"msg": ""}
    path = tmp_path / "a.log"
    path.write_bytes(b"\xff\xfe event=done\nevent=done step=load\n")
    assert steps_passed([path]) == {"load"}


def test_the_formatter_says_when_in_utc() -> None:
    record = logging.LogRecord("a", logging.INFO, "", 0, "x", None, None)
    record.created = 1777636800.25
    assert LogFormatter({"night": NIGHT}).format(record) == (
        f"time=2026-05-01T12:00:00.250Z level=info night={NIGHT} msg=x"
    )
