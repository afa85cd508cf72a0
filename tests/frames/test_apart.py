"""Files that crash what reads them, hang on nobody, and never pass for read."""

import itertools
import os
import random
import select
import signal
import time
from pathlib import Path

import pytest

from airglow.frames import read_apart, read_frame
from airglow.model.errors import BadInput, MachineError

from .test_read import write_hdf5


def crash(number):
    os.kill(os.getpid(), number)
    time.sleep(60)


def read(path):
    """By its name: what becomes of the process that reads it."""
    if path.name.isdigit():
        crash(int(path.name))
    if path.name == "bad":
        raise BadInput(path.name, "is bad")
    if path.name == "odd":
        raise IndexError("nobody thought of this")
    if path.name == "large":
        raise MemoryError
    if path.name == "loop":
        while True:
            pass
    if path.name == "stall":
        time.sleep(60)
    return path.name


def children():
    """Processes that this one has started, dead or alive."""
    listed = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return {number for path in listed for number in path.read_text().split()}


def answers(*names):
    return [answer for _, answer in read_apart([Path(name) for name in names], read)]


def test_files_come_in_their_order():
    assert answers("a", "b", "c") == ["a", "b", "c"]
    assert answers() == []


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE, signal.SIGBUS])
def test_a_crash_costs_one_file(number):
    first, victim, last, again = answers("a", str(int(number)), "b", str(int(number)))
    assert (first, last) == ("a", "b")
    for error in (victim, again):
        assert isinstance(error, BadInput)
        assert f"crashes ({signal.Signals(number).name})" in error.reason


def test_a_kill_is_no_verdict_on_the_file():
    _, killed, after = answers("a", str(int(signal.SIGKILL)), "b")
    assert isinstance(killed, MachineError)
    assert "killed by signal 9" in str(killed)
    assert after == "b"


def test_a_file_that_is_read_without_end_is_damaged(monkeypatch):
    monkeypatch.setattr("airglow.frames.apart._MOST_CPU_S", 0.2)
    first, victim, last = answers("a", "loop", "b")
    assert (first, last) == ("a", "b")
    assert isinstance(victim, BadInput)
    assert "comes to no end" in victim.reason


def test_a_disk_that_stalls_is_no_verdict_on_the_file(monkeypatch):
    monkeypatch.setattr("airglow.frames.apart._MOST_S", 1)
    begun = time.monotonic()
    _, stalled, last = answers("a", "stall", "b")
    assert isinstance(stalled, MachineError)
    assert "took longer than" in str(stalled)
    assert last == "b"
    assert time.monotonic() - begun < 50


def test_a_child_that_hangs_does_not_outlive_the_limit(monkeypatch):
    """Else it would hold the lock of the steps, when its step has been ended, and no run could begin."""
    monkeypatch.setattr("airglow.frames.apart._MOST_CPU_S", 1.0)
    reader, writer = os.pipe()
    asker = os.fork()
    if asker == 0:
        reading = read_apart([Path("a"), Path("loop")], read)
        next(reading)
        crash(signal.SIGKILL)
    os.waitpid(asker, 0)
    os.close(writer)
    assert select.select([reader], [], [], 50)[0]
    assert os.read(reader, 1) == b""  # the child held the other end of this pipe too, and is gone
    os.close(reader)


def test_time_that_the_asker_takes_does_not_count(monkeypatch):
    monkeypatch.setattr("airglow.frames.apart._MOST_S", 1)
    reading = read_apart([Path("a")] * 50_000, read)
    next(reading)
    time.sleep(2)  # the child waits for room in the pipe
    assert {answer for _, answer in itertools.islice(reading, 20_000)} == {"a"}
    reading.close()


def test_errors_are_told_apart():
    bad, odd, large = answers("bad", "odd", "large")
    assert (type(bad), bad.reason) == (BadInput, "is bad")
    assert (type(odd), odd.reason) == (BadInput, "cannot be read: IndexError: nobody thought of this")
    assert isinstance(large, MachineError)


def test_nobody_is_left_behind():
    """Neither when the rest is not wanted, nor when the one who asks dies."""
    before = children()  # servers of other tests, perhaps
    reading = read_apart([Path("a")] * 500_000, read)
    next(reading)
    assert len(children() - before) == 1
    reading.close()
    assert children() == before
    reader, writer = os.pipe()
    asker = os.fork()
    if asker == 0:  # dies without a word, while its child has much to say
        reading = read_apart([Path("a")] * 50_000_000, read)
        next(reading)
        os.write(writer, b"begun")
        crash(signal.SIGKILL)
    os.waitpid(asker, 0)
    os.close(writer)
    assert os.read(reader, 5) == b"begun"
    assert os.read(reader, 5) == b""  # the child held the other end of this pipe too, and is gone
    os.close(reader)


def test_a_damaged_frame_that_crashes_hdf5_is_refused(tmp_path):
    """Bytes of a header, such that HDF5 reads what is not there (or sees it, in versions that are mended)."""
    paths = [write_hdf5(tmp_path / f"UAO_XR_20250429_21340{k}.hdf5") for k in range(3)]
    data = bytearray(paths[1].read_bytes())
    chance = random.Random(0)
    for _ in range(40):
        data[chance.randrange(96, 4096)] = chance.randrange(256)
    paths[1].write_bytes(data)
    first, damaged, last = [answer for _, answer in read_apart(paths, read_frame)]
    assert first.tag == last.tag == "XR"
    assert isinstance(damaged, BadInput)
