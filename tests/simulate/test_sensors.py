"""Sensor files, read back by the reader of weather."""

import datetime as dt

import numpy as np
import pytest

from airglow.model.errors import BadInput
from airglow.simulate import CLOUD_KINDS, write_cloud_log, write_temperature_log
from airglow.weather import read_cloud_file, read_temperature_log

from .common import SPRING

TOMORROW = SPRING + dt.timedelta(days=1)


def hours(night, times):
    return (times - np.datetime64(night.midnight.replace(tzinfo=None))) / np.timedelta64(1, "h")


def expected(night, times):
    return np.array([night.atmosphere.sky_minus_ambient_c(hour) for hour in hours(night, times)])


@pytest.mark.parametrize("kind", list(CLOUD_KINDS))
@pytest.mark.parametrize("flaws", [False, True])
def test_all_kinds_of_cloud_files_tell_the_truth(draw, tmp_path, kind, flaws):
    night = draw("clouds")
    path = write_cloud_log(night, SPRING, tmp_path, kind, flaws)
    assert path.name == "Cloud_uao_20250429.txt"
    clouds = read_cloud_file(path, night.site.clock(SPRING))
    _, _, every_s = CLOUD_KINDS[kind]
    assert clouds.time.size > 0.97 * 86_400 / every_s
    assert str(clouds.time[0]) >= "2025-04-29T05:00"
    assert str(clouds.time[-1]) < "2025-04-30T05:00"
    wrong = clouds.sky_minus_ambient_c - expected(night, clouds.time)
    assert np.median(np.abs(wrong)) < 0.5
    assert np.mean(np.abs(wrong) > 3) < 0.01  # a wet sensor reads 0
    assert (clouds.lines.rejected > 0) == flaws


def test_a_night_needs_the_files_of_two_dates(draw, tmp_path):
    night = draw("clouds")
    both = [write_cloud_log(night, date, tmp_path) for date in (SPRING, TOMORROW)]
    first, second = (read_cloud_file(path, night.site.clock(SPRING)) for path in both)
    midnight = np.datetime64(night.midnight.replace(tzinfo=None))
    assert first.time.max() < midnight <= second.time.min()


def test_a_file_fetched_in_the_morning_is_the_beginning_of_the_whole(draw, tmp_path):
    night = draw()
    whole = write_cloud_log(night, TOMORROW, tmp_path / "whole").read_bytes()
    until = night.midnight + dt.timedelta(hours=9)
    part = write_cloud_log(night, TOMORROW, tmp_path / "part", until=until).read_bytes()
    assert whole.startswith(part)
    assert 0.3 < len(part) / len(whole) < 0.45


def test_the_day_when_the_clock_is_set_back_has_25_hours(draw, tmp_path):
    date = dt.date(2025, 11, 2)
    night = draw(date=date - dt.timedelta(days=1))
    path = write_cloud_log(night, date, tmp_path, "boltwood-new")
    clouds = read_cloud_file(path, night.site.clock(date))
    assert clouds.time.size == pytest.approx(25 * 60, abs=3)


def test_neighbouring_nights_share_a_file(draw, tmp_path):
    nights = [draw(seed=1), draw("clouds", date=TOMORROW, seed=1)]
    clouds = read_cloud_file(write_cloud_log(nights, TOMORROW, tmp_path), nights[0].site.clock(SPRING))
    first = hours(nights[0], clouds.time) < 12
    for night, part in zip(nights, (first, ~first), strict=True):
        difference = clouds.sky_minus_ambient_c[part] - expected(night, clouds.time[part])
        assert np.max(np.abs(difference)) < 2


def test_unknown_kinds_are_refused(draw, tmp_path):
    with pytest.raises(BadInput, match="skyalert-ethernet"):
        write_cloud_log(draw(), SPRING, tmp_path, "thermometer")
    with pytest.raises(BadInput, match="4 columns"):
        write_temperature_log(draw(), SPRING, tmp_path, columns=4)


@pytest.mark.parametrize(("columns", "names"), [(3, {"dome", "inside"}), (2, {"value"}), (5, {"etalon_box"})])
def test_temperature_loggers_are_read(draw, tmp_path, columns, names):
    night = draw()
    path = write_temperature_log(night, SPRING, tmp_path, columns, number=columns)
    assert path.name == f"TempL0{columns}_uao_20250429.txt"
    series = read_temperature_log(path, night.site.clock(SPRING))
    assert set(series.values_c) == names
    assert series.time.size == 288
    if columns == 5:
        assert np.allclose(series.values_c["etalon_box"], 24.1, atol=0.01)
