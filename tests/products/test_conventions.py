"""What others make of the netCDF file: a checker of conventions, xarray and pandas, none of which is ours."""

from __future__ import annotations

import functools
import socket
import warnings

import netCDF4
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from compliance_checker.cf import util
from compliance_checker.runner import CheckSuite
from results import empty_night, example_result

from airglow.products import write_netcdf

NIGHTS = {
    "rich": example_result(),
    "no laser": example_result(60, 0, tag="XG", site="mrh"),
    "not analysed": empty_night(),
}
# CF has no standard name for these, and a name of CF's table is the only one that CF allows.
WITHOUT_STANDARD_NAME = {
    *("line_of_sight_wind", "wind_error", "wind_fit_error", "wind_calibration_error", "wind_reference_error"),
    *("wind_bound", "doppler_reference", "temperature_bound", "reduced_chi_square"),
    *("line_intensity", "line_intensity_error", "background", "background_error"),
    *("exposure", "azimuth", "zenith_angle", "pierce_azimuth", "pierce_zenith_angle"),
    *("moon_elevation", "moon_separation", "moon_illumination"),
    *("sky_minus_ambient_mean", "sky_minus_ambient_max", "sky_minus_ambient_min"),
    *("etalon_gap", "center_x", "center_y", "ccd_bias", "ccd_bias_error", "ccd_temperature"),
    *("laser_exposure", "laser_gap", "laser_gap_error", "laser_intensity", "laser_background"),
    *("laser_reduced_chi_square", "laser_center_x", "laser_center_y", "laser_ccd_temperature"),
    *("tangent_azimuth", "tangent_zenith_angle", "wind_zero", "wind_zero_error"),  # deprecated
}
# This one check (of checker 6.1.0) asks every group for a dimension "time" and stops at the first without.
BROKEN_CHECK = "check_invalid_same_named_dimension_across_groups"
# What the checker looks up in a file thousands of times, and always finds the same.
LOOKED_UP = [f"get_{kind}_variables" for kind in ("auxiliary_coordinate", "axis", "geophysical", "time")]
LOOKED_UP += [f"get_{axis}_variables" for axis in ("latitude", "longitude", "z")]


@pytest.fixture(scope="module", params=NIGHTS)
def night(request):
    return NIGHTS[request.param]


@pytest.fixture(scope="module")
def path(night, tmp_path_factory):
    return write_netcdf(night, tmp_path_factory.mktemp("products") / f"{night.stem}.nc")


@pytest.fixture(scope="module", autouse=True)
def quick_checker():
    """Let the checker remember that: it comes to the same verdict in a tenth of the time."""
    with pytest.MonkeyPatch.context() as patch:
        for name in LOOKED_UP:
            patch.setattr(util, name, functools.lru_cache(getattr(util, name)))
        yield


