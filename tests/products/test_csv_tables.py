"""CSV tables: one line of pandas, and numbers that say their unit and sign."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from results import empty_night, example_result

from airglow.model.result import causes_in
from airglow.products import read_netcdf, write_netcdf, write_samples_csv, write_winds_csv
from products.same import in_single_precision


@pytest.fixture(scope="module")
def night():
    return example_result()


@pytest.fixture(scope="module")
def samples(night, tmp_path_factory):
    path = write_samples_csv(night, tmp_path_factory.mktemp("csv") / "samples.csv")
    return pd.read_csv(path, comment="#", parse_dates=["start_time"])


@pytest.fixture(scope="module")
def winds(night, tmp_path_factory):
    path = write_winds_csv(night, tmp_path_factory.mktemp("csv") / "winds.csv")
    return pd.read_csv(path, comment="#", parse_dates=["start_time", "stop_time", "mid_time"])


def test_samples_read_back(night, samples):
    sky = night.sky
    assert len(samples) == len(sky)
    for name, values in vars(sky).items():
        if isinstance(values, np.ndarray) and values.dtype.kind == "f":
            np.testing.assert_allclose(samples[name], values, rtol=6e-10, err_msg=name)
    assert str(samples.start_time.dt.tz) == "UTC"
    np.testing.assert_array_equal(samples.start_time.dt.tz_localize(None).to_numpy(), sky.start_time)
    assert samples.direction.tolist() == list(sky.direction)
    assert samples.wind_flag.tolist() == sky.wind_flag.tolist()
    assert samples.causes.fillna("").tolist() == [
        " ".join(cause.name.lower() for cause in causes_in(mask)) for mask in sky.causes
    ]


def test_missing_values_are_empty(samples):
    assert pd.isna(samples.line_of_sight_wind_mps[40])
    assert samples.wind_flag[40] == 2
    assert samples.causes[40].endswith("fit_failed")
    assert pd.isna(samples.sky_minus_ambient_mean_c[50])


def test_signs_can_be_told_from_the_table_alone(samples):
    north, east = samples[samples.direction == "North"], samples[samples.direction == "East"]
    west = samples[samples.direction == "West"]
    assert (north.pierce_latitude_deg > 41.5).all()
    assert (east.pierce_longitude_deg > west.pierce_longitude_deg.max() + 4).all()
    # Wind from one side to the other goes away on one and comes on the other: no common sign, no offset.
    away = [table.line_of_sight_wind_mps.to_numpy()[:18] for table in (east, west)]
    assert abs(np.nanmedian(away[0] + away[1])) < 15 < np.nanmedian(np.abs(away[0]))


def test_units_are_those_of_the_names(samples):
    assert samples.temperature_k.median() == pytest.approx(820, abs=60)
    assert samples.gap_m.median() == pytest.approx(0.015, rel=1e-3)
    assert set(samples.pierce_height_m) == {250e3}
    assert samples.ccd_temperature_c.median() == pytest.approx(-70, abs=1)


def test_winds_of_cycles_and_smooth_winds_are_told_apart(night, winds):
    cycles, smooth = winds[winds.kind == "cycle"], winds[winds.kind == "smooth"]
    assert len(cycles) + len(smooth) == len(winds)
    np.testing.assert_allclose(cycles.zonal_wind_mps, night.cycles.zonal_wind_mps, rtol=6e-10)
    np.testing.assert_allclose(
        cycles.meridional_wind_error_mps, night.cycles.meridional_wind_error_mps, rtol=6e-10
    )
    np.testing.assert_allclose(smooth.vertical_wind_mps, night.smooth_winds.vertical_wind_mps, rtol=6e-10)
    assert cycles.reason.fillna("").tolist() == list(night.cycles.reason)
    assert "," in "".join(night.cycles.reason)  # commas within a field
    times = smooth.mid_time.dt.tz_localize(None).to_numpy()
    np.testing.assert_array_equal(times, night.smooth_winds.time)
    np.testing.assert_array_equal(smooth.flag, night.smooth_winds.flag)
    assert smooth[["start_time", "samples", "zonal_time", "reason"]].isna().all(axis=None)


@pytest.mark.parametrize("write", [write_samples_csv, write_winds_csv])
@pytest.mark.parametrize("night", [example_result(0, 3), empty_night()], ids=["no sky", "not analysed"])
def test_a_night_without_samples_has_names_and_the_reason(write, night, tmp_path):
    path = write(night, tmp_path / "empty.csv")
    assert len(pd.read_csv(path, comment="#")) == 0
    assert "line_of_sight_wind_mps" in path.read_text() or "zonal_wind_mps" in path.read_text()
    assert f"# {night.notes[0]}" in path.read_text()


@pytest.mark.parametrize("write", [write_samples_csv, write_winds_csv])
def test_same_result_same_bytes(write, night, tmp_path):
    again = read_netcdf(write_netcdf(in_single_precision(night), tmp_path / "night.nc"))
    one, other = write(night, tmp_path / "one.csv"), write(again, tmp_path / "other.csv")
    assert one.read_bytes() == other.read_bytes()
    assert b"\r" not in one.read_bytes()
