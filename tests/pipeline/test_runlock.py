"""One run at a time, with real processes that are killed."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from airglow.pipeline.runlock import Busy, begin_run, step_of_run

RUN = """
import sys, time
from pathlib import Path
from airglow.pipeline.runlock import begin_run
run = begin_run(Path(sys.argv[1]), 0)
print(run.identifier, flush=True)
time.sleep(60)
"""

STEP = """
import sys, time
from pathlib import Path
from airglow.pipeline.runlock import step_of_run
with step_of_run(Path(sys.argv[1]), sys.argv[2]):
    print("at work", flush=True)
    time.sleep(float(sys.argv[3]))
"""


def start(code: str, *arguments: object) -> tuple[subprocess.Popen, str]:
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def kill(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_a_second_run_is_refused_and_told_who_is_at_work(tmp_path: Path) -> None:
    process, _ = start(RUN, tmp_path)
    try:
        with pytest.raises(Busy, match=rf"process {process.pid} on .*, since .*start again"):
            begin_run(tmp_path, 0)
    finally:
        kill(process)


def test_the_directory_is_free_once_the_run_was_killed(tmp_path: Path) -> None:
    process, identifier = start(RUN, tmp_path)
    kill(process)
    run = begin_run(tmp_path, 0)
    assert run.identifier != identifier
    run.end()
    begin_run(tmp_path, 0).end()


def test_a_new_run_waits_for_the_steps_of_a_killed_one(tmp_path: Path) -> None:
    process, identifier = start(RUN, tmp_path)
    step, _ = start(STEP, tmp_path, identifier, 1.0)
    kill(process)
    with pytest.raises(Busy, match="steps of a run that was killed"):
        begin_run(tmp_path, 0)
    messages: list[str] = []
    began = time.monotonic()
    run = begin_run(tmp_path, 30, messages.append)
    assert step.wait() == 0
    assert time.monotonic() - began > 0.3
    assert len(messages) == 1
    assert "still at work" in messages[0]
    run.end()


def test_a_step_that_starts_after_its_run_was_replaced_does_nothing(tmp_path: Path) -> None:
    process, identifier = start(RUN, tmp_path)
    kill(process)
    run = begin_run(tmp_path, 0)
    with pytest.raises(Busy, match="another one has taken over"), step_of_run(tmp_path, identifier):
        pytest.fail("it went to work")
    with step_of_run(tmp_path, run.identifier), step_of_run(tmp_path, run.identifier):
        pass  # two steps of one run work side by side
    run.end()
