"""How the brightness of the layer goes over a night: what it says for and against clouds over some samples.

Its logarithm, with the length of the way through the layer taken out, is a Gaussian process in time and
distance, beside an offset of each direction and a scatter from frame to frame. Real layers have waves of all
kinds: spreads, times, lengths and scatters are averaged over, so a restless layer tells nothing of clouds. A
calm one tells that there are none.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.linalg import solve_triangular

from airglow.gp import MATERN

# What is averaged over, in the logarithm, s and m: from the calmest simulated layer (scatter of 0.01) to the
# most restless of three nights of minime90 (0.5). All chosen.
_SPREADS, _TIMES_S, _LENGTHS_M, _SCATTERS = (0.05, 0.2, 0.6), (2400.0, 7200.0), (3e5, 1e6), (0.01, 0.05, 0.2)
# Offset of a direction, and over which distance directions have it in common. Chosen.
_OF_DIRECTION, _DIRECTION_M = 0.15, 3e5
_ANYTHING = 3.0  # standard deviation of the night's mean logarithm about that of the samples
_LEAST_ERROR = 0.003  # of a logarithm: that of a perfect frame whose gain is not quite constant. Chosen.
_MOST_LIKELY = 6  # of the models above, which have nearly all of the density; chosen, to bound the effort
# What clouds make of the brightness: a scatter from frame to frame, or an offset of one direction. Chosen:
# clouds that mix up to four fifths of the light of a calm layer make 0.15 in the zenith, 0.05 at 45 degrees.
_SCATTER_BY_CLOUDS, _OFFSET_BY_CLOUDS = 0.06, 0.15


@dataclass(frozen=True)
class Brightness:
    """The likeliest models of the brightness of n samples (m models).

    Parameters
    ----------
    covariance
        (m, n, n) of the logarithms.
    probability
        (m,) of the models.
    log_density
        (m,) of the logarithms in each.
    deviation
        (n,) of the logarithms from their mean.
    """

    covariance: np.ndarray
    probability: np.ndarray
    log_density: np.ndarray
    deviation: np.ndarray

    def of_scatter(self, inside: np.ndarray) -> np.ndarray:
        """Log odds (k,) of a scatter from frame to frame for samples ``inside`` (k, n bool), against none."""
        gains = []
        for covariance, without in zip(self.covariance, self.log_density, strict=True):
            extra = np.where(inside, _SCATTER_BY_CLOUDS**2, 0.0)
            gains.append([log_density(covariance + np.diag(e), self.deviation) - without for e in extra])
        return self._mean(np.array(gains))

    def of_offset(self, inside: np.ndarray) -> np.ndarray:
        """Log odds (k,) of an offset that samples ``inside`` (k, n bool) have in common, against none."""
        common = _OFFSET_BY_CLOUDS * inside
        return self._mean(np.array([gain_by(c, self.deviation, common) for c in self.covariance]))

    def _mean(self, gains: np.ndarray) -> np.ndarray:
        return np.logaddexp.reduce(np.log(self.probability)[:, None] + gains, axis=0)


def brightness_models(
    time_s: np.ndarray, position_m: np.ndarray, logarithm: np.ndarray, error: np.ndarray
) -> Brightness:
    """Find the likeliest models of the brightness.

    Parameters
    ----------
    time_s
        (n,) s.
    position_m
        (n, 3) where the lines of sight meet the layer, m.
    logarithm, error
        (n,) of the brightness, with the length of the way through the layer taken out, and standard errors.

    Returns
    -------
    Brightness
    """
    lag_s = np.abs(time_s[:, None] - time_s)
    square = ((position_m[:, None] - position_m) ** 2).sum(axis=2)
    deviation = logarithm - logarithm.mean()
    given = np.diag(error**2 + _LEAST_ERROR**2) + _ANYTHING**2
    given += _OF_DIRECTION**2 * np.exp(-0.5 * square / _DIRECTION_M**2)
    covariances = []
    for spread, long_s, length_m, scatter in product(_SPREADS, _TIMES_S, _LENGTHS_M, _SCATTERS):
        alike = MATERN[1.5](lag_s / long_s)[0] * np.exp(-0.5 * square / length_m**2)
        covariances.append(given + spread**2 * alike + scatter**2 * np.eye(time_s.size))
    density = np.array([log_density(covariance, deviation) for covariance in covariances])
    best = np.argsort(-density)[:_MOST_LIKELY]
    probability = np.exp(density[best] - np.logaddexp.reduce(density[best]))
    return Brightness(np.array(covariances)[best], probability, density[best], deviation)


def log_density(covariance: np.ndarray, deviation: np.ndarray) -> float:
    """Log density of a normal distribution, but for a constant.

    Parameters
    ----------
    covariance
        (n, n).
    deviation
        (n,) from the mean.

    Returns
    -------
    float
    """
    lower = np.linalg.cholesky(covariance)
    score = solve_triangular(lower, deviation, lower=True)
    return float(-0.5 * score @ score - np.log(np.diag(lower)).sum())


def gain_by(covariance: np.ndarray, deviation: np.ndarray, common: np.ndarray) -> np.ndarray:
    """Gain in log density by one more error that samples have in common.

    Parameters
    ----------
    covariance
        (n, n) without it.
    deviation
        (n,) from the mean.
    common
        (k, n) standard deviations of it, for k errors that are held against none one by one.

    Returns
    -------
    ndarray
        (k,), by the formula of Sherman and Morrison for a change of rank one.
    """
    weighted = np.linalg.solve(covariance, common.T).T
    size = 1.0 + np.einsum("kn,kn->k", weighted, common)
    return 0.5 * (weighted @ deviation) ** 2 / size - 0.5 * np.log(size)
