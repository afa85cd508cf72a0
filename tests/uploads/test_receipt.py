"""Receipts: what an instrument writes is read, and anything else is refused with its reason."""

import datetime as dt

import pytest
from uploading import LEGEND, MINIME05, receipt

from airglow.model.errors import BadInput
from airglow.uploads import first_part, parse_receipt

FIRST = first_part(MINIME05)
GOOD = [FIRST, "17", "87647090", "2026-04-30 13:05:07.123456", "412.55", *LEGEND]


def _read(lines: list[str], end: str = "\n"):
    return parse_receipt("raw/r.txt", end.join(lines).encode(), FIRST)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_receipt(end: str):
    read = _read([*GOOD, ""], end)
    assert (read.first_part, read.parts, read.size_bytes) == (FIRST, 17, 87647090)
    assert read.made_at == dt.datetime(2026, 4, 30, 13, 5, 7, 123456, dt.UTC)
    assert read.disk_left_gb == 412.55
    assert not read.is_collection_error


@pytest.mark.parametrize("time", ["2026-04-30 13:05:07", "2026-04-30T13:05:07Z", "2026-04-30 15:05:07+02:00"])
def test_times(time: str):
    assert _read([*GOOD[:3], time, *GOOD[4:]]).made_at == dt.datetime(2026, 4, 30, 13, 5, 7, tzinfo=dt.UTC)


def test_collection_error():
    """The instrument then names no part."""
    assert parse_receipt("raw/r.txt", receipt(MINIME05, 0, 0), FIRST).is_collection_error


@pytest.mark.parametrize(
    ("line", "text", "reason"),
    [
        (0, "fpi13_uao_20260429.tar.gz000000", "names 'fpi13_uao_20260429.tar.gz000000' as its first part"),
        (0, "fpi05_uao_20260429.tar.gz000001", "as its first part"),
        (1, "-17", "number of parts (line 2) is '-17'"),
        (1, "1e3", "number of parts (line 2)"),
        (1, "١٧", "number of parts (line 2)"),
        (1, "", "number of parts (line 2)"),
        (1, "0", "announces 0 parts with 87,647,090 bytes"),
        (2, "0", "announces 17 parts with 0 bytes"),
        (2, "-1", "size (line 3) is '-1'"),
        (2, "9" * 400, "size (line 3)"),
        (3, "yesterday", "time (line 4) is 'yesterday'"),
        (4, "nan", "disk left (line 5)"),
        (4, "-3", "disk left (line 5)"),
    ],
)
def test_rubbish_in_a_line(line: int, text: str, reason: str):
    lines = list(GOOD)
    lines[line] = text
    with pytest.raises(BadInput) as refused:
        _read(lines)
    assert reason in refused.value.reason
    assert refused.value.name == "raw/r.txt"
    assert "again" in refused.value.hint


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "has 1 lines, not 10"),
        ("\n".join(GOOD[:9]).encode(), "has 9 lines, not 10"),
        ("\n".join(GOOD).encode() + b"\0", "NUL"),
        ("\n".join(GOOD).encode("utf-16"), "NUL"),
        (b"fpi05\xff\n" * 10, "byte 5 is not UTF-8"),
        (b"x" * 5000, "5,000 bytes is too long"),
    ],
)
def test_rubbish_of_bytes(data: bytes, reason: str):
    with pytest.raises(BadInput) as refused:
        parse_receipt("raw/r.txt", data, FIRST)
    assert reason in refused.value.reason
