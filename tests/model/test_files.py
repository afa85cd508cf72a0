"""Files are whole or not there: after a kill in the middle, and on a disk that is full."""

import errno
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from airglow.model.errors import MachineError
from airglow.model.files import PARTIAL, parse_json, write_whole, written_whole

KILLED_HALF_WAY = """
import os, signal, sys
from airglow.model.files import written_whole
with written_whole(sys.argv[1]) as temporary:
    temporary.write_text("half of the n")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_file_is_written_into_a_new_directory_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "new/directory/file.txt"
    assert write_whole(path, "old\r\n") == path
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_a_kill_half_way_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    write_whole(path, "the old file")
    killed = subprocess.run([sys.executable, "-c", KILLED_HALF_WAY, path])
    assert killed.returncode == -signal.SIGKILL
    assert path.read_text() == "the old file"
    (left,) = set(tmp_path.iterdir()) - {path}
    assert left.name.endswith(PARTIAL)  # by which the clean-up of the working disk knows it


def test_an_error_half_way_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    write_whole(path, "the old file")

    def break_off() -> None:
        with written_whole(path) as temporary:
            temporary.write_text("half")
            raise ConnectionResetError(errno.ECONNRESET, "the network's error, not the disk's")

    with pytest.raises(ConnectionResetError):
        break_off()
    assert path.read_text() == "the old file"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_named_with_the_file(tmp_path: Path) -> None:
    """A real limit of the operating system on the size of files stands for the disk."""
    path = tmp_path / "file.json"
    write_whole(path, "the old file")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(MachineError, match=os.strerror(errno.EFBIG)) as raised:
            write_whole(path, b"x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert raised.value.name == str(path)
    assert path.read_text() == "the old file"
    assert list(tmp_path.iterdir()) == [path]


def test_a_directory_that_may_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MachineError, match="file/below: cannot be read or written"):
        write_whole(tmp_path / "file/below", b"")


@pytest.mark.parametrize("data", ['"\\ud800"', b'{"a": "\\uDFFF"}', "[" * 100_000])
def test_json_that_nobody_can_write_again_is_none(data: str | bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  of whatever kind
        parse_json(data)


def test_a_character_of_two_halves_is_one() -> None:
    assert parse_json(b'"\\ud83d\\ude00"') == "\U0001f600"
