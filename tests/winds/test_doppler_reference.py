"""The Doppler reference: weights, errors and spread by hand, and its error about the mean by brute force."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize

from airglow.winds import doppler_reference
from airglow.winds.doppler_reference import (
    gap_error_as_velocity_mps,
    reference_from_zenith,
    reference_in_time,
    reference_over_gap,
)

TYPICAL_MPS, EXPECTED_SAMPLES = 8.0, 4.0  # of the vertical wind before the night
LASTING_MPS = 4.0  # of it, or between laser and sky, all night
STEPS_S = np.arange(40) * 900.0


def zenith_samples(count=12, seed=3, error=4.0):
    """Samples that look up, none an outlier, with one fit error; every second one under clouds."""
    velocity = -80.0 + np.random.default_rng(seed).uniform(-14, 14, count)
    return velocity, np.full(count, error), np.ones(count, bool), np.where(np.arange(count) % 2, 0.25, 1.0)


def stated_error(weight, spread, error=4.0, step_s=900.0):
    """Of a weighted mean of equally spaced samples, of noise and a vertical wind that lasts 40 minutes."""
    lag = (
        np.sqrt(3) * np.abs(np.subtract.outer(np.arange(weight.size), np.arange(weight.size))) * step_s / 2400
    )
    shared = (1 + lag) * np.exp(-lag) * (1 - np.eye(weight.size))
    part = weight / weight.sum()
    of_mean = part**2 @ ((error**2 + spread**2) / weight) + spread**2 * part @ shared @ part
    return np.hypot(np.sqrt(of_mean), LASTING_MPS)


def test_the_error_is_that_of_a_vertical_wind_that_lasts():
    velocity, error, is_zenith, _ = zenith_samples()
    got = reference_from_zenith(STEPS_S[:12], velocity, error, is_zenith)
    assert got.zenith_samples == 12
    assert got.value_mps[0] == pytest.approx(velocity.mean(), abs=1e-3)
    assert got.error_mps[0] == pytest.approx(
        stated_error(np.ones(12), got.vertical_wind_spread_mps), rel=1e-3
    )


def test_more_samples_of_one_wind_do_not_help():
    """Forty samples within ten hours, and within two."""
    velocity, error, is_zenith, _ = zenith_samples(40, error=0.5)
    slow, quick = (
        reference_from_zenith(np.arange(40) * step_s, velocity, error, is_zenith).error_mps[0]
        for step_s in (900.0, 180.0)
    )
    assert quick**2 - LASTING_MPS**2 > 2.5 * (slow**2 - LASTING_MPS**2)


def test_samples_under_clouds_count_for_less_over_an_uncertain_gap_too():
    velocity, error, is_zenith, weight = zenith_samples()
    got = reference_over_gap(STEPS_S[:12], velocity, error, np.zeros((12, 12)), is_zenith, weight)
    assert got.zenith_samples == 12
    assert got.value_mps[0] == pytest.approx(np.average(velocity, weights=weight), abs=1e-3)
    assert got.error_mps[0] == pytest.approx(stated_error(weight, got.vertical_wind_spread_mps), rel=1e-3)


def test_the_spread_over_an_uncertain_gap_is_that_of_greatest_density():
    """With a known gap: the mean is free (flat prior), the spread has the density of four typical samples."""
    velocity, error, is_zenith, _ = zenith_samples(count=40)
    got = reference_over_gap(STEPS_S, velocity, error, np.zeros((40, 40)), is_zenith)

    def minus_log_density(spread):
        variance = 4.0**2 + spread**2
        of_data = 0.5 * (39 * np.log(variance) + ((velocity - velocity.mean()) ** 2).sum() / variance)
        return of_data + 0.5 * EXPECTED_SAMPLES * ((TYPICAL_MPS / spread) ** 2 + 2 * np.log(spread))

    best = optimize.minimize_scalar(minus_log_density, bounds=(1, 80), method="bounded").x
    assert got.vertical_wind_spread_mps == pytest.approx(best, rel=0.09)  # spreads tried are 16 % apart


def test_errors_of_the_mean_and_about_it_are_those_of_a_weighted_mean():
    random = np.random.default_rng(8)
    root = random.normal(0, 3, (7, 7))
    covariance, fit_error = root @ root.T, random.uniform(1, 3, 7)
    of_mean, about = doppler_reference._of_mean_and_about_it(covariance, fit_error)
    weight = 1 / (np.diag(covariance) - covariance.min() + fit_error**2)
    weight /= weight.sum()
    less_mean = np.eye(7) - np.outer(np.ones(7), weight)
    assert of_mean == pytest.approx(np.sqrt(weight @ covariance @ weight), rel=1e-12)
    np.testing.assert_allclose(about, np.sqrt(np.diag(less_mean @ covariance @ less_mean.T)), rtol=1e-9)


def test_an_error_of_the_gap_is_a_doppler_shift():
    """1 nm of 15 mm is a shift of one part in 15 million: 299792458 / 15e6 = 19.98616 m/s."""
    assert gap_error_as_velocity_mps(np.array([1e-9]), np.array([0.015]))[0] == pytest.approx(
        19.9861639, rel=1e-8
    )


def test_a_reference_in_time_passes_through_steady_zenith_samples():
    time_s = np.arange(40) * 300.0
    is_zenith = np.arange(40) % 4 == 0
    velocity = np.where(is_zenith, 25.0, 90.0)
    reference = reference_in_time(time_s, velocity, np.full(40, 2.0), is_zenith)
    np.testing.assert_allclose(reference.value_mps, 25.0, atol=1e-6)
    assert reference.zenith_samples == 10
