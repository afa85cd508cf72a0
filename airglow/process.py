"""A Gaussian process about a linear trend: what it is like, and how that is found from noisy samples.

The trend has a broad prior. The process' covariance is that of the Matern family (nu = 3/2, 5/2, infinite)
with the greatest posterior density at its best amplitude, length in time and excess noise (Rasmussen &
Williams 2006, Gaussian Processes for Machine Learning, sections 2.2, 2.7, 4.2.1 and 5.4).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import linalg, optimize

_FEWEST_TO_FIT = 4  # fewer samples leave the process as it typically is
_FEWEST_TO_TELL_SMOOTHNESS = 6  # fewer samples make any course look smooth
_SHORTEST_LENGTH_S = 600.0
_LONGEST_LENGTH_S = 12 * 3600.0
# Priors of the logarithms of amplitude over natural rate, length over an hour, excess noise over the
# samples' error: middle and width. A few samples do not overrule them, many do.
TYPICAL = np.array([0.0, 0.4, -2.0])
_PRIOR_WIDTH = np.array([1.5, 0.7, 1.5])
_START = np.array([-0.7, 0.4, -2.0])
_BOUNDS = (
    (-5.0, 5.0),
    (np.log(_SHORTEST_LENGTH_S / 3600.0), np.log(_LONGEST_LENGTH_S / 3600.0)),
    (-5.0, 4.0),
)
_IMPOSSIBLE = 1e30  # cost of a process that cannot be

# Correlation at distances over the length, and its derivative by the logarithm of the length.
Kernel = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def _rough(distance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Matern, nu = 3/2: a course with a rate."""
    x = np.sqrt(3.0) * distance
    decay = np.exp(-x)
    return (1.0 + x) * decay, x**2 * decay


