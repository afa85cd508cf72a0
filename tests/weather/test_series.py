"""Summaries per frame and joined series."""

from __future__ import annotations

import numpy as np
import pytest

from airglow.weather import CloudSeries, LineCounts, merge_clouds, sensor_cadence_s, summarise

T0 = np.datetime64("2025-04-30T02:00:00", "us")


def series(seconds, values, kind="boltwood new", name="Cloud_uao_20250429.txt", **counts) -> CloudSeries:
    time = T0 + np.asarray(seconds) * np.timedelta64(1, "s")
    values = np.asarray(values, float)
    return CloudSeries(time, values, values + 50, kind, (name,), LineCounts(used=values.size, **counts))


def at(*seconds: float) -> np.ndarray:
    return T0 + (np.array(seconds) * 1e6).astype("timedelta64[us]")


def test_mean_max_min_of_the_samples_in_a_frame():
    log = series(np.arange(0, 3600, 20), -40 + np.arange(180) / 10)
    summary = summarise(log, at(1000), 100.0)
    inside = -40 + np.arange(48, 58) / 10  # 960 s to 1140 s: the exposure and 40 s on each side
    assert summary.samples[0] == 10
    assert summary.mean[0] == pytest.approx(inside.mean())
    assert summary.max[0] == pytest.approx(inside.max())
    assert summary.min[0] == pytest.approx(inside.min())


def test_a_hole_in_the_log_has_no_value():
    log = series([*range(0, 600, 60), *range(3000, 3600, 60)], np.full(20, -35.0))
    summary = summarise(log, at(300, 1500, 3300), np.array([120.0, 300.0, 120.0]))
    np.testing.assert_array_equal(summary.mean, [-35.0, np.nan, -35.0])
    np.testing.assert_array_equal(summary.samples > 0, [True, False, True])


def test_a_short_exposure_between_two_samples_has_a_value():
    log = series(np.arange(0, 3600, 300), np.full(12, -35.0))
    np.testing.assert_array_equal(summarise(log, at(650), 5.0).mean, [-35.0])


def test_without_a_series_everything_is_missing():
    summary = summarise(None, at(0, 60), np.array([30.0, 30.0]))
    assert np.isnan(summary.mean).all()
    assert np.isnan(summary.max).all()
    assert not summary.samples.any()


def test_other_values_can_be_summarised_and_nan_does_not_count():
    log = series([0, 20, 40], [-35.0, -30.0, -25.0])
    summary = summarise(log, at(0), 40.0, values=np.array([10.0, np.nan, 14.0]))
    assert (summary.mean[0], summary.samples[0]) == (12.0, 2)


def test_cadence_ignores_gaps():
    assert sensor_cadence_s(series([0, 20, 40, 5000, 5020], np.zeros(5)).time) == 20
    assert np.isnan(sensor_cadence_s(series([0], [0]).time))


def test_merge_sorts_and_keeps_the_first_of_equal_times():
    later = series([100, 120], [-20.0, -21.0], kind="skyalert ethernet", name="Cloud_uao_20250430.txt")
    earlier = series([80, 100], [-30.0, -31.0], rejected=2)
    both = merge_clouds([later, earlier])
    np.testing.assert_array_equal(both.sky_minus_ambient_c, [-30.0, -20.0, -21.0])
    assert both.kind == "skyalert ethernet+boltwood new"
    assert both.files == ("Cloud_uao_20250430.txt", "Cloud_uao_20250429.txt")
    assert both.lines.rejected == 2
    assert merge_clouds([]) is None
