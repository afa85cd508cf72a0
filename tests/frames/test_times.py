"""UTC of a clock that changes to and from daylight saving."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from airglow.frames import FrameHeader, frame_starts, utc_starts

CHICAGO = ZoneInfo("America/Chicago")
BACK = dt.datetime(2025, 11, 2, 7, 0, tzinfo=dt.UTC)  # 02:00 becomes 01:00 by the clock


def local(moment):
    return moment.astimezone(CHICAGO).replace(tzinfo=None)


def frames_of(starts, exposure_s=240.0, numbered=False):
    frames = []
    for number, start in enumerate(starts):
        clock = local(start)
        suffix = f"_{number + 1:03d}.img" if numbered else ".hdf5"
        frames.append(
            FrameHeader(
                name=f"UAO_XR_{clock:%Y%m%d_%H%M%S}{suffix}",
                tag="XR",
                exposure_s=exposure_s,
                azimuth_deg=0.0,
                zenith_deg=0.0,
                local_start=clock,
            )
        )
    return frames


def every(minutes, count, begin_minutes=-120):
    return [BACK + dt.timedelta(minutes=begin_minutes + minutes * k) for k in range(count)]


def test_the_hour_that_happens_twice_is_told_by_the_order():
    truth = every(7, 30)
    clock = [local(moment) for moment in truth]
    assert clock != sorted(clock)
    assert utc_starts(clock, CHICAGO) == truth


@pytest.mark.parametrize("numbered", [True, False])
@pytest.mark.parametrize("minutes", [5.5, 7, 11])
def test_frames_of_the_double_hour_find_their_pass(numbered, minutes):
    truth = every(minutes, 40)
    frames = frames_of(truth, 300.0, numbered)
    shuffled = frames[::-1]
    assert frame_starts(shuffled, CHICAGO) == truth[::-1]


def test_a_camera_that_ran_in_one_pass_only_leaves_no_hole():
    late = every(6, 30, begin_minutes=3)
    assert frame_starts(frames_of(late), CHICAGO) == late
    early = every(6, 28, begin_minutes=-170)
    assert frame_starts(frames_of(early), CHICAGO) == early


def test_the_hour_that_never_happens_needs_no_care():
    start = dt.datetime(2026, 3, 8, 7, 0, tzinfo=dt.UTC)
    truth = [start + dt.timedelta(minutes=11 * k) for k in range(20)]
    assert utc_starts([local(moment) for moment in truth], CHICAGO) == truth
    assert frame_starts(frames_of(truth), CHICAGO) == truth


def test_no_frames_have_no_times():
    assert utc_starts([], CHICAGO) == []
    assert frame_starts([], CHICAGO) == []
