"""Whole nights against a truth made by other means than the retrieval's."""

import dataclasses
import datetime as dt
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from known import known_registry

from airglow.model.errors import NotAnalysable
from airglow.model.result import Cause, causes_in
from airglow.night import NightRequest, analyse_night, read_night
from airglow.night.instrument import colour_error_k
from airglow.night.lines import fit_lines
from airglow.night.site_temperatures import logger_notes, site_temperatures
from airglow.simulate import Camera
from airglow.spectra import SkyLine, network_intensity_scale
from airglow.weather import read_folder

REAL = Path(__file__).parents[3] / "shared" / "reference" / "real"


def zero_removed_rms(errors):
    return float(np.std(errors))


def test_nominal_night_is_recovered(nominal):
    night, result = nominal
    wind, temperature = night.wind_errors(result), night.temperature_errors(result)
    assert len(result.sky) == 30
    assert len(result.laser) == 10
    assert result.rejections == ()
    assert zero_removed_rms(wind) < 1.5
    assert np.sqrt(np.mean(temperature**2)) < 6.0
    assert abs(wind.mean()) < 3.5 * result.doppler_reference.error_mps
    assert 0.9 < np.median(result.sky.reduced_chi_square) < 1.1
    assert 0.9 < np.median(result.laser.reduced_chi_square) < 1.15


def test_errors_of_the_nominal_night_are_true(nominal):
    night, result = nominal
    sky = result.sky
    stated = np.hypot(sky.wind_fit_error_mps, sky.wind_calibration_error_mps)
    wind = night.wind_errors(result)
    assert 0.65 < np.std((wind - wind.mean()) / stated) < 1.4
    temperature = night.temperature_errors(result)
    # A part of the stated error is common to the night: it shows in the mean, not in the scatter.
    assert 0.65 < np.sqrt(np.mean((temperature / sky.temperature_error_k) ** 2)) < 1.4
    assert 0.65 < np.std(temperature / sky.temperature_bound_k) < 1.4
    np.testing.assert_allclose(
        sky.wind_error_mps**2,
        stated**2 + sky.wind_reference_error_mps**2,
        rtol=1e-12,
        err_msg="in quadrature",
    )


def test_intensity_centre_and_times_are_those_of_the_frames(nominal):
    night, result = nominal
    sky = result.sky
    scale = network_intensity_scale(result.wavelength_m, night.instrument.optics.nominal_gap_m)
    optics, vignetting = night.simulated.truth.optics, night.simulated.truth.vignetting
    light = np.mean(vignetting.relative(optics.max_radius_px * np.sqrt(np.linspace(0, 1, 1000))))
    ratio = sky.intensity / (scale * light * night.truth(sky.name, "intensity"))
    assert np.median(ratio) == pytest.approx(1.0, abs=0.02)
    for got, quantity in ((sky.center_x_px, "center_x_px"), (sky.center_y_px, "center_y_px")):
        assert np.std(got - night.truth(sky.name, quantity)) < 0.02
    starts = [np.datetime64(night.all_truth[name].start_utc.replace(tzinfo=None), "us") for name in sky.name]
    assert np.abs(sky.start_time - np.array(starts)).max() < np.timedelta64(1000, "us")
    assert list(sky.direction) == [night.all_truth[name].direction for name in sky.name]


def test_temperatures_of_the_site_are_in_the_result(nominal):
    """Each line of the logger's file between the noons, by its clock five hours behind UTC in May."""
    night, result = nominal
    expected = []
    for path in sorted((night.folder / "clouds").glob("TempL00_*.txt")):
        for line in path.read_text().splitlines():
            when, dome, inside = line.split(",")
            utc = dt.datetime.strptime(when, "%m/%d/%Y %H:%M:%S") + dt.timedelta(hours=5)
            expected.append((np.datetime64(utc, "us"), float(dome), float(inside)))
    noon = np.datetime64("2026-05-11T17:52:38.16")  # of the mean sun at 88.159 degrees west
    expected = [row for row in expected if noon <= row[0] <= noon + np.timedelta64(1, "D")]
    assert len(expected) == 288  # one in five minutes
    dome, inside = result.temperatures
    assert [(each.probe, each.logger) for each in result.temperatures] == [
        ("dome", "TempL00"),
        ("inside", "TempL00"),
    ]
    for k, each in ((1, dome), (2, inside)):
        np.testing.assert_array_equal(each.time, [row[0] for row in expected])
        np.testing.assert_array_equal(each.temperature_c, [row[k] for row in expected])
    assert "Temperature logger TempL00: dome and inside, 576 samples." in result.notes


