"""Faults of camera, laser and sky, each against a calculation of its own."""

import math
from dataclasses import replace

import numpy as np
import pytest

from airglow.geometry.ephemeris import sun_and_moon
from airglow.simulate import SCENARIOS
from airglow.simulate.optics import SPEED_OF_LIGHT_MPS, Spectrum
from airglow.simulate.scenario import UnseenClouds

from .common import COARSE

NOMINAL = SCENARIOS["nominal"]


def sky_frames(night):
    return [frame for frame in night.frames if frame.tag != "L"]


def counts_per_s(night, frame, spectrum=None):
    """Mean over an order at the centre of the rings, of a frame without falloff: a sum over pixels."""
    light = night.light(frame) if spectrum is None else night.light_of(frame, spectrum)
    flat = night.light_of(frame, Spectrum(np.empty(0), np.empty(0), 1.0))
    return float((light / flat).mean())


def mean_velocity_mps(spectrum, wavelength_m):
    mean_m = np.average(spectrum.wavelength_m, weights=spectrum.weight)
    return SPEED_OF_LIGHT_MPS * (mean_m / wavelength_m - 1)


def test_a_converter_of_fewer_bits_clips_bright_pixels_and_no_others(draw):
    bright = replace(NOMINAL, laser_intensity=60.0)
    full, clipped = (draw(replace(bright, converter_bits=bits), camera=COARSE) for bits in (16, 14))
    laser = next(frame for frame in full.frames if frame.tag == "L")
    image = full.image(laser)
    assert 0.01 < np.mean(image > 16_383) < 0.9
    np.testing.assert_array_equal(clipped.image(laser), np.minimum(image, 16_383))
    dim = sky_frames(full)[0]
    np.testing.assert_array_equal(clipped.image(dim), full.image(dim))


@pytest.mark.parametrize("transmission", [1.0, 0.6])
def test_unseen_clouds_mix_the_light_of_the_sky_and_no_sensor_tells(draw, transmission):
    bank = UnseenClouds(-1.0, 9.0, scattered=0.8, transmission=transmission)
    clear, cloudy = draw(NOMINAL, camera=COARSE), draw(replace(NOMINAL, unseen_clouds=(bank,)), camera=COARSE)
    wavelength_m = clear.instrument.optics.line_wavelength_m("XR")
    for frame, under in zip(sky_frames(clear), sky_frames(cloudy), strict=True):
        assert under.sky_minus_ambient_c == frame.sky_minus_ambient_c
        assert under.los_wind_mps == frame.los_wind_mps
        assert under.scattered_fraction == pytest.approx(0.8, abs=1e-4)
        assert under.background == frame.background
        layer, hours = clear.atmosphere.layers["red"], clear.hours(frame.middle_utc)
        around = [(azimuth, 55.0) for azimuth in range(0, 360, 60)]
        parts = [
            (0.2, (frame.true_azimuth_deg, frame.true_zenith_deg)),
            *((0.8 / 6, look) for look in around),
        ]
        brightness = [weight * layer.brightness(hours, *look) for weight, look in parts]
        winds = [layer.line_of_sight_mps(hours, *look) for _, look in parts]
        sensitivity, intensity = clear.truth.sensitivity, NOMINAL.intensity
        expected = transmission * sum(brightness) * sensitivity * intensity
        assert under.intensity == pytest.approx(expected, rel=1e-4)
        mixed = np.average(winds, weights=brightness)
        assert mean_velocity_mps(cloudy.spectrum(under), wavelength_m) == pytest.approx(mixed, abs=0.05)


def test_unseen_clouds_come_and_go(draw):
    bank = UnseenClouds(1.0, 2.0, scattered=0.5, edge_h=0.1)
    night = draw(replace(NOMINAL, unseen_clouds=(bank,)), camera=COARSE)
    dusk = night.atmosphere.unseen_banks[0].from_hours - 1.0
    fraction = [night.atmosphere.unseen_fraction(dusk + hours) for hours in (0.0, 1.0, 1.5, 2.0, 3.0)]
    np.testing.assert_allclose(fraction, [0.0, 0.25, 0.5, 0.25, 0.0], atol=1e-4)


