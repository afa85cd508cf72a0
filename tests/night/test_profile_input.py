"""Nights of which only ring profiles survive."""

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from known import known_registry

from airglow.__main__ import main
from airglow.model.errors import BadInput
from airglow.night import (
    NightRequest,
    analyse_profiles,
    read_night,
    read_profiles,
    reduce_night,
)
from airglow.night.profile_input import mean_radius_squared
from airglow.products import read_netcdf

REAL = Path(__file__).parents[3] / "shared" / "reference" / "real"


@pytest.fixture(scope="module")
def reduced(nominal):
    night, _ = nominal
    request = night.request("XR")
    return request, reduce_night(request, read_night(night.folder / "frames", request))


def arrays_of(reduced):
    """The night as other archives keep it: counts over mid-radii, and no noise."""
    arrays = {}
    for kind, profiles in (("sky", reduced.sky), ("laser", reduced.lasers)):
        edges = np.sqrt(np.arange(profiles.grid.count + 1) * profiles.grid.width_px2)
        middle = 0.5 * (edges[1:] + edges[:-1])
        frames = [timed.frame for timed in profiles.frames]
        arrays[f"{kind}_profile"] = np.array([rings.counts for rings in profiles.rings])
        arrays[f"{kind}_radius_px"] = np.tile(middle, (len(frames), 1))
        arrays[f"{kind}_time_utc"] = np.array([t.start for t in profiles.frames]).astype("datetime64[ms]")
        arrays[f"{kind}_exposure_s"] = np.array([frame.exposure_s for frame in frames])
    sky = [timed.frame for timed in reduced.sky.frames]
    arrays["sky_azimuth_deg"] = np.array([frame.azimuth_deg for frame in sky])
    arrays["sky_zenith_deg"] = np.array([frame.zenith_deg for frame in sky])
    return arrays


def test_mid_radii_give_the_mean_of_r_squared_exactly():
    edges = np.sqrt(np.arange(501) * 130.0)
    s, width = mean_radius_squared(0.5 * (edges[1:] + edges[:-1]))
    assert width == pytest.approx(130.0, rel=1e-4)
    np.testing.assert_allclose(s, (np.arange(500) + 0.5) * 130.0, rtol=1e-4)


def test_profiles_give_what_their_frames_give(nominal, reduced, tmp_path):
    _, from_frames = nominal
    request, profiles = reduced
    np.savez(tmp_path / "night.npz", **arrays_of(profiles))
    result = analyse_profiles(request, read_profiles(tmp_path / "night.npz", request), None)
    sky = result.sky
    wind_difference = sky.line_of_sight_wind_mps - from_frames.sky.line_of_sight_wind_mps
    assert np.std(wind_difference) < 0.5 * np.median(sky.wind_fit_error_mps)
    assert np.abs(np.median(sky.temperature_k - from_frames.sky.temperature_k)) < 5.0
    ratio = np.median(sky.wind_fit_error_mps / from_frames.sky.wind_fit_error_mps)
    assert ratio == pytest.approx(1.0, abs=0.1), "the noise is found from the profiles alone"
    assert 0.85 < np.median(sky.reduced_chi_square) < 1.15


