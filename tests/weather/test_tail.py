"""How far a cloud file goes, from its last bytes."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from airglow.weather import last_time

CHICAGO = ZoneInfo("America/Chicago")
DATES = (dt.date(2025, 4, 29),)
LINES = {
    "boltwood new": "2025-04-29 {}.25 M ~D 0 2 1 0 0 0 -35.2 12.4 11.0 2.1\n",
    "boltwood old": "2025-04-29 {} D -33.0 14.5 60 0\n",  # its header is not in the tail
    "skyalert numbered": "36)  2025-04-29 {}.00 C K -9.1   21.2  21 0\n",
    "skyalert ethernet": "2025-04-29 {} Data-2.4mE 13.67 -3.91 1010\n",
}


def utc(hour: int, minute: int, day: int = 30) -> dt.datetime:
    return dt.datetime(2025, 4, day, hour, minute, tzinfo=dt.UTC)


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_every_kind(line, encoding):
    text = (
        "x 12.4 60 0 0\n" + line.format("22:58:00") + line.format("22:59:00") + line.format("23:00:00")[:14]
    )
    assert last_time(text.encode(encoding), CHICAGO, DATES).replace(second=0, microsecond=0) == utc(3, 59)


def test_nuls_separate_lines():
    line = LINES["skyalert ethernet"]
    data = (line.format("22:58:00")[:18] + "\0" * 300 + line.format("22:59:00") + "\0" * 99).encode()
    assert last_time(data, CHICAGO, DATES) == utc(3, 59)


def test_the_latest_counts_also_when_a_clock_was_set_back():
    line = LINES["skyalert ethernet"]
    data = (line.format("22:59:00") + line.format("22:58:30")).encode()
    assert last_time(data, CHICAGO, DATES) == utc(3, 59)


def test_times_of_other_dates_and_impossible_ones_do_not_count():
    line = LINES["skyalert ethernet"]
    data = line.format("22:59:00") + line.format("25:61:00") + line.format("23:00:00").replace("2025", "2035")
    assert last_time(data.encode(), CHICAGO, DATES) == utc(3, 59)


@pytest.mark.parametrize("data", [b"", b"\0" * 99, b"a line\n", bytes(range(256)) * 9])
def test_without_a_time_there_is_none(data):
    assert last_time(data, CHICAGO, DATES) is None


def test_the_hour_that_occurs_twice():
    lines = [f"2024-11-03 01:{m} SKYE1 1.0 -9.0 5\n" for m in ("10:00", "50:00", "05:00", "20:00")]
    dates = (dt.date(2024, 11, 3),)
    assert last_time("".join(lines[:2]).encode(), CHICAGO, dates).hour == 6
    assert last_time("".join(lines).encode(), CHICAGO, dates) == dt.datetime(
        2024, 11, 3, 7, 20, tzinfo=dt.UTC
    )