def test_the_share_of_the_hydroxyl_line_is_that_of_the_light_on_the_sensor(draw):
    night = draw(replace(NOMINAL, oh_share=(0.03, 0.08), oh_orders_off=0.12), camera=COARSE, sky_frames=40)
    clean = replace(night, scenario=NOMINAL)
    shares = []
    for frame in sky_frames(night)[::3]:
        line = replace(clean.spectrum(frame), continuum=0.0)
        added = counts_per_s(night, frame) - counts_per_s(clean, frame)
        shares.append(added / counts_per_s(night, frame, line))
        turn = math.pi * night.hours(frame.middle_utc) / 6.0 + night.atmosphere.oh_phase_rad / 2
        # The frame does not hold whole orders: what lies beyond the last ring is told to a few per cent.
        assert shares[-1] == pytest.approx(0.03 + 0.05 * math.sin(turn) ** 2, rel=0.03)
    assert max(shares) / min(shares) > 1.6


def test_the_hydroxyl_line_is_so_many_orders_off_and_as_wide_as_its_mass_has_it(draw):
    night = draw(replace(NOMINAL, oh_share=(0.05, 0.05), oh_orders_off=0.3), camera=COARSE)
    frame = sky_frames(night)[0]
    own = replace(night, scenario=NOMINAL).spectrum(frame).wavelength_m.size
    light = night.spectrum(frame)
    wavelength_m, weight = light.wavelength_m[own:], light.weight[own:]
    rest_m, gap_m = night.instrument.optics.line_wavelength_m("XR"), night.instrument.optics.nominal_gap_m
    mean_m = np.average(wavelength_m, weights=weight)
    assert 2 * gap_m / rest_m - 2 * gap_m / mean_m == pytest.approx(0.3, abs=1e-3)
    width_m = math.sqrt(np.average((wavelength_m - mean_m) ** 2, weights=weight))
    speed_mps = math.sqrt(8.314 * 190 / 17.007e-3)  # of hydroxyl at 190 K along one axis
    assert SPEED_OF_LIGHT_MPS * width_m / rest_m == pytest.approx(speed_mps, rel=1e-3)


def test_the_twilight_is_as_bright_as_the_sun_s_elevation_has_it(draw):
    """With the elevation of another formula, and in front of it a line that takes a part of it away."""
    scenario = replace(NOMINAL, twilight_ratio=20.0, twilight_line_share=0.006, twilight_line_orders_off=0.3)
    night = draw(scenario, camera=COARSE, sky_frames=20)
    clean = replace(night, scenario=NOMINAL)
    site = night.site
    for frame in sky_frames(night)[:6]:
        when = np.array([frame.middle_utc.replace(tzinfo=None)], "datetime64[us]")
        place = site.latitude_deg, site.longitude_deg, site.altitude_m
        elevation = sun_and_moon(when, *place).sun_elevation_deg[0]
        expected = 20 * NOMINAL.intensity * night.truth.sensitivity * math.exp((elevation + 8) / 1.2)
        light, without = night.spectrum(frame), clean.spectrum(frame)
        assert light.continuum - without.continuum == pytest.approx(expected, rel=0.05)
        taken = without.weight.sum() - light.weight.sum()
        assert taken == pytest.approx(0.006 * (light.continuum - without.continuum), rel=1e-9)
        added = counts_per_s(night, frame) - counts_per_s(clean, frame)
        assert added == pytest.approx(0.994 * expected, rel=0.05)
    assert sky_frames(night)[0].intensity == sky_frames(clean)[0].intensity


def test_another_reflectivity_for_the_sky_leaves_the_laser_alone(draw):
    clean = draw(NOMINAL, camera=COARSE)
    other = draw(replace(NOMINAL, sky_reflectivity_change=-0.02), camera=COARSE)
    frame, laser = sky_frames(clean)[0], next(frame for frame in clean.frames if frame.tag == "L")
    np.testing.assert_array_equal(other.light(laser), clean.light(laser))
    plates = clean.truth.optics.plates
    lower = replace(clean.truth.optics, plates=replace(plates, reflectivity=plates.reflectivity - 0.02))
    by_hand = replace(clean, truth=replace(clean.truth, optics=lower))
    np.testing.assert_allclose(other.light(frame), by_hand.light(frame), rtol=1e-12)


