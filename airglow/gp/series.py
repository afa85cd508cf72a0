"""A quantity in time as a Gaussian process about a linear trend, and the process that samples ask for.

The trend has a broad normal prior, so that it costs nothing to have one. The process about it has a kernel of
the Matern family. Amplitude, length and excess noise are those of greatest posterior density, and so is the
kernel (Rasmussen & Williams 2006, Gaussian Processes for Machine Learning, sections 2.2, 2.7, 4.2.1 and 5.4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from airglow.gp.cholesky import Factor, factorise
from airglow.gp.fit import log_density_and_slope, minimise
from airglow.gp.kernels import KERNELS, Kernel
from airglow.gp.priors import Prior, Priors

SECONDS_PER_HOUR = 3600.0
# Samples without which nothing is fitted: a trend and three hyperparameters; with fewer the medians hold.
_FEWEST_TO_FIT = 4
# Samples without which the kernel is the roughest. Chosen: two more than that, since any few look smooth.
_FEWEST_TO_CHOOSE_KERNEL = 6

# The natural rate is what the quantity typically changes by in an hour; whoever calls gives it (its value and
# source stand there). Amplitude and trend are in units of it, so that one set of priors serves gap, centre
# and wind.
HYPERPARAMETERS = (
    Prior(
        name="amplitude",
        unit="natural rate times an hour",
        median=1.0,
        log_width=1.5,
        log_bounds=(-5.0, 5.0),
        source="median: the definition of the natural rate, since lengths are about an hour; width: chosen, "
        "a factor of 4.5 either way; bounds: chosen, beyond three widths",
    ),
    Prior(
        name="length",
        unit="h",
        median=float(np.exp(0.4)),
        log_width=0.7,
        log_bounds=(float(np.log(600.0 / 3600.0)), float(np.log(12 * 3600.0 / 3600.0))),
        source="median 1.5 h and width of a factor of two: chosen; bounds: ten minutes, a third of the time "
        "between laser frames on three nights of minime90, and twelve hours, a night",
    ),
    Prior(
        name="excess noise",
        unit="median stated error of the samples",
        median=float(np.exp(-2.0)),
        log_width=1.5,
        log_bounds=(-5.0, 4.0),
        source="median 0.14: chosen, stated errors are taken to be right within 1 %; width: chosen, a factor "
        "of 4.5 either way, so that many samples may ask for more; bounds: chosen, two widths and more",
    ),
)
_PRIORS = Priors.of(HYPERPARAMETERS)
# Natural logarithms to begin the search with: half the median amplitude, else the medians. Chosen; ten
# simulated courses come out the same from the medians themselves.
_START = np.array([-0.7, 0.4, -2.0])
# Standard deviations of the trend's prior, about the samples' median. Level: ten times all that is seen or
# expected. Slope: all that is seen, and two natural rates. Chosen: wide enough not to draw the trend, and
# finite so that densities can be compared; results do not depend on them within a factor of two (by 0.005 of
# their errors on ten simulated courses).
_LEVEL_SPREADS = 10.0
_SLOPE_NATURAL_RATES = 2.0
# Samples closer together than this do not tell a slope: their spread counts as that of an hour. Chosen.
_SHORTEST_SPAN_H = 1.0


@dataclass(frozen=True)
class Process:
    """A stationary Gaussian process in time, and the noise of its samples.

    Parameters
    ----------
    amplitude
        Standard deviation, in the unit of the samples.
    length_s
        Length of the kernel in time, s.
    excess
        Standard deviation of noise beyond the stated errors, in the unit of the samples.
    natural_rate
        Typical change in an hour, in the unit of the samples per hour; it sets the prior of the trend.
    kernel
        Correlation as a function of the lag over the length.
    """

    amplitude: float
    length_s: float
    excess: float
    natural_rate: float
    kernel: Kernel

    def covariance(self, a_s: np.ndarray, b_s: np.ndarray) -> np.ndarray:
        """Covariance of the process about its trend between two sets of times.

        Parameters
        ----------
        a_s, b_s
            (n,) and (m,) times, s.

        Returns
        -------
        ndarray
            (n, m), in the square of the samples' unit.
        """
        return self.amplitude**2 * self.kernel(np.abs(a_s[:, None] - b_s[None, :]) / self.length_s)[0]


@dataclass(frozen=True)
class Samples:
    """Samples of a quantity in time, n of them.

    Parameters
    ----------
    time_s
        (n,) times, s.
    value, error
        (n,) samples and their standard errors, in one unit.
    natural_rate
        Typical change of the quantity in an hour, in that unit per hour.
    """

    time_s: np.ndarray
    value: np.ndarray
    error: np.ndarray
    natural_rate: float

    def __len__(self) -> int:
        return self.time_s.size

    def __getitem__(self, part: slice | np.ndarray) -> Samples:
        return Samples(self.time_s[part], self.value[part], self.error[part], self.natural_rate)

    @property
    def deviation(self) -> np.ndarray:
        """(n,) samples less their median, which stands for the mean of the prior."""
        return self.value - np.median(self.value)

    @cached_property
    def typical_error(self) -> float:
        """Median standard error of the samples."""
        return float(np.median(self.error))

    @property
    def trend(self) -> np.ndarray:
        """(n, 2) level and slope at the samples, each times the standard deviation of its prior."""
        return self.trend_at(self.time_s)

    def trend_at(self, time_s: np.ndarray) -> np.ndarray:
        """Level and slope at other times, each times the standard deviation of its prior.

        Parameters
        ----------
        time_s
            (m,) times, s.

        Returns
        -------
        ndarray
            (m, 2), in the unit of the samples.
        """
        spread = np.ptp(self.value)
        hours = max(np.ptp(self.time_s) / SECONDS_PER_HOUR, _SHORTEST_SPAN_H)
        level = _LEVEL_SPREADS * (spread + self.natural_rate)
        slope = spread / hours + _SLOPE_NATURAL_RATES * self.natural_rate
        course = slope * (time_s - self.time_s.mean()) / SECONDS_PER_HOUR
        return np.stack([np.full_like(time_s, level), course], axis=1)

    def process(self, logs: np.ndarray, kernel: Kernel) -> Process:
        """Process with given hyperparameters.

        Parameters
        ----------
        logs
            (3,) natural logarithms of `HYPERPARAMETERS` in their units.
        kernel
            The correlation.

        Returns
        -------
        Process
        """
        amplitude, hours, excess = np.exp(logs)
        return Process(
            amplitude=float(self.natural_rate * amplitude),
            length_s=float(SECONDS_PER_HOUR * hours),
            excess=float(self.typical_error * excess),
            natural_rate=self.natural_rate,
            kernel=kernel,
        )

    def typical_process(self) -> Process:
        """Process with the medians of all priors and the roughest kernel.

        Returns
        -------
        Process
        """
        return self.process(_PRIORS.log_median, KERNELS[0])

    def total_covariance(self, process: Process) -> np.ndarray:
        """Covariance of the samples: process, trend and noise.

        Parameters
        ----------
        process
            What the quantity is like.

        Returns
        -------
        ndarray
            (n, n), in the square of the samples' unit.
        """
        matrix = process.covariance(self.time_s, self.time_s) + self.trend @ self.trend.T
        matrix[np.diag_indices_from(matrix)] += self.error**2 + process.excess**2
        return matrix

    def factor(self, process: Process) -> Factor:
        """Factor of `total_covariance`.

        Parameters
        ----------
        process
            What the quantity is like.

        Returns
        -------
        Factor

        Raises
        ------
        SingularCovariance
            If times, values or errors are not finite.
        """
        return factorise(self.total_covariance(process))

    def covariance_with(self, time_s: np.ndarray, process: Process) -> np.ndarray:
        """Covariance of the quantity at other times with the samples.

        Parameters
        ----------
        time_s
            (m,) times, s.
        process
            What the quantity is like.

        Returns
        -------
        ndarray
            (m, n), in the square of the samples' unit.
        """
        trends = self.trend_at(time_s) @ self.trend.T
        return process.covariance(time_s, self.time_s) + trends


def fit_process(
    samples: Samples, kernels: Sequence[Kernel] = KERNELS, also: np.ndarray | float = 0.0
) -> tuple[Process, float]:
    """Find the process of greatest posterior density.

    Parameters
    ----------
    samples
        n of them. Fewer than four leave the process typical.
    kernels
        To choose from; fewer than six samples take the first.
    also
        (n, n) covariance of what else the samples are made of, in the square of their unit.

    Returns
    -------
    process : Process
        The process.
    log_density : float
        Natural logarithm of its posterior density, priors without their constants.
    """
    deviation = samples.deviation
    diagonal = slice(None, None, len(samples) + 1)  # of a flattened matrix
    lag_s = np.abs(samples.time_s[:, None] - samples.time_s[None, :])
    trend, noise = samples.trend @ samples.trend.T + also, samples.error**2
    constant = -0.5 * len(samples) * np.log(2.0 * np.pi)

    def cost(logs: np.ndarray, kernel: Kernel) -> tuple[float, np.ndarray]:
        process = samples.process(logs, kernel)
        correlation, by_log_length = kernel(lag_s / process.length_s)
        matrix = process.amplitude**2 * correlation + trend
        matrix.ravel()[diagonal] += noise + process.excess**2
        density, slope = log_density_and_slope(matrix, deviation)
        by = process.amplitude**2 * np.array(
            [np.vdot(slope, correlation), 0.5 * np.vdot(slope, by_log_length), 0.0]
        )
        by[2] = process.excess**2 * np.trace(slope)
        x = _PRIORS.standardised(logs)
        return 0.5 * x @ x - (constant + density), x / _PRIORS.log_width - by

    if len(samples) < _FEWEST_TO_FIT:
        return samples.process(_PRIORS.log_median, kernels[0]), -cost(_PRIORS.log_median, kernels[0])[0]
    if len(samples) < _FEWEST_TO_CHOOSE_KERNEL:
        kernels = kernels[:1]
    logs, kernel, least = minimise(cost, _START, _PRIORS.log_bounds, kernels)
    return samples.process(logs, kernel), -least
