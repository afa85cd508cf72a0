"""One run at a time in a working directory, also after a run was killed and left steps at work.

A *run* holds an exclusive lock for its life and writes who it is into the lock file. Every *step* that the
run starts as a process of its own holds a shared lock on a second file for its life. A new run first takes
the place of the old one, then waits until the steps that the old one may have left behind have ended; a
step that comes to life after its run has gone ends at once. The locks are the kernel's (``flock``): they go
with the process that holds them, however it dies.

A run may hand its lock to the one process that does its work (`Run.for_child`, `adopt_run`). The child
inherits the file descriptor, and a lock belongs to the open file: so the directory stays taken for as long as
one of them lives.
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
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from airglow.model.errors import AirglowError
from airglow.model.files import parse_json

RUN_VARIABLE = "AIRGLOW_RUN"  # environment variable that tells a step which run it belongs to
LOCK_VARIABLE = "AIRGLOW_RUN_LOCK"  # descriptor of the lock, for the process that does the work
NIGHTS_VARIABLE = "AIRGLOW_NIGHTS"  # and which nights the run was asked for by name
_POLL_S = 0.2
_RUN_FILE = "airglow.run.lock"
_STEPS_FILE = "airglow.steps.lock"


class Busy(AirglowError):
    """Another run, or what is left of one, is at work in the directory."""


@dataclass
class Run:
    """A run that holds its directory until `end` is called or the process ends.

    Parameters
    ----------
    identifier
        Sixteen hexadecimal digits, new for each run.
    waited
        True if another run, or steps of one, were at work first.
    _file
        The lock file, open, with the lock on it.
    """

    identifier: str
    waited: bool
    _file: IO[str]

    def for_child(self) -> tuple[dict[str, str], tuple[int, ...]]:
        """What a child process needs to hold the lock too.

        Returns
        -------
        environment
            Variables for the child.
        pass_fds
            Descriptors that it must inherit (of `subprocess.Popen`).
        """
        descriptor = self._file.fileno()
        return {RUN_VARIABLE: self.identifier, LOCK_VARIABLE: str(descriptor)}, (descriptor,)

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
        waited = _wait_for(
            run_file, wait_s, say, lambda: f"another run is at work in {directory}: {_holder(run_file)}"
        )
        identifier = secrets.token_hex(8)
        _write_holder(run_file, identifier)
        with (directory / _STEPS_FILE).open("a") as steps_file:
            waited |= _wait_for(
                steps_file,
                wait_s,
                say,
                lambda: f"steps of a run that was killed are still at work in {directory}",
            )
    except BaseException:
        run_file.close()
        raise
    return Run(identifier, waited, run_file)


def adopt_run(directory: Path, environ: Mapping[str, str] | None = None) -> Run | None:
    """Take over the run of the process that started this one, and its lock.

    Variables can be left over from an earlier run, so they are not believed: the descriptor must be one of
    the lock file, the lock must be its own, and the file must name the run.

    Parameters
    ----------
    directory
        As in `begin_run`.
    environ
        Environment variables; by default the process's.

    Returns
    -------
    Run or None
        None if this process was handed no run. Keep it as long as the work lasts.
    """
    environ = os.environ if environ is None else environ
    path = directory / _RUN_FILE
    try:
        descriptor = int(environ[LOCK_VARIABLE])
        if not os.path.samestat(os.fstat(descriptor), path.stat()):
            return None
        # Succeeds at once if the lock is already that of this open file.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (KeyError, ValueError, OverflowError, OSError):
        return None
    run_file = os.fdopen(descriptor, "a+", encoding="utf-8")
    identifier = _read(run_file).get("run")
    if identifier is None or identifier != environ.get(RUN_VARIABLE):
        run_file.close()
        return None
    os.set_inheritable(descriptor, False)  # the steps have a lock of their own
    _write_holder(run_file, identifier)
    return Run(identifier, waited=False, _file=run_file)


def last_run(directory: Path) -> str:
    """Identifier of the run that took the directory last; empty before the first one.

    Parameters
    ----------
    directory
        As in `begin_run`.

    Returns
    -------
    str
        Also empty if the lock file cannot be read.
    """
    try:
        with (directory / _RUN_FILE).open(encoding="utf-8") as run_file:
            return _read(run_file).get("run", "")
    except OSError:
        return ""


def begin_planned_run(
    directory: Path, wait_s: float, planned_after: str, say: Callable[[str], None] = print
) -> Run:
    """Take a working directory for work that is planned already, if the plan still holds.

    Parameters
    ----------
    directory, wait_s
        As in `begin_run`.
    planned_after
        What `last_run` gave before the work was planned.
    say
        As in `begin_run`.

    Returns
    -------
    Run
        That of the process that started this one (`adopt_run`), or a new one.

    Raises
    ------
    Busy
        As `begin_run`; and if another run was at work since the work was planned.
    """
    if run := adopt_run(directory):
        return run
    before = last_run(directory)
    run = begin_run(directory, wait_s, say)
    if run.waited or before != planned_after:
        run.end()
        raise Busy(
            f"another run was at work in {directory} after this one was planned, so the plan is out of date. "
            "Start again"
        )
    return run


@contextlib.contextmanager
def step_of_run(directory: Path, identifier: str) -> Iterator[None]:
    """Be a step of a run, for the length of a ``with`` block.

    Parameters
    ----------
    directory
        As in `begin_run`.
    identifier
        Of the run that started this step.

    Yields
    ------
    None
        While the step is counted as one of the run.

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


def _wait_for(file: IO[Any], wait_s: float, say: Callable[[str], None], why: Callable[[], str]) -> bool:
    """Take a lock; says whether it had to be waited for."""
    deadline = time.monotonic() + wait_s
    waited = False
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return waited
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise Busy(f"{why()}. Let it finish, or end it, and start again") from None
            if not waited:
                say(f"Waiting at most {wait_s:.0f} s: {why()}")
                waited = True
            time.sleep(_POLL_S)


def _write_holder(file: IO[str], identifier: str) -> None:
    """Write which run has the directory, and which process does its work."""
    me = {
        "run": identifier,
        "process": os.getpid(),
        "host": socket.gethostname(),
        "since": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
    }
    file.truncate(0)
    file.write(json.dumps(me) + "\n")
    file.flush()


def _holder(file: IO[str]) -> str:
    who = _read(file)
    if not who:
        return "it has only just begun"
    return f"process {who['process']} on {who['host']}, since {who['since']}"


def _read(file: IO[str]) -> dict[str, Any]:
    """What the lock file says; nothing while its holder is writing it."""
    file.seek(0)
    try:
        return parse_json(file.read())
    except ValueError:
        return {}
