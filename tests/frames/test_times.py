"""UTC of a clock that changes to and from daylight saving."""

import datetime as dt
import itertools
from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from airglow.frames import FrameHeader, find_starts
from airglow.frames.passes import Exposure, tell_passes

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


@pytest.mark.parametrize("numbered", [True, False])
@pytest.mark.parametrize("minutes", [5.5, 7, 11])
def test_frames_of_the_double_hour_find_their_pass(numbered, minutes):
    truth = every(minutes, 40)
    frames = frames_of(truth, 300.0, numbered)
    starts = find_starts(frames[::-1], CHICAGO)
    assert starts.utc == tuple(truth[::-1])
    assert not any(starts.in_doubt)


def test_a_camera_that_ran_in_one_pass_only_leaves_no_hole():
    late = every(6, 30, begin_minutes=3)
    assert list(find_starts(frames_of(late), CHICAGO).utc) == late
    early = every(6, 28, begin_minutes=-170)
    assert list(find_starts(frames_of(early), CHICAGO).utc) == early


def test_the_hour_that_never_happens_needs_no_care():
    start = dt.datetime(2026, 3, 8, 7, 0, tzinfo=dt.UTC)
    truth = [start + dt.timedelta(minutes=11 * k) for k in range(20)]
    assert list(find_starts(frames_of(truth), CHICAGO).utc) == truth


def test_no_frames_have_no_times():
    assert list(find_starts([], CHICAGO).utc) == []


@pytest.mark.parametrize("numbered", [True, False])
@pytest.mark.parametrize("off", [(-60, 0), (0, 60), (-45, 20), (-100, -20), (-10, 75)])
def test_a_camera_that_paused_keeps_its_cadence(off, numbered):
    """A break as long as the hour itself: the frames beside it show to which side of it they belong."""
    truth = [t for t in every(4.5, 100, -200) if not off[0] <= (t - BACK).total_seconds() / 60 < off[1]]
    starts = find_starts(frames_of(truth, 240.0, numbered), CHICAGO)
    assert starts.utc == tuple(truth)
    assert not any(starts.in_doubt)


def test_laser_frames_in_between_do_not_confuse():
    """A cycle of laser, four looks and a pause for the scanner: two exposures and three pauses."""
    truth, exposures, start = [], [], BACK - dt.timedelta(minutes=170)
    while start < BACK + dt.timedelta(minutes=200):
        for exposure_s, pause_s in ((30.0, 12.0), *[(180.0, 7.0)] * 3, (180.0, 41.0)):
            if not dt.timedelta(minutes=-75) <= start - BACK < dt.timedelta(minutes=-12):
                truth.append(start)
                exposures.append(exposure_s)
            start += dt.timedelta(seconds=exposure_s + pause_s)
    frames = [frames_of([t], exposure_s)[0] for t, exposure_s in zip(truth, exposures, strict=True)]
    starts = find_starts(frames, CHICAGO)
    assert starts.utc == tuple(truth)
    assert not any(starts.in_doubt)


def test_what_cannot_be_told_is_in_doubt():
    """Nothing but frames of that hour: both passes are as likely."""
    truth = every(4.5, 12, -58)
    starts = find_starts(frames_of(truth), CHICAGO)
    assert all(starts.in_doubt)
    # A cadence that divides the hour: the same minutes in both passes, so which frame is which?
    starts = find_starts(frames_of(every(5, 60)), CHICAGO)
    doubtful = [t for t, doubt in zip(starts.utc, starts.in_doubt, strict=True) if doubt]
    assert len(doubtful) == 24
    assert all(abs((t - BACK).total_seconds()) <= 3600 for t in doubtful)


def test_running_numbers_settle_what_times_leave_open():
    truth = every(5, 60)
    starts = find_starts(frames_of(truth, numbered=True), CHICAGO)
    assert starts.utc == tuple(truth)
    assert not any(starts.in_doubt)


def test_numbers_that_begin_anew_are_not_believed():
    truth = every(7, 40)
    frames = [
        replace(frame, name=f"UAO_XR_20251102_{k:06d}_{k % 9 + 1:03d}.img")
        for k, frame in enumerate(frames_of(truth, 300.0))
    ]
    assert list(find_starts(frames, CHICAGO).utc) == truth


def test_utc_of_the_header_decides():
    (frame,) = frames_of([BACK])
    with_utc = replace(frame, utc_start=BACK - dt.timedelta(hours=3))
    assert find_starts([with_utc, frame], CHICAGO).utc[0] == BACK - dt.timedelta(hours=3)


def test_of_all_ways_to_share_frames_the_one_with_the_fewest_breaks_is_taken():
    """Against a count over all ways, with a cost written down once more and plainly."""

    def cost(sharing, before, twice, after):
        timeline = sorted(
            [
                *before,
                *after,
                *(replace(e, start_s=e.start_s + 3600 * s) for e, s in zip(twice, sharing, strict=True)),
            ],
            key=lambda e: e.start_s,
        )
        total = 0
        for a, b in itertools.pairwise(timeline):
            pause = b.start_s - a.start_s - a.exposure_s
            total += 1000 if pause < -2 else 0 if abs(pause - 30) <= 8 else 1
        return total

    random = np.random.default_rng(5)
    for _ in range(40):
        cadence = random.uniform(700.0, 1500.0)
        starts = np.arange(-10, 15) * cadence + random.uniform(0, cadence)
        kept = starts[random.random(starts.size) < random.choice([0.8, 0.95])]
        frames = [Exposure(t, cadence - 30.0, "XR", f"{t:.0f}") for t in kept]
        before = [f for f in frames if f.start_s < 0]
        truth = [f for f in frames if 0 <= f.start_s < 7200]
        after = [f for f in frames if f.start_s >= 7200]
        twice = [replace(f, start_s=f.start_s % 3600) for f in truth]
        if len(before) < 5 or not twice:
            continue
        ways = itertools.product((False, True), repeat=len(twice))
        costs = {way: cost(way, before, twice, after) for way in ways}
        least = min(costs.values())
        passes = tell_passes(before, twice, after, 3600.0)
        assert costs[passes.is_second] == least
        for k, doubt in enumerate(passes.in_doubt):
            other = min(c for s, c in costs.items() if s[k] != passes.is_second[k])
            assert doubt or other > least
            assert not doubt or other <= least + 2
