"""The npz of old: read as older code reads it, by code of its own that knows nothing of this package."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import pickletools
import subprocess
import sys
import time
import zipfile

import numpy as np
import pandas as pd
import pytest
from known import known_registry
from results import empty_night, example_result
from uploading import CONFIG

from airglow.etalon import relative_illumination
from airglow.etalon.airy import blur_width_px, fringes
from airglow.products import madrigal_text, read_netcdf, write_legacy, write_netcdf
from products.same import in_single_precision

REGISTRY = known_registry()
PER_SKY = {
    *("sky_times", "sky_intT", "sky_fns", "sky_ccd_temperature", "az", "ze", "direction"),
    *("LOSwind", "sigma_LOSwind", "sigma_fit_LOSwind", "sigma_cal_LOSwind", "T", "sigma_T"),
    *("skyI", "sigma_skyI", "skyB", "sigma_skyB", "ccdB", "sigma_ccdB", "sky_chisqr"),
    *("sky_fringes", "sky_annuli", "wind_quality_flag", "temp_quality_flag", "doppler_reference"),
}
PER_LASER = {
    *("laser_times", "laser_intT", "laser_fns", "laser_ccd_temperature", "laser_chisqr"),
    *("laser_fringes", "laser_annuli", "center_pixel"),
}
OTHERS = {
    *("sky_value", "sky_stderr", "laser_value", "laser_stderr", "reference", "lam0", "SVNRevision"),
    *("Clouds", "Dome", "Inside", "EtalonInside", "EtalonOutside"),
}
INSTRUMENT_PARAMETERS = {"n", "t", "lam", "R", "alpha", "I", "B", "a1", "a2", "b0", "b1", "b2"}
LINE_PARAMETERS = {"lamc", "T", "skyI", "skyB", "skym", "ccdB", "lam0"}


def load(path):
    with np.load(path, allow_pickle=True) as file:
        assert set(file.files) == {"FPI_Results", "site", "instrument"}
        # The three ways in which readers take a dictionary out.
        return file["FPI_Results"].reshape(-1)[0], file["site"].ravel()[0], file["instrument"].item()


@pytest.fixture(scope="module")
def night():
    return example_result()


@pytest.fixture(scope="module")
def path(night, tmp_path_factory):
    return write_legacy(night, tmp_path_factory.mktemp("legacy") / f"{night.stem}.npz")


@pytest.fixture(scope="module")
def results(path):
    return load(path)[0]


def test_every_key_is_there_with_its_length(night, results):
    assert set(results) == PER_SKY | PER_LASER | OTHERS
    assert {len(results[key]) for key in PER_SKY} == {len(night.sky)}
    assert {len(results[key]) for key in PER_LASER} == {len(night.laser)}
    for kind, wanted, n in (
        ("sky", INSTRUMENT_PARAMETERS | LINE_PARAMETERS, len(night.sky)),
        ("laser", INSTRUMENT_PARAMETERS, len(night.laser)),
    ):
        for name in (f"{kind}_value", f"{kind}_stderr"):
            assert set(results[name]) == wanted
            assert {values.shape for values in results[name].values()} == {(n,)}
    assert set(results["Clouds"]) == {"mean", "max", "min"}
    assert results["EtalonOutside"] is None  # no such probe that night


def test_temperatures_of_loggers_are_those_around_each_frame(night, results):
    """Ten minutes to either side, twice the cadence of the dome's logger; two of that of the etalon's."""
    sky, minute = night.sky, np.timedelta64(1, "m")
    for key, probe, reach in (
        ("Dome", "dome", 10),
        ("Inside", "inside", 10),
        ("EtalonInside", "etalon_inside", 2),
    ):
        (series,) = (each for each in night.temperatures if each.probe == probe)
        assert set(results[key]) == {"mean", "max", "min"}
        expected = []
        for start, exposure_s in zip(sky.start_time, sky.exposure_s, strict=True):
            stop = start + np.timedelta64(round(exposure_s * 1e6), "us")
            near = (series.time >= start - reach * minute) & (series.time <= stop + reach * minute)
            values = series.temperature_c[near]
            expected.append(
                [values.mean(), values.max(), values.min()] if near.any() else [np.nan, np.nan, np.nan]
            )
        for k, statistic in enumerate(("mean", "max", "min")):
            values = results[key][statistic]
            assert values.dtype == np.float64
            np.testing.assert_allclose(values, np.array(expected)[:, k], rtol=1e-12)
    hole = np.isnan(results["EtalonInside"]["mean"])
    assert 0 < hole.sum() < len(sky)
    assert np.isfinite(results["Dome"]["mean"]).all()


def test_a_night_without_loggers_has_none(night, tmp_path):
    alone = dataclasses.replace(night, temperatures=())
    results, _, _ = load(write_legacy(alone, tmp_path / "night.npz"))
    for key in ("Dome", "Inside", "EtalonInside", "EtalonOutside"):
        assert results[key] is None


def test_types_are_those_of_old(results):
    lists = {"direction", "sky_fns", "sky_fringes", "sky_annuli"}
    lists |= {"laser_fns", "laser_fringes", "laser_annuli"}
    for key in PER_SKY | PER_LASER:
        assert type(results[key]) is (list if key in lists else np.ndarray), key
        if key not in lists | {"sky_times", "laser_times"}:
            assert results[key].dtype == np.float64, key
    assert type(results["lam0"]) is float
    assert results["direction"].index("North") == 1  # readers look names up in a list
    assert results["sky_fringes"][0].shape == results["sky_annuli"][0].shape == (198,)


def test_values_have_their_units_and_signs(night, results):
    sky = night.sky
    for key, expected in (
        ("LOSwind", sky.line_of_sight_wind_mps),
        ("sigma_LOSwind", sky.wind_error_mps),
        ("sigma_fit_LOSwind", sky.wind_fit_error_mps),
        ("sigma_cal_LOSwind", sky.wind_calibration_error_mps),
        ("T", sky.temperature_k),
        ("skyI", sky.intensity),
        ("skyB", sky.background),
        ("ccdB", sky.ccd_bias),
        ("az", sky.azimuth_deg),
        ("ze", sky.zenith_deg),
        ("doppler_reference", sky.doppler_reference_mps),
        ("wind_quality_flag", sky.wind_flag),
        ("temp_quality_flag", sky.temperature_flag),
    ):
        np.testing.assert_array_equal(results[key], expected, err_msg=key)
    np.testing.assert_array_equal(results["Clouds"]["mean"], sky.sky_minus_ambient_mean_c)
    assert results["reference"] == "laser"
    assert results["lam0"] == 6.3e-7
    np.testing.assert_array_equal(results["center_pixel"][:, 0], night.laser.center_x_px)
    np.testing.assert_allclose(
        results["sky_annuli"][0][-1] ** 2, night.sky_profiles.radius_squared_px2[0, 197]
    )


def test_the_wind_follows_from_the_line_as_older_code_has_it(results):
    """v = c (lamc / lam0 - 1), less the reference, is the wind; fitted intensities are per exposure."""
    value, stderr = results["sky_value"], results["sky_stderr"]
    velocity = 299792458.0 * (value["lamc"] / results["lam0"] - 1)
    np.testing.assert_allclose(velocity - results["doppler_reference"], results["LOSwind"], atol=1e-6)
    np.testing.assert_allclose(
        299792458.0 * stderr["lamc"] / results["lam0"], results["sigma_fit_LOSwind"], rtol=1e-12
    )
    np.testing.assert_allclose(value["skyI"] / results["sky_intT"], results["skyI"], rtol=1e-12)
    np.testing.assert_allclose(value["skyB"] / results["sky_intT"], results["skyB"], rtol=1e-12)


def older_fringe(value, k, r, r_max):
    """The network's model of a laser fringe, without blur."""
    p = {name: values[k] for name, values in value.items()}
    x = np.pi * r / r_max
    finesse = 4 * p["R"] / (1 - p["R"]) ** 2
    order = 2 * p["n"] * p["t"] / p["lam"] * np.cos(np.arctan(p["alpha"] * r))
    light = 1 + p["a1"] * x + p["a2"] * x**2
    return light * p["I"] / (1 + finesse * np.sin(np.pi * order) ** 2) + p["B"]


