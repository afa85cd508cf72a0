"""UTC of a clock that changes to and from daylight saving."""

import datetime as dt
from zoneinfo import ZoneInfo

from airglow.frames import utc_starts

CHICAGO = ZoneInfo("America/Chicago")


def test_the_hour_that_happens_twice_is_told_by_the_order():
    start = dt.datetime(2025, 11, 2, 5, 30, tzinfo=dt.UTC)  # 00:30 by the clock, which goes back at 07:00 UTC
    truth = [start + dt.timedelta(minutes=7 * k) for k in range(30)]
    clock = [moment.astimezone(CHICAGO).replace(tzinfo=None) for moment in truth]
    assert clock != sorted(clock)
    assert utc_starts(clock, CHICAGO) == truth


def test_the_hour_that_never_happens_needs_no_care():
    start = dt.datetime(2026, 3, 8, 7, 0, tzinfo=dt.UTC)
    truth = [start + dt.timedelta(minutes=11 * k) for k in range(20)]
    clock = [moment.astimezone(CHICAGO).replace(tzinfo=None) for moment in truth]
    assert utc_starts(clock, CHICAGO) == truth


def test_no_frames_have_no_times():
    assert utc_starts([], CHICAGO) == []
