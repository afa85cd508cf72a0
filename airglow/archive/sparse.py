"""Maps of sparse files in a tar: GNU tar -S does not store blocks of zeros, and says where the rest belongs.

There are four ways to say it: in the header and blocks after it, and three kinds of attributes, which
GNU tar calls 0.0, 0.1 and 1.0.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

BLOCK = tarfile.BLOCKSIZE
MAX_PIECES = 20_000  # of one file; a frame of half a megabyte has a hundred at most
_MAX_MAP_BYTES = MAX_PIECES * 44
_WRONG = "sparse file whose map makes no sense"
_TOO_MANY = f"sparse file of more than {MAX_PIECES:,} pieces"

SparseMap = tuple[tuple[int, int], ...]  # (place in the file, length), in bytes
_Read = Callable[[int, int], bytes]  # offset in the tar, length


@dataclass(frozen=True)
class FoundMap:
    """The map of a sparse file."""

    data: int  # where the data begin in the tar, behind the map
    size: int  # bytes of the whole file
    pieces: SparseMap
    problem: str  # why the map is of no use; empty if it is


def header_map(block: bytes, offset: int, read: _Read) -> FoundMap:
    """The map in a header, and in the blocks that go on with it.

    Parameters
    ----------
    block
        The header.
    offset
        Where the block after it is.
    read
        Reads from the tar.
    """
    entries, goes_on = bytearray(block[386:482]), block[482]
    too_many = False
    while goes_on:
        more = read(offset, BLOCK)
        offset += BLOCK
        if len(more) < BLOCK:
            break  # the walk goes beyond the end, and says so
        too_many = too_many or len(entries) > 24 * MAX_PIECES
        if not too_many:
            entries += more[:504]
        goes_on = more[504]
    try:
        size = tarfile.nti(block[483:495])
        numbers = [tarfile.nti(bytes(entries[at : at + 12])) for at in range(0, len(entries), 12)]
    except tarfile.HeaderError:
        return FoundMap(offset, 0, (), _WRONG)
    pieces = tuple(pair for pair in zip(numbers[::2], numbers[1::2], strict=True) if pair != (0, 0))
    return FoundMap(offset, size, pieces, _TOO_MANY if too_many else "")


def has_attributes_map(attributes: Mapping[str, str]) -> bool:
    """Whether attributes say that a file is sparse."""
    return any(name.startswith("GNU.sparse.") and name != "GNU.sparse.name" for name in attributes)


def attributes_map(attributes: Iterable[tuple[str, str]], offset: int, stored: int, read: _Read) -> FoundMap:
    """The map that attributes give, or announce at the beginning of the data.

    Parameters
    ----------
    attributes
        Names and values in their order; names repeat.
    offset, stored
        Where the data begin in the tar, and how many bytes they are, with the map.
    read
        Reads from the tar.
    """
    attributes = list(attributes)
    by_name = dict(attributes)
    used = 0
    try:
        version = (by_name.get("GNU.sparse.major", "0"), by_name.get("GNU.sparse.minor", "0"))
        if version not in (("0", "0"), ("0", "1"), ("1", "0")):
            return FoundMap(offset, 0, (), f"sparse file of an unknown form, {'.'.join(version)[:20]}")
        if version == ("1", "0"):
            size = int(by_name["GNU.sparse.realsize"])
            numbers, used = _leading_map(read(offset, min(stored, _MAX_MAP_BYTES)))
        else:
            size = int(by_name["GNU.sparse.size"])
            listed = by_name["GNU.sparse.map"].split(",") if "GNU.sparse.map" in by_name else None
            if listed is None:
                names = ("GNU.sparse.offset", "GNU.sparse.numbytes")
                listed = [value for name, value in attributes if name in names]
            numbers = [int(number) for number in listed if number]
        pairs = tuple(zip(numbers[::2], numbers[1::2], strict=True))
    except _TooMany:
        return FoundMap(offset, 0, (), _TOO_MANY)
    except (KeyError, ValueError):
        return FoundMap(offset, 0, (), _WRONG)
    return FoundMap(offset + used, size, pairs, "")


class _TooMany(Exception):
    """The map is longer than any that is read into memory."""


def _leading_map(data: bytes) -> tuple[list[int], int]:
    """A map at the beginning of the data: numbers in lines, the first says how many pairs; bytes it takes."""
    first, _, rest = data.partition(b"\n")
    pairs = int(first)
    if pairs > MAX_PIECES:
        raise _TooMany
    lines = rest.split(b"\n", 2 * pairs)[: 2 * pairs] if pairs > 0 else []
    if pairs < 0 or len(lines) < 2 * pairs:
        raise ValueError("the map is not whole")
    used = len(first) + 1 + sum(len(line) + 1 for line in lines)
    return [int(line) for line in lines], -(-used // BLOCK) * BLOCK


def check_map(pieces: SparseMap, size: int, stored: int, max_bytes: int) -> str:
    """Why a sparse file cannot be unpacked by its map; empty if it can.

    Parameters
    ----------
    pieces
        The map.
    size
        Bytes of the whole file.
    stored
        Bytes of it that are in the tar.
    max_bytes
        Bytes that a file may have.
    """
    end = 0
    for start, length in pieces:
        if start < end or length < 0:
            return _WRONG
        end = start + length
    if end > size or sum(length for _, length in pieces) != stored:
        return _WRONG
    return f"sparse file of {size:,} bytes, more than {max_bytes:,}" if size > max_bytes else ""