def test_the_older_model_makes_the_same_fringes(night, results):
    laser, own = night.laser, night.instrument_parameters
    sharp = dataclasses.replace(own, blur_px=(0.0, 0.0, 0.0), gap_variance=0.0, gap_third_moment=0.0)
    r = np.linspace(1, 60, 400)  # where fringes are wide: pixels here blur on their own
    phase = 4 * np.pi * laser.gap_m[3] / 6.328e-7
    airy = fringes(r**2, 1e-3, phase, sharp, 60).airy()
    mean_counts = laser.intensity[3] * laser.exposure_s[3]
    expected = mean_counts * relative_illumination(sharp, r**2) * airy + laser.background[3]
    older = older_fringe(results["laser_value"], 3, r, own.max_radius_px)
    assert np.ptp(expected) > 1000
    assert np.abs(older - expected).max() < 0.03 * np.ptp(expected)
    assert np.abs(older - expected).mean() < 0.002 * np.ptp(expected)


def test_older_falloff_and_blur_are_the_same_at_every_radius(night, results):
    own = night.instrument_parameters
    r = np.linspace(0, own.max_radius_px, 50)
    p = {name: values[0] for name, values in results["laser_value"].items()}
    x = np.pi * r / own.max_radius_px
    older = p["b0"] + p["b1"] * np.cos(x) + p["b2"] * np.sin(x)
    np.testing.assert_allclose(older, np.sqrt(2) * blur_width_px(own, r**2), rtol=1e-12)
    np.testing.assert_allclose(1 + p["a1"] * x + p["a2"] * x**2, relative_illumination(own, r**2), rtol=1e-12)