def _smoother(distance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Matern, nu = 5/2: a course with a curvature."""
    x = np.sqrt(5.0) * distance
    decay = np.exp(-x)
    return (1.0 + x + x**2 / 3.0) * decay, x**2 * (1.0 + x) / 3.0 * decay


def _smoothest(distance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Squared exponential, nu infinite: all derivatives."""
    correlation = np.exp(-0.5 * distance**2)
    return correlation, distance**2 * correlation


KERNELS: tuple[Kernel, ...] = (_rough, _smoother, _smoothest)


@dataclass(frozen=True)
class Process:
    """What a Gaussian process is like."""

    amplitude: float
    length_s: float
    excess: float  # noise beyond the stated errors
    natural_rate: float  # per hour, for the prior of the trend
    kernel: Kernel

    def covariance(self, a_s: np.ndarray, b_s: np.ndarray) -> np.ndarray:
        """Covariance of the course, less its trend, between two sets of times."""
        return self.amplitude**2 * self.kernel(np.abs(a_s[:, None] - b_s[None, :]) / self.length_s)[0]


@dataclass(frozen=True)
class Samples:
    """Samples of a quantity, and its natural rate."""

    time_s: np.ndarray
    value: np.ndarray
    error: np.ndarray
    natural_rate: float

    def __len__(self) -> int:
        return self.time_s.size

    def __getitem__(self, part: slice | np.ndarray) -> Samples:
        return Samples(self.time_s[part], self.value[part], self.error[part], self.natural_rate)

    @property
    def trend(self) -> np.ndarray:
        """Level and slope at the samples, each times the width of its prior."""
        return self.trend_at(self.time_s)

    def trend_at(self, time_s: np.ndarray) -> np.ndarray:
        """The same at other times: level within the samples' range, slope within a few natural rates."""
        spread = np.ptp(self.value)
        hours = max(np.ptp(self.time_s) / 3600.0, 1.0)
        level, slope = 10.0 * (spread + self.natural_rate), spread / hours + 2.0 * self.natural_rate
        return np.stack([np.full_like(time_s, level), slope * (time_s - self.time_s.mean()) / 3600.0], axis=1)

    def process(self, log_ratios: np.ndarray, kernel: Kernel) -> Process:
        """Process of these logarithms of amplitude, length and excess noise over their units."""
        amplitude, hours, excess = np.exp(log_ratios)
        return Process(
            amplitude=float(self.natural_rate * amplitude),
            length_s=float(3600.0 * hours),
            excess=float(np.median(self.error) * excess),
            natural_rate=self.natural_rate,
            kernel=kernel,
        )

    def total_covariance(self, process: Process) -> np.ndarray:
        """Covariance of the samples under a process: course, trend and noise."""
        matrix = process.covariance(self.time_s, self.time_s) + self.trend @ self.trend.T
        matrix[np.diag_indices_from(matrix)] += self.error**2 + process.excess**2
        return matrix

    def solve(self, process: Process) -> tuple[tuple[np.ndarray, bool], np.ndarray]:
        """Factor of the total covariance, and its solution for the values about their median."""
        factor = linalg.cho_factor(self.total_covariance(process), lower=True)
        return factor, linalg.cho_solve(factor, self.value - np.median(self.value))


def fit_process(
    samples: Samples, kernels: Sequence[Kernel], also: np.ndarray | float = 0.0
) -> tuple[Process, float]:
    """Process of greatest posterior density, and the logarithm of that density.

    Parameters
    ----------
    samples
        n of them.
    kernels
        To choose from.
    also
        (n, n) covariance of what else the samples are made of.

    Returns
    -------
    Process, float
    """
    centred = samples.value - np.median(samples.value)
    distance_s = np.abs(samples.time_s[:, None] - samples.time_s[None, :])
    trend, noise = samples.trend @ samples.trend.T + also, samples.error**2
    constant = -0.5 * len(samples) * np.log(2.0 * np.pi)

    def cost(log_ratios: np.ndarray, kernel: Kernel) -> tuple[float, np.ndarray]:
        process = samples.process(log_ratios, kernel)
        correlation, by_length = kernel(distance_s / process.length_s)
        matrix = process.amplitude**2 * correlation + trend
        matrix[np.diag_indices_from(matrix)] += noise + process.excess**2
        factor, failed = linalg.lapack.dpotrf(matrix, lower=True)
        if failed:  # singular within rounding: no noise to speak of
            return _IMPOSSIBLE, np.zeros(3)
        log_determinant = 2.0 * np.log(np.diag(factor)).sum()
        inverse = np.tril(linalg.lapack.dpotri(factor, lower=True)[0])
        inverse += np.tril(inverse, -1).T
        solution = inverse @ centred
        density = constant - 0.5 * (centred @ solution + log_determinant)
        # Half of: solution' dK solution - trace(inverse dK), for each logarithm.
        slope = np.outer(solution, solution) - inverse
        by = process.amplitude**2 * np.array(
            [np.vdot(slope, correlation), 0.5 * np.vdot(slope, by_length), 0.0]
        )
        by[2] = process.excess**2 * np.trace(slope)
        off = (log_ratios - TYPICAL) / _PRIOR_WIDTH
        return 0.5 * off @ off - density, off / _PRIOR_WIDTH - by

    if len(samples) < _FEWEST_TO_FIT:
        return samples.process(TYPICAL, kernels[0]), -cost(TYPICAL, kernels[0])[0]
    if len(samples) < _FEWEST_TO_TELL_SMOOTHNESS:
        kernels = kernels[:1]
    best: tuple[Process, float] | None = None
    start = _START
    for kernel in kernels:
        answer = optimize.minimize(cost, start, (kernel,), "L-BFGS-B", jac=True, bounds=_BOUNDS)
        start = answer.x  # the next is not far
        if best is None or -answer.fun > best[1]:
            best = samples.process(answer.x, kernel), -float(answer.fun)
    return best


@dataclass(frozen=True)
class Regression:
    """Amplitudes of q functions that were seen through a course."""

    amplitude: np.ndarray  # (q,)
    covariance: np.ndarray  # (q, q)
    log_odds: float  # natural logarithm of the odds for the functions against the course alone


def regress(samples: Samples, functions: np.ndarray, prior_width: np.ndarray) -> Regression:
    """Find amplitudes of functions in samples of a course that is not known either.

    Both are normal processes, so the amplitudes follow as a conditional mean (Rasmussen & Williams 2006,
    section 2.7). The odds are those of the process of greatest posterior density with and without the
    functions, integrated over their amplitudes: functions that explain nothing lower them.

    Parameters
    ----------
    samples
        n of them.
    functions
        (n, q) at the samples.
    prior_width
        (q,) standard deviations of the amplitudes' normal priors about zero.

    Returns
    -------
    Regression
    """
    kernels = KERNELS[:1]
    own = functions * prior_width
    _, alone = fit_process(samples, kernels)
    process, together = fit_process(samples, kernels, own @ own.T)
    factor = linalg.cho_factor(samples.total_covariance(process) + own @ own.T, lower=True)
    centred = samples.value - np.median(samples.value)
    gain = linalg.cho_solve(factor, own).T
    scale = np.outer(prior_width, prior_width)
    return Regression(
        amplitude=prior_width * (gain @ centred),
        covariance=scale * (np.eye(prior_width.size) - gain @ own),
        log_odds=together - alone,
    )
