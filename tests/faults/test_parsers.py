"""The fuzzing sees a parser that fails, and tells its input."""

import os
import signal
import time
from pathlib import Path

import pytest

from airglow.model.errors import BadInput

from .parsers import MEMORY, Parser, fuzz, input_of


def parser(read, **more) -> Parser:
    return Parser("one", lambda data, _: read(data), [b"12 34\n" * 9], **more)


def refuse(data: bytes) -> None:
    raise BadInput("other.txt", "is none")


FAULTS = {
    "raised ValueError: ": lambda data: int(data),
    "the error does not name the file": refuse,
    "wants too much memory": lambda data: bytearray(2 * MEMORY),
    "the process died of signal 11": lambda data: os.kill(os.getpid(), signal.SIGSEGV),
    "took 1": lambda data: burn(1.2),
}


def burn(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


@pytest.mark.parametrize("says", FAULTS)
def test_a_fault_is_seen(says: str) -> None:
    found = list(fuzz(parser(FAULTS[says], named="mine.txt"), 1))
    assert any(says in text for one in found for text in one.silent), found


def test_a_crash_that_is_survived_is_none() -> None:
    crashing = parser(lambda data: os.kill(os.getpid(), signal.SIGSEGV), crashes=True)
    assert [one.silent for one in fuzz(crashing, 3)] == [(), (), ()]


def test_inputs_are_the_same_each_time_and_differ(tmp_path: Path) -> None:
    one = parser(len)
    inputs = [input_of(one, number) for number in range(50)]
    assert inputs == [input_of(one, number) for number in range(50)]
    assert len(set(inputs)) > 30
