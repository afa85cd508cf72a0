"""The zero of the wind.

The phase of a fringe gives a velocity only up to a constant of the night (the order of interference and
the wavelengths' difference between laser and line). The vertical wind averages to nothing over the night,
so the samples at the zenith give the constant. Their spread beyond their errors is the natural vertical
wind; it is estimated with them (moment estimator of DerSimonian & Laird 1986, Controlled Clinical Trials
7, 177, iterated) and is part of the zero's error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import constants

from airglow.smooth import smooth

TYPICAL_VERTICAL_SPREAD_MPS = 8.0  # when too few samples tell
_EXPECTED_SAMPLES = 4.0  # weight of the typical spread against the measured one
_CLIP_SIGMA = 4.0
_ROUNDS = 10
_NATURAL_RATE_MPS_PER_H = 30.0  # drift of the zero in time when no laser follows the gap
UNKNOWN_ZERO_ERROR_MPS = 30.0  # when there is no zenith sample


@dataclass(frozen=True)
class Zero:
    """What is to be subtracted from each sample's velocity."""

    method: str
    value_mps: np.ndarray  # per sample
    error_mps: np.ndarray  # per sample
    vertical_wind_spread_mps: float
    zenith_samples: int


def zero_from_zenith(
    velocity_mps: np.ndarray, error_mps: np.ndarray, is_zenith: np.ndarray, weight: np.ndarray | None = None
) -> Zero:
    """One zero for the night from its zenith samples.

    Parameters
    ----------
    velocity_mps
        (n,) along the line of sight, positive away, with the gap's course already taken out.
    error_mps
        (n,) fit and calibration error.
    is_zenith
        (n,) samples that look up and may take part.
    weight
        (n,) factors on the samples' weights (clouds), 1 if not given.

    Returns
    -------
    Zero
        If no zenith sample is usable, the median over all samples, with a large error.
    """
    n = velocity_mps.size
    use = is_zenith & np.isfinite(velocity_mps) & np.isfinite(error_mps) & (error_mps > 0)
    if not use.any():
        finite = velocity_mps[np.isfinite(velocity_mps)]
        value = float(np.median(finite)) if finite.size else 0.0
        return Zero(
            "median of all directions",
            np.full(n, value),
            np.full(n, UNKNOWN_ZERO_ERROR_MPS),
            TYPICAL_VERTICAL_SPREAD_MPS,
            0,
        )
    v, e = velocity_mps[use], error_mps[use]
    factor = np.ones(v.size) if weight is None else weight[use]
    spread = TYPICAL_VERTICAL_SPREAD_MPS
    kept = np.ones(v.size, bool)
    value = float(np.median(v))
    for _ in range(_ROUNDS):
        w = factor * kept / (e**2 + spread**2)
        value = float(w @ v / w.sum())
        kept = np.abs(v - value) <= _CLIP_SIGMA * np.sqrt(e**2 + spread**2)
        if not kept.any():
            kept[np.argmin(np.abs(v - value))] = True
        spread = _natural_spread(v[kept] - value, e[kept])
    w = factor * kept / (e**2 + spread**2)
    value = float(w @ v / w.sum())
    error = float(np.sqrt((w**2 @ (e**2 + spread**2)) / w.sum() ** 2))
    return Zero("zenith mean, gap from laser", np.full(n, value), np.full(n, error), spread, int(kept.sum()))


def _natural_spread(deviation: np.ndarray, error: np.ndarray) -> float:
    """Spread beyond the errors, drawn towards the typical one when there are few samples."""
    w = 1.0 / error**2
    n = deviation.size
    if n > 1:
        excess = (w @ deviation**2 - (n - 1)) / (w.sum() - (w @ w) / w.sum())
    else:
        excess = TYPICAL_VERTICAL_SPREAD_MPS**2
    pooled = ((n - 1) * max(excess, 0.0) + _EXPECTED_SAMPLES * TYPICAL_VERTICAL_SPREAD_MPS**2) / (
        n - 1 + _EXPECTED_SAMPLES
    )
    return float(np.sqrt(pooled))


def zero_in_time(
    mid_time_s: np.ndarray, velocity_mps: np.ndarray, error_mps: np.ndarray, is_zenith: np.ndarray
) -> Zero:
    """A zero that follows the zenith samples in time, for nights whose gap no laser follows.

    Parameters
    ----------
    mid_time_s
        (n,) mid-exposure, ascending.
    velocity_mps, error_mps, is_zenith
        As for `zero_from_zenith`.

    Returns
    -------
    Zero
    """
    use = is_zenith & np.isfinite(velocity_mps) & np.isfinite(error_mps) & (error_mps > 0)
    if use.sum() < 2:
        return zero_from_zenith(velocity_mps, error_mps, is_zenith)
    spread = TYPICAL_VERTICAL_SPREAD_MPS
    course = smooth(
        mid_time_s[use],
        velocity_mps[use],
        np.hypot(error_mps[use], spread),
        natural_rate=_NATURAL_RATE_MPS_PER_H,
    )
    value, error = course.at(mid_time_s)
    return Zero("zenith in time", value, error, spread, int(course.used.sum()))


def gap_error_as_velocity_mps(gap_error_m: np.ndarray, gap_m: np.ndarray) -> np.ndarray:
    """Velocity error that an error of the gap makes: c dt / t."""
    return constants.c * gap_error_m / gap_m
