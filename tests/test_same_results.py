"""The comparer of two trees of products: it passes what is the same and nothing else."""

import netCDF4
import numpy as np
import pytest

from tests.benchmarks.same_results import compare_trees, main, read_renames, renamed

WIND = np.array([10.0, -20.0, np.nan])


def write(
    path, *, wind=WIND, error=(2.0, 4.0, np.nan), flags=(0, 1, 2), zero=5.0, names=("zero", "wind"), **more
):
    """A small product: winds with a stated error, flags, a string, and a group with a value."""
    path.parent.mkdir(parents=True, exist_ok=True)
    group_name, wind_name = names
    with netCDF4.Dataset(path, "w") as file:
        file.setncatts({"code_version": "1", "method": "m", **more.get("attributes", {})})
        file.createDimension("sample", len(wind))
        variable = file.createVariable(wind_name, "f8", "sample", fill_value=np.nan)
        variable[:] = wind
        variable.setncatts({"units": more.get("units", "m s-1"), "ancillary_variables": f"{wind_name}_error"})
        file.createVariable(f"{wind_name}_error", "f8", "sample")[:] = error
        file.createVariable("flag", "i1", "sample")[:] = flags
        file.createVariable("frame", str, "sample")[:] = np.array(more.get("frames", ["a", "b", "c"]), object)
        group = file.createGroup(group_name)
        group.createVariable("value", "f8")[...] = zero


@pytest.fixture
def trees(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    write(old / "night" / "one.nc")
    return old, new


def test_identical_files_are_the_same(trees):
    old, new = trees
    write(new / "night" / "one.nc")
    report = compare_trees(old, new)
    assert report.same
    assert report.identical == 5
    assert report.differences == []


def test_a_difference_is_measured_in_stated_errors(trees):
    old, new = trees
    write(new / "night" / "one.nc", wind=WIND + np.array([1e-4, 2e-4, 0.0]))
    report = compare_trees(old, new)
    (difference,) = report.differences
    assert (difference.variable, difference.differing) == ("wind", 2)
    assert difference.largest_absolute == pytest.approx(2e-4)
    assert difference.largest_sigma == pytest.approx(5e-5)
    assert report.same
    assert not compare_trees(old, new, tolerance_sigma=4e-5).same


@pytest.mark.parametrize(("change", "same"), [(0.9e-6, True), (1.1e-6, False)])
def test_a_value_without_error_may_differ_by_a_millionth(trees, change, same):
    old, new = trees
    write(new / "night" / "one.nc", zero=5.0 * (1.0 + change))
    report = compare_trees(old, new)
    assert [difference.variable for difference in report.differences] == ["zero/value"]
    assert report.same == same


@pytest.mark.parametrize(
    "change",
    [
        {"flags": (0, 1, 1)},
        {"frames": ["a", "b", "C"]},
        {"wind": [10.0, np.nan, np.nan]},
        {"wind": WIND[:2], "error": [2.0, 4.0], "flags": [0, 1], "frames": ["a", "b"]},
        {"units": "km s-1"},
        {"attributes": {"method": "another"}},
        {"names": ("zero", "speed")},
    ],
    ids=["flag", "string", "missing value", "length", "unit", "attribute", "name"],
)
def test_what_must_be_the_same_counts(trees, change):
    old, new = trees
    write(new / "night" / "one.nc", **change)
    assert not compare_trees(old, new).same


def test_provenance_is_listed_and_does_not_count(trees):
    old, new = trees
    write(new / "night" / "one.nc", attributes={"code_version": "2"})
    report = compare_trees(old, new)
    assert report.same
    assert len(report.listed) == 1
    assert "code_version" in report.listed[0]


@pytest.mark.parametrize(("change", "same"), [(1e-5, True), (1e-3, False)])
def test_a_covariance_is_measured_in_the_errors_of_both(trees, change, same):
    old, new = trees
    for top, covariance in ((old, 0.0), (new, change)):
        write(top / "night" / "one.nc")
        with netCDF4.Dataset(top / "night" / "one.nc", "a") as file:
            for name, value in (("u_wind_error", 2.0), ("v_wind_error", 3.0), ("u_v_covariance", covariance)):
                file.createVariable(name, "f8", "sample")[:] = value
    report = compare_trees(old, new)
    (difference,) = report.differences
    assert difference.largest_sigma == pytest.approx(change / 6.0)
    assert report.same == same


def test_missing_and_new_files_count(trees):
    old, new = trees
    write(new / "night" / "two.nc")
    assert len(compare_trees(old, new).failures) == 2
    with pytest.raises(FileNotFoundError):
        compare_trees(new / "nothing", new)


def test_renames_are_followed_in_paths_and_in_attributes(trees, tmp_path):
    old, new = trees
    write(new / "night" / "one.nc", names=("reference", "speed"))
    renames = tmp_path / "renames"
    renames.write_text("# names\nzero = reference\nwind = speed  # everywhere\nwind_error = speed_error\n")
    report = compare_trees(old, new, read_renames(renames))
    assert report.same, report.text()
    assert report.identical == 5
    assert report.listed == []


def test_a_rename_of_a_path_goes_before_those_of_its_parts():
    renames = {"zero": "reference", "value": "number", "zero/error": "reference/sigma"}
    assert renamed("zero/value", renames) == "reference/number"
    assert renamed("zero/error", renames) == "reference/sigma"
    assert renamed("other/error", renames) == "other/error"


def test_a_line_that_is_no_rename_is_refused(tmp_path):
    (tmp_path / "renames").write_text("wind speed\n")
    with pytest.raises(ValueError, match="old = new"):
        read_renames(tmp_path / "renames")


def test_a_deprecated_second_name_is_passed_over_and_another_new_one_counts(trees):
    old, new = trees
    write(new / "night" / "one.nc")
    with netCDF4.Dataset(new / "night" / "one.nc", "a") as file:
        file.createVariable("speed", "f8", "sample").deprecated = "use wind"
        file.createGroup("nil").deprecated = "use the group zero"
        file["nil"].createVariable("value", "f8")
    assert compare_trees(old, new).same
    with netCDF4.Dataset(new / "night" / "one.nc", "a") as file:
        file.createVariable("more", "f8", "sample")
    assert compare_trees(old, new).failures == ["night/one.nc more: new"]
    assert compare_trees(old, new, expected=["more"]).same


def test_words_that_are_expected_to_differ_are_listed_and_numbers_never(trees):
    old, new = trees
    write(new / "night" / "one.nc", frames=["a", "b", "d"], attributes={"method": "n"})
    assert not compare_trees(old, new, expected=["frame"]).same
    assert not compare_trees(old, new, expected=[":method"]).same
    assert compare_trees(old, new, expected=["frame", ":method"]).same
    write(new / "night" / "one.nc", flags=(0, 1, 1))
    assert not compare_trees(old, new, expected=["flag"]).same


def test_the_exit_status_tells(trees, capsys):
    old, new = trees
    write(new / "night" / "one.nc")
    assert main([str(old), str(new)]) == 0
    write(new / "night" / "one.nc", flags=(0, 0, 0))
    assert main([str(old), str(new)]) == 1
    assert "flag" in capsys.readouterr().out
