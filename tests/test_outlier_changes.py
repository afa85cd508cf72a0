"""`tests.benchmarks.outliers` lists each sample that a change of the rule for outliers changes."""

from dataclasses import replace

import numpy as np

from airglow.products.netcdf import write_netcdf
from tests.benchmarks.outliers import MOST_LISTED, changes, report
from tests.results import example_result

RESULT = example_result()


def with_sky(**values):
    return replace(RESULT, sky=replace(RESULT.sky, **values))


def rows(new):
    return changes("night", RESULT, new)


def moved(values, by, places):
    values = values.copy()
    values[places] += by
    return values


def test_nothing_is_listed_where_nothing_changed():
    assert rows(RESULT) == []
    tiny = moved(RESULT.sky.temperature_k, 0.009 * RESULT.sky.temperature_error_k[3], [3])
    assert rows(with_sky(temperature_k=tiny)) == []


def test_a_laser_frame_that_takes_no_part_any_more_is_listed():
    used = RESULT.laser.used.copy()
    place = int(np.flatnonzero(used)[1])
    used[place] = False
    (row,) = rows(replace(RESULT, laser=replace(RESULT.laser, used=used)))
    assert row[1:] == [RESULT.laser.name[place], "laser frame", "used", "left out", "-"]


def test_a_frame_that_the_winds_over_the_site_left_out_is_listed():
    name = RESULT.sky.name[2]
    (row,) = rows(replace(RESULT, smooth_winds=replace(RESULT.smooth_winds, left_out=(name,))))
    assert row[1:] == [name, "winds over the site", "used", "left out", "-"]


def test_samples_are_listed_with_the_change_in_stated_errors():
    error = RESULT.sky.temperature_error_k
    few = rows(with_sky(temperature_k=moved(RESULT.sky.temperature_k, -0.5 * error[3], [3])))
    assert [(row[1], row[2], row[5]) for row in few] == [(RESULT.sky.name[3], "temperature", "-0.50")]
    places = np.arange(MOST_LISTED + 1)
    by = 0.02 * error[places] * np.where(places == 2, 3.0, 1.0)
    (many,) = rows(with_sky(temperature_k=moved(RESULT.sky.temperature_k, by, places)))
    assert many[1].startswith(f"{MOST_LISTED + 1} of")
    assert many[2].endswith(RESULT.sky.name[2])
    assert many[5] == "0.06, median 0.020"


def test_flags_are_listed():
    flag = RESULT.sky.wind_flag.copy()
    flag[4] = (flag[4] + 1) % 3
    (row,) = rows(with_sky(wind_flag=flag))
    assert row[1:5] == [RESULT.sky.name[4], "wind flag", str(RESULT.sky.wind_flag[4]), str(flag[4])]


def test_the_report_counts_nights_without_a_change(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    for folder in (old, new):
        folder.mkdir()
        write_netcdf(RESULT, folder / "same.nc")
    write_netcdf(RESULT, old / "lost.nc")
    shown = report(old, new)
    assert shown.endswith("1 of 2 nights without a change: same")
    assert "analysed" in shown
