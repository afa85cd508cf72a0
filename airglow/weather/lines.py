"""Text of sensor files: lines out of damaged bytes, numbers and times out of words."""

from __future__ import annotations

import datetime as dt
import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from airglow.model.errors import BadInput, MachineError
from airglow.model.files import sha256_of_file

MAX_BYTES = 64 * 1024 * 1024
"""A sensor file holds a day; a year of samples every second is smaller than this."""

MAX_EXAMPLES = 5
_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)  # also links that lead nowhere
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_TIME = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,](\d{0,9}))?")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)")


class Line(NamedTuple):
    """A line of a sensor file: its number, its text, and whether something ended it."""

    number: int
    text: str
    ended: bool


def read_lines(path: Path) -> list[Line]:
    """Lines of a sensor file, however damaged.

    NULs (what a power cut leaves in a file) end a line like a newline does. Bytes that are not UTF-8 become
    the replacement character, which fails where it matters and does no harm elsewhere. Blank lines are left
    out; numbers count lines as an editor does.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    list of Line

    Raises
    ------
    BadInput
        There is no such file, or it is empty or far too large.
    MachineError
        The machine failed to read it.
    """
    path = Path(path)
    with _machine_errors(path):
        size = _size_of_file(path)
        if size > MAX_BYTES:
            raise BadInput(path.name, f"{size:,} bytes are too many for a day of a sensor")
        data = path.read_bytes()
    if not data.strip(b"\0 \r\n\t"):
        raise BadInput(path.name, "is empty")
    utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = data.decode("utf-16" if utf16 else "utf-8-sig", errors="replace")
    lines = []
    rows = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for number, row in enumerate(rows, start=1):
        pieces = row.split("\0")
        for k, piece in enumerate(pieces):
            if piece.strip():
                ended = number < len(rows) and k == len(pieces) - 1
                lines.append(Line(number, piece, ended))
    return lines


def is_directory(path: Path) -> bool:
    """Whether a path is a directory.

    Raises
    ------
    MachineError
        The machine does not say.
    """
    with _machine_errors(path):
        try:
            return stat.S_ISDIR(os.stat(path).st_mode)
        except OSError as error:
            if error.errno in _NOT_THERE:
                return False
            raise


def size_and_sha256_of_log(path: Path) -> tuple[int, str]:
    """Size of a sensor file in bytes, and its SHA-256 in hexadecimal.

    Raises
    ------
    BadInput
        There is no such file.
    MachineError
        The machine failed to read it.
    """
    with _machine_errors(path):
        return _size_of_file(path), sha256_of_file(path)


def _size_of_file(path: Path) -> int:
    """Size in bytes of what must be a file: to read a pipe would wait for ever."""
    found = os.stat(path)
    if not stat.S_ISREG(found.st_mode):
        raise BadInput(path.name, "is not a file")
    return found.st_size


@contextmanager
def _machine_errors(path: Path) -> Iterator[None]:
    """Tell a file that is not there from a machine that fails to read it."""
    try:
        yield
    except OSError as error:
        if error.errno in _NOT_THERE:
            raise BadInput(path.name, f"cannot be read: {error.strerror or error}") from error
        raise MachineError.from_os(str(path), error) from error
    except MemoryError as error:
        raise MachineError.from_os(str(path), error) from error


def number(word: str) -> float:
    """A number with a decimal point or a decimal comma.

    Commas and semicolons behind it separate it from what follows and are no part of it.

    Raises
    ------
    ValueError
        Anything else, ``nan`` and ``inf`` included.
    """
    digits = word.rstrip(",;")
    if not _NUMBER.fullmatch(digits):
        raise ValueError(f"{word[:20]!r} is not a number")
    return float(digits.replace(",", "."))


def local_time(date: str, time: str) -> dt.datetime:
    """Local time from ``2025-04-29`` and ``21:30:05.25`` (or ``05,25``).

    Raises
    ------
    ValueError
        No such time.
    """
    day, clock = _DATE.fullmatch(date), _TIME.fullmatch(time)
    if not day or not clock:
        raise ValueError(f"{f'{date} {time}'[:40]!r} is not a time")
    hour, minute, second, fraction = clock.groups()
    return checked_time(*map(int, day.groups()), int(hour), int(minute), int(second), fraction)


def checked_time(
    year: int, month: int, day: int, hour: int, minute: int, second: int, fraction: str | None = None
) -> dt.datetime:
    """A time of the years in which these sensors exist.

    Raises
    ------
    ValueError
        No such time, or a clock that was never set.
    """
    if not 1995 <= year <= 2100:
        raise ValueError(f"the year {year} is not one of these sensors")
    microsecond = int(fraction.ljust(6, "0")[:6]) if fraction else 0
    try:
        return dt.datetime(year, month, day, hour, minute, second, microsecond)
    except ValueError as error:
        raise ValueError(f"no such time: {error}") from None


def example(line: Line, reason: str) -> str:
    """One rejected line for people: its number, the reason, and the printable part of its beginning."""
    shown = "".join(c if c.isprintable() else "?" for c in line.text.strip()[:60])
    return f"line {line.number}: {reason}: {shown!r}"
