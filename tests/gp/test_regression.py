"""Functions seen through a course that is not known: amplitudes within their errors, odds that tell."""

import numpy as np

from airglow.gp import Samples, regress

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


def test_amplitudes_are_within_their_errors():
    true, scores, odds = np.array([1.5, -0.8]), [], []
    for seed in range(25):
        found = regress(*samples(true, seed), WIDTH)
        scores.append((found.amplitude - true) / np.sqrt(np.diag(found.covariance)))
        odds.append(found.log_odds)
    assert 0.7 < np.std(scores) < 1.3
    assert abs(np.mean(scores)) < 0.4
    assert min(odds) > 20.0


def test_functions_that_explain_nothing_lower_the_odds():
    odds = [regress(*samples(np.zeros(2), seed), WIDTH).log_odds for seed in range(25)]
    assert max(odds) < 2.0
    assert np.median(odds) < -2.0
