"""Start a server on a free port, wait until it answers, and make sure that it does not outlive us."""

from __future__ import annotations

import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from airglow.model.errors import AirglowError

HOST = "127.0.0.1"
START_TIMEOUT_S = 300.0  # seconds on an idle machine
STOP_TIMEOUT_S = 20.0
PORT_ATTEMPTS = 5  # another program can take a free port before the server does


class ServerError(AirglowError):
    """A private server is not installed or did not start."""


def as_account(account: str | None) -> dict[str, object]:
    """Arguments of `subprocess.Popen` that change the user.

    Parameters
    ----------
    account
        Name of the account; None or ``root`` changes nothing.

    Returns
    -------
    dict
    """
    if account in (None, "root"):
        return {}
    return {"user": account, "group": pwd.getpwnam(account).pw_gid, "extra_groups": []}


@contextmanager
def private_directory() -> Iterator[Path]:
    """A temporary directory with a path short enough for a socket (under 107 bytes).

    Yields
    ------
    Path
    """
    base = tempfile.gettempdir()
    directory = Path(tempfile.mkdtemp(prefix="airglow-", dir=base if len(base) < 60 else "/tmp"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def start_on_free_port(
    name: str,
    command: Callable[[int], Sequence[str]],
    answers: Callable[[int], bool],
    log: Path,
    environment: dict[str, str],
    account: str | None = None,
) -> tuple[subprocess.Popen, int]:
    """Start a server on a free port, and return when it answers.

    Parameters
    ----------
    name
        What to call the server in an error.
    command
        Gives the command line for a port.
    answers
        Says whether the server answers on a port.
    log
        File for what the server prints.
    environment
        Environment variables of the server.
    account
        Account to run it as; None runs it as this one.

    Returns
    -------
    process, port

    Raises
    ------
    ServerError
        If the server ends, or does not answer in time.
    """
    deadline = time.monotonic() + START_TIMEOUT_S
    for _ in range(PORT_ATTEMPTS):
        port = _free_port()
        process = _start(command(port), log, environment, account)
        try:
            while process.poll() is None and time.monotonic() < deadline:
                if answers(port) and process.poll() is None:
                    return process, port
                time.sleep(0.05)
        except BaseException:  # Ctrl-C too: leave nothing behind
            stop(process)
            raise
        stop(process)
        if "in use" not in log.read_text(errors="replace").lower():
            break
    raise ServerError(f"{name} did not start: {tail(log.read_text(errors='replace'))}")


def _start(
    command: Sequence[str], log: Path, environment: dict[str, str], account: str | None
) -> subprocess.Popen:
    """Start a server that dies with this process, even when this process is killed."""
    guard = shutil.which("setpriv")
    prefix = [guard, "--pdeathsig", "TERM"] if guard and sys.platform == "linux" else []
    with log.open("wb") as output:
        return subprocess.Popen(
            [*prefix, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=log.parent,
            env=environment,
            start_new_session=True,  # Ctrl-C is for us: we stop the servers last
            **as_account(account),
        )


def stop(process: subprocess.Popen) -> None:
    """Ask a server to end, and end it if it does not.

    Parameters
    ----------
    process
        The server.
    """
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def tail(text: str, lines: int = 5) -> str:
    """The last lines of a log, as one line for an error message.

    Parameters
    ----------
    text
        The log.
    lines
        Number of lines.

    Returns
    -------
    str
    """
    return " | ".join(text.strip().splitlines()[-lines:]) or "it said nothing"
