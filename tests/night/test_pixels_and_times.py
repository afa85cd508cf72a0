"""Binning, centres, times and local dates of a night, by hand."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import numpy as np
import pytest

from airglow.frames import FrameHeader
from airglow.night import admit
from airglow.night.folder_check import night_of
from airglow.night.gate import TimedFrame
from airglow.night.instrument import default_parameters
from airglow.night.profiles import mid_times_s, pixel_aspect
from airglow.night.reduce import _expected_center, dark_frames
from airglow.night.tables import column, laser_table
from airglow.rings import AnnulusGrid

GRID = AnnulusGrid(500, 120.0, 10, 490)


def timed(start, name="UAO_XR_20260512_010000.hdf5", tag="XR", exposure_s=240.0, binning=(2, 2), **more):
    frame = FrameHeader(
        name=name,
        tag=tag,
        exposure_s=exposure_s,
        azimuth_deg=0.0,
        zenith_deg=0.0,
        local_start=None,
        utc_start=np.datetime64(start, "us").item().replace(tzinfo=dt.UTC),
        x_binning=binning[0],
        y_binning=binning[1],
        **more,
    )
    return TimedFrame(frame, np.datetime64(start, "us"))


def test_parameters_in_pixels_go_with_the_binning(wanted_night):
    """Of twice the binning a pixel sees twice the angle, and a blur is half as many pixels."""
    instrument = wanted_night.instrument
    registry = instrument.default_parameters
    coarse = default_parameters(instrument, GRID, 4)
    assert coarse.plate_scale_rad_per_pixel == pytest.approx(2 * registry.plate_scale_rad_per_pixel)
    np.testing.assert_allclose(coarse.blur_px, np.array(registry.blur_px) / 2)
    assert coarse.max_radius_px == 120.0


def test_the_centre_of_the_registry_is_in_pixels_of_two_by_two(wanted_night):
    x, y = wanted_night.instrument.default_center_px
    frame = timed("2026-05-12T04:00:00", binning=(4, 1))
    assert _expected_center(wanted_night, frame) == pytest.approx((x / 2, 2 * y))
    assert pixel_aspect(frame.frame) == 0.25


def test_times_are_those_of_the_middles():
    frames = [timed("2026-05-12T04:00:00"), timed("2026-05-12T05:00:00", exposure_s=30.0)]
    np.testing.assert_allclose(
        mid_times_s(frames, np.datetime64("2026-05-12T04:00:00", "us")), [120.0, 3615.0]
    )


@pytest.mark.parametrize(
    ("start", "date"),
    [
        ("2026-05-11T17:52:00", dt.date(2026, 5, 10)),  # local noon of 88.159 degrees west is 17:52:38
        ("2026-05-11T17:53:00", dt.date(2026, 5, 11)),
        ("2026-05-12T00:30:00", dt.date(2026, 5, 11)),
        ("2026-05-12T17:52:00", dt.date(2026, 5, 11)),
    ],
)
def test_a_night_has_the_date_of_the_noon_before(registry, start, date):
    assert night_of(dt.datetime.fromisoformat(start).replace(tzinfo=dt.UTC), registry.site("uao")) == date


def test_frames_come_in_the_order_of_time(wanted_night):
    starts = [f"2026-05-12T0{hour}:00:00" for hour in (5, 3, 4)]
    frames = [timed(start, f"UAO_XR_2026051{k}_000000.hdf5").frame for k, start in enumerate(starts)]
    got = [each.start for each in admit(frames, wanted_night).frames]
    np.testing.assert_array_equal(got, np.array(sorted(starts), "datetime64[us]"))


def test_a_frame_is_dark_by_the_sun_at_its_middle(wanted_night):
    """At Urbana the sun is 6 degrees below the horizon at 1:28:18 (formulae of the Astronomical Almanac)."""
    assert wanted_night.settings.highest_sun_deg == -6.0
    before, after, night = (timed(f"2026-05-12T{time}:00") for time in ("01:25", "01:27", "02:00"))
    dark, sunlit = dark_frames((before, after, night), wanted_night)
    assert [each.start for each in dark] == [after.start, night.start]
    assert [each.reason for each in sunlit] == ["sun at -5.8 degrees, above -6"]


def test_laser_intensities_are_per_second_and_gaps_those_of_the_fits():
    frames = (timed("2026-05-12T04:00:00", exposure_s=30.0, tag="L"), timed("2026-05-12T05:00:00", tag="L"))
    centers = [SimpleNamespace(x_px=255.0, y_px=257.0)] * 2
    profiles = SimpleNamespace(frames=frames, centers=centers)
    fit = SimpleNamespace(
        gap_m=0.015, gap_error_m=1e-11, intensity=900.0, background=300.0, reduced_chi_square=1.1
    )
    state = SimpleNamespace(fits=(fit, None), used=np.array([True, False]))
    table = laser_table(profiles, state)
    np.testing.assert_array_equal(table.intensity, [30.0, np.nan])
    np.testing.assert_array_equal(table.gap_m, [0.015, np.nan])
    np.testing.assert_array_equal(column([1, None, 3]), [1.0, np.nan, 3.0])
    assert table.mid_time[0] == np.datetime64("2026-05-12T04:00:15", "us")
    assert (table.center_x_px[0], table.center_y_px[0]) == (255.0, 257.0)
