"""Functions seen through a course that is not known: odds that tell."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from airglow.gp import Samples, fit_process, regress
from airglow.gp.kernels import matern_3_2
from airglow.gp.series import HYPERPARAMETERS

TIME_S = np.arange(120) * 300.0
ERROR = 8.0
WIDTH = np.array([2.0, 2.0])


def samples(amplitude, seed):
    """A wave of hours, two functions that change from sample to sample, and noise."""
    random = np.random.default_rng(seed)
    functions = random.normal(0, 10.0, (TIME_S.size, 2))
    value = 800.0 + 70.0 * np.sin(TIME_S / 5000.0 + seed) + functions @ amplitude
    value += random.normal(0, ERROR, TIME_S.size)
    return Samples(TIME_S, value, np.full(TIME_S.size, ERROR), 50.0), functions


def test_functions_that_explain_much_have_high_odds():
    true = np.array([1.5, -0.8])
    assert min(regress(*samples(true, seed), WIDTH).log_odds for seed in range(5)) > 20.0


def test_functions_that_explain_nothing_lower_the_odds():
    odds = [regress(*samples(np.zeros(2), seed), WIDTH).log_odds for seed in range(25)]
    assert max(odds) < 2.0
    assert np.median(odds) < -2.0


def test_odds_are_those_of_the_densities_integrated_over_the_amplitudes():
    seen, functions = samples(np.array([0.3, 0.0]), 3)
    seen, functions = seen[:40], functions[:40]
    own = functions @ np.diag(WIDTH**2) @ functions.T

    def density(also):
        """Greatest posterior density of the roughest process, anew."""
        process, _ = fit_process(seen, [matern_3_2], also)
        x = np.sqrt(3) * np.abs(seen.time_s[:, None] - seen.time_s) / process.length_s
        covariance = process.amplitude**2 * (1 + x) * np.exp(-x) + also
        covariance += (ERROR**2 + process.excess**2) * np.eye(40)
        spread, hours = np.ptp(seen.value), np.ptp(seen.time_s) / 3600
        slope = (seen.time_s - seen.time_s.mean()) / 3600 * (spread / hours + 2 * 50.0)
        covariance += (10 * (spread + 50.0)) ** 2 + np.outer(slope, slope)
        logs = np.log([process.amplitude / 50.0, process.length_s / 3600, process.excess / ERROR])
        prior = [
            (log - np.log(each.median)) / each.log_width
            for log, each in zip(logs, HYPERPARAMETERS, strict=True)
        ]
        deviation = seen.value - np.median(seen.value)
        return multivariate_normal(np.zeros(40), covariance).logpdf(deviation) - np.sum(np.square(prior)) / 2

    found = regress(seen, functions, WIDTH)
    assert found.log_odds == pytest.approx(density(own) - density(0.0), abs=1e-6)
