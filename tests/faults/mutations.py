"""Files damaged in ways that disks, networks and programs damage them, and some that only malice would."""

from __future__ import annotations

import gzip
import io
import random
import re
import zipfile
from collections.abc import Callable, Sequence

_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_TOKEN = re.compile(rb'"[^"]*"|-?\d+(?:\.\d+)?|true|false|null|\[|\]|\{|\}')
_NUMBERS = (
    *(b"-1", b"0", b"1e999", b"-1e999", b"nan", b"inf", b"9" * 20, b"9" * 400, b"", b"00", b"0x10", b"1_000"),
    *(b"2147483648", b"-2147483649", b"1e-320", "٣".encode(), b"1.5", b"65536"),
)
_TOKENS = (
    b"null",
    b"true",
    b"[]",
    b"{}",
    b"-1",
    b"1e999",
    b"NaN",
    b'""',
    b'"x"',
    b"[[]]",
    b'{"a": 1}',
    b"\x00",
)
_BYTES = (
    b"\x00",
    b"\xff",
    b"\x80",
    b"\n",
    b"\r",
    b"\x1a",
    b'"',
    b"{",
    b",",
    b" ",
    "\u2212".encode(),
    b"\xfe\xff",
)


def mutated(sample: bytes, others: Sequence[bytes], luck: random.Random) -> bytes:
    """A sample with one to four damages."""
    data = sample
    for _ in range(luck.choice((1, 1, 1, 2, 4))):
        data = luck.choice(_DAMAGES)(data, others, luck)
    return data


def of_gzip(sample: bytes, others: Sequence[bytes], luck: random.Random) -> bytes:
    """What is packed is damaged, or the packing."""
    if luck.random() < 0.3:
        return mutated(sample, others, luck)
    inside = mutated(gzip.decompress(sample), [gzip.decompress(other) for other in others], luck)
    return gzip.compress(inside, 1, mtime=0)


def of_zip(sample: bytes, others: Sequence[bytes], luck: random.Random) -> bytes:
    """One file in the packing is damaged, or the packing."""
    if luck.random() < 0.3:
        return mutated(sample, others, luck)
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sample)) as old, zipfile.ZipFile(buffer, "w") as new:
        names = old.namelist()
        chosen = luck.choice(names)
        for name in names:
            data = old.read(name)
            if name == chosen:
                if luck.random() < 0.05:
                    continue
                data = mutated(data, [data], luck)
            new.writestr(name, data)
    return buffer.getvalue()


def _span(data: bytes, luck: random.Random) -> tuple[int, int]:
    start = luck.randrange(len(data) + 1)
    return start, min(len(data), start + luck.choice((1, 2, 8, 50, 512, len(data))))


def _flip(data: bytes, _: Sequence[bytes], luck: random.Random) -> bytes:
    if not data:
        return data
    at = luck.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << luck.randrange(8))]) + data[at + 1 :]


def _overwrite(data: bytes, _: Sequence[bytes], luck: random.Random) -> bytes:
    start, stop = _span(data, luck)
    return data[:start] + luck.choice((b"\x00", b"\xff", b" ")) * (stop - start) + data[stop:]


def _random_bytes(data: bytes, _: Sequence[bytes], luck: random.Random) -> bytes:
    at = luck.randrange(len(data) + 1)
    new = luck.randbytes(luck.choice((1, 2, 4, 8)))
    return data[:at] + new + data[at + len(new) :]


def _insert(data: bytes, _: Sequence[bytes], luck: random.Random) -> bytes:
    at = luck.randrange(len(data) + 1)
    return data[:at] + luck.choice(_BYTES) * luck.choice((1, 1, 3, 1000)) + data[at:]


def _delete(data: bytes, _: Sequence[bytes], luck: random.Random) -> bytes:
    start, stop = _span(data, luck)
    return data[:start] + data[stop:]


def _repeat(data: bytes, _: Sequence[bytes], luck: random.Random) -> bytes:
    start, stop = _span(data, luck)
    return data[:stop] + data[start:stop] * luck.choice((1, 2, 20)) + data[stop:]


def _truncate(data: bytes, _: Sequence[bytes], luck: random.Random) -> bytes:
    return data[: luck.randrange(len(data) + 1)]


def _splice(data: bytes, others: Sequence[bytes], luck: random.Random) -> bytes:
    start, stop = _span(luck.choice(others), luck)
    at = luck.randrange(len(data) + 1)
    return data[:at] + luck.choice(others)[start:stop] + data[at:]


def _replaced(pattern: re.Pattern[bytes], news: Sequence[bytes]) -> Callable[..., bytes]:
    def replace(data: bytes, others: Sequence[bytes], luck: random.Random) -> bytes:
        found = list(pattern.finditer(data))
        if not found:
            return _flip(data, others, luck)
        one = luck.choice(found)
        return data[: one.start()] + luck.choice(news) + data[one.end() :]

    return replace


def _number(data: bytes, _: Sequence[bytes], luck: random.Random) -> bytes:
    """Another number in binary, where one may stand."""
    if len(data) < 8:
        return data
    at, size = luck.randrange(len(data) - 7), luck.choice((1, 2, 4, 8))
    value = luck.choice((0, 1, 2 ** (8 * size) - 1, 2 ** (8 * size - 1), 2 ** (8 * size - 1) - 1, 4096))
    return data[:at] + (value % 2 ** (8 * size)).to_bytes(size, "little") + data[at + size :]


def _lines(data: bytes, _: Sequence[bytes], luck: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    luck.shuffle(lines)
    return b"".join(lines)


_DAMAGES = (
    *(_flip, _overwrite, _random_bytes, _insert, _delete, _repeat, _truncate, _splice, _number, _lines),
    *(_replaced(_NUMBER, _NUMBERS), _replaced(_TOKEN, _TOKENS)),
)
