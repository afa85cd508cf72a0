"""What was decided by hand, in the products of a night."""

import dataclasses

import netCDF4
import pytest
from results import example_result

from airglow.products import log_text, read_netcdf, write_netcdf

DECIDED = ("Doppler reference zenith: the laser drifts (A. Näme)", "left out frames UAO_L*: a lamp")


@pytest.fixture(scope="module")
def decided():
    result = example_result(6, 2)
    return dataclasses.replace(result, provenance=dataclasses.replace(result.provenance, overrides=DECIDED))


def test_it_is_in_the_netcdf_file_and_comes_back(decided, tmp_path):
    path = write_netcdf(decided, tmp_path / "night.nc")
    with netCDF4.Dataset(path) as file:
        assert file.overrides == "\n".join(DECIDED)
    assert read_netcdf(path).provenance == decided.provenance


def test_files_of_other_nights_have_no_such_attribute(tmp_path):
    path = write_netcdf(example_result(6, 2), tmp_path / "night.nc")
    with netCDF4.Dataset(path) as file:
        assert "overrides" not in file.ncattrs()


def test_the_log_has_it(decided):
    made_from = log_text(decided).split("Made from")[1]
    for sentence in DECIDED:
        assert f"decided by hand     {sentence}\n" in f"{made_from}\n"
    assert "decided by hand" not in log_text(example_result(6, 2))