def test_without_loggers_the_log_says_so(nominal):
    night, _ = nominal
    weather = read_folder(night.folder / "clouds", night.site)
    without = dataclasses.replace(weather, temperatures=())
    assert site_temperatures(night.request(), without) == site_temperatures(night.request(), None) == ()
    assert logger_notes(without) == logger_notes(None) == ["No temperature logger data."]


def test_without_clouds_there_is_a_caution_and_the_plate_scale_of_the_sky_is_found(nominal, monkeypatch):
    """Light of the sky fills the lens in another way than the laser's, by 4 parts in 10,000 of the scale."""
    night, result = nominal
    seen = []

    def watched(*given):
        seen.append(fit_lines(*given))
        return seen[-1]

    monkeypatch.setattr("airglow.night.analyse.fit_lines", watched)
    without = night.analyse(clouds=False)
    assert all(Cause.NO_CLOUD_DATA in causes_in(mask) for mask in without.sky.causes)
    assert without.sky.wind_flag.min() == 1
    optics = night.simulated.truth.optics
    of_laser = result.instrument_parameters.plate_scale_rad_per_pixel
    assert of_laser == pytest.approx(optics.plate_scale_rad_per_pixel, rel=5e-5)
    assert seen[0].parameters.plate_scale_rad_per_pixel / of_laser == pytest.approx(
        optics.sky_scale, abs=8e-5
    )
    assert optics.sky_scale < 1 - 2e-4


def test_same_frames_same_result(nominal):
    night, result = nominal
    again = night.analyse()
    np.testing.assert_array_equal(again.sky.line_of_sight_wind_mps, result.sky.line_of_sight_wind_mps)
    np.testing.assert_array_equal(again.sky.causes, result.sky.causes)
    assert again.provenance == result.provenance


def test_green_line(make_night):
    night = make_night("green", "minime13", "XG", sky_frames=16, laser_frames=6)
    result = night.analyse()
    assert zero_removed_rms(night.wind_errors(result)) < 0.6
    temperature, stated = night.temperature_errors(result), result.sky.temperature_error_k
    assert np.std(temperature) < 0.6
    # All are off alike: lasers of another colour do not tell reflectivity from unevenness, nor its colour.
    assert abs(temperature.mean()) < 8.0
    assert stated.min() > 4.5
    assert np.sqrt(np.mean((temperature / stated) ** 2)) < 1.5


@pytest.mark.parametrize(
    ("line_m", "laser_m", "expected_k"), [(557.7e-9, 632.8e-9, 3.78), (630.0e-9, 632.8e-9, 0.149)]
)
def test_a_line_of_another_colour_than_the_laser_has_a_temperature_error_of_its_own(
    line_m, laser_m, expected_k
):
    """A gap variance of 22 nm^2 counts for (4 pi / line)^2 where the lasers had it as (4 pi / laser)^2."""
    variance_m2, boltzmann, mass_kg, light_mps = 2.2e-17, 1.380649e-23, 15.9949 * 1.66053907e-27, 299792458.0
    width_rad2 = variance_m2 * (4 * np.pi) ** 2 * (line_m**-2 - laser_m**-2)
    per_kelvin = (4 * np.pi * 0.015 / line_m) ** 2 * boltzmann / (mass_kg * light_mps**2)
    error_k = colour_error_k(SkyLine(line_m, 800.0), laser_m, 0.015)
    assert error_k == pytest.approx(width_rad2 / per_kelvin, rel=1e-6)
    assert error_k == pytest.approx(expected_k, rel=0.01)


def test_drifting_gap_is_followed(make_night):
    night = make_night("drifting", sky_frames=20, laser_frames=8)
    result = night.analyse()
    assert zero_removed_rms(night.wind_errors(result)) < 2.0
    gap_error = result.sky.gap_m - night.truth(result.sky.name, "gap_m")
    assert np.std(gap_error) < 0.05e-9


def test_dim_night_has_errors_to_match(make_night):
    night = make_night("dim")
    result = night.analyse()
    wind = night.wind_errors(result)
    assert np.median(result.sky.wind_fit_error_mps) > 3.0
    stated = np.hypot(result.sky.wind_fit_error_mps, result.sky.wind_calibration_error_mps)
    assert 0.65 < np.std((wind - wind.mean()) / stated) < 1.4


