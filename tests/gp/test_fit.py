"""Densities and slopes against independent ones, and the search for the best kernel."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from airglow.gp import (
    KERNELS,
    SingularCovariance,
    factorise,
    log_density,
    log_density_and_slope,
    minimise,
    series,
)
from airglow.gp.series import HYPERPARAMETERS, Samples, fit_process

N = 7
CONSTANT = -0.5 * N * np.log(2 * np.pi)


def pieces(seed=1):
    random = np.random.default_rng(seed)
    root, other = random.normal(0, 1, (2, N, N))
    return root @ root.T + np.eye(N), other + other.T, random.normal(0, 1, N)


def test_the_density_is_that_of_the_normal_distribution():
    covariance, _, deviation = pieces()
    expected = multivariate_normal(np.zeros(N), covariance).logpdf(deviation)
    assert log_density(factorise(covariance), deviation) + CONSTANT == pytest.approx(expected, rel=1e-12)
    assert log_density_and_slope(covariance, deviation)[0] + CONSTANT == pytest.approx(expected, rel=1e-12)


def test_the_slope_is_that_of_the_density():
    covariance, change, deviation = pieces()
    _, slope = log_density_and_slope(covariance, deviation)
    step = 1e-5
    up, down = (log_density(factorise(covariance + h * change), deviation) for h in (step, -step))
    assert 0.5 * np.vdot(slope, change) == pytest.approx((up - down) / (2 * step), rel=1e-6)


def test_the_least_cost_of_all_choices_is_found():
    def cost(x, lowest):
        return float((x - 2.0) @ (x - 2.0) + lowest), 2.0 * (x - 2.0)

    x, choice, least = minimise(cost, np.zeros(2), [(-5.0, 5.0)] * 2, [3.0, 1.0, 2.0])
    np.testing.assert_allclose(x, 2.0, atol=1e-6)
    assert (choice, least) == (1.0, pytest.approx(1.0))
    bounded, _, _ = minimise(cost, np.zeros(2), [(-5.0, 1.0)] * 2, [0.0])
    np.testing.assert_allclose(bounded, 1.0)


def test_samples_without_a_time_are_refused():
    time_s = np.array([0.0, 600.0, np.nan, 1800.0, 2400.0])
    with pytest.raises(SingularCovariance):
        fit_process(Samples(time_s, np.arange(5.0), np.ones(5), 1.0))


@pytest.mark.parametrize("place", range(len(HYPERPARAMETERS)))
def test_the_process_found_has_the_greatest_density(place):
    random = np.random.default_rng(3)
    time_s = np.sort(random.uniform(0, 30000, 40))
    value = 2.0 * np.sin(time_s / 5000) + random.normal(0, 0.2, 40)
    samples = Samples(time_s, value, np.full(40, 0.1), 1.0)
    process, density = fit_process(samples)
    logs = np.log([process.amplitude, process.length_s / 3600, process.excess / 0.1])

    def density_at(logs):
        """The posterior density anew, without code of the fit."""
        covariance = samples.total_covariance(samples.process(logs, process.kernel))
        x = [
            (log - np.log(prior.median)) / prior.log_width
            for log, prior in zip(logs, HYPERPARAMETERS, strict=True)
        ]
        prior_density = -0.5 * np.sum(np.square(x))
        return multivariate_normal(np.zeros(40), covariance).logpdf(samples.deviation) + prior_density

    assert density_at(logs) == pytest.approx(density, abs=1e-8)
    for step in (-0.1, 0.1):
        moved = logs.copy()
        moved[place] += step
        assert density_at(moved) < density - 1e-4


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_gradient_of_the_cost_is_that_of_differences(kernel, monkeypatch):
    random, costs = np.random.default_rng(5), []

    def keep(cost, start, bounds, kernels):
        costs.append(cost)
        return start, kernels[0], 0.0

    monkeypatch.setattr(series, "minimise", keep)
    value = random.normal(0, 1.0, 12)
    functions = random.normal(0, 0.5, (12, 2))
    samples = Samples(np.sort(random.uniform(0, 30000, 12)), value, random.uniform(0.1, 0.3, 12), 1.5)
    fit_process(samples, also=functions @ functions.T)
    (cost,) = costs
    step = 1e-4
    for logs in random.normal(0, 0.7, (4, 3)):
        differences = [
            (cost(logs + step * axis, kernel)[0] - cost(logs - step * axis, kernel)[0]) / (2 * step)
            for axis in np.eye(3)
        ]
        np.testing.assert_allclose(cost(logs, kernel)[1], differences, rtol=1e-5, atol=1e-6)
