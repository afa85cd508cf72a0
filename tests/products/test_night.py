"""All products at once: of every kind of night, the same each time, and none of them in halves."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import warnings

import h5py
import pytest
from known import known_registry
from results import empty_night, example_result

from airglow.model.errors import BadInput
from airglow.model.products import DEFAULT_GROUPS, GROUPS, kinds_asked_for
from airglow.products import (
    DEFAULT_KINDS,
    RESULT_KINDS,
    SUFFIXES,
    Beside,
    local_name,
    product_names,
    read_netcdf,
    write_kinds,
    write_products,
    writer,
)

# To draw takes most of the time, and a PDF is the figure of a PNG: of one night each PDF is drawn twice.
# That a PNG is the same again is seen with the plots, for each of them.
NO_PAPER = tuple(kind for kind in RESULT_KINDS if not kind.endswith("_paper"))
NO_PNG = tuple(kind for kind in RESULT_KINDS if not SUFFIXES[kind].endswith(".png"))
NO_PLOTS = tuple(kind for kind in NO_PAPER if kind in NO_PNG)


@pytest.mark.parametrize(
    ("night", "kinds", "again"),
    [
        (example_result(24, 8), RESULT_KINDS, NO_PNG),
        (example_result(12, 0, tag="XG", site="bdr"), NO_PAPER, NO_PLOTS),
        (empty_night(), NO_PAPER, NO_PLOTS),
    ],
    ids=["full", "no laser", "not analysed"],
)
def test_every_product_of_every_night_is_written_the_same_again(night, kinds, again, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        once = write_products(night, tmp_path / "once", kinds=kinds)
        others = write_products(night, tmp_path / "again", kinds=again)
    names = product_names(night.stem)
    assert [path.name for path in once] == [names[kind] for kind in kinds]
    assert [path.name for path in others] == [names[kind] for kind in again]
    for one in once:
        assert one.stat().st_size > 150, one.name
    for other in others:
        assert other.read_bytes() == (tmp_path / "once" / other.name).read_bytes(), other.name


@pytest.mark.parametrize("kind", RESULT_KINDS)
def test_what_cannot_be_written_leaves_the_old_file(kind, tmp_path):
    suffix, write = SUFFIXES[kind], writer(kind)
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


def test_products_are_asked_for_by_group_or_by_file():
    assert kinds_asked_for(["png", "nc", "winds.png"]) == (
        "netcdf",
        "winds",
        "temperature",
        "diagnostics",
        "profiles",
        "frames",
    )
    assert kinds_asked_for(["samples.csv", "winds.pdf"]) == ("samples", "winds_paper")
    assert set(kinds_asked_for(DEFAULT_GROUPS)) == set(DEFAULT_KINDS)
    assert set(kinds_asked_for(GROUPS)) == set(SUFFIXES)
    with pytest.raises(
        BadInput, match=r"'jpg' is unknown. Known are nc, csv, .*, pdf, fitted and .* night.nc, .*winds.pdf"
    ):
        kinds_asked_for(["nc", "jpg"])


def test_by_default_there_is_nothing_that_costs_much_and_few_want(tmp_path):
    night = example_result(6, 2)
    made = [path.name.removeprefix(night.stem) for path in write_products(night, tmp_path)]
    assert made == [SUFFIXES[kind] for kind in DEFAULT_KINDS if kind not in ("frames", "fitted")]
    assert {name[name.index(".") :] for name in made} == {".nc", ".csv", ".txt", ".hdf5", ".log", ".png"}


def test_each_kind_loads_only_what_it_needs(tmp_path):
    code = """
import sys
from airglow.products import SUFFIXES, read_netcdf, write_products
assert not {"matplotlib", "h5py"} & set(sys.modules)
night = read_netcdf("night.nc")
write_products(night, ".", kinds=["netcdf", "samples", "log"])
heavy = {"pandas", "scipy.optimize", "scipy.signal", "scipy.stats", "matplotlib.pyplot", "boto3", "jinja2"}
loaded = ({"matplotlib", "h5py"} | heavy) & set(sys.modules)
assert not loaded, loaded
write_products(night, ".", kinds=SUFFIXES)
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    night = example_result(6, 2)
    write_kinds(night, {"netcdf": tmp_path / "night.nc"})
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
    stem = "minime05_uao_20250429_xr"
    assert {path.name.removeprefix(stem) for path in tmp_path.iterdir()} == {
        *("night.nc", ".nc", ".txt", ".hdf5", ".npz", "_samples.csv", "_winds.csv", ".log"),
        *(f"_{plot}.png" for plot in ("winds", "temperature", "diagnostics", "profiles")),
        *(f"_{plot}.pdf" for plot in ("winds", "temperature", "diagnostics", "profiles")),
    }


def test_kinds_made_from_the_file_are_those_made_from_the_analysis(tmp_path):
    """So that each can be made again from what was published."""
    night = example_result(12, 4)
    all_at_once = {
        path.name: path.read_bytes() for path in write_products(night, tmp_path / "all", kinds=NO_PAPER)
    }
    read = read_netcdf(tmp_path / "all" / f"{night.stem}.nc")
    paths = {kind: tmp_path / local_name(kind) for kind in NO_PAPER}
    assert write_kinds(read, paths) == list(paths.values())
    other = {kind for kind in paths if paths[kind].read_bytes() != all_at_once[night.stem + SUFFIXES[kind]]}
    # These hold ring profiles, of which the file keeps seven digits.
    assert other <= {"legacy", "diagnostics", "profiles"}
    # From the same file they are the same: plots too, which are the same of the same result.
    again = {kind: tmp_path / "again" / local_name(kind) for kind in NO_PLOTS}
    write_kinds(read_netcdf(paths["netcdf"]), again)
    assert [kind for kind in again if paths[kind].read_bytes() != again[kind].read_bytes()] == []


def test_madrigals_code_is_that_of_the_site_in_the_registry(tmp_path):
    registry = known_registry()
    night = example_result(6, 2)
    for site, expected in (("uao", 5548), ("car", 5545), ("bdr", -32767)):
        path = tmp_path / f"{site}.hdf5"
        write_kinds(night, {"madrigal_hdf5": path}, Beside(site=registry.site(site)))
        with h5py.File(path) as file:
            assert set(file["Data/Table Layout"]["kinst"]) == {expected}


# A real limit of the operating system on the size of files stands for a full disk. In a process of its own:
# HDF5 ends the process that closes a file which cannot be written.
_ON_A_FULL_DISK = """
import resource, signal, sys
from airglow.model.errors import MachineError
from airglow.products import read_netcdf, write_kinds
kind, source, path = sys.argv[1:]
night = read_netcdf(source)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, resource.RLIM_INFINITY))
try:
    write_kinds(night, {kind: path})
except MachineError as error:
    sys.exit(str(error))
"""


@pytest.mark.parametrize("kind", ["netcdf", "madrigal_hdf5", "winds", "samples"])
def test_a_full_disk_is_named_and_leaves_the_old_file(kind, tmp_path):
    source = tmp_path / "source.nc"
    write_kinds(example_result(24, 8), {"netcdf": source})
    path = tmp_path / "out" / f"night{SUFFIXES[kind]}"
    path.parent.mkdir()
    path.write_text("of an earlier analysis")
    words = [sys.executable, "-B", "-c", _ON_A_FULL_DISK, kind, str(source), str(path)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert (done.returncode, done.stderr.startswith(f"{path}: cannot be ")) == (1, True), done.stderr
    assert path.read_text() == "of an earlier analysis"
    assert list(path.parent.iterdir()) == [path]
