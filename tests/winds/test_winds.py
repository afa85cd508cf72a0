"""Look directions, the Doppler reference of the wind, and flags with their causes."""

import numpy as np
import pytest

from airglow.geometry.directions import look_direction, separation_deg
from airglow.model.result import Cause, causes_in
from airglow.registry import Direction, QualityLimits
from airglow.winds.doppler_reference import reference_from_zenith, reference_in_time
from airglow.winds.flags import FlagInputs, flag_levels, flag_samples

DIRECTIONS = (
    Direction("Zenith", 0.0, 0.0),
    Direction("North", 0.0, 45.0),
    Direction("South", 180.0, 45.0),
    Direction("East", 90.0, 45.0),
)


def test_separation_is_along_the_great_circle():
    assert separation_deg(0, 45, 180, 45) == pytest.approx(90.0)
    assert separation_deg(37, 0, 211, 0) == pytest.approx(0.0, abs=1e-6)
    assert separation_deg(0, 90, 60, 90) == pytest.approx(60.0)


def test_direction_is_the_nearest_within_reach():
    assert look_direction(359.0, 44.5, DIRECTIONS) == "North"
    assert look_direction(212.0, 0.8, DIRECTIONS) == "Zenith"
    assert look_direction(45.0, 45.0, DIRECTIONS) == "Unknown"


def zenith_night(rng, spread, n=15, error=3.0, truth=-120.0):
    is_zenith = np.arange(5 * n) % 5 == 0
    velocity = truth + rng.normal(0, 80, is_zenith.size)
    velocity[is_zenith] = truth + rng.normal(0, spread, n) + rng.normal(0, error, n)
    return np.arange(5 * n) * 400.0, velocity, np.full(velocity.size, error), is_zenith


def test_the_reference_survives_outliers():
    time_s, velocity, error, is_zenith = zenith_night(np.random.default_rng(1), spread=5.0)
    first, second = np.flatnonzero(is_zenith)[[3, 9]]
    velocity[first] += 400.0
    velocity[second] = np.nan
    reference = reference_from_zenith(time_s, velocity, error, is_zenith)
    assert reference.value_mps[0] == pytest.approx(-120.0, abs=4 * reference.error_mps[0])
    assert reference.zenith_samples == 13


def test_no_zenith_is_said_and_costs():
    reference = reference_from_zenith(
        np.arange(3.0), np.array([10.0, 30.0, 20.0]), np.ones(3), np.zeros(3, bool)
    )
    assert reference.zenith_samples == 0
    assert reference.value_mps[0] == 20.0
    assert reference.error_mps[0] >= 30.0


def test_the_reference_follows_the_zenith_in_time():
    rng = np.random.default_rng(2)
    time_s = np.arange(100) * 300.0
    drift = 40.0 * np.sin(time_s / 9000)
    is_zenith = np.arange(100) % 5 == 0
    velocity = drift + np.where(is_zenith, rng.normal(0, 5, 100), rng.normal(0, 80, 100))
    reference = reference_in_time(time_s, velocity, np.full(100, 2.0), is_zenith)
    assert np.std(reference.value_mps - drift) < 5.0
    assert reference.method == "zenith in time"


CLEAR = {
    "wind_mps": np.zeros(12),
    "wind_fit_error_mps": np.full(12, 3.0),
    "temperature_error_k": np.full(12, 10.0),
    "intensity": np.full(12, 1.0),
    "background": np.full(12, 0.1),
    "reduced_chi_square": np.ones(12),
    "fit_settled": np.ones(12, bool),
    "cloud_mean_c": np.full(12, -35.0),
    "ccd_temperature_c": np.full(12, -70.0),
    "is_zenith": np.ones(12, bool),
    "near_bright_moon": np.zeros(12, bool),
    "near_jump": np.zeros(12, bool),
    "far_from_laser": np.zeros(12, bool),
    "time_in_doubt": np.zeros(12, bool),
    "under_clouds": np.zeros(12, bool),
    "bright_twilight": np.zeros(12, bool),
    "common_drift": False,
    "laser_jump": False,
    "is_red_line": True,
    "zenith_reference": False,
    "default_instrument": False,
    "width_error_k": 0.0,
    "no_zenith": False,
    "contaminated": False,
    "of_lasers": (),
    "laser_intensity": np.full(8, 100.0),
    "limits": QualityLimits(0.4467, 0.1413, 0.2),
    "wind_flag_by_hand": 0,
    "temperature_flag_by_hand": 0,
}


def first_sample(**changes):
    """Causes, wind flag and temperature flag of the first of twelve samples of a changed clear night."""
    values = dict(CLEAR)
    for key, value in changes.items():
        if isinstance(CLEAR[key], np.ndarray) and not isinstance(value, np.ndarray):
            value = np.concatenate([[value], CLEAR[key][1:]])
        values[key] = value
    mask = flag_samples(FlagInputs(**values))
    wind, temperature = flag_levels(mask)
    return set(causes_in(mask[0])), int(wind[0]), int(temperature[0])


