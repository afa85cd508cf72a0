"""The netCDF file: everything there and back, readable by others, the same bytes each time."""

from __future__ import annotations

import dataclasses
import time

import netCDF4
import numpy as np
import pytest
import xarray as xr
from results import empty_night, example_result

from airglow.model.errors import BadInput
from airglow.model.result import Cause
from airglow.products import read_netcdf, write_netcdf
from products.same import assert_same, in_single_precision


@pytest.fixture(scope="module")
def result():
    return example_result()


@pytest.fixture(scope="module")
def path(result, tmp_path_factory):
    return write_netcdf(result, tmp_path_factory.mktemp("products") / f"{result.stem}.nc")


@pytest.mark.parametrize(
    "night",
    [
        example_result(),
        example_result(tag="XG", site="bdr"),  # a site without a name
        example_result(12, 0),
        example_result(0, 5),
        example_result(0, 0),
        example_result(1, 1),
        empty_night(),
    ],
    ids=["full", "green", "no laser", "no sky", "nothing", "one of each", "not analysed"],
)
def test_round_trip_is_exact(night, tmp_path):
    night = in_single_precision(night)
    first = write_netcdf(night, tmp_path / "first.nc")
    again = read_netcdf(first)
    assert_same(night, again)
    second = write_netcdf(again, tmp_path / "second.nc")
    assert first.read_bytes() == second.read_bytes()


def test_round_trip_of_unusual_values(result, tmp_path):
    sky = dataclasses.replace(
        result.sky,
        temperature_k=np.full(len(result.sky), np.nan),
        causes=np.full(len(result.sky), 2**32 - 1, np.uint32),
        direction=("Überraschung", *result.sky.direction[1:]),
    )
    night = in_single_precision(dataclasses.replace(result, sky=sky, notes=(), rejections=()))
    night = dataclasses.replace(night, provenance=dataclasses.replace(night.provenance, weather_files=()))
    assert_same(night, read_netcdf(write_netcdf(night, tmp_path / "night.nc")))


def test_each_probe_says_where_it_is_and_in_which_unit(path):
    with netCDF4.Dataset(path) as file:
        probes = file["site_temperatures"].groups
        assert {name: group.logger for name, group in probes.items()} == {
            "etalon_inside": "TempL00",
            "dome": "TempL02",
            "inside": "TempL02",
        }
        places = {name: group["temperature"].long_name for name, group in probes.items()}
        assert places["dome"] == "temperature in the dome"
        assert places["etalon_inside"] == "temperature inside the etalon's box"
        for group in probes.values():
            assert group["temperature"].units == "degC"
            assert group["temperature"].units_metadata == "temperature: on_scale"
            assert group["time"].standard_name == "time"
            assert group["time"].units == "microseconds since 1970-01-01 00:00:00"


def test_a_night_without_loggers_has_no_group_of_theirs(result, tmp_path):
    night = in_single_precision(dataclasses.replace(result, temperatures=()))
    path = write_netcdf(night, tmp_path / "night.nc")
    with netCDF4.Dataset(path) as file:
        assert "site_temperatures" not in file.groups
    assert_same(night, read_netcdf(path))


def test_same_result_same_bytes(result, path, tmp_path):
    time.sleep(1.1)  # times in HDF5 have a resolution of one second
    assert write_netcdf(result, tmp_path / "elsewhere.nc").read_bytes() == path.read_bytes()


def test_every_data_variable_says_what_it_is(path):
    with netCDF4.Dataset(path) as file:
        groups = [file, *file.groups.values()]
        for group in groups:
            for name, variable in group.variables.items():
                text = variable.dtype is str or name.endswith("time_bounds")
                assert name.endswith("time_bounds") or variable.long_name, name
                flag = hasattr(variable, "flag_meanings")
                assert text or flag or variable.units, name
                for other in getattr(variable, "ancillary_variables", "").split():
                    assert other in group.variables, f"{name}: {other}"
                if flag:
                    values = variable.flag_masks if hasattr(variable, "flag_masks") else variable.flag_values
                    assert len(variable.flag_meanings.split()) == len(values)
                    assert values.dtype == variable.dtype
        assert file.Conventions.startswith("CF-1.11")
        assert file.featureType == "timeSeries"
        assert file["station"].cf_role == "timeseries_id"
        assert file["etalon_gap"].coordinates == "time latitude longitude altitude station"
        assert file.date == "2025-04-29"
        assert file.input_hash == "a91e" * 16
        assert file.manifest_hash == "0c4d" * 16


def test_cause_bits_can_be_named_from_the_file_alone(result, path):
    with xr.open_dataset(path) as data:
        masks, meanings = data.flag_causes.flag_masks, data.flag_causes.flag_meanings.split()
        sample = int(data.flag_causes[60])
    names = [meaning for mask, meaning in zip(masks, meanings, strict=True) if sample & int(mask)]
    assert Cause.LARGE_WIND_ERROR.name.lower() in names


def test_a_failed_write_leaves_the_old_file(result, tmp_path):
    path = write_netcdf(result, tmp_path / "night.nc")
    before = path.read_bytes()
    broken = dataclasses.replace(result, doppler_reference=None)
    with pytest.raises(AttributeError):
        write_netcdf(broken, path)
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["night.nc"]


def test_files_that_are_not_a_night_are_refused(path, tmp_path):
    cut = tmp_path / "cut.nc"
    cut.write_bytes(path.read_bytes()[:5000])
    foreign = tmp_path / "foreign.nc"
    with netCDF4.Dataset(foreign, "w") as file:
        file.title = "something else"
    incomplete = tmp_path / "incomplete.nc"
    with netCDF4.Dataset(incomplete, "w") as file:
        file.airglow_format = np.int32(1)
    for bad in (cut, foreign, incomplete, tmp_path / "absent.nc"):
        with pytest.raises(BadInput) as caught:
            read_netcdf(bad)
        assert caught.value.name == bad.name


def test_it_is_small_and_quick(result, tmp_path):
    begin = time.process_time()
    path = write_netcdf(result, tmp_path / "night.nc")
    read_netcdf(path)
    assert time.process_time() - begin < 2
    assert path.stat().st_size < 1_000_000


def test_files_from_before_the_manifest_was_named_still_open(result, tmp_path):
    path = write_netcdf(result, tmp_path / "night.nc")
    with netCDF4.Dataset(path, "a") as file:
        file.delncattr("manifest_hash")
    assert read_netcdf(path).provenance == dataclasses.replace(result.provenance, manifest_hash="")
