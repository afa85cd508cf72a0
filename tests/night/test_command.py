"""``airglow analyze`` as a person types it: what it refuses, in one line, and what it goes on with."""

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

from airglow.__main__ import main

from .conftest import CONFIG

NIGHT = {"--instrument": "minime05", "--site": "uao", "--date": "20260511"}


@pytest.fixture(scope="module")
def folder(make_night):
    return make_night(sky_frames=12, laser_frames=5).folder


@pytest.fixture
def analyze(folder, tmp_path, capsys):
    def run(*flags, **options):
        given = {
            "--frames": folder / "frames",
            "--clouds": folder / "clouds",
            "--out": tmp_path / "out",
            **NIGHT,
        }
        given |= {f"--{name}": value for name, value in options.items()}
        words = [str(word) for pair in given.items() if pair[1] is not None for word in pair]
        status = main(["analyze", "--quiet", *words, *flags])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    run.folder = folder
    return run


def test_a_folder_of_the_night_is_analysed(analyze, tmp_path):
    status, out, err = analyze()
    assert (status, err) == (0, "")
    assert out.startswith("minime05 uao 20260511 XR: 12 sky and 5 laser frames, 0 not used")
    assert (tmp_path / "out" / "minime05_uao_20260511_xr.nc").is_file()


def test_products_and_tags_may_be_chosen(analyze, tmp_path):
    status, out, _ = analyze(products="nc,winds.png", tags="XR")
    stem = "minime05_uao_20260511_xr"
    assert status == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [f"{stem}.nc", f"{stem}_winds.png"]
    assert out.endswith(f"{stem}.nc\n  {tmp_path / 'out'}/{stem}_winds.png\n")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (
            {"products": "nc,jpg"},
            "products: 'jpg' is unknown. Known are nc, csv, madrigal, legacy, log, png, pdf, fitted",
        ),
        ({"products": ""}, "products: '' is unknown"),
        ({"tags": "XR,XB"}, "--tags: unknown: 'XB'. Known are X, XR, XG"),
    ],
)
def test_unknown_names_are_told_before_anything_is_done(analyze, tmp_path, options, reason):
    status, out, err = analyze(**options)
    assert (status, out) == (1, "")
    assert err.startswith(f"airglow analyze: {reason}")
    assert not (tmp_path / "out").exists()


def test_without_plots_and_tables_nothing_is_loaded_for_them(folder, tmp_path):
    words = ["--frames", folder / "frames", "--clouds", folder / "clouds", "--out", tmp_path]
    words += [word for pair in NIGHT.items() for word in pair]
    code = """
import sys
from airglow.__main__ import main
assert main(["analyze", "--quiet", "--products", "nc", *sys.argv[1:]]) == 0
unused = {"matplotlib", "pandas", "scipy.signal", "scipy.stats", "boto3", "jinja2"}
unused |= {"snakemake", "pymysql", "tqdm"}
assert not unused & set(sys.modules), unused & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code, *map(str, words)], check=True)


def test_settings_of_the_configuration_are_used(analyze, tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text("analysis: {highest_sun_deg: -89}\n")
    status, out, _ = analyze(config=config)
    assert status == 1
    assert out == "minime05 uao 20260511 XR: no frames: none of the 12 XR frames was taken in the dark\n"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (
            {"date": "20260510"},
            "9 of 9 frames looked at do not start in that night but, by their headers, in",
        ),
        ({"date": "20260613"}, "17 of 17 frame names are of other dates, such as 20260511"),
        ({"site": "par"}, "17 of 17 frame names begin with that of site uao, not par"),
        ({"site": "par"}, "the registry does not have minime05 at par on 2026-05-11"),
        ({"instrument": "minime13"}, "9 of 9 headers name instrument minime05, not minime13"),
    ],
)
def test_contradictions_stop_it(analyze, tmp_path, options, reason):
    status, _, err = analyze(**options)
    assert status == 1
    assert reason in err
    assert err.endswith("Correct them, or add --force\n")
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_force_goes_on_and_says_so(analyze, tmp_path):
    status, out, _ = analyze("--force", instrument="minime13", clouds=tmp_path, products="csv")
    assert status == 0
    assert "Note: 9 of 9 headers name instrument minime05, not minime13." in out


def test_a_few_strange_frames_are_no_contradiction(analyze, folder, tmp_path):
    frames = shutil.copytree(folder / "frames", tmp_path / "frames")
    for path in sorted(frames.glob("*_XR_*"))[:3]:
        with h5py.File(path, "r+") as file:
            file["image"].attrs["LocalTime"] = "1970-01-01 00:01:00.000001"
    status, out, _ = analyze(frames=frames, products="csv")
    assert status == 0
    assert "9 sky and 5 laser frames, 3 not used" in out


def test_folders_that_hold_nothing_of_use_are_named(analyze, folder, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    for options, words in (
        ({"frames": empty}, [str(empty), "is empty", "UAO_XR_20250429_213000.hdf5", "L20250429001.img"]),
        ({"frames": folder / "clouds"}, ["none of its 4 files is a frame"]),
        ({"frames": tmp_path / "gone"}, ["is not a directory"]),
        ({"clouds": empty}, [str(empty), "Cloud_uao_20260511.txt or Cloud_uao_20260512.txt", "--force"]),
    ):
        status, _, err = analyze(**options)
        assert status == 1
        assert all(word in err for word in words), err
        assert err.count("\n") == 1


def test_a_cloud_file_that_is_none_is_named_with_its_reason(analyze, tmp_path):
    (tmp_path / "Cloud_uao_20260511.txt").write_text("hello\n")
    status, _, err = analyze(clouds=tmp_path)
    assert status == 1
    assert "Cloud_uao_20260511.txt: none of its 1 lines is one of a known cloud sensor" in err


def test_an_out_that_cannot_be_written_is_one_line(analyze, tmp_path):
    (tmp_path / "file").write_text("")
    status, _, err = analyze(out=tmp_path / "file" / "out")
    assert status == 1
    assert err.count("\n") == 1
    assert "cannot be written to: Not a directory. Choose another --out" in err


@pytest.mark.parametrize("error", [errno.EIO, errno.ESTALE])
def test_errors_of_the_machine_fail_the_step(analyze, tmp_path, monkeypatch, error):
    """One sky frame that the operating system does not give out; the folder check does not look at it."""
    real = Path.read_bytes

    def read_bytes(path):
        if path == victim:
            raise OSError(error, os.strerror(error), str(path))
        return real(path)

    victim = sorted((analyze.folder / "frames").glob("*_XR_*"))[4]
    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    status, out, err = analyze(out=tmp_path / "again")
    assert (status, out) == (1, "")
    assert f"{victim}: cannot be read or written: {os.strerror(error)}" in err
    assert err.count("\n") == 1
    assert list((tmp_path / "again").iterdir()) == []


def test_products_are_written_without_locks(analyze, tmp_path):
    """In a process of its own, HDF5 is told so before it is loaded."""
    code = "import airglow.products, os; print(os.environ['HDF5_USE_FILE_LOCKING'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=CONFIG.parent)
    assert done.stdout == "FALSE\n"
