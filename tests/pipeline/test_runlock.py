"""One run at a time, with real processes that are killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from running import TIMEOUT_S

from airglow.pipeline.runlock import (
    LOCK_VARIABLE,
    RUN_VARIABLE,
    Busy,
    adopt_run,
    begin_planned_run,
    begin_run,
    last_run,
    step_of_run,
)

RUN = """
import sys, time
from pathlib import Path
from airglow.pipeline.runlock import begin_run
run = begin_run(Path(sys.argv[1]), 0)
print(run.identifier, flush=True)
time.sleep(3600)  # until it is killed
"""

# Begins a run, hands it to a child, and is killed at once: the child lives on.
PARENT = """
import os, signal, subprocess, sys
from pathlib import Path
from airglow.pipeline.runlock import begin_run
run = begin_run(Path(sys.argv[1]), 0)
environment, descriptors = run.for_child()
subprocess.Popen(
    [sys.executable, "-c", sys.argv[2], sys.argv[1]],
    env={**os.environ, **environment},
    pass_fds=descriptors,
    stdin=subprocess.PIPE,
)
signal.pause()
"""

CHILD = """
import os, sys, time
from pathlib import Path
from airglow.pipeline.runlock import adopt_run
run = adopt_run(Path(sys.argv[1]))
print(run and run.identifier, os.getpid(), flush=True)
time.sleep(3600)  # until it is killed
"""

# At work until its standard input ends.
STEP = """
import sys
from pathlib import Path
from airglow.pipeline.runlock import step_of_run
with step_of_run(Path(sys.argv[1]), sys.argv[2]):
    print("at work", flush=True)
    sys.stdin.read()
"""


def start(code: str, *arguments: object) -> tuple[subprocess.Popen, str]:
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
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
    step, _ = start(STEP, tmp_path, identifier)
    kill(process)
    with pytest.raises(Busy, match="steps of a run that was killed"):
        begin_run(tmp_path, 0)
    messages: list[str] = []

    def told(message: str) -> None:
        messages.append(message)
        step.stdin.close()

    run = begin_run(tmp_path, TIMEOUT_S, told)
    assert step.wait() == 0
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


def test_a_child_that_is_handed_the_run_keeps_the_directory_when_the_parent_is_killed(tmp_path: Path) -> None:
    parent, said = start(PARENT, tmp_path, CHILD)
    identifier, child = said.split()
    try:
        assert identifier == last_run(tmp_path)
        kill(parent)
        with pytest.raises(Busy, match=f"process {child} on"):
            begin_run(tmp_path, 0)
        with step_of_run(tmp_path, identifier):
            pass  # its steps go on
    finally:
        os.kill(int(child), signal.SIGKILL)
    begin_run(tmp_path, TIMEOUT_S).end()  # the child's death may take a moment


def test_variables_that_are_left_over_are_not_believed(tmp_path: Path) -> None:
    run = begin_run(tmp_path, 0)
    environment, (descriptor,) = run.for_child()
    assert adopt_run(tmp_path, {}) is None
    assert adopt_run(tmp_path, {**environment, LOCK_VARIABLE: "9999"}) is None
    assert adopt_run(tmp_path, {**environment, LOCK_VARIABLE: "one"}) is None
    with (tmp_path / "airglow.run.lock").open("a+") as other:  # not the open file that has the lock
        assert adopt_run(tmp_path, {**environment, LOCK_VARIABLE: str(other.fileno())}) is None
    with (tmp_path / "other").open("a+") as other:
        assert adopt_run(tmp_path, {**environment, LOCK_VARIABLE: str(other.fileno())}) is None
    copy = os.dup(descriptor)  # the lock, and another run's name
    assert adopt_run(tmp_path, {RUN_VARIABLE: "0" * 16, LOCK_VARIABLE: str(copy)}) is None
    run.end()


def test_work_that_was_planned_before_another_run_does_not_begin(tmp_path: Path) -> None:
    before = last_run(tmp_path)
    assert before == ""
    begin_run(tmp_path, 0).end()
    with pytest.raises(Busy, match=r"the plan is out of date\. Start again"):
        begin_planned_run(tmp_path, 0, before)
    begin_planned_run(tmp_path, 0, last_run(tmp_path)).end()

    first = begin_run(tmp_path, 0)  # it is at work already, and ends while the other one waits
    with pytest.raises(Busy, match="the plan is out of date"):
        begin_planned_run(tmp_path, TIMEOUT_S, last_run(tmp_path), lambda _: first.end())
    begin_run(tmp_path, 0).end()
