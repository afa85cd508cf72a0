"""The Madrigal table: as Madrigal's own software checks it, with its units, signs and codes."""

from __future__ import annotations

import time

import h5py
import numpy as np
import pandas as pd
import pytest
from results import empty_night, example_result

from airglow.products import read_netcdf, write_madrigal_hdf5, write_netcdf
from products.same import in_single_precision

REQUIRED = ("year", "month", "day", "hour", "min", "sec", "recno", "kindat", "kinst", "ut1_unix", "ut2_unix")


@pytest.fixture(scope="module")
def night():
    return example_result()


@pytest.fixture(scope="module")
def path(night, tmp_path_factory):
    return write_madrigal_hdf5(night, tmp_path_factory.mktemp("madrigal") / f"{night.stem}.hdf5", 5548)


@pytest.fixture(scope="module")
def table(path):
    with h5py.File(path) as file:
        return pd.DataFrame(file["Data/Table Layout"][:])


def text(values):
    return [value.decode() for value in values]


@pytest.mark.parametrize(
    "any_night",
    [example_result(), example_result(0, 3), empty_night()],
    ids=["full", "no sky", "not analysed"],
)
def test_the_layout_is_the_one_that_madrigal_verifies(any_night, tmp_path):
    with h5py.File(write_madrigal_hdf5(any_night, tmp_path / "any.hdf5")) as file:
        assert set(file) == {"Data", "Metadata"}
        table, layout = file["Data/Table Layout"], file["Metadata/_record_layout"]
        names = table.dtype.names
        assert names[:11] == layout.dtype.names[:11] == REQUIRED
        assert {table.dtype[name] for name in REQUIRED[:9]} == {np.dtype("<i8")}
        assert {table.dtype[name] for name in names[9:]} == {np.dtype("<f8")}
        assert layout.shape == (1,)
        assert set(layout[0].tolist()) == {1}
        parameters = file["Metadata/Data Parameters"]
        assert text(parameters["mnemonic"]) == [name.upper() for name in names]
        assert parameters.dtype.names == ("mnemonic", "description", "isError", "units", "category")
        errors = {name.decode() for name in parameters["mnemonic"][parameters["isError"] == 1]}
        assert errors == {"DVNU", "DTN", "DVN1", "DVN2", "DVN3", "DRLE", "DBKGRAD"}
        assert {name[1:] for name in errors} <= set(text(parameters["mnemonic"]))
        notes = file["Metadata/Experiment Notes"]
        assert notes.dtype == np.dtype([("File Notes", "S80")])
        cycles = any_night.cycles
        known = np.isfinite([cycles.zonal_wind_mps, cycles.meridional_wind_mps, cycles.vertical_wind_mps])
        assert len(table) == len(any_night.sky) + known.any(axis=0).sum()


def test_units_are_madrigals(path):
    with h5py.File(path) as file:
        parameters = file["Metadata/Data Parameters"][:]
    units = dict(zip(text(parameters["mnemonic"]), text(parameters["units"]), strict=True))
    for mnemonic, unit in (
        *(("VNU", "ms-1"), ("DVNU", "ms-1"), ("VN1", "ms-1"), ("FIT_SIGMA", "ms-1"), ("TN", "K")),
        *(("GDALT", "km"), ("GDLAT", "deg"), ("ELM", "deg"), ("WAVLEN", "nm"), ("UT1_UNIX", "s")),
    ):
        assert units[mnemonic] == unit


def test_samples_and_vectors_are_told_apart_by_their_kind(night, table):
    samples, vectors = table[table.kindat == 7100], table[table.kindat == 7101]
    assert len(samples) + len(vectors) == len(table)
    assert len(samples) == len(night.sky)
    assert samples[["vn1", "vn2", "vn3"]].isna().all(axis=None)
    assert vectors[["vnu", "tn", "azm"]].isna().all(axis=None)
    assert set(table.kinst) == {5548}
    assert table.recno.tolist() == list(range(len(table)))
    assert table.ut1_unix.is_monotonic_increasing


def test_samples_have_the_values_of_the_night(night, table):
    samples, sky = table[table.kindat == 7100], night.sky
    for column, expected in (
        ("vnu", sky.line_of_sight_wind_mps),
        ("dvnu", sky.wind_error_mps),
        ("fit_sigma", sky.wind_fit_error_mps),
        ("cal_sigma", sky.wind_calibration_error_mps),
        ("tn", sky.temperature_k),
        ("dtn", sky.temperature_error_k),
        ("rle", sky.intensity),
        ("azm", sky.azimuth_deg),
        ("elm", 90 - sky.zenith_deg),
        ("gdlat", sky.pierce_latitude_deg),
        ("glon", sky.pierce_longitude_deg),
        ("cloudind", sky.sky_minus_ambient_mean_c),
        ("wind_err", sky.wind_flag),
        ("temp_err", sky.temperature_flag),
    ):
        np.testing.assert_array_equal(samples[column], expected, err_msg=column)
    assert set(samples.gdalt) == {250.0}
    assert set(samples.wavlen) == {630.0}
    assert set(samples.doppl_ref) == {1.0}


