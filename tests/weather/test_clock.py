"""Local time to UTC where the clock goes back or forward."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np

from airglow.weather import local_to_utc

CHICAGO = ZoneInfo("America/Chicago")  # 2024-11-03 02:00 CDT becomes 01:00 CST


def minutes(start: str, count: int, step: int = 10) -> np.ndarray:
    return np.datetime64(start, "us") + np.arange(count) * np.timedelta64(step, "m")


def walk_of(utc: np.ndarray, zone: ZoneInfo) -> np.ndarray:
    """What a clock on the wall shows at these UTC times: by the standard library, one by one."""
    from datetime import UTC

    wall = [t.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None, fold=0) for t in utc.astype(object)]
    return np.array(wall, "datetime64[us]")


def test_a_night_over_the_end_of_daylight_saving_comes_back_exactly():
    utc = minutes("2024-11-03T04:00", 40)  # 23:00 CDT to 05:30 CST, with 01:00 to 01:50 twice
    np.testing.assert_array_equal(local_to_utc(walk_of(utc, CHICAGO), CHICAGO), utc)


def test_only_the_first_pass_of_the_hour_was_logged():
    utc = np.concatenate([minutes("2024-11-03T05:00", 12), minutes("2024-11-03T08:00", 3)])
    np.testing.assert_array_equal(local_to_utc(walk_of(utc, CHICAGO), CHICAGO), utc)


def test_only_the_second_pass_of_the_hour_was_logged():
    utc = np.concatenate([minutes("2024-11-03T05:00", 3), minutes("2024-11-03T07:00", 12)])
    np.testing.assert_array_equal(local_to_utc(walk_of(utc, CHICAGO), CHICAGO), utc)


def test_a_file_that_begins_in_the_second_pass():
    utc = minutes("2024-11-03T07:00", 12)
    np.testing.assert_array_equal(local_to_utc(walk_of(utc, CHICAGO), CHICAGO), utc)


def test_a_file_that_ends_in_the_first_pass():
    utc = minutes("2024-11-03T05:00", 11)
    np.testing.assert_array_equal(local_to_utc(walk_of(utc, CHICAGO), CHICAGO), utc)


def test_a_clock_set_back_by_seconds_is_not_the_second_pass():
    local = np.array(["2024-11-03T01:10:00", "2024-11-03T01:09:55", "2024-11-03T01:20:00"], "datetime64[us]")
    expected = local + np.timedelta64(5, "h")
    np.testing.assert_array_equal(local_to_utc(local, CHICAGO), expected)


def test_times_that_never_occurred_are_read_as_standard_time():
    local = np.array(["2024-03-10T01:59", "2024-03-10T02:30", "2024-03-10T03:00"], "datetime64[us]")
    expected = np.array(["2024-03-10T07:59", "2024-03-10T08:30", "2024-03-10T08:00"], "datetime64[us]")
    np.testing.assert_array_equal(local_to_utc(local, CHICAGO), expected)


def test_a_fold_of_half_an_hour():
    lord_howe = ZoneInfo("Australia/Lord_Howe")
    utc = minutes("2024-04-06T13:30", 24, step=5)
    np.testing.assert_array_equal(local_to_utc(walk_of(utc, lord_howe), lord_howe), utc)


def test_nothing_in_nothing_out():
    assert local_to_utc(np.array([], "datetime64[us]"), CHICAGO).size == 0
