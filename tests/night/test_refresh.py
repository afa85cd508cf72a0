"""A night that is finished again from its fits: the same bytes as if the weather had been there."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
import zipfile
from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest

from airglow.__main__ import main
from airglow.model.errors import BadInput, NotAnalysable
from airglow.model.result import Rejection
from airglow.night import (
    AnalysisSettings,
    analyse_frames,
    finish_night,
    fit_night,
    fitted_file,
    read_fits,
    read_night,
    reduce_night,
    refresh_fits,
    write_fits,
)
from airglow.products import write_netcdf
from airglow.registry.overrides import BY_ZENITH, Override
from airglow.weather import read_folder

ALL = "nc,csv,madrigal,legacy,log,png"
NO_PLOTS = "nc,csv,log"  # the others are made from a result, which the netCDF file has all of
STEM = "minime05_uao_20260511_xr"


@pytest.fixture(scope="module")
def night(make_night):
    return make_night("clouds", sky_frames=12, laser_frames=5)


def fit(night):
    request = night.request()
    return request, fit_night(request, reduce_night(request, read_night(night.folder / "frames", request)))


@pytest.fixture(scope="module")
def stored(night, tmp_path_factory):
    """A night's request, its fits and the file that holds them."""
    request, fits = fit(night)
    path = tmp_path_factory.mktemp("fits") / f"{STEM}_fitted.npz"
    return request, fits, write_fits(path, request, fits, "5e" * 32)