def test_the_laser_drifts_and_the_sky_does_not(draw):
    clean = draw(NOMINAL, camera=COARSE)
    drifting = draw(replace(NOMINAL, laser_drift_mps=30.0), camera=COARSE)
    lasers = [frame for frame in clean.frames if frame.tag == "L"]
    first, last = lasers[0], lasers[-1]
    off_mps = [
        SPEED_OF_LIGHT_MPS
        * (drifting.spectrum(laser).wavelength_m[0] / clean.spectrum(laser).wavelength_m[0] - 1)
        for laser in (first, last)
    ]
    assert off_mps[1] == pytest.approx(30.0, rel=0.03)
    whole_s = (clean.frames[-1].end_utc - clean.frames[0].start_utc).total_seconds()
    assert off_mps[0] == pytest.approx(30.0 * first.exposure_s / 2 / whole_s, rel=1e-3)
    frame = sky_frames(clean)[-1]
    np.testing.assert_array_equal(drifting.light(frame), clean.light(frame))


def test_the_laser_jumps_in_the_middle_of_the_night_and_the_sky_does_not(draw):
    clean = draw(NOMINAL, camera=COARSE)
    jumping = draw(replace(NOMINAL, laser_jump_mps=316.0), camera=COARSE)
    lasers = [frame for frame in clean.frames if frame.tag == "L"]
    off_mps = [
        SPEED_OF_LIGHT_MPS
        * (jumping.spectrum(laser).wavelength_m[0] / clean.spectrum(laser).wavelength_m[0] - 1)
        for laser in lasers
    ]
    half = len(lasers) // 2
    np.testing.assert_allclose(off_mps, [0.0] * half + [316.0] * (len(lasers) - half), atol=1e-3)
    frame = sky_frames(clean)[-1]
    np.testing.assert_array_equal(jumping.light(frame), clean.light(frame))


def test_extra_wind_and_gradients_are_those_between_places(draw):
    scenario = replace(
        NOMINAL, extra_wind_mps=(150.0, -100.0), wind_gradient_mps_per_mm=(100.0, 20.0, -30.0, 50.0)
    )
    clean, windy = (draw(each, camera=COARSE).atmosphere.layers["red"] for each in (NOMINAL, scenario))
    here = np.subtract(windy.wind_mps(0.0), clean.wind_mps(0.0))
    np.testing.assert_allclose(here, [150.0, -100.0, 0.0])
    # Two degrees to the east and three to the north on a sphere of 6,371 km.
    latitude = windy.latitude_deg + 3.0
    east_mm = 6.371 * math.radians(2.0) * math.cos(math.radians(windy.latitude_deg + 1.5))
    north_mm = 6.371 * math.radians(3.0)
    place = (latitude, windy.longitude_deg + 2.0)
    there = np.subtract(windy.wind_mps(0.0, *place), clean.wind_mps(0.0, *place))
    expected = [150 + 100 * east_mm + 20 * north_mm, -100 - 30 * east_mm + 50 * north_mm, 0.0]
    np.testing.assert_allclose(there, expected, atol=0.1)


def test_the_gap_settles_from_the_first_frame_on(draw):
    clean = draw(NOMINAL, camera=COARSE)
    settling = draw(replace(NOMINAL, gap_settles_nm=42.0, gap_settles_h=1.5), camera=COARSE)
    begin = clean.frames[0].start_utc
    for frame, other in zip(clean.frames, settling.frames, strict=True):
        hours = (frame.middle_utc - begin).total_seconds() / 3600
        fallen_nm = 42.0 * -math.expm1(-hours / 1.5)
        assert other.gap_m - frame.gap_m == pytest.approx(-1e-9 * fallen_nm, abs=1e-14)
