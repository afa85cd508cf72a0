"""What the brightness of the layer says of clouds, by the multivariate normal distribution of SciPy."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.special import logsumexp, softmax
from scipy.stats import multivariate_normal

from airglow.winds.brightness import brightness_models, gain_by, log_density

N, MODELS = 9, 6
RANDOM = np.random.default_rng(8)
TIME_S = np.cumsum(RANDOM.uniform(100.0, 1500.0, N))
PLACE_M = RANDOM.normal(0.0, 3e5, (N, 3))
LOGARITHM, ERROR = RANDOM.normal(4.0, 0.1, N), RANDOM.uniform(0.002, 0.01, N)
INSIDE = RANDOM.random((4, N)) < 0.5
DEVIATION = LOGARITHM - LOGARITHM.mean()


def density(covariance):
    """Log density of the deviations, less the constant that `log_density` leaves out."""
    return multivariate_normal(cov=covariance).logpdf(DEVIATION) + 0.5 * N * np.log(2.0 * np.pi)


def covariances():
    """Of all models, element by element, (54, n, n)."""
    made = []
    for spread, time_s, length_m, scatter in product(
        (0.05, 0.2, 0.6), (2400.0, 7200.0), (3e5, 1e6), (0.01, 0.05, 0.2)
    ):
        matrix = np.zeros((N, N))
        for i, k in np.ndindex(N, N):
            lag = np.sqrt(3.0) * abs(TIME_S[i] - TIME_S[k]) / time_s
            square = np.sum((PLACE_M[i] - PLACE_M[k]) ** 2)
            matrix[i, k] = spread**2 * (1.0 + lag) * np.exp(-lag) * np.exp(-square / (2.0 * length_m**2))
            matrix[i, k] += 3.0**2 + 0.15**2 * np.exp(-square / (2.0 * 3e5**2))
            if i == k:
                matrix[i, k] += scatter**2 + ERROR[i] ** 2 + 0.003**2
        made.append(matrix)
    return np.array(made)


@pytest.fixture(scope="module")
def models():
    return brightness_models(TIME_S, PLACE_M, LOGARITHM, ERROR)


def test_the_likeliest_models_are_kept_with_their_probabilities(models):
    by_scipy = np.array([density(covariance) for covariance in covariances()])
    best = np.argsort(by_scipy)[::-1][:MODELS]
    assert models.log_density == pytest.approx(by_scipy[best], abs=1e-6)
    assert models.probability == pytest.approx(softmax(by_scipy[best]), rel=1e-6)
    np.testing.assert_allclose(models.covariance, covariances()[best], rtol=1e-10)
    assert models.deviation == pytest.approx(DEVIATION)


def test_the_density_is_that_of_a_normal_distribution():
    covariance = covariances()[7]
    assert log_density(covariance, DEVIATION) == pytest.approx(density(covariance), abs=1e-8)


def test_one_more_error_in_common_gains_what_the_density_does():
    covariance, common = covariances()[3], 0.15 * INSIDE
    gains = [density(covariance + np.outer(each, each)) - density(covariance) for each in common]
    assert gain_by(covariance, DEVIATION, common) == pytest.approx(gains, abs=1e-8)


@pytest.mark.parametrize("kind", ["scatter", "offset"])
def test_odds_of_clouds_are_averaged_over_the_models(models, kind):
    def with_clouds(covariance, inside):
        if kind == "scatter":
            return covariance + np.diag(0.06**2 * inside)
        return covariance + 0.15**2 * np.outer(inside, inside)

    gains = [
        [density(with_clouds(covariance, inside)) - density(covariance) for inside in INSIDE]
        for covariance in models.covariance
    ]
    odds = models.of_scatter(INSIDE) if kind == "scatter" else models.of_offset(INSIDE)
    expected = logsumexp(gains, axis=0, b=models.probability[:, None])
    assert odds == pytest.approx(expected, abs=1e-8)