def test_times_are_starts_on_the_clock_of_the_site(night, results):
    times = results["sky_times"]
    assert [t.astimezone(dt.UTC).replace(tzinfo=None) for t in times] == night.sky.start_time.tolist()
    assert times[0].strftime("%Y-%m-%d %H:%M %Z") == "2025-04-29 21:00 CDT"
    assert times[0].dst() == dt.timedelta(hours=1)
    assert (times[-1] - times[0]).total_seconds() > 8 * 3600
    index = pd.to_datetime(times).tz_convert("UTC")
    np.testing.assert_array_equal(index.tz_localize(None).to_numpy(), night.sky.start_time)
    assert str(results["laser_times"][0].tzinfo) == "America/Chicago"


def test_the_night_of_the_changing_clock(tmp_path):
    """At two the clock goes back to one: an hour that is there twice, and differences that count it."""
    night = example_result(date=dt.date(2025, 11, 1))
    results, _, _ = load(write_legacy(night, tmp_path / "night.npz"))
    times = results["sky_times"]
    assert {t.utcoffset() for t in times} == {dt.timedelta(hours=-5), dt.timedelta(hours=-6)}
    seconds = [(t - times[0]).total_seconds() for t in times]
    expected = (night.sky.start_time - night.sky.start_time[0]) / np.timedelta64(1, "s")
    np.testing.assert_allclose(seconds, expected, atol=1e-5)
    assert (np.diff(times) > dt.timedelta()).all()
    assert [t.astimezone(dt.UTC).replace(tzinfo=None) for t in times] == night.sky.start_time.tolist()


def test_without_a_laser_the_zenith_is_the_reference(tmp_path):
    results, _, instrument = load(write_legacy(example_result(12, 0), tmp_path / "night.npz"))
    assert results["reference"] == "zenith"
    assert len(results["laser_times"]) == len(results["laser_value"]["t"]) == 0
    assert results["center_pixel"] is None
    assert set(results["sky_value"]["I"]) == {1.0}
    assert instrument["N"] == 200


def test_a_night_of_nothing(tmp_path):
    results, site, instrument = load(write_legacy(empty_night(), tmp_path / "night.npz"))
    assert set(results) == PER_SKY | PER_LASER | OTHERS
    assert {len(results[key]) for key in PER_SKY} == {0}
    assert site["Abbreviation"] == "uao"
    assert instrument["name"] == "minime05"


def test_site_and_instrument_as_far_as_the_result_knows(night, path):
    _, site, instrument = load(path)
    assert site["Location"] == (40.167, -88.159, 200.0)
    assert site["Timezone"] == "America/Chicago"
    assert site["Directions"]["North"]["ze"] == pytest.approx(45, abs=0.2)
    assert "Unknown" not in site["Directions"]
    assert (instrument["N"], instrument["N0"], instrument["N1"]) == (200, 0, 198)
    assert instrument["default_params"]["R"] == night.instrument_parameters.reflectivity