def test_a_night_without_lasers_is_a_night(reduced, tmp_path):
    request, profiles = reduced
    arrays = {key: value for key, value in arrays_of(profiles).items() if not key.startswith("laser")}
    np.savez(tmp_path / "night.npz", **arrays)
    result = analyse_profiles(request, read_profiles(tmp_path / "night.npz", request), None)
    assert len(result.laser) == 0
    assert result.doppler_reference.method == "zenith in time"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.pop("sky_time_utc"), "lacks sky_time_utc"),
        (lambda a: a.update(sky_exposure_s=a["sky_exposure_s"][:-1]), "sky_exposure_s has 29 entries"),
        (lambda a: a.update(laser_radius_px=a["laser_radius_px"][:, :-1]), "differ in shape"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(reduced, tmp_path, change, message):
    request, profiles = reduced
    arrays = arrays_of(profiles)
    change(arrays)
    np.savez(tmp_path / "night.npz", **arrays)
    with pytest.raises(BadInput, match=message):
        read_profiles(tmp_path / "night.npz", request)


def spoil(arrays):
    """Profiles that are none, one for each way, and their places."""
    arrays["sky_profile"][3] = np.nan
    arrays["sky_radius_px"][5] = 0.0
    arrays["sky_exposure_s"][7] = 0.0
    arrays["sky_exposure_s"][9] = np.nan
    arrays["sky_time_utc"][11] = np.datetime64("NaT")
    arrays["sky_time_utc"][13] = np.datetime64("1970-01-01")
    arrays["sky_zenith_deg"][15] = 135.0
    arrays["laser_profile"][2] = np.nan
    return [3, 5, 7, 9, 11, 13, 15]


def test_one_profile_never_costs_the_night(reduced, tmp_path):
    request, profiles = reduced
    np.savez(tmp_path / "whole.npz", **arrays_of(profiles))
    usual = analyse_profiles(request, read_profiles(tmp_path / "whole.npz", request), None)
    arrays = arrays_of(profiles)
    gone = spoil(arrays)
    np.savez(tmp_path / "night.npz", **arrays)
    result = analyse_profiles(request, read_profiles(tmp_path / "night.npz", request), None)
    assert {rejection.name for rejection in result.rejections} == {
        *(f"sky profile {k + 1:04d}" for k in gone),
        "laser profile 0003",
    }
    there = [usual.sky.name.index(name) for name in result.sky.name]
    assert len(there) == 30 - len(gone)
    change = result.sky.line_of_sight_wind_mps - usual.sky.line_of_sight_wind_mps[there]
    assert np.abs(change / usual.sky.wind_error_mps[there]).max() < 1.0


def test_the_command_takes_the_evening_from_most_times(reduced, tmp_path, capsys):
    arrays = arrays_of(reduced[1])
    spoil(arrays)
    np.savez(tmp_path / "night.npz", **arrays)
    given = [str(tmp_path / "night.npz"), "--instrument", "minime05", "--site", "uao", "--quiet"]
    given += ["--products", "nc"]
    assert main(["profiles", *given, "--out", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.startswith(
        "minime05 uao 20260511 XR: 23 sky and 9 laser frames, 8 not used"
    )
    (tmp_path / "night.npz").write_bytes((tmp_path / "night.npz").read_bytes()[:5000])
    assert main(["profiles", *given, "--out", str(tmp_path / "out")]) == 1
    printed = capsys.readouterr().err
    assert "no sky_time_utc can be read from it" in printed
    assert printed.count("\n") == 1


def test_a_file_that_is_not_there_is_named(tmp_path, capsys):
    given = [
        str(tmp_path / "missing.npz"),
        "--instrument",
        "minime05",
        "--site",
        "uao",
        "--out",
        str(tmp_path),
    ]
    assert main(["profiles", *given]) == 1
    assert capsys.readouterr().err.endswith("missing.npz: no such file. Name the .npz of ring profiles\n")


def test_a_file_that_is_no_archive_is_refused(reduced, tmp_path):
    path = tmp_path / "night.npz"
    path.write_bytes(b"PK\x03\x04 no more")
    with pytest.raises(BadInput, match=r"night\.npz: cannot be read as \.npz"):
        read_profiles(path, reduced[0])


def assert_fits_to_its_noise(result, path):
    """Sky frames fit to their noise, and winds are those of another retrieval but for their zero."""
    assert np.median(result.sky.reduced_chi_square) < 1.15
    reference = np.load(path)["ref_los_wind"]
    rows = [int(name.split()[-1]) - 1 for name in result.sky.name]
    bright = result.sky.wind_fit_error_mps < 6
    difference = (result.sky.line_of_sight_wind_mps - reference[rows])[bright]
    assert 1.4826 * np.median(np.abs(difference - np.median(difference))) < 8.0


@pytest.mark.skipif(not REAL.is_dir(), reason="the real nights are not here")
def test_the_command_takes_a_real_night_from_its_file_which_fits_to_its_noise(tmp_path, capsys):
    path = REAL / "minime90_mrh_20150613.npz"
    given = [str(path), "--instrument", "minime90", "--site", "mrh", "--products", "nc"]
    assert main(["profiles", *given, "--out", str(tmp_path), "--quiet"]) == 0
    assert "minime90 mrh 20150613 XR: 202 sky and 22 laser frames" in capsys.readouterr().out
    assert_fits_to_its_noise(read_netcdf(tmp_path / "minime90_mrh_20150613_xr.nc"), path)


@pytest.mark.long
@pytest.mark.skipif(not REAL.is_dir(), reason="the real nights are not here")
def test_real_nights_fit_to_their_noise():
    laser = []
    for path in sorted(REAL.glob("*.npz")):
        date = dt.datetime.strptime(path.stem[-8:], "%Y%m%d").date()
        instrument, site = known_registry().instrument("minime90", date), known_registry().site("mrh")
        request = NightRequest(instrument, site, date, "XR")
        result = analyse_profiles(request, read_profiles(path, request), None)
        laser.append(np.median(result.laser.reduced_chi_square))
        assert_fits_to_its_noise(result, path)
    assert len(laser) > 1
    assert np.median(laser) < 2.0
