"""Laser frames too dim to show where their rings are."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from airglow.frames import Frame
from airglow.night.gate import TimedFrame
from airglow.night.profiles import reduce_lasers, reduce_skies, reduce_unclear_lasers
from airglow.rings import AnnulusGrid

SHAPE = (200, 200)
CENTER = (101.5, 96.0)  # column and row, 2 and 3.5 pixels off the middle
GRID = AnnulusGrid(200, 100.0, 0, 200)
ORIGIN = np.datetime64("2026-05-12T03:00:00", "us")
BRIGHT, DIM = 400.0, 1.0  # counts; the noise is 5
EXPECTED = (99.5, 99.5)


def frame(minutes, tag, height, seed):
    """Rings of narrow fringes, eight orders out to the edge, with white noise."""
    x, y = np.arange(SHAPE[1]) - CENTER[0], np.arange(SHAPE[0])[:, None] - CENTER[1]
    rings = 1.0 / (1.0 + 20.0 * np.sin(np.pi * 8 * (x**2 + y**2) / 1e4) ** 2)
    image = 300.0 + height * rings + np.random.default_rng(seed).normal(0.0, 5.0, SHAPE)
    start = ORIGIN + np.timedelta64(minutes, "m")
    return TimedFrame(
        Frame(
            name=f"{tag} {minutes}",
            tag=tag,
            exposure_s=30.0,
            azimuth_deg=0.0,
            zenith_deg=0.0,
            local_start=None,
            utc_start=start.item().replace(tzinfo=dt.UTC),
            image=np.round(image).astype(np.uint16),
        ),
        start,
    )


def reduced(laser_heights, sky_height):
    """Lasers reduced at first, and once more with the help of the other frames."""
    told = []
    frames = [frame(20 * k, "L", height, k) for k, height in enumerate(laser_heights)]
    lasers = reduce_lasers(frames, GRID, ORIGIN, lambda *_: None, told)
    frames = [frame(20 * k + 10, "XR", sky_height, 100 + k) for k in range(4)]
    sky = reduce_skies(frames, GRID, ORIGIN, lasers, EXPECTED, lambda *_: None, told)
    again = reduce_unclear_lasers(lasers, sky, told)
    assert told == []
    return lasers, again


@pytest.mark.parametrize("laser_heights", [(DIM, DIM, DIM, DIM), (DIM, BRIGHT, DIM, BRIGHT)])
def test_a_dim_laser_is_reduced_about_the_centre_that_other_frames_show(laser_heights):
    """Rings averaged about a place 2 pixels off lose their narrow fringes, and temperatures come out low."""
    lasers, again = reduced(laser_heights, BRIGHT)
    assert np.hypot(*np.subtract(lasers.centers[0].xy, CENTER)) > 1.0
    for center, height in zip(again.centers, laser_heights, strict=True):
        assert center.xy == pytest.approx(CENTER, abs=0.1)
        assert np.isfinite(center.error_px) == (height == BRIGHT)  # the centre of others is no measurement
    for rings in again.rings:
        assert rings.pixels.center_px == pytest.approx(CENTER, abs=0.1)


def test_lasers_that_show_their_centre_stay_as_they_are():
    lasers, again = reduced((BRIGHT, BRIGHT), BRIGHT)
    assert again is lasers


def test_where_no_frame_shows_a_centre_lasers_stay_as_they_are():
    lasers, again = reduced((DIM, DIM), DIM)
    assert again is lasers