@pytest.mark.parametrize(
    ("changes", "cause", "wind", "temperature"),
    [
        ({"intensity": 0.4}, Cause.DIM_LINE, 1, 1),
        ({"intensity": 0.1}, Cause.VERY_DIM_LINE, 2, 2),
        ({"intensity": np.nan}, Cause.VERY_DIM_LINE, 2, 2),  # no fit is no light
        ({"background": 0.21}, Cause.BRIGHT_BACKGROUND, 1, 1),
        ({"zenith_reference": True}, Cause.ZENITH_REFERENCE, 1, 1),
        ({"cloud_mean_c": np.nan}, Cause.NO_CLOUD_DATA, 1, 1),
        ({"cloud_mean_c": -21.0}, Cause.CLOUDY, 1, 1),
        ({"cloud_mean_c": -9.0}, Cause.OVERCAST, 2, 1),
        ({"far_from_laser": True}, Cause.LASER_FAR, 1, 0),
        ({"no_zenith": True}, Cause.NO_ZENITH, 1, 0),
        ({"time_in_doubt": True}, Cause.TIME_IN_DOUBT, 2, 2),
        ({"reduced_chi_square": 10.1}, Cause.POOR_FIT, 1, 1),
        ({"ccd_temperature_c": -59.0}, Cause.WARM_CCD, 1, 1),
        ({"wind_fit_error_mps": 101.0}, Cause.LARGE_WIND_ERROR, 2, 2),
        ({"temperature_error_k": 101.0}, Cause.LARGE_TEMPERATURE_ERROR, 2, 2),
        ({"wind_fit_error_mps": np.nan}, Cause.LARGE_WIND_ERROR, 2, 2),
        ({"wind_flag_by_hand": 1}, Cause.WIND_CAUTION_BY_HAND, 1, 0),
        ({"temperature_flag_by_hand": 2}, Cause.TEMPERATURE_BAD_BY_HAND, 0, 2),
        ({"fit_settled": False}, Cause.FIT_FAILED, 2, 2),
        ({"near_bright_moon": True}, Cause.NEAR_MOON, 1, 1),
        ({"default_instrument": True}, Cause.DEFAULT_INSTRUMENT, 1, 1),
        ({"width_error_k": 60.0}, Cause.UNKNOWN_WIDTH, 0, 2),
        ({"near_jump": True}, Cause.GAP_JUMP, 1, 0),
        ({"of_lasers": (Cause.LASER_SATURATED,)}, Cause.LASER_SATURATED, 0, 1),
        ({"of_lasers": (Cause.POOR_LASER_FIT,)}, Cause.POOR_LASER_FIT, 0, 1),
        ({"of_lasers": (Cause.FEW_LASERS,)}, Cause.FEW_LASERS, 1, 0),
        ({"under_clouds": True}, Cause.CLOUD_BY_THE_DATA, 1, 1),
        ({"bright_twilight": True}, Cause.BRIGHT_TWILIGHT, 1, 1),
        ({"common_drift": True}, Cause.COMMON_DRIFT, 1, 0),
        ({"laser_jump": True}, Cause.LASER_JUMP, 2, 0),
    ],
)
def test_each_cause_raises_its_flags(changes, cause, wind, temperature):
    assert first_sample(**changes) == ({cause}, wind, temperature)


def test_a_clear_night_is_good():
    assert first_sample() == (set(), 0, 0)


def test_the_highest_level_wins():
    causes, wind, temperature = first_sample(cloud_mean_c=-5.0, intensity=0.3)
    assert causes == {Cause.OVERCAST, Cause.DIM_LINE}
    assert (wind, temperature) == (2, 1)


def test_clouds_that_the_sensor_sees_have_one_cause():
    causes, wind, temperature = first_sample(cloud_mean_c=-15.0, under_clouds=True)
    assert causes == {Cause.CLOUDY}
    assert (wind, temperature) == (1, 1)


def test_limits_that_are_not_settled_flag_nothing():
    limits = QualityLimits(float("inf"), float("inf"), None)
    assert first_sample(intensity=1e-6, limits=limits, background=9.0) == (set(), 0, 0)


def test_green_line_has_no_intensity_limits():
    assert first_sample(intensity=0.01, is_red_line=False) == (set(), 0, 0)


def drifts(wind_mps, laser_intensity):
    causes, _, _ = first_sample(wind_mps=wind_mps, laser_intensity=laser_intensity)
    return Cause.LASER_DRIFTING in causes


@pytest.mark.parametrize(
    ("odd", "expected"),
    [
        ([70.0, 130.0, 140.0], True),
        ([79.0, 121.0, 79.0], True),  # a fifth off the median, three of them
        ([81.0, 119.0, 81.0], False),
        ([70.0, 130.0, 119.0], False),  # two only
    ],
)
def test_a_laser_is_unsteady_when_more_than_two_frames_are_a_fifth_off(odd, expected):
    assert drifts(np.linspace(0, 60, 12), np.array([100.0] * 6 + odd)) is expected


@pytest.mark.parametrize(("end_mps", "expected"), [(31.0, True), (29.0, False), (-31.0, True)])
def test_a_laser_drifts_when_the_zenith_runs_away_by_thirty(end_mps, expected):
    """Means of the first and the last five: what is between them plays no part."""
    wind = np.concatenate(
        [[-8.0, 8.0, 0.0, 4.0, -4.0], [500.0, -500.0], end_mps + np.array([2.0, -2, 1, -1, 0])]
    )
    unsteady = np.array([100.0] * 5 + [70.0, 60.0, 140.0])
    assert drifts(wind, unsteady) is expected


def test_bits_of_causes_are_all_different():
    assert len({cause.bit for cause in Cause}) == len(Cause)
