"""The receipt of an upload: what the instrument says it sent."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass

from airglow.model.errors import BadInput
from airglow.store import StoredObject

MAX_RECEIPT_BYTES = 4096  # a real one has about 200
_HINT = "upload the receipt again"


@dataclass(frozen=True)
class Receipt:
    """What a receipt announces.

    Parameters
    ----------
    first_part
        File name of the first part.
    parts
        Number of parts.
    size_bytes
        Size of the whole tar.gz.
    made_at
        Time at which it was made, UTC.
    disk_left_gb
        Free space of the instrument computer.
    """

    first_part: str
    parts: int
    size_bytes: int
    made_at: dt.datetime
    disk_left_gb: float

    @property
    def is_collection_error(self) -> bool:
        """Whether the instrument says that it has no data of this night."""
        return self.parts == 0


def parse_receipt(name: str, data: bytes, first_part: str | None = None) -> Receipt:
    """Read a receipt: five values, a line each, and five lines that say what they are.

    Parameters
    ----------
    name
        The object, for messages.
    data
        Its bytes.
    first_part
        The file name that the first line must have (except in a collection error).

    Returns
    -------
    Receipt

    Raises
    ------
    BadInput
        If it is anything else.
    """
    lines = _lines(name, data)
    parts = _count(name, "number of parts (line 2)", lines[1])
    size = _count(name, "size (line 3)", lines[2])
    made_at = _time(name, lines[3])
    disk_left = _gigabytes(name, lines[4])
    if (parts == 0) != (size == 0):
        raise BadInput(name, f"receipt announces {parts} parts with {size:,} bytes in all", _HINT)
    if parts and first_part is not None and lines[0] != first_part:
        raise BadInput(name, f"receipt names {lines[0]!r} as its first part, not {first_part}", _HINT)
    return Receipt(lines[0], parts, size, made_at, disk_left)


def what_is_missing(parts: Mapping[int, StoredObject], receipt: Receipt) -> str:
    """Why the parts that are there are not what the receipt announces; empty if they are.

    Parameters
    ----------
    parts
        The parts by their number, from 0.
    receipt
        What the instrument says it sent.

    Returns
    -------
    str
    """
    announced = [number for number in parts if number < receipt.parts]
    if len(announced) < receipt.parts:
        return f"{len(announced)} of {receipt.parts} parts"
    if len(parts) > receipt.parts:
        return f"{len(parts)} parts there, {receipt.parts} announced"
    size = sum(part.size for part in parts.values())
    if size != receipt.size_bytes:
        return f"{receipt.size_bytes:,} bytes announced, {size:,} there"
    return ""


def _lines(name: str, data: bytes) -> list[str]:
    if len(data) > MAX_RECEIPT_BYTES:
        raise BadInput(name, f"receipt of {len(data):,} bytes is too long to be one", _HINT)
    if b"\0" in data:
        raise BadInput(name, "receipt contains NUL bytes", _HINT)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(name, f"receipt is not text (byte {error.start} is not UTF-8)", _HINT) from error
    lines = [line.strip() for line in text.strip().split("\n")]
    if len(lines) != 10:
        raise BadInput(name, f"receipt has {len(lines)} lines, not 10", _HINT)
    return lines


def _count(name: str, quantity: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise BadInput(name, f"receipt's {quantity} is {text[:40]!r}, not a whole number", _HINT)
    return int(text)


def _gigabytes(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise BadInput(name, f"receipt's disk left (line 5) is {text[:40]!r}, not gigabytes", _HINT)
    return value


def _time(name: str, text: str) -> dt.datetime:
    try:
        made_at = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(name, f"receipt's time (line 4) is {text[:40]!r}, not a time", _HINT) from error
    return made_at.replace(tzinfo=dt.UTC) if made_at.tzinfo is None else made_at.astimezone(dt.UTC)
