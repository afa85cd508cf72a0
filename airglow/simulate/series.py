"""Smooth functions of time, made of a few waves: everything that drifts over a simulated night."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True)
class SmoothSeries:
    """A mean, a trend and cosine waves.

    Parameters
    ----------
    mean
        Value at hour 0 without waves.
    per_hour
        Trend.
    amplitude, period_h, phase_rad
        Of each wave.
    """

    mean: float = 0.0
    per_hour: float = 0.0
    amplitude: tuple[float, ...] = ()
    period_h: tuple[float, ...] = ()
    phase_rad: tuple[float, ...] = ()

    def at(self, hours: float) -> float:
        """Value at a time in hours from the night's local midnight."""
        value = self.mean + self.per_hour * hours
        for amplitude, period, phase in zip(self.amplitude, self.period_h, self.phase_rad, strict=True):
            value += amplitude * np.cos(2 * np.pi * hours / period + phase)
        return float(value)


def random_series(
    rng: np.random.Generator,
    mean: float = 0.0,
    rms: float = 0.0,
    periods_h: tuple[float, float] = (2.0, 12.0),
    per_hour: float = 0.0,
    waves: int = 5,
) -> SmoothSeries:
    """Draw a smooth series.

    Parameters
    ----------
    rng
        Source of chance.
    mean, per_hour
        Mean and trend.
    rms
        Root mean square of all waves together, over a time that is long against the periods.
    periods_h
        Shortest and longest period; the waves' periods are spread evenly in their logarithm.
    waves
        How many.

    Returns
    -------
    SmoothSeries
    """
    period = np.exp(rng.uniform(np.log(periods_h[0]), np.log(periods_h[1]), waves))
    amplitude = np.abs(rng.normal(1.0, 0.4, waves))
    amplitude *= rms * np.sqrt(2 / (amplitude**2).sum())
    phase = rng.uniform(0, 2 * np.pi, waves)
    return SmoothSeries(mean, per_hour, *(tuple(map(float, values)) for values in (amplitude, period, phase)))