@pytest.fixture
def offline(monkeypatch):
    def refuse(*_):
        raise AssertionError("the checker wants the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def faults(path, convention, least_weight=1, skip=()):
    """What the checker finds wrong: (what, how), without what it finds right."""
    CheckSuite.load_all_available_checkers()
    suite = CheckSuite()
    file = suite.load_dataset(str(path))
    results, broken = suite.run_all(file, [convention], skip_checks=skip)[convention]
    file.close()
    assert broken == {}
    assert len(results) > 20

    def fails(result):
        return result.value[0] != result.value[1] if isinstance(result.value, tuple) else not result.value

    return {
        (result.name, message)
        for result in results
        if result.weight >= least_weight and fails(result)
        for message in (result.msgs or ["fails"])
    }


@pytest.mark.usefixtures("offline")
def test_it_follows_cf(path):
    assert faults(path, "cf:1.11", skip=[BROKEN_CHECK]) == set()


@pytest.mark.usefixtures("offline")
def test_the_checker_sees_what_is_wrong(tmp_path):
    bad = write_netcdf(NIGHTS["not analysed"], tmp_path / "bad.nc")
    with netCDF4.Dataset(bad, "a") as file:
        file["temperature"].units = "metre"
        file["wind_flag"].flag_meanings = "good bad"
        del file["time"].units
    assert len(faults(bad, "cf:1.11", skip=[BROKEN_CHECK])) > 2


@pytest.mark.usefixtures("offline")
def test_groups_follow_cf_too(path, tmp_path):
    """The checker looks at the root only: here each group is a file of its own."""
    with netCDF4.Dataset(path) as file:
        names = ["cycles", "smooth_winds", "instrument_parameters", "night_doppler_reference"]
        if "site_temperatures" in file.groups:
            names += [f"site_temperatures/{probe}" for probe in file["site_temperatures"].groups]
        for name in names:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            with netCDF4.Dataset(tmp_path / f"{name}.nc", "w") as alone:
                copy_group(file[name], alone)
                whole = ("Conventions", "title", "history", "institution", "source")
                alone.setncatts({key: file.getncattr(key) for key in whole})
            assert faults(tmp_path / f"{name}.nc", "cf:1.11") == set(), name


def copy_group(group, target):
    for name, dimension in {**group.parent.dimensions, **group.dimensions}.items():
        target.createDimension(name, None if dimension.isunlimited() else len(dimension))
    for name, variable in group.variables.items():
        attributes = {key: variable.getncattr(key) for key in variable.ncattrs()}
        fill = attributes.pop("_FillValue", False)
        copy = target.createVariable(name, variable.dtype, variable.dimensions, fill_value=fill)
        copy.setncatts(attributes)
        if variable.size:
            copy[...] = variable[...]


@pytest.mark.usefixtures("offline")
def test_it_can_be_discovered(path):
    """ACDD: whatever is highly recommended is there, but for standard names that do not exist."""
    tolerated = {
        (f'variable "{name}" missing the following attributes:', "standard_name")
        for name in WITHOUT_STANDARD_NAME
    }
    assert faults(path, "acdd:1.3", least_weight=3) <= tolerated


def test_it_says_where_it_comes_from(night, path):
    with netCDF4.Dataset(path) as file:
        made = night.provenance
        assert (file.code_version, file.settings_hash) == (made.code_version, made.settings_hash)
        assert (file.input_hash, file.manifest_hash) == (made.input_hash, made.manifest_hash)
        assert file.registry_epoch == made.registry_epoch
        if len(night.sky):
            # The time of the newest exposure's end: not the time of writing.
            newest = pd.Timestamp(file.time_coverage_end)
            assert pd.Timestamp(file.date_created) == newest.floor("s")
            first = min(*night.sky.start_time, *night.laser.start_time).astype("datetime64[ms]")
            assert pd.Timestamp(file.time_coverage_start) == pd.Timestamp(first, tz="UTC")
        else:
            assert file.date_created == "2025-04-30T00:00:00Z"
            assert night.notes[0] in file.summary


def test_it_says_what_it_covers(night, path):
    with xr.open_dataset(path) as data:
        for name, site, points in (
            ("lat", night.site_latitude_deg, night.sky.pierce_latitude_deg),
            ("lon", night.site_longitude_deg, night.sky.pierce_longitude_deg),
            ("vertical", night.site_altitude_m, night.sky.pierce_height_m),
        ):
            assert data.attrs[f"geospatial_{name}_min"] == np.append(points, site).min()
            assert data.attrs[f"geospatial_{name}_max"] == np.append(points, site).max()


def test_every_value_links_to_its_error(path):
    """Whatever stands beside an error, or a flag of its own, names it."""
    with netCDF4.Dataset(path) as file:
        for group in (file, *file.groups.values()):
            for name, variable in group.variables.items():
                linked = getattr(variable, "ancillary_variables", "").split()
                assert set(linked) <= set(group.variables), name
                deprecated = "deprecated" in variable.ncattrs()
                if f"{name}_error" in group.variables and not deprecated:
                    assert f"{name}_error" in linked, name
        wind = set(file["line_of_sight_wind"].ancillary_variables.split())
        assert wind >= {"wind_error", "wind_fit_error", "wind_calibration_error", "wind_reference_error"}
        assert wind >= {"wind_bound", "wind_flag", "flag_causes", "reduced_chi_square"}
        temperature = set(file["temperature"].ancillary_variables.split())
        assert temperature >= {"temperature_error", "temperature_bound", "temperature_flag", "flag_causes"}
        assert "error" in file["night_doppler_reference"]["value"].ancillary_variables
        assert file["sky_profiles"]["counts"].ancillary_variables == "sigma"


def test_xarray_opens_all_of_it_without_a_warning(night, path):
    sky, laser = night.sky, night.laser
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with xr.open_datatree(path) as tree:
            tree.load()
    data, cycles, winds = tree.to_dataset(), tree["cycles"].to_dataset(), tree["smooth_winds"].to_dataset()
    for times, expected in (
        (data.time, sky.mid_time),
        (data.time_bounds[:, 0], sky.start_time),
        (data.laser_time, laser.mid_time),
        (cycles.time, night.cycles.mid_time),
        (cycles.time_bounds[:, 1], night.cycles.stop_time),
        (winds.time, night.smooth_winds.time),
    ):
        assert times.dtype.kind == "M"
        np.testing.assert_array_equal(times.to_numpy().astype("datetime64[us]"), expected)
    place = {"latitude", "longitude", "altitude", "station", "time"}
    assert place <= set(data.etalon_gap.coords)
    layer = {"pierce_latitude", "pierce_longitude", "pierce_height"}
    assert place | layer <= set(data.line_of_sight_wind.coords)
    assert data.wind_flag.dtype == np.int8
    assert data.flag_causes.dtype == np.uint32
    assert data.direction.to_numpy().tolist() == list(sky.direction)
    assert float(data.latitude) == night.site_latitude_deg
    np.testing.assert_array_equal(cycles.zonal_wind, night.cycles.zonal_wind_mps)
    np.testing.assert_array_equal(winds.vertical_wind, night.smooth_winds.vertical_wind_mps)
    for probe in night.temperatures:
        series = tree[f"site_temperatures/{probe.probe}"].to_dataset().temperature
        np.testing.assert_array_equal(series.time.to_numpy().astype("datetime64[us]"), probe.time)
        np.testing.assert_array_equal(series, probe.temperature_c)
    np.testing.assert_array_equal(tree["sky_profiles"].counts, night.sky_profiles.counts.astype("f4"))


def test_single_groups_open_too(night, path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for group in (
            "cycles",
            "smooth_winds",
            "sky_profiles",
            "laser_profiles",
            "instrument_parameters",
            "log",
        ):
            with xr.open_dataset(path, group=group) as data:
                data.load()
    assert data.note.to_numpy().tolist() == list(night.notes)


def test_pandas_has_the_samples_in_one_line(night, path):
    table = xr.open_dataset(path).drop_dims(["laser", "bound"]).to_dataframe()
    assert len(table) == len(night.sky)
    assert table.time.dtype.kind == "M"
    np.testing.assert_array_equal(table.line_of_sight_wind, night.sky.line_of_sight_wind_mps)
    np.testing.assert_array_equal(table.pierce_longitude, night.sky.pierce_longitude_deg)


def test_signs_and_units_can_be_checked_from_the_file_alone(tmp_path):
    """North of the site lies north, east lies east, and a wind away from the instrument is positive."""
    night = NIGHTS["rich"]
    with xr.open_dataset(write_netcdf(night, tmp_path / "night.nc")) as data:
        north, east = data.direction == "North", data.direction == "East"
        assert ((data.pierce_latitude - data.latitude)[north] > 1.5).all()
        assert ((data.pierce_longitude - data.longitude)[east] > 2).all()
        away = data.line_of_sight_wind[east] / np.sin(np.deg2rad(data.pierce_zenith_angle[east]))
        winds = xr.open_dataset(tmp_path / "night.nc", group="smooth_winds")
        eastward = winds.zonal_wind.interp(time=data.time[east].to_numpy())
        assert abs(np.nanmedian(away.to_numpy() - eastward.to_numpy())) < 5
        assert (abs(eastward) > 40).sum() > 10
        assert "positive away" in data.line_of_sight_wind.long_name
        units = {name: data[name].units for name in ("line_of_sight_wind", "temperature", "etalon_gap")}
        assert units == {"line_of_sight_wind": "m s-1", "temperature": "K", "etalon_gap": "m"}
        assert 0.0149 < float(data.etalon_gap.mean()) < 0.0151
        winds.close()
