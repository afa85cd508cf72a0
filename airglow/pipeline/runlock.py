"""One run at a time in a working directory, also after a run was killed and left steps at work.

A *run* holds an exclusive lock for its life and writes who it is into the lock file. Every *step* that the
run starts as a process of its own holds a shared lock on a second file for its life. A new run first takes
the place of the old one, then waits until the steps that the old one may have left behind have ended; a
step that comes to life after its run has gone ends at once. The locks are the kernel's (``flock``): they go
with the process that holds them, however it dies.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import json
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from airglow.model.errors import AirglowError

RUN_VARIABLE = "AIRGLOW_RUN"  # environment variable that tells a step which run it belongs to
NIGHTS_VARIABLE = "AIRGLOW_NIGHTS"  # and which nights the run was asked for by name
_POLL_S = 0.2
_RUN_FILE = "airglow.run.lock"
_STEPS_FILE = "airglow.steps.lock"


class Busy(AirglowError):
    """Another run, or what is left of one, is at work in the directory."""


@dataclass
class Run:
    """A run that holds its directory until `end` is called or the process ends."""

    identifier: str
    _file: IO[str]

    def end(self) -> None:
        """Give the directory free."""
        self._file.close()


def begin_run(directory: Path, wait_s: float, say: Callable[[str], None] = print) -> Run:
    """Take a working directory for this process.

    Parameters
    ----------
    directory
        Where the lock files are; made if missing.
    wait_s
        How long to wait for another run, and again for steps that a killed run left behind.
    say
        Tells the operator what is being waited for.

    Returns
    -------
    Run
        Keep it: the directory is free again when the process ends.

    Raises
    ------
    Busy
        If the directory did not become free in time; the message says who holds it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    run_file = (directory / _RUN_FILE).open("a+", encoding="utf-8")
    try:
        _wait_for(
            run_file, wait_s, say, lambda: f"another run is at work in {directory}: {_holder(run_file)}"
        )
        identifier = secrets.token_hex(8)
        me = {
            "run": identifier,
            "process": os.getpid(),
            "host": socket.gethostname(),
            "since": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        }
        run_file.truncate(0)
        run_file.write(json.dumps(me) + "\n")
        run_file.flush()
        with (directory / _STEPS_FILE).open("a") as steps_file:
            _wait_for(
                steps_file,
                wait_s,
                say,
                lambda: f"steps of a run that was killed are still at work in {directory}",
            )
    except BaseException:
        run_file.close()
        raise
    return Run(identifier, run_file)


@contextlib.contextmanager
def step_of_run(directory: Path, identifier: str) -> Iterator[None]:
    """Be a step of a run, for the length of a ``with`` block.

    Parameters
    ----------
    directory
        As in `begin_run`.
    identifier
        Of the run that started this step.

    Raises
    ------
    Busy
        If that run is no longer the one that has the directory.
    """
    with (directory / _STEPS_FILE).open("a") as steps_file:
        fcntl.flock(steps_file, fcntl.LOCK_SH)
        with (directory / _RUN_FILE).open(encoding="utf-8") as run_file:
            current = _read(run_file).get("run")
        if current != identifier:
            raise Busy(f"the run that started this step is gone; another one has taken over in {directory}")
        yield


def _wait_for(file: IO[Any], wait_s: float, say: Callable[[str], None], why: Callable[[], str]) -> None:
    deadline = time.monotonic() + wait_s
    told = False
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise Busy(f"{why()}. Let it finish, or end it, and start again") from None
            if not told:
                say(f"Waiting at most {wait_s:.0f} s: {why()}")
                told = True
            time.sleep(_POLL_S)


def _holder(file: IO[str]) -> str:
    who = _read(file)
    if not who:
        return "it has only just begun"
    return f"process {who['process']} on {who['host']}, since {who['since']}"


def _read(file: IO[str]) -> dict[str, Any]:
    """What the lock file says; nothing while its holder is writing it."""
    file.seek(0)
    try:
        return json.loads(file.read())
    except ValueError:
        return {}
