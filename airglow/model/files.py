"""Files that are whole or not there at all, and their SHA-256."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from airglow.model.errors import MachineError

PARTIAL = ".partial"  # suffix of files that are being written
# Failures of the disk or of its rights. Other errors of the operating system, such as those of a network,
# can come from the block that writes, and have nothing to do with the file.
_OF_THE_DISK = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EIO,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.ENAMETOOLONG,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EEXIST,
}


@contextmanager
def written_whole(path: Path | str) -> Iterator[Path]:
    """Give a temporary path beside ``path``; what is there at the end replaces ``path`` in one step.

    If the block raises, or the process is killed, ``path`` stays as it was. Only a kill leaves the temporary
    file behind.

    Parameters
    ----------
    path
        The file to write. Its directory is made if need be.

    Yields
    ------
    Path
        Where to write. It ends in `PARTIAL`, so writers must not derive the format from it.

    Raises
    ------
    MachineError
        If the disk is full, fails, or refuses; the message names ``path``.
    """
    path = Path(path)
    # The process number keeps two processes that write the same file apart.
    temporary = path.with_name(f".{path.name}.{os.getpid()}{PARTIAL}")
    try:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        if error.errno not in _OF_THE_DISK:
            raise
        raise MachineError.from_os(str(path), error) from error


def write_whole(path: Path | str, data: bytes | str) -> Path:
    """Write a file that is whole or not there at all.

    Parameters
    ----------
    path
        The file.
    data
        Its contents; text is written as UTF-8, with newlines as they are.

    Returns
    -------
    Path
        ``path``.

    Raises
    ------
    MachineError
        As `written_whole`.
    """
    with written_whole(path) as temporary:
        temporary.write_bytes(data.encode() if isinstance(data, str) else data)
    return Path(path)


def check_room(directory: Path, need_bytes: int = 65536) -> None:
    """Whether a directory takes a small file: such as a note of what failed.

    Parameters
    ----------
    directory
        The directory.
    need_bytes
        Size of the file, which is removed.

    Raises
    ------
    MachineError
        As `written_whole`.
    """
    probe = write_whole(directory / "room.probe", b"-" * need_bytes)
    probe.unlink(missing_ok=True)


def sha256_of_file(path: Path) -> str:
    """SHA-256 of a file, for where its MD5, which takes longer, is not needed.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    str
        In hexadecimal.
    """
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def parse_json(data: bytes | str) -> Any:
    """Read JSON from somewhere that may hold anything.

    Parameters
    ----------
    data
        Its bytes or text.

    Returns
    -------
    object

    Raises
    ------
    ValueError
        If it is none. Also if it is nested so deeply that Python's reader gives up, with another error.
    """
    try:
        value = json.loads(data)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    has_escapes = (b"\\ud" if isinstance(data, bytes) else "\\ud") in data.lower()
    if has_escapes:  # half a character, which nobody can write again: UnicodeEncodeError is a ValueError
        json.dumps(value, ensure_ascii=False).encode()
    return value
