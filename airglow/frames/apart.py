"""Read files in a process of their own, so that a file that crashes a library costs that file only.

HDF5 can be made to crash, or to turn in a circle, by a few damaged bytes. No exception comes of that: the
process is gone, and in it the night. So the files of a night are read by a child of this process, which sends
what it read. If it dies, the file that it had at hand is refused, and another child goes on with the next
one. The kernel ends a child that takes too long for a file, also when nobody waits for it any more.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import TypeVar

from airglow.model.errors import AirglowError, BadInput, MachineError

_CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT)
_MOST_CPU_S = 300.0  # for a file, which takes a fraction of a second
_MOST_S = 3600  # for a file, however busy disk and machine are
_T = TypeVar("_T")


def read_apart(paths: Sequence[Path], read: Callable[[Path], _T]) -> Iterator[tuple[Path, _T | AirglowError]]:
    """Read files one after another in a child process.

    Parameters
    ----------
    paths
        The files.
    read
        Reads one; what it returns must be such that it can be pickled.

    Yields
    ------
    path : Path
        Each file, in the order given.
    answer
        What ``read`` returned; or the error that it raised, as a `BadInput` if it was none of ours.

    Raises
    ------
    MachineError
        If the child cannot be had, or is killed by anything but its own crash.
    """
    rest = list(paths)
    while rest:
        receiver, child = _start(rest, read)
        try:
            while rest:
                try:
                    answer = receiver.recv()
                except (EOFError, OSError):
                    break
                yield rest.pop(0), answer
        finally:  # also when nobody wants the rest: the child ends as soon as it finds that out
            receiver.close()
            _, status = os.waitpid(child, 0)
        if rest:
            victim = rest.pop(0)
            yield victim, _why_it_died(victim, status)


def _start(paths: Sequence[Path], read: Callable[[Path], _T]) -> tuple[Connection, int]:
    receiver, sender = Pipe(duplex=False)
    try:
        child = os.fork()
    except OSError as error:
        raise MachineError.from_os("a process to read frames", error) from error
    if child == 0:
        status = 1
        with contextlib.suppress(BaseException):  # nobody listens any more, or Ctrl-C
            faulthandler.disable()  # a crash is told in one line
            receiver.close()
            for path in paths:
                with _limited():
                    answer = _answer(path, read)
                sender.send(answer)
            status = 0
        os._exit(status)
    sender.close()
    return receiver, child


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    """Let the kernel end this process where one file takes too long: a library that hangs runs no Python."""
    for number in (signal.SIGPROF, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, _MOST_CPU_S)
    signal.alarm(_MOST_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.setitimer(signal.ITIMER_PROF, 0.0)


def _answer(path: Path, read: Callable[[Path], _T]) -> _T | AirglowError:
    try:
        return read(path)
    except AirglowError as error:
        return error
    except MemoryError as error:
        return MachineError.from_os(str(path), error)
    except Exception as error:  # whatever a file's contents bring about, it is that file's fault
        return BadInput(path.name, f"cannot be read: {type(error).__name__}: {error}")


def _why_it_died(path: Path, status: int) -> AirglowError:
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if number in _CRASHES:
        name = signal.Signals(number).name
        return BadInput(path.name, f"damaged: the library that reads it crashes ({name})")
    if number == signal.SIGPROF:
        return BadInput(path.name, "damaged: the library that reads it comes to no end")
    if number == signal.SIGALRM:
        return MachineError(str(path), f"reading it took longer than {_MOST_S} s", "Look at disk and load")
    how = f"was killed by signal {number}" if number else "ended without an answer"
    return MachineError(str(path), f"the process that read it {how}", "Look for lack of memory; start again")
