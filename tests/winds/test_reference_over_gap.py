"""The zero of the wind together with what the zenith knows of the gap."""

import numpy as np
import pytest

from airglow.gp import fit_course
from airglow.winds.doppler_reference import reference_from_zenith, reference_over_gap

HOURS = np.linspace(0, 8, 90)
IS_ZENITH = np.arange(90) % 5 == 0
FIT_ERROR = np.full(90, 1.0)
TRUE_ZERO = -60.0


def night(seed, vertical=5.0):
    """Velocities with a wind of 80 m/s away from the zenith, and a reference."""
    random = np.random.default_rng(seed)
    wind = np.where(IS_ZENITH, random.normal(0, vertical, 90), random.normal(0, 80, 90))
    return wind, wind + TRUE_ZERO + random.normal(0, FIT_ERROR)


def gap_of_lasers(seed, laser_hours):
    """Error of the gap's course (m/s) through few lasers, and its covariance."""
    phase = np.random.default_rng(seed).uniform(0, 6)

    def true(hours):
        return 30.0 * np.sin(hours / 1.5 + phase)

    course = fit_course(
        3600 * laser_hours,
        true(laser_hours),
        np.full(laser_hours.size, 0.2),
        natural_rate=40.0,
        find_jumps=True,
    )
    return true(HOURS) - course.at(3600 * HOURS)[0], course.covariance(3600 * HOURS)


def test_covariance_has_the_errors_on_its_diagonal():
    course = fit_course(np.arange(8) * 3600.0, np.arange(8) ** 1.5, np.full(8, 0.1), natural_rate=2.0)
    time_s = np.linspace(-3600, 9 * 3600, 40)
    covariance = course.covariance(time_s)
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), course.at(time_s)[1], rtol=1e-6)
    assert np.linalg.eigvalsh(covariance).min() > -1e-9


def test_with_a_known_gap_it_is_the_zenith_mean():
    _, velocity = night(1)
    got = reference_over_gap(3600.0 * HOURS, velocity, FIT_ERROR, np.zeros((90, 90)), IS_ZENITH)
    mean = reference_from_zenith(3600.0 * HOURS, velocity, FIT_ERROR, IS_ZENITH)
    np.testing.assert_allclose(got.value_mps, mean.value_mps, atol=0.1)
    assert got.error_mps[0] == pytest.approx(mean.error_mps[0], rel=0.1)
    assert got.calibration_error_mps.max() < 0.01


@pytest.mark.parametrize("laser_hours", [np.array([0.0]), np.array([0.0, 0.8, 3.5]), 5 + np.arange(8) * 0.4])
def test_the_zenith_follows_the_gap_where_lasers_do_not(laser_hours):
    deviations, alone = [], []
    for seed in range(6):
        _, velocity = night(seed)
        off, covariance = gap_of_lasers(seed, laser_hours)
        got = reference_over_gap(3600.0 * HOURS, velocity + off, FIT_ERROR, covariance, IS_ZENITH)
        deviations.append(got.value_mps - TRUE_ZERO - off)
        alone.append(off - off.mean())
    assert np.std(deviations) < 0.25 * np.std(alone)


def test_errors_are_true_for_a_gap_that_is_as_its_covariance_says():
    """Drawn from it: 20 m/s that last two hours. The reference's mean, and each sample about it.

    These vertical winds are new ones in each sample, and none lasts. So the mean is nearer than stated.
    """
    covariance = 400.0 * np.exp(-0.5 * ((HOURS[:, None] - HOURS) / 2.0) ** 2)
    root = np.linalg.cholesky(covariance + 1e-6 * np.eye(90))
    of_mean, about_mean = [], []
    for seed in range(150):
        _, velocity = night(seed, vertical=8.0)
        off = root @ np.random.default_rng(1000 + seed).normal(size=90)
        got = reference_over_gap(3600.0 * HOURS, velocity + off, FIT_ERROR, covariance, IS_ZENITH)
        left = got.value_mps - TRUE_ZERO - off
        of_mean.append(left.mean() / got.error_mps[0])
        about_mean.append((left - left.mean()) / got.calibration_error_mps)
    assert np.sqrt(np.mean(np.square(about_mean))) == pytest.approx(1.0, abs=0.1)
    assert np.sqrt(np.mean(np.square(of_mean))) < 0.8


def test_the_error_of_the_mean_is_true_where_vertical_winds_last():
    """Waves of random times about 40 minutes, and a wind that stays all night."""
    lag = np.sqrt(3) * np.abs(HOURS[:, None] - HOURS) * 3600 / 2400
    root = np.linalg.cholesky((1 + lag) * np.exp(-lag) + 1e-9 * np.eye(90))
    scores = []
    for seed in range(200):
        random = np.random.default_rng(seed)
        _, velocity = night(seed, vertical=0.0)
        vertical = 8.0 * root @ random.normal(size=90) + random.normal(0.0, 4.0)
        got = reference_over_gap(
            3600.0 * HOURS,
            velocity + np.where(IS_ZENITH, vertical, 0.0),
            FIT_ERROR,
            np.zeros((90, 90)),
            IS_ZENITH,
        )
        scores.append((got.value_mps[0] - TRUE_ZERO) / got.error_mps[0])
    assert np.sqrt(np.mean(np.square(scores))) == pytest.approx(1.0, abs=0.12)


def test_outliers_of_the_zenith_do_not_move_it():
    _, velocity = night(3)
    clean = reference_over_gap(3600.0 * HOURS, velocity, FIT_ERROR, np.zeros((90, 90)), IS_ZENITH)
    velocity[[10, 40]] += 300.0
    got = reference_over_gap(3600.0 * HOURS, velocity, FIT_ERROR, np.zeros((90, 90)), IS_ZENITH)
    assert abs(got.value_mps[0] - clean.value_mps[0]) < 2.0
    assert got.zenith_samples == IS_ZENITH.sum() - 2


def test_without_zenith_it_says_so():
    _, velocity = night(4)
    got = reference_over_gap(3600.0 * HOURS, velocity, FIT_ERROR, np.zeros((90, 90)), np.zeros(90, bool))
    assert got.zenith_samples == 0
    assert got.error_mps[0] >= 30.0
