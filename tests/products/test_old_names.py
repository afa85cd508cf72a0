"""Names of version 0.1: files that have them are read, and new files have them a second time."""

from __future__ import annotations

import csv
import dataclasses
import gzip
from pathlib import Path

import netCDF4
import numpy as np
import pytest
from results import example_result

from airglow.model.inputs import InputFile
from airglow.products import read_netcdf, write_netcdf
from airglow.products.csv_tables import write_samples_csv
from products.same import assert_same, in_single_precision

VERSION_0_1 = Path(__file__).with_name("version_0_1.nc.gz")  # example_result(6, 3, annuli=4), by version 0.1
VARIABLES = {
    "tangent_latitude": "pierce_latitude",
    "tangent_longitude": "pierce_longitude",
    "tangent_height": "pierce_height",
    "tangent_azimuth": "pierce_azimuth",
    "tangent_zenith_angle": "pierce_zenith_angle",
    "wind_zero": "doppler_reference",
    "wind_zero_error": "wind_reference_error",
    "instrument_shape/magnification": "instrument_parameters/plate_scale",
    "instrument_shape/magnification_error": "instrument_parameters/plate_scale_error",
    "instrument_shape/reflectivity": "instrument_parameters/reflectivity",
    "instrument_shape/blur": "instrument_parameters/blur",
    "zero_reference/value": "night_doppler_reference/value",
    "zero_reference/error": "night_doppler_reference/error",
}


@pytest.fixture(scope="module")
def of_before(tmp_path_factory):
    path = tmp_path_factory.mktemp("products") / "night.nc"
    path.write_bytes(gzip.decompress(VERSION_0_1.read_bytes()))
    return path


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return write_netcdf(example_result(), tmp_path_factory.mktemp("products") / "night.nc")


def test_a_file_of_before_is_read(of_before):
    with netCDF4.Dataset(of_before) as file:
        assert set(VARIABLES.values()) & {*file.variables, *file.groups} == set()
    expected = in_single_precision(example_result(6, 3, annuli=4))
    names = tuple(InputFile(item.name) for item in expected.provenance.weather_files)
    provenance = dataclasses.replace(expected.provenance, weather_files=names)
    # Files of before hold no temperatures, and only the names of weather files.
    expected = dataclasses.replace(expected, temperatures=(), provenance=provenance)
    found = read_netcdf(of_before)
    assert len(found.notes) == len(expected.notes)  # which say the same in other words
    # The nominal gap is not in it: that of the night stands in.
    parameters = found.instrument_parameters
    assert parameters.nominal_gap_m == np.median(found.sky.gap_m)
    assert parameters.gap_variance_m2 == pytest.approx(7.2e-17, rel=1e-12)
    assert parameters.gap_third_moment_m3 == pytest.approx(1.2e-24, rel=1e-12)
    moments = {
        name: getattr(expected.instrument_parameters, name)
        for name in ("nominal_gap_m", "gap_variance", "gap_third_moment")
    }
    parameters = dataclasses.replace(parameters, **moments)
    found = dataclasses.replace(found, notes=expected.notes, instrument_parameters=parameters)
    # Winds over the site are computed for the example, by each version with other last bits: see below.
    assert_same(
        dataclasses.replace(found, cycles=expected.cycles, smooth_winds=expected.smooth_winds), expected
    )


def test_a_file_of_before_written_again_has_all_names(of_before, tmp_path):
    again = write_netcdf(read_netcdf(of_before), tmp_path / "again.nc")
    with netCDF4.Dataset(of_before) as before, netCDF4.Dataset(again) as after:
        for one, other in ((before, after), *((group, after[name]) for name, group in before.groups.items())):
            for name, variable in one.variables.items():
                if name.startswith("gap_"):  # relative to the gap in between, which costs the last bit
                    np.testing.assert_allclose(variable[...], other[name][...], rtol=1e-12, err_msg=name)
                else:
                    np.testing.assert_array_equal(variable[...], other[name][...], err_msg=name)


@pytest.mark.parametrize("old", VARIABLES)
def test_an_old_name_says_which_to_use_and_holds_the_same(path, old):
    with netCDF4.Dataset(path) as file:
        np.testing.assert_array_equal(file[old][...], file[VARIABLES[old]][...])
        group, _, name = old.rpartition("/")
        new_group, _, new_name = VARIABLES[old].rpartition("/")
        if name != new_name:
            assert file[old].deprecated == f"use {new_name}"
            assert file[old].units == file[VARIABLES[old]].units
        if group:
            assert file[group].deprecated == f"use the group {new_group}"
            attribute = "source" if name != new_name or "shape" in group else "method"
            assert file[group].getncattr(attribute) == file[new_group].getncattr(attribute)


def test_a_table_has_the_old_columns_as_well(tmp_path):
    text = write_samples_csv(example_result(6, 3), tmp_path / "samples.csv").read_text()
    comments = [line for line in text.splitlines() if line.startswith("#")]
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    assert len(rows) == 6
    for old, new in {
        "tangent_latitude_deg": "pierce_latitude_deg",
        "tangent_zenith_deg": "pierce_zenith_deg",
        "wind_zero_error_mps": "wind_reference_error_mps",
        "zero_mps": "doppler_reference_mps",
    }.items():
        assert [row[old] for row in rows] == [row[new] for row in rows]
        assert any(row[old] for row in rows)
        assert any(f"{old} (use {new})" in line for line in comments)