def test_site_and_instrument_of_the_registry_are_as_the_network_writes_them(night, tmp_path):
    site, instrument = REGISTRY.site("uao"), REGISTRY.instrument("minime05", night.date)
    _, its_site, its = load(write_legacy(night, tmp_path / "night.npz", site, instrument))
    assert its_site["Directions"]["South"] == {"az": 180.0, "ze": 45.0}
    assert (its_site["Network"], its_site["sql_id"]) == ("nation", 6)
    assert (its["N"], its["N0"], its["N1"]) == (
        instrument.annuli.count,
        instrument.annuli.first,
        instrument.annuli.stop,
    )
    assert its["lam_laser"] == instrument.optics.laser_wavelength_m
    assert its["nominal_t"] == 0.015
    # The registry's files hold the older convention: what comes out is what stands there.
    text = (CONFIG / "instruments.yaml").read_text()
    for names in (("a1", "a2"), ("b0", "b1", "b2")):
        numbers = ", ".join(f"{its['default_params'][name]:.12g}" for name in names)
        assert f"[{numbers}]" in text


def test_same_result_same_bytes_whichever_way_it_came(night, path, tmp_path):
    time.sleep(2.1)  # times in a zip have a resolution of two seconds
    again = write_legacy(night, tmp_path / "again.npz")
    assert again.read_bytes() == path.read_bytes()
    night = in_single_precision(night)
    through_a_file = read_netcdf(write_netcdf(night, tmp_path / "night.nc"))
    one, other = (write_legacy(n, tmp_path / f"{id(n)}.npz") for n in (night, through_a_file))
    assert one.read_bytes() == other.read_bytes()


def test_it_needs_nothing_but_numpy_and_the_standard_library(path):
    modules = set()
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            data = io.BytesIO(archive.read(name))
            np.lib.format.read_magic(data)
            np.lib.format.read_array_header_1_0(data)
            texts = []
            for opcode, argument, _ in pickletools.genops(data):
                if opcode.name == "STACK_GLOBAL":
                    modules.add(tuple(texts[-2:]))
                elif "UNICODE" in opcode.name:
                    texts.append(argument)
    allowed = {"numpy", "datetime", "zoneinfo", "builtins"}
    assert {module for module, _ in modules} <= allowed, modules
    code = (
        "import sys; sys.modules['airglow'] = None; import numpy;"
        f"f = numpy.load({str(path)!r}, allow_pickle=True); print(f['FPI_Results'].item()['sky_times'][0])"
    )
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert shown.startswith("2025-04-29 21:00:")


def test_unknown_zones_are_utc(tmp_path):
    night = dataclasses.replace(example_result(3, 1), site_timezone="Not/AZone")
    results, _, _ = load(write_legacy(night, tmp_path / "night.npz"))
    assert results["sky_times"][0].utcoffset() == dt.timedelta()


def test_from_the_npz_older_code_makes_the_same_madrigal_text(tmp_path):
    """Column by column what is made of it downstream: wrong units, signs or times would show here."""
    night = example_result(24, 8)
    results, _, _ = load(write_legacy(night, tmp_path / "night.npz"))
    columns = (
        ("az", "6.1f"),
        ("ze", "5.1f"),
        ("T", "7.2f"),
        ("sigma_T", "6.2f"),
        ("LOSwind", "7.2f"),
        ("sigma_LOSwind", "6.2f"),
        ("sigma_fit_LOSwind", "6.2f"),
        ("sigma_cal_LOSwind", "6.2f"),
        ("skyI", "6.4f"),
        ("sigma_skyI", "6.4f"),
    )
    lines = []
    for k, moment in enumerate(results["sky_times"]):
        words = [moment.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S")]
        words += [format(results[name][k], form) for name, form in columns]
        words += ["-999.00", "-999", format(results["sky_intT"][k], "3.0f")]
        words += [format(results["sky_chisqr"][k], "6.2f"), format(results["Clouds"]["mean"][k], "6.1f")]
        words += [format(results[name][k], "1.0f") for name in ("temp_quality_flag", "wind_quality_flag")]
        words += [format(results["reference"], "6s"), format(results["lam0"], "7.1e")]
        lines.append("  ".join([*words, format(results["SVNRevision"], "5s")]))
    assert lines == madrigal_text(night).splitlines()[3:]
