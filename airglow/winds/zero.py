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
_TAIL_FREEDOM, _TAIL_ROUNDS = 4.0, 4  # degrees of freedom of Student's t, to find wild samples
_SPREADS_MPS = np.geomspace(1.0, 80.0, 30)  # of the vertical wind, tried
_FLAT_PRIOR_MPS = 1e3  # of the zero, about the middle of the zenith samples
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
    calibration_error_mps: np.ndarray | None = None  # what is left of the gap's, where the zenith told of it


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


def zero_over_gap(
    velocity_mps: np.ndarray,
    fit_error_mps: np.ndarray,
    gap_covariance_mps2: np.ndarray,
    is_zenith: np.ndarray,
    weight: np.ndarray | None = None,
) -> Zero:
    """One zero for the night, and what its zenith samples know of the gap where lasers do not.

    What is to be subtracted is a constant (flat prior) plus the error of the gap's course, a Gaussian process
    whose covariance the lasers leave. The zenith samples measure the sum at their times, through the natural
    vertical wind; its spread is that of greatest posterior density, with the typical spread as a prior that
    weighs as much as `_EXPECTED_SAMPLES`. The answer everywhere is the conditional mean and covariance of
    the sum (Rasmussen & Williams 2006, section 2.2). Where lasers are dense the gap has next to no error and
    this is the weighted mean of the zenith samples; where they are missing it follows the zenith.

    Parameters
    ----------
    velocity_mps
        (n,) along the line of sight, positive away, with the gap's course already taken out.
    fit_error_mps
        (n,) of the fits alone.
    gap_covariance_mps2
        (n, n) of the gap's course at the samples, as velocities.
    is_zenith
        (n,) samples that look up and may take part.
    weight
        (n,) factors on the samples' weights (clouds), 1 if not given.

    Returns
    -------
    Zero
        Its error is that of the night's mean, its calibration error that of each sample about the mean. If
        no zenith sample is usable, the median over all samples, with a large error.
    """
    usable = is_zenith & np.isfinite(velocity_mps) & np.isfinite(fit_error_mps) & (fit_error_mps > 0)
    if weight is not None:
        usable &= weight > 0
    calibration_mps = np.sqrt(np.maximum(np.diag(gap_covariance_mps2), 0.0))
    if not usable.any():
        return zero_from_zenith(velocity_mps, np.hypot(fit_error_mps, calibration_mps), usable)
    prior = gap_covariance_mps2 + _FLAT_PRIOR_MPS**2

    def conditional(at: np.ndarray, doubt: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
        """Conditional mean, gain and vertical spread from zenith samples with variances times a doubt."""
        deviation, own = velocity_mps[at] - middle, prior[np.ix_(at, at)]

        def noise(spread: float) -> np.ndarray:
            return np.diag(doubt * (fit_error_mps[at] ** 2 + spread**2))

        spread = max(_SPREADS_MPS, key=lambda trial: _log_density(deviation, own + noise(trial), trial))
        gain = np.linalg.solve(own + noise(spread), prior[at]).T
        return middle + gain @ deviation, gain, spread

    # Wild samples are found with the weights of Student's t, beginning from the median, and left out.
    at = np.flatnonzero(usable)
    clouded = np.ones(at.size) if weight is None else 1.0 / weight[at]
    middle = float(np.median(velocity_mps[at]))
    off = velocity_mps[at] - middle
    spread = max(TYPICAL_VERTICAL_SPREAD_MPS, 1.4826 * float(np.median(np.abs(off))))
    for _ in range(_TAIL_ROUNDS):
        score = off / np.hypot(fit_error_mps[at], spread)
        value, gain, spread = conditional(at, clouded * (_TAIL_FREEDOM + score**2) / (_TAIL_FREEDOM + 1.0))
        off = velocity_mps[at] - value[at]
    tame = np.abs(off) <= _CLIP_SIGMA * np.hypot(fit_error_mps[at], spread)
    if tame.any():
        at, clouded = at[tame], clouded[tame]
    value, gain, spread = conditional(at, clouded)
    left = prior - gain @ prior[at]
    error, calibration = _of_mean_and_about_it(left, fit_error_mps)
    return Zero(
        method="zenith mean, gap from laser and zenith",
        value_mps=value,
        error_mps=np.full(velocity_mps.size, error),
        vertical_wind_spread_mps=float(spread),
        zenith_samples=at.size,
        calibration_error_mps=calibration,
    )


def _of_mean_and_about_it(covariance: np.ndarray, fit_error_mps: np.ndarray) -> tuple[float, np.ndarray]:
    """Standard error of the samples' weighted mean, and that of each sample's difference from it."""
    weight = 1.0 / (np.diag(covariance) - covariance.min() + fit_error_mps**2)
    weight = np.where(np.isfinite(weight), weight, 0.0) / np.nansum(weight)
    with_mean = covariance @ weight
    of_mean = float(weight @ with_mean)
    about_mean = np.diag(covariance) - 2.0 * with_mean + of_mean
    return np.sqrt(max(of_mean, 0.0)), np.sqrt(np.maximum(about_mean, 0.0))


def _log_density(deviation: np.ndarray, covariance: np.ndarray, spread: float) -> float:
    """Log of the posterior density of a vertical spread: likelihood of the samples, and its prior."""
    _, log_determinant = np.linalg.slogdet(covariance)
    likelihood = -0.5 * (deviation @ np.linalg.solve(covariance, deviation) + log_determinant)
    prior = -0.5 * _EXPECTED_SAMPLES * ((TYPICAL_VERTICAL_SPREAD_MPS / spread) ** 2 + 2.0 * np.log(spread))
    return float(likelihood + prior)


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
    value, _ = course.at(mid_time_s)
    error, calibration = _of_mean_and_about_it(course.covariance(mid_time_s), error_mps)
    every = np.full(mid_time_s.size, error)
    return Zero("zenith in time", value, every, spread, int(course.used.sum()), calibration)


def gap_error_as_velocity_mps(gap_error_m: np.ndarray, gap_m: np.ndarray) -> np.ndarray:
    """Velocity error that an error of the gap makes: c dt / t."""
    return constants.c * gap_error_m / gap_m