def test_signs_can_be_told_from_the_table_alone(table):
    """A look east sees the eastward wind going away, and a place east of the site."""
    samples, vectors = table[table.kindat == 7100], table[table.kindat == 7101]
    east = samples[(abs(samples.azm - 90) < 1) & (abs(samples.elm - 45) < 1)]
    assert (east.glon > -88.159 + 2).all()
    eastward = np.interp(east.ut1_unix, vectors.ut1_unix, vectors.vn1)
    assert abs(np.nanmedian(east.vnu / np.cos(np.radians(47.1)) - eastward)) < 12
    assert np.abs(eastward).max() > 60


def test_vectors_have_the_winds_of_cycles(night, table):
    vectors, cycles = table[table.kindat == 7101], night.cycles
    known = np.isfinite([cycles.zonal_wind_mps, cycles.vertical_wind_mps]).any(axis=0)
    assert known.sum() > 15
    np.testing.assert_array_equal(vectors.vn1, cycles.zonal_wind_mps[known])
    np.testing.assert_array_equal(vectors.dvn2, cycles.meridional_wind_error_mps[known])
    np.testing.assert_array_equal(vectors.vn3, cycles.vertical_wind_mps[known])
    np.testing.assert_array_equal(vectors.wind_err, cycles.flag[known])
    assert set(vectors.gdlat) == {night.site_latitude_deg}


def test_times_are_the_middle_and_the_ends(night, table):
    samples = table[table.kindat == 7100]
    begin = pd.to_datetime(samples.ut1_unix, unit="s").to_numpy()
    assert np.abs(begin - night.sky.start_time).max() < np.timedelta64(10, "us")
    np.testing.assert_allclose(samples.ut2_unix - samples.ut1_unix, night.sky.exposure_s, atol=1e-5)
    clock = samples[["year", "month", "day", "hour", "min", "sec"]].rename(
        columns={"min": "minute", "sec": "second"}
    )
    stamps = pd.to_datetime(clock).to_numpy().astype("datetime64[s]")
    np.testing.assert_array_equal(stamps, night.sky.mid_time.astype("datetime64[s]"))


def test_the_experiment_says_whose_it_is(night, path):
    with h5py.File(path) as file:
        pairs = file["Metadata/Experiment Parameters"][:]
        notes = " ".join(text(file["Metadata/Experiment Notes"]["File Notes"]))
    values = dict(zip(text(pairs["name"]), text(pairs["value"]), strict=True))
    assert values["instrument code(s)"] == "5548"
    assert values["kindat code(s)"] == "7100, 7101"
    assert values["start time"].startswith("2025-04-30 02:")
    assert values["Cedar file name"] == "minime05_uao_20250429_xr.hdf5"
    assert (values["instrument latitude"], values["instrument altitude"]) == ("40.167", "0.2")
    assert night.provenance.input_hash in notes
    assert "-213.5 +/- 1.6 m/s" in notes


def test_green_line_no_laser_and_a_site_without_code(tmp_path):
    night = example_result(24, 0, tag="XG", site="bdr")
    with h5py.File(write_madrigal_hdf5(night, tmp_path / "night.hdf5")) as file:
        table = pd.DataFrame(file["Data/Table Layout"][:])
        pairs = file["Metadata/Experiment Parameters"][:]
    assert set(table.kindat) == {7110, 7111}
    # 0 would be a code; this is what Madrigal writes for a whole number that is missing.
    assert set(table.kinst) == {-32767}
    values = dict(zip(text(pairs["name"]), text(pairs["value"]), strict=True))
    assert values["instrument code(s)"] == "none"
    assert set(table.doppl_ref) == {0.0}
    assert set(table.wavlen) == {557.7}
    assert set(table.gdalt) == {97.0}


def test_same_result_same_bytes_whatever_the_file_is_called(night, path, tmp_path):
    time.sleep(1.1)
    assert write_madrigal_hdf5(night, tmp_path / "madrigal.hdf5", 5548).read_bytes() == path.read_bytes()
    again = read_netcdf(write_netcdf(in_single_precision(night), tmp_path / "night.nc"))
    assert write_madrigal_hdf5(again, tmp_path / "again.hdf5", 5548).read_bytes() == path.read_bytes()
