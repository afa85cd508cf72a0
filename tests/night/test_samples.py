"""The table of sky samples: signs, units, errors and flags of a few samples, without frames or fits."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from results import example_result

from airglow.frames import FrameHeader
from airglow.model.result import Cause
from airglow.night import NightRequest, samples
from airglow.night.gate import TimedFrame
from airglow.night.self_checks import SelfChecks
from airglow.spectra import SkyLine, network_intensity_scale
from airglow.winds.clouds_by_data import Clouds
from airglow.winds.common_drift import CommonDrift
from airglow.winds.doppler_reference import SampleReference
from airglow.winds.scattered_clouds import no_clouds

from .conftest import DATE

HOUR_S = 3600.0
PER_NM_MPS = 19.9861639  # c over 15 mm in nanometres: a shift of one part in 15 million
RED_M = 6.3e-7


def request_of(registry, flipped_before=None, date=DATE):
    instrument = replace(
        registry.instrument("minime05", DATE), azimuth_sign_flipped_before=flipped_before, bad_periods=()
    )
    return NightRequest(instrument, registry.site("uao"), date, "XR")


def looks(*directions, exposure_s=240.0):
    """Profiles and fits of frames that looked there, as far as the table asks for them."""
    start = np.datetime64("2026-05-12T04:00:00", "us")
    frames = tuple(
        TimedFrame(
            FrameHeader(
                name=f"UAO_XR_20260511_23{k:02d}00.hdf5",
                tag="XR",
                exposure_s=exposure_s,
                azimuth_deg=azimuth,
                zenith_deg=zenith,
                local_start=None,
            ),
            start + np.timedelta64(5 * k, "m"),
        )
        for k, (azimuth, zenith) in enumerate(directions)
    )
    n = len(frames)
    sky = SimpleNamespace(frames=frames, centers=[SimpleNamespace(x_px=256.0, y_px=255.0)] * n)
    fit = SimpleNamespace(
        **dict.fromkeys(("velocity_bound_mps", "temperature_bound_k", "continuum_error", "bias"), 1.0),
        **dict.fromkeys(("bias_error", "reduced_chi_square"), 1.0),
        velocity_mps=40.0,
        velocity_error_mps=3.0,
        temperature_k=800.0,
        temperature_error_k=12.0,
        intensity=30.0,
        intensity_error=0.6,
        continuum=48.0,
    )
    lines = SimpleNamespace(
        index=tuple(range(n)),
        fits=(fit,) * n,
        gap_m=np.full(n, 0.015),
        gap_error_m=np.full(n, 2e-10),
        holds=None,
        shape_noise_k=3.0,
        shape_misfit_k=4.0,
    )
    return sky, lines


def table(request, *directions):
    parameters = SimpleNamespace(nominal_gap_m=0.015)
    known = SimpleNamespace(parameters=parameters, temperature_error_k=5.0)
    return samples.sky_samples(request, *looks(*directions), SkyLine(RED_M, 800.0), known)


@pytest.mark.parametrize(("days", "azimuth_deg"), [(-1, 90.0), (0, 90.0), (1, 270.0)])
def test_azimuths_count_from_north_by_west_before_the_day_of_the_change(registry, days, azimuth_deg):
    sky = table(request_of(registry, DATE + dt.timedelta(days=days)), (90.0, 45.0))
    assert sky.azimuth_deg[0] == azimuth_deg
    assert np.sign(sky.pierce_longitude_deg[0] - registry.site("uao").longitude_deg) == (
        1 if azimuth_deg == 90.0 else -1
    )


def test_directions_times_and_units_are_those_of_the_frames(registry):
    sky = table(request_of(registry), (90.0, -45.0), (0.0, 0.0))
    np.testing.assert_array_equal(sky.azimuth_deg, [270.0, 0.0])
    np.testing.assert_array_equal(sky.zenith_deg, [45.0, 0.0])
    assert sky.direction == ("West", "Zenith")
    assert sky.mid_time[1] == np.datetime64("2026-05-12T04:07:00", "us")
    # Counts of a frame are given per second; the line's in the network's unit.
    np.testing.assert_allclose(sky.intensity, 30.0 * network_intensity_scale(RED_M, 0.015) / 240.0)
    np.testing.assert_allclose(sky.intensity_error / sky.intensity, 0.02)
    np.testing.assert_allclose(sky.background, 0.2)
    # 0.2 nm of the gap; 12 K of the fit, 5 K of the instrument's colour, 3 and 4 K of its shape.
    np.testing.assert_allclose(sky.wind_calibration_error_mps, 0.2 * PER_NM_MPS, rtol=1e-6)
    np.testing.assert_allclose(sky.temperature_error_k, np.sqrt(194.0))


def some_sky(n=12, **changes):
    return replace(example_result(n, 0).sky, **changes)


def test_winds_are_velocities_less_the_reference_and_errors_in_quadrature():
    sky = some_sky(
        line_of_sight_wind_mps=np.arange(12.0),
        wind_fit_error_mps=np.full(12, 3.0),
        wind_calibration_error_mps=np.full(12, 4.0),
    )
    reference = SampleReference("by hand", np.full(12, -100.0), np.full(12, 12.0), 8.0, 3)
    winds = samples.with_winds(sky, reference)
    np.testing.assert_array_equal(winds.line_of_sight_wind_mps, 100.0 + np.arange(12.0))
    np.testing.assert_allclose(winds.wind_error_mps, 13.0)
    told = replace(reference, calibration_error_mps=np.full(12, np.sqrt(1.0**2 - 0.6**2)))  # by the zenith
    winds = samples.with_winds(sky, told)
    np.testing.assert_allclose(winds.wind_error_mps, np.sqrt(9 + 0.64 + 144))


NOTHING = SampleReference("by hand", np.zeros(2), np.zeros(2), 8.0, 0)


def lasers_with(**more):
    course = SimpleNamespace(jumps_s=more.pop("jumps_s", ()))
    return SimpleNamespace(median_gap_m=0.015, gap_nm=course, other_courses=(), **more)


def test_zenith_samples_under_clouds_count_for_less():
    """A quarter above -22 C of sky minus ambient, a twentieth above -10 C; unknown ones count in full."""
    clouds = np.array([-30.0, -21.0, -9.0, np.nan])
    velocity = np.array([0.0, 4.0, 9.0, -3.0])
    sky = some_sky(
        4,
        line_of_sight_wind_mps=velocity,
        wind_fit_error_mps=np.full(4, 2.0),
        zenith_deg=np.zeros(4),
        sky_minus_ambient_mean_c=clouds,
    )
    known = SimpleNamespace(lasers=lasers_with(gap_covariance_m2=lambda time_s: np.zeros((4, 4))))
    reference = samples.find_doppler_reference(sky, np.arange(4.0), known, nothing_found(4))
    expected = np.average(velocity, weights=[1.0, 0.25, 0.05, 1.0])
    assert reference.value_mps[0] == pytest.approx(expected, abs=1e-3)
    # So do those that the data say are under clouds, or in the twilight.
    last = np.array([False, False, False, True])
    for checks in (
        SelfChecks(Clouds(last, 0.8 * last, (5.0,)), no_clouds(len(last)), None, ~last & False),
        SelfChecks(Clouds(~last & False, 0.0 * last, ()), no_clouds(len(last)), None, last),
    ):
        reference = samples.find_doppler_reference(sky, np.arange(4.0), known, checks)
        expected = np.average(velocity, weights=[1.0, 0.25, 0.05, 0.25])
        assert reference.value_mps[0] == pytest.approx(expected, abs=1e-3)


def test_the_covariance_of_the_gap_is_taken_as_one_of_velocities(monkeypatch):
    of_gap_m2 = np.array([[4.0, 1.0], [1.0, 9.0]]) * 1e-18
    known = SimpleNamespace(lasers=lasers_with(gap_covariance_m2=lambda time_s: of_gap_m2))
    given = []
    monkeypatch.setattr(samples, "reference_over_gap", lambda *arguments: given.append(arguments) or NOTHING)
    samples.find_doppler_reference(some_sky(2), np.arange(2.0), known, nothing_found(2))
    of_gap = np.array([[4.0, 1.0], [1.0, 9.0]]) * PER_NM_MPS**2
    np.testing.assert_allclose(given[0][3], of_gap, rtol=1e-6)
    # A drift of all directions is one more thing that the lasers leave open.
    drift = CommonDrift(20.0, 5.0)
    samples.find_doppler_reference(some_sky(2), np.arange(2.0), known, replace(nothing_found(2), drift=drift))
    np.testing.assert_allclose(given[1][3], of_gap + drift.covariance_mps2(np.arange(2.0)), rtol=1e-6)


def nothing_found(n):
    """That n samples say nothing against themselves."""
    return SelfChecks(Clouds(np.zeros(n, bool), np.zeros(n), ()), no_clouds(n), None, np.zeros(n, bool))


def causes_of(registry, sky, mid_time_s, laser_s=(0.0,), jumps_s=(), used=None, checks=None):
    """Masks of the causes of samples at times, with laser frames at others."""
    n, laser_s = len(sky), np.array(laser_s)
    used = np.ones(laser_s.size, bool) if used is None else np.array(used)
    fitted = SimpleNamespace(
        known=SimpleNamespace(
            lasers=lasers_with(jumps_s=jumps_s, used=used), temperature_error_k=0.0, causes=()
        ),
        mid_time_s=np.asarray(mid_time_s),
        settled=np.ones(n, bool),
        time_in_doubt=np.zeros(n, bool),
        contaminated=False,
        laser_mid_time_s=laser_s,
        laser_counts=np.full(laser_s.size, 100.0),
    )
    reference = SampleReference("by hand", np.zeros(n), np.ones(n), 8.0, 3)
    checks = checks or nothing_found(n)
    return samples.with_flags(request_of(registry), sky, fitted, reference, checks).causes


def holds(causes, cause):
    return ((causes & np.uint32(cause.mask)) != 0).tolist()


def test_what_samples_say_against_themselves_is_flagged(registry):
    one, other = np.array([True, False, False]), np.array([False, False, True])
    checks = SelfChecks(Clouds(one, 0.8 * one, (5.0,)), no_clouds(len(one)), CommonDrift(20.0, 5.0), other)
    causes = causes_of(registry, some_sky(3), np.arange(3.0), checks=checks)
    assert holds(causes, Cause.CLOUD_BY_THE_DATA) == one.tolist()
    assert holds(causes, Cause.BRIGHT_TWILIGHT) == other.tolist()
    assert holds(causes, Cause.COMMON_DRIFT) == [True] * 3


def test_a_sample_is_far_from_a_laser_after_two_hours(registry):
    times_s = np.array([-2.1, -1.9, 1.9, 2.1, 6.0]) * HOUR_S
    causes = causes_of(registry, some_sky(5), times_s, laser_s=[0.0, 6.0 * HOUR_S], used=[True, False])
    assert holds(causes, Cause.LASER_FAR) == [True, False, False, True, True]


def test_samples_within_a_jump_of_the_gap_are_flagged(registry):
    causes = causes_of(registry, some_sky(4), [50.0, 150.0, 250.0, 350.0], jumps_s=((100.0, 300.0),))
    assert holds(causes, Cause.GAP_JUMP) == [False, True, True, False]


def test_a_moon_is_near_within_37_degrees_when_it_is_up_and_bright(registry):
    sky = some_sky(
        4,
        moon_separation_deg=np.array([36.0, 38.0, 36.0, 36.0]),
        moon_elevation_deg=np.array([10.0, 10.0, -1.0, 10.0]),
        moon_illumination=np.array([0.3, 0.3, 0.3, 0.2]),
    )
    assert holds(causes_of(registry, sky, np.zeros(4)), Cause.NEAR_MOON) == [True, False, False, False]