def test_no_laser_falls_back_and_says_so(make_night):
    night = make_night("no-laser", sky_frames=20, laser_frames=0)
    result = night.analyse()
    assert len(result.laser) == 0
    assert result.instrument_parameters.source == "registry, refined on sky frames"
    assert result.doppler_reference.method == "zenith in time"
    assert zero_removed_rms(night.wind_errors(result)) < 10.0
    for cause in (Cause.ZENITH_REFERENCE, Cause.DEFAULT_INSTRUMENT):
        assert all(cause in causes_in(mask) for mask in result.sky.causes)
    assert result.sky.wind_flag.min() == 1
    assert result.sky.temperature_flag.min() == 1
    assert np.abs(np.median(night.temperature_errors(result))) < 2.5 * result.sky.temperature_error_k.min()
    assert 5.0 < result.sky.temperature_error_k.min() < 40.0


def test_clouds_are_flagged_by_the_sensor(make_night):
    night = make_night("clouds", laser_frames=5)
    result = night.analyse()
    truth = night.truth(result.sky.name, "sky_minus_ambient_c")
    flagged = np.array([bool({Cause.CLOUDY, Cause.OVERCAST} & set(causes_in(m))) for m in result.sky.causes])
    assert flagged[truth > -15].all()
    assert not flagged[truth < -28].any()
    assert 0 < flagged.sum() < flagged.size


def test_corrupt_frames_cost_nothing_but_themselves(make_night):
    night = make_night("corrupt-frame", sky_frames=16, laser_frames=6)
    result = night.analyse()
    spoilt = {name for name, frame in night.all_truth.items() if frame.flaw}
    assert {rejection.name for rejection in result.rejections} == spoilt
    assert all(rejection.reason for rejection in result.rejections)
    assert len(result.sky) + len(result.laser) == len(night.all_truth) - len(spoilt)
    assert zero_removed_rms(night.wind_errors(result)) < 1.5


def test_tag_without_frames_is_an_outcome(nominal):
    night, _ = nominal
    with pytest.raises(NotAnalysable, match="no XG frame") as outcome:
        read_night(night.folder / "frames", night.request("XG"))
    assert outcome.value.state == "no frames"


def test_camera_that_was_off_is_an_outcome(nominal):
    night, _ = nominal
    with pytest.raises(NotAnalysable) as outcome:
        read_night(night.folder / "frames", night.request(camera_off_c=-100.0))
    assert outcome.value.state == "camera off"


def test_frames_in_daylight_are_left_out(nominal):
    night, _ = nominal
    request = night.request(highest_sun_deg=-25.0)
    result = analyse_night(request, read_night(night.folder / "frames", request), None)
    assert 0 < len(result.sky) < 30
    assert all("sun at" in rejection.reason for rejection in result.rejections)
    assert result.sky.sun_elevation_deg.max() <= -25.0


def test_a_frame_of_another_size_is_left_out(nominal, make_night, tmp_path):
    night, _ = nominal
    frames = tmp_path / "frames"
    shutil.copytree(night.folder / "frames", frames)
    victim = sorted(frames.glob("*_XR_*"))[3]
    with h5py.File(victim, "r+") as file:
        image, attributes = file["image"][:256, :256], dict(file["image"].attrs)
        del file["image"]
        file["image"] = image
        file["image"].attrs.update(attributes)
    result = night.analyse(frames)
    (rejection,) = result.rejections
    assert rejection.name == victim.name
    assert "256 x 256 pixels" in rejection.reason


@pytest.mark.skipif(not REAL.is_dir(), reason="the real frames are not here")
def test_real_frames_are_analysed(tmp_path):
    for path in REAL.glob("*.img"):
        shutil.copy(path, tmp_path)
    registry = known_registry()
    date = dt.date(2013, 10, 1)
    site, instrument = registry.site("uao"), registry.instrument("minime05", date)
    request = NightRequest(instrument, site, date, "X")
    result = analyse_night(request, read_night(tmp_path, request), None)
    assert result.rejections == ()
    assert (len(result.sky), len(result.laser)) == (2, 2)
    assert set(result.sky.direction) == {"Zenith"}
    assert np.all((result.sky.temperature_k > 400) & (result.sky.temperature_k < 1600))
    assert np.all(result.sky.wind_fit_error_mps < 10)
    assert np.abs(result.laser.gap_m - 0.015).max() < 1e-6


@pytest.mark.parametrize(
    "camera",
    [
        Camera(rows=256, columns=256, x_binning=4, y_binning=4),
        Camera(rows=256, columns=512, x_binning=2, y_binning=4),
    ],
    ids=["4 x 4", "2 x 4"],
)
def test_binning_is_that_of_the_header(make_night, camera):
    night = make_night("nominal", sky_frames=10, laser_frames=4, camera=camera)
    result = night.analyse()
    assert zero_removed_rms(night.wind_errors(result)) < 2.0
    assert np.sqrt(np.mean(night.temperature_errors(result) ** 2)) < 8.0
