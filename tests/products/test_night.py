"""All products at once: of every kind of night, the same each time, and none of them in halves."""

from __future__ import annotations

import dataclasses
import warnings
from pathlib import Path

import h5py
import pytest
from results import empty_night, example_result

from airglow.products import (
    SUFFIXES,
    WRITERS,
    Beside,
    local_name,
    product_names,
    read_netcdf,
    write_kinds,
    write_products,
)
from airglow.registry import load_registry

CONFIG = Path(__file__).parents[2] / "airglow/data"


@pytest.mark.parametrize(
    "night",
    [example_result(24, 8), example_result(12, 0, tag="XG", site="bdr"), empty_night()],
    ids=["full", "no laser", "not analysed"],
)
def test_every_product_of_every_night_is_written_the_same_again(night, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        once, again = (write_products(night, tmp_path / name) for name in ("once", "again"))
    assert [path.name for path in once] == list(product_names(night.stem).values())
    for one, other in zip(once, again, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name
        assert one.stat().st_size > 150, one.name


@pytest.mark.parametrize("kind", WRITERS)
def test_what_cannot_be_written_leaves_the_old_file(kind, tmp_path):
    suffix, write = SUFFIXES[kind], WRITERS[kind]
    path = tmp_path / f"night{suffix}"
    path.write_text("of an earlier analysis")
    night = example_result(6, 2)
    with pytest.raises((AttributeError, TypeError)):
        write(dataclasses.replace(night, sky=None), path)
    assert path.read_text() == "of an earlier analysis"
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


def test_local_names_tell_kinds_apart_and_are_those_that_people_ask_for():
    names = {local_name(kind): kind for kind in SUFFIXES}
    assert len(names) == len(SUFFIXES)
    assert names["night.nc"] == "netcdf"
    assert names["night.log"] == "log"
    assert names["madrigal.txt"] == "madrigal"
    assert names["madrigal.hdf5"] == "madrigal_hdf5"
    assert names["legacy.npz"] == "legacy"
    assert names["winds.csv"] == "winds_table"
    assert names["winds.png"] == "winds"
    assert names["winds.pdf"] == "winds_paper"
    assert names["frames.png"] == "frames"


def test_kinds_made_from_the_file_are_those_made_from_the_analysis(tmp_path):
    """So that each can be made again from what was published."""
    night = example_result(12, 4)
    all_at_once = {path.name: path.read_bytes() for path in write_products(night, tmp_path / "all")}
    read = read_netcdf(tmp_path / "all" / f"{night.stem}.nc")
    paths = {kind: tmp_path / local_name(kind) for kind in WRITERS}
    assert write_kinds(read, paths) == list(paths.values())
    other = {kind for kind in paths if paths[kind].read_bytes() != all_at_once[night.stem + SUFFIXES[kind]]}
    # These hold ring profiles, of which the file keeps seven digits.
    assert other <= {"legacy", "diagnostics", "profiles", "diagnostics_paper", "profiles_paper"}
    again = {kind: tmp_path / "again" / local_name(kind) for kind in WRITERS}
    write_kinds(read_netcdf(paths["netcdf"]), again)
    assert [kind for kind in paths if paths[kind].read_bytes() != again[kind].read_bytes()] == []


def test_madrigals_code_is_that_of_the_site_in_the_registry(tmp_path):
    registry = load_registry(CONFIG / "sites.yaml", CONFIG / "instruments.yaml")
    night = example_result(6, 2)
    for site, expected in (("uao", 5548), ("car", 5545), ("bdr", -32767)):
        path = tmp_path / f"{site}.hdf5"
        write_kinds(night, {"madrigal_hdf5": path}, Beside(site=registry.site(site)))
        with h5py.File(path) as file:
            assert set(file["Data/Table Layout"]["kinst"]) == {expected}
