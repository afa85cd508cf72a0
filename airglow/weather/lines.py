"""Text of sensor files: lines out of damaged bytes, numbers and times out of words."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path

from airglow.errors import BadInput

MAX_BYTES = 64 * 1024 * 1024
"""A sensor file holds a day; a year of samples every second is smaller than this."""

MAX_EXAMPLES = 5
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_TIME = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,](\d{0,9}))?")


@dataclass(frozen=True)
class Line:
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
        The file cannot be read, is empty or is far too large.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise BadInput(path.name, f"{size:,} bytes are too many for a day of a sensor")
        data = path.read_bytes()
    except OSError as error:
        raise BadInput(path.name, f"cannot be read: {error.strerror or error}") from error
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


def number(word: str) -> float:
    """A number with a decimal point or a decimal comma.

    Raises
    ------
    ValueError
        Anything else, ``nan`` and ``inf`` included.
    """
    if not re.fullmatch(r"[+-]?\d+(?:[.,]\d*)?", word):
        raise ValueError(f"{word[:20]!r} is not a number")
    return float(word.replace(",", "."))


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
    return checked_time(
        *(int(part) for part in day.groups()), *(int(part) for part in clock.groups()[:3]), clock.group(4)
    )


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
    microsecond = int((fraction or "0").ljust(6, "0")[:6])
    try:
        return dt.datetime(year, month, day, hour, minute, second, microsecond)
    except ValueError as error:
        raise ValueError(f"no such time: {error}") from None


def example(line: Line, reason: str) -> str:
    """One rejected line for people: its number, the reason, and the printable part of its beginning."""
    shown = "".join(c if c.isprintable() else "?" for c in line.text.strip()[:60])
    return f"line {line.number}: {reason}: {shown!r}"