def hashes(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def weathers(night, folder):
    """Folders of weather files: none yet, and the evening's cloud file cut short beside all others."""
    shutil.copytree(night.folder / "clouds", folder)
    assert {path.name[:5] for path in folder.iterdir()} == {"Cloud", "TempL"}
    evening = folder / f"Cloud_uao_{night.request().date:%Y%m%d}.txt"
    lines = evening.read_text().splitlines(keepends=True)
    evening.write_text("".join(lines[: -len(lines) // 20]))
    return {"none": None, "all": folder}


def products_of(name):
    return ALL if name == "all" else NO_PLOTS


def run(command, *words):
    assert main([command, "--quiet", *map(str, words)]) == 0


def test_every_product_is_that_of_an_analysis_with_this_weather(night, tmp_path):
    made = {}
    given = weathers(night, tmp_path / "weather")
    frames = ["--frames", night.folder / "frames"]
    for name, folder in given.items():
        out = tmp_path / "analysed" / name
        clouds = ["--clouds", folder] if folder else []
        where = ["--instrument", "minime05", "--site", "uao", "--date", "20260511"]
        run("analyze", *where, *frames, *clouds, "--out", out, "--products", f"{products_of(name)},fitted")
        made[name] = hashes(out)
    of_fits = {products.pop(f"{STEM}_fitted.npz") for products in made.values()}
    assert len(of_fits) == 1, "fits depend on the weather"
    assert len({products[f"{STEM}.nc"] for products in made.values()}) == 2
    for name, folder in given.items():
        before = "all" if name == "none" else "none"
        fits, out = tmp_path / "analysed" / before / f"{STEM}_fitted.npz", tmp_path / "refreshed" / name
        clouds = ["--weather", folder] if folder else []
        run("refresh", fits, *frames, *clouds, "--output", out, "--products", products_of(name))
        assert hashes(out) == made[name]
    assert len(made["all"]) == 12


def test_without_frames_one_picture_is_left_out(night, stored, tmp_path, capsys):
    run("refresh", stored[2], "--weather", night.folder / "clouds", "--output", tmp_path / "out")
    printed = capsys.readouterr().out
    assert printed.startswith("minime05 uao 20260511 XR: 12 sky and 5 laser frames, 0 not used")
    names = {name.removeprefix(STEM) for name in hashes(tmp_path / "out")}
    assert {"_winds.png", ".nc", ".log"} <= names
    assert not {"_frames.png", "_fitted.npz"} & names


def test_who_has_a_picture_of_before_is_told_that_it_stays(night, stored, tmp_path, capsys):
    out = tmp_path / "out"
    out.mkdir()
    where = ["--weather", night.folder / "clouds", "--output", out, "--products", "log"]
    run("refresh", stored[2], *where)
    assert capsys.readouterr().err == ""
    (out / f"{STEM}_frames.png").write_bytes(b"of before")
    run("refresh", stored[2], *where)
    told = capsys.readouterr().err
    assert told.startswith(
        f"airglow refresh: {out}/{STEM}_frames.png: it stays as an earlier analysis drew it"
    )
    assert (told.count("\n"), (out / f"{STEM}_frames.png").read_bytes()) == (1, b"of before")


def test_a_folder_that_lacks_what_the_picture_shows_is_refused(night, stored, tmp_path, capsys):
    (tmp_path / "frames").mkdir()
    words = [stored[2], "--frames", tmp_path / "frames", "--weather", night.folder / "clouds"]
    assert main(["refresh", "--quiet", *map(str, words), "--output", str(tmp_path / "out")]) == 1
    told = capsys.readouterr().err
    assert "which frames.png shows. Give the folder of the night's frames, or leave out --frames" in told
    assert hashes(tmp_path / "out") == {}
    run("refresh", *words, "--output", tmp_path / "out", "--products", "log")  # which shows no frame


@pytest.mark.parametrize("products", ["frames.png", "fitted", "fitted,frames.png"])
def test_what_leaves_nothing_to_write_is_refused(stored, tmp_path, capsys, products):
    assert main(["refresh", str(stored[2]), "--out", str(tmp_path / "out"), "--products", products]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"airglow refresh: --products: {products} leaves nothing to write")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "scenario", ["no-laser", "few-lasers", "jumps"], ids=["none of a laser", "several courses", "with jumps"]
)
def test_fits_of_every_kind_of_night_come_back(make_night, scenario, tmp_path):
    laser_frames = {"no-laser": 0, "few-lasers": 3, "jumps": 16}[scenario]
    night = make_night(scenario, sky_frames=16, laser_frames=laser_frames)
    request, fits = fit(night)
    lasers = fits.known.lasers
    assert {
        "no-laser": lasers is None,
        "few-lasers": lasers is not None and len(lasers.other_courses) > 1,
        "jumps": lasers is not None and len(lasers.gap_nm.pieces) > 1,
    }[scenario]
    back = read_fits(write_fits(tmp_path / "fitted.npz", request, fits)).of(request)
    assert_same(back, fits, "fits")
    weather = read_folder(night.folder / "clouds", night.site)
    one, other = (
        write_netcdf(finish_night(request, each, weather), tmp_path / f"{name}.nc").read_bytes()
        for name, each in (("then", fits), ("now", back))
    )
    assert one == other


def assert_same(got, wanted, place):
    """Equal in all fields to the bit, arrays in layout too: sums over strides may round in another way."""
    if isinstance(wanted, np.ndarray):
        assert got.dtype == wanted.dtype, place
        np.testing.assert_array_equal(got, wanted, err_msg=place)
        assert got.flags.c_contiguous == wanted.flags.c_contiguous, place
    elif is_dataclass(wanted):
        assert type(got) is type(wanted), place
        for each in fields(wanted):
            assert_same(getattr(got, each.name), getattr(wanted, each.name), f"{place}.{each.name}")
    elif isinstance(wanted, tuple):
        assert len(got) == len(wanted), place
        for k, (one, other) in enumerate(zip(got, wanted, strict=True)):
            assert_same(one, other, f"{place}[{k}]")
    else:
        assert got == wanted or (got != got and wanted != wanted), place


def test_the_same_fits_are_the_same_bytes(stored, tmp_path):
    request, fits, path = stored
    again = write_fits(tmp_path / "again.npz", request, fits, "5e" * 32)
    assert again.read_bytes() == path.read_bytes()
    with zipfile.ZipFile(path) as archive:  # at any other time too
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    with np.load(path, allow_pickle=False) as file:  # anyone can look into it
        assert file["fits/samples/temperature_k"].shape == (12,)


def test_the_manifest_of_the_frames_goes_along(night, stored, tmp_path):
    request = stored[0]
    fitted, clouds = tmp_path / "fitted.npz", night.folder / "clouds"
    result, _ = analyse_frames(
        night.folder / "frames", clouds, request, manifest_hash="5e" * 32, fitted=fitted
    )
    assert result.provenance.manifest_hash == "5e" * 32
    refresh_fits(read_fits(fitted), clouds, request, tmp_path, kinds=("netcdf",))
    assert (tmp_path / f"{STEM}.nc").read_bytes() == write_netcdf(result, tmp_path / "x.nc").read_bytes()


def test_a_night_that_could_not_be_analysed_still_cannot(night, stored, tmp_path, capsys):
    request = replace(stored[0], settings=AnalysisSettings(highest_sun_deg=-89.0))
    path = tmp_path / "fitted.npz"
    _, outcome = analyse_frames(night.folder / "frames", None, request, fitted=path)
    assert outcome["state"] == "no frames"
    again = refresh_fits(read_fits(path), night.folder / "clouds", request, tmp_path / "out")
    assert outcome["weather"] == [] != again["weather"]  # it was analysed without any
    alike = {"analysis_s": 0, "products": [], "weather": []}
    assert {**again, **alike} == {**outcome, **alike}
    with pytest.raises(NotAnalysable) as why:
        read_fits(path).of(request)
    assert len(why.value.rejections) == 12
    assert isinstance(why.value.rejections[0], Rejection)


def test_damage_is_told_and_never_passes_for_fits(stored, tmp_path):
    request, fits, path = stored
    good, bad = path.read_bytes(), tmp_path / path.name
    for length in (0, 1, 100, len(good) // 2, len(good) - 1):
        bad.write_bytes(good[:length])
        with pytest.raises(BadInput, match=r"is not a whole file of fits: .*Analyse the night again"):
            read_fits(bad)
    refused = 0
    places = np.linspace(0, len(good) - 1, 60).astype(int)
    for place in places:
        bad.write_bytes(good[:place] + bytes([good[place] ^ 0x55]) + good[place + 1 :])
        try:
            assert_same(read_fits(bad).of(request), fits, "fits")
        except BadInput:
            refused += 1
    assert refused > 40
    bad.write_text("no zip at all")
    with pytest.raises(BadInput, match=f"{path.name}: is not a whole file of fits"):
        read_fits(bad)
    with pytest.raises(BadInput, match="is not there"):
        read_fits(tmp_path / "gone.npz")


def rewritten(path, to, **changes):
    """The same file with another tree, as another version might have written it."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(to, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "night.json":
                tree = json.loads(data)
                tree["origin"] |= changes.pop("origin", {})
                data = json.dumps(tree | changes).encode()
            new.writestr(name, data)
    return to


def test_fits_of_other_code_are_refused(stored, tmp_path, monkeypatch):
    wanted = fitted_file.LAYOUT
    path = rewritten(stored[2], tmp_path / "other.npz", layout=wanted + 1, fits={})
    with pytest.raises(
        BadInput, match=rf"other.npz: has layout {wanted + 1} of .*, this airglow {wanted}. Analyse the night"
    ):
        read_fits(path)
    monkeypatch.setattr(fitted_file, "code_version", lambda: "0.2.0+gabc")
    with pytest.raises(
        BadInput, match=r"its fits were made by airglow .*, this is 0.2.0\+gabc. Analyse the night again"
    ):
        read_fits(stored[2])


def decided(request, date):
    """The same night with a decision by hand for a date."""
    by_hand = Override(date, date, "smoke over the dome", doppler_reference=BY_ZENITH)
    return replace(request, instrument=replace(request.instrument, overrides=(by_hand,)))


def test_fits_of_other_settings_another_registry_or_another_night_are_refused(stored):
    request, _, path = stored
    fits = read_fits(path)
    limits = replace(request.instrument.quality, sky_intensity_flag1=1e9)
    for other, why in (
        (replace(request, settings=AnalysisSettings(shape_lasers=3)), "other settings of the analysis"),
        (
            replace(request, instrument=replace(request.instrument, epoch_from=dt.date(2026, 1, 1))),
            "other values of the instrument",
        ),
        (
            replace(request, instrument=replace(request.instrument, quality=limits)),
            "other entries of instrument and site",
        ),
        (
            replace(request, site=replace(request.site, altitude_m=3.0)),
            "other entries of instrument and site",
        ),
        (decided(request, request.date), "other settings of the analysis or decisions by hand"),
    ):
        with pytest.raises(BadInput, match=rf"{why}.* than those of now. Analyse the night again"):
            fits.of(other)
    fits.of(decided(request, request.date + dt.timedelta(days=1)))  # that is another night's affair
    other = replace(request, date=request.date + dt.timedelta(days=1))
    with pytest.raises(
        BadInput, match="holds the fits of minime05 uao 20260511 XR, not of minime05 uao 20260512 XR"
    ):
        fits.of(other)
    assert fits.of(request) is fits.fits


def test_what_is_wrong_is_one_line(stored, tmp_path, capsys):
    config = tmp_path / "config.yaml"
    config.write_text("analysis: {shape_lasers: 3}\n")
    for words, reason in (
        (
            [stored[2], "--config", config],
            "made with other settings of the analysis or decisions by hand than",
        ),
        ([tmp_path / "gone.npz"], "gone.npz: is not there"),
        ([stored[2], "--frames", tmp_path / "gone"], "gone: is not a directory. Correct --frames"),
        ([stored[2], "--weather", tmp_path], "holds no cloud file of the night"),
    ):
        status = main(["refresh", "--quiet", *map(str, words), "--output", str(tmp_path / "out")])
        err = capsys.readouterr().err
        assert status == 1
        assert err.startswith("airglow refresh: ")
        assert reason in err
        assert err.count("\n") == 1
