"""What is usual for an instrument, and what is not."""

import datetime as dt

import numpy as np
import pytest

from airglow.pages.alarms import LEAST_NIGHTS, MISSING_NIGHTS, SETTLED_NIGHTS, WINDOW_NIGHTS, watch
from airglow.pages.health import QUANTITIES, Series

BY_KEY = {quantity.key: quantity for quantity in QUANTITIES}
FIRST = dt.date(2025, 1, 1)


def watched(key: str, values):
    values = np.array(values, float)
    dates = [FIRST + dt.timedelta(days=k) for k in range(values.size)]
    return watch(Series(BY_KEY[key], "", values), dates)


def gaps(nights: int, seed: int = 3) -> np.ndarray:
    """Of a steady etalon."""
    return 1.5e-2 + np.random.default_rng(seed).normal(0, 3e-9, nights)


def test_a_steady_instrument_has_a_band_and_no_alarm() -> None:
    found = watched("gap_m", gaps(200))
    assert not found.alarm
    assert not found.outside.any()
    assert not found.levels
    assert np.isnan(found.low[:LEAST_NIGHTS]).all()
    width = (found.high - found.low)[LEAST_NIGHTS:]
    assert np.all(width > 2 * 5 * 1.99e-9)  # never narrower than the least spread allows
    assert np.all(width < 2 * 5 * 8e-9)


def test_one_odd_night_is_an_alarm_until_the_next_and_does_not_widen_the_band() -> None:
    values = gaps(100)
    values[80] += 1e-7
    there = watched("gap_m", values[:81])
    assert there.outside[80]
    assert "is outside the usual 14,999,9" in there.alarm
    assert "15,000,10" in there.alarm
    assert there.since == FIRST + dt.timedelta(days=80)
    after = watched("gap_m", values)
    assert not after.alarm
    assert after.outside.sum() == 1
    assert after.high[81] - after.low[81] == pytest.approx(after.high[80] - after.low[80], rel=0.2)


def test_an_etalon_that_was_tuned_anew_does_not_alarm_for_ever() -> None:
    values = gaps(150)
    values[100:] += 2e-7
    settled = 100 + SETTLED_NIGHTS + 1
    for nights in range(101, settled):
        assert watched("gap_m", values[:nights]).alarm, nights
    assert "for 4 nights" in watched("gap_m", values[:104]).alarm
    for nights in range(settled, 151):
        assert not watched("gap_m", values[:nights]).alarm, nights
    (level,) = watched("gap_m", values).levels
    assert level.date == FIRST + dt.timedelta(days=100)
    assert level.before == pytest.approx(1.5e-2, abs=3e-9)
    assert level.after == pytest.approx(1.5e-2 + 2e-7, abs=4e-9)
    values[149] -= 2e-7  # and the old level is none any more
    assert watched("gap_m", values).alarm


def test_what_jumps_about_stays_an_alarm() -> None:
    values = gaps(130)
    values[100:] += np.where(np.arange(30) % 2, 3e-7, -3e-7)
    found = watched("gap_m", values[:115])
    assert found.alarm
    assert not found.levels


def test_a_slow_drift_is_followed() -> None:
    found = watched("gap_m", gaps(300) + np.linspace(0, 1e-7, 300))
    assert not found.outside.any()


def test_a_dim_laser_and_a_laser_that_is_gone() -> None:
    values = np.random.default_rng(1).normal(30, 0.6, 80)
    assert not watched("laser_intensity", values).alarm
    assert "15.0 counts/px/s is outside" in watched("laser_intensity", [*values, 15.0]).alarm
    without = [*values, *[np.nan] * MISSING_NIGHTS]
    assert not watched("laser_intensity", without[:-1]).alarm
    found = watched("laser_intensity", without)
    assert found.alarm == "no value on the last 3 nights"
    assert found.since == FIRST + dt.timedelta(days=80)
    given_up = [*values, *[np.nan] * (WINDOW_NIGHTS + 1)]
    assert not watched("laser_intensity", given_up).alarm


def test_a_warm_camera_is_an_alarm_however_long_it_lasts() -> None:
    values = np.concatenate([np.full(60, -70.0), np.full(60, -50.0)])
    found = watched("ccd_temperature_c", values)
    assert found.alarm == "−50.0 °C is above −60.0 °C"
    assert found.since == FIRST + dt.timedelta(days=60)
    assert found.outside[60:].all()
    assert [level.after for level in found.levels] == [-50.0]


def test_a_cloudy_week_is_weather_and_a_sensor_that_says_nothing_else_is_not() -> None:
    clear = np.tile([0.0, 0.02, 0.05, 0.0, 0.1], 12)
    assert not watched("cloud_fraction", [*clear, *[1.0] * 9]).alarm
    assert "100 % is outside the usual 0 to" in watched("cloud_fraction", [*clear, *[1.0] * 10]).alarm
    cloudy = np.random.default_rng(2).uniform(0, 1, 60)
    assert not watched("cloud_fraction", [*cloudy, *[1.0] * 12]).alarm


def test_few_nights_and_none() -> None:
    assert not watched("gap_m", [*gaps(LEAST_NIGHTS - 1), 2.0]).alarm
    assert not watched("gap_m", []).alarm
    assert not watched("gap_m", [np.nan] * 40).alarm
