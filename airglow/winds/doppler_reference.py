"""The Doppler reference: the velocity that a wind of zero shows.

The phase of a fringe gives a velocity only up to a constant of the night (the order of interference and
the wavelengths' difference between laser and line). The vertical wind averages to little over the night,
so the samples at the zenith give the constant. Their spread beyond their errors is the natural vertical
wind, which is estimated with them and is part of the reference's error. It lasts: zenith samples half an
hour apart see much of the same wind, and some of it stays all night (`VERTICAL_TIME_S`, `LASTING_MPS`). So
their number does not bring the error down as it would if each saw a wind of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import constants

from airglow.gp import (
    MATERN,
    Factor,
    conditional_covariance,
    factorise,
    find_inliers,
    fit_course,
    gain,
    log_density,
)
from airglow.gp.outliers import (
    MAD_TO_SIGMA,
    STUDENT_ROUNDS,
    student_variance_factor,
)
from airglow.winds.field import HYPERPARAMETERS

# Standard deviation of the vertical wind of a night, m/s, before any sample was seen. Chosen; three nights of
# minime90 show 6. On simulated nights of 18 zenith samples the reference does not depend on it within a
# factor of two; its error does, by half.
TYPICAL_VERTICAL_SPREAD_MPS = 8.0
# Zenith samples that the typical spread counts for against the measured one. Chosen; within a factor of two
# the error of the reference changes by a sixth.
_EXPECTED_SAMPLES = 4.0
# Time of the vertical wind, s (Matern, nu = 3/2): that of the wind field before any sample. It is not fitted:
# what zenith samples tell are changes within the hour, and the error of the mean comes from the slow ones.
VERTICAL_TIME_S = HYPERPARAMETERS[4].median
# Standard deviation of what stays of the vertical wind all night, or departs between laser and sky from one
# night to the next, m/s. No sample of a night tells it. References of 28 nights of minime90 scatter by 2.1 of
# the errors of 2.5 m/s that they have without it and without the time of the vertical wind; with that time
# errors are 3 m/s, and 4 m/s are what is left.
LASTING_MPS = 4.0
# Spreads of the vertical wind that are tried, m/s: 16 % apart, since thirty samples tell a spread to 13 % and
# half a step is 8; the ends were chosen, a tenth and ten times the typical one.
_SPREADS_MPS = np.geomspace(1.0, 80.0, 30)
# Standard deviation of the prior of the reference about the middle of the zenith samples, m/s: flat next to
# any error, so that half and double give the same.
_FLAT_PRIOR_MPS = 1e3
# Natural logarithm of the density of a zenith sample that is an outlier, where courses of the gap are
# compared: one in a hundred, anywhere in 1000 m/s. Chosen; one that is not has -3.
_LOG_DENSITY_OF_OUTLIER = float(np.log(0.01 / 1e3))
# Change of the reference in an hour when no laser follows the gap, m/s. A gap of 15 mm that drifts by 1 nm an
# hour (`airglow.etalon.state.GAP_RATE_NM_PER_H`) changes it by c / 15e6 = 20 m/s; chosen somewhat larger.
_NATURAL_RATE_MPS_PER_H = 30.0
# Standard error of the reference when there is no zenith sample, m/s. Chosen: the median of the winds in all
# directions is off by tens of m/s, since horizontal winds cancel only where directions are opposite.
UNKNOWN_ZERO_ERROR_MPS = 30.0


ZENITH_IN_TIME = "zenith in time"
"""Method of a reference that follows the zenith samples, where no laser follows the gap."""


@dataclass(frozen=True)
class SampleReference:
    """What is to be subtracted from the velocity of each of n samples.

    Parameters
    ----------
    method
        How it was found.
    value_mps, error_mps
        (n,) reference and its standard error, m/s.
    vertical_wind_spread_mps
        Standard deviation of the vertical wind, m/s.
    zenith_samples
        Number of those that took part.
    calibration_error_mps
        (n,) what is left of the error of the gap, m/s, where the zenith told of it; else None.
    log_density
        Natural logarithm of the density of the zenith samples, to compare courses of the gap by; 0 without.
    """

    method: str
    value_mps: np.ndarray
    error_mps: np.ndarray
    vertical_wind_spread_mps: float
    zenith_samples: int
    calibration_error_mps: np.ndarray | None = None
    log_density: float = 0.0

    @property
    def follows_zenith(self) -> bool:
        """Whether the zenith samples alone tell its course."""
        return self.method == ZENITH_IN_TIME


def reference_from_zenith(
    mid_time_s: np.ndarray,
    velocity_mps: np.ndarray,
    error_mps: np.ndarray,
    is_zenith: np.ndarray,
    weight: np.ndarray | None = None,
) -> SampleReference:
    """One reference for the night from its zenith samples, whose gap is taken as known.

    Parameters
    ----------
    mid_time_s
        (n,) mid-exposure, s.
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
    SampleReference
        If no zenith sample is usable, the median over all samples, with a large error.
    """
    known_gap = np.zeros((velocity_mps.size, velocity_mps.size))
    found = reference_over_gap(mid_time_s, velocity_mps, error_mps, known_gap, is_zenith, weight)
    method = "zenith mean, gap from laser" if found.zenith_samples else found.method
    return replace(found, method=method, calibration_error_mps=None)


def reference_over_gap(
    mid_time_s: np.ndarray,
    velocity_mps: np.ndarray,
    fit_error_mps: np.ndarray,
    gap_covariance_mps2: np.ndarray,
    is_zenith: np.ndarray,
    weight: np.ndarray | None = None,
) -> SampleReference:
    """One reference for the night, and what its zenith samples know of the gap where lasers do not.

    What is to be subtracted is a constant (flat prior) plus the error of the gap's course, a Gaussian process
    whose covariance the lasers leave. The zenith samples measure the sum at their times, through the natural
    vertical wind; its spread is that of greatest posterior density, with the typical spread as a prior that
    weighs as much as `_EXPECTED_SAMPLES`. The answer everywhere is the conditional mean and covariance of
    the sum (Rasmussen & Williams 2006, section 2.2). Where lasers are dense the gap has next to no error and
    this is the weighted mean of the zenith samples; where they are missing it follows the zenith.

    The weights are those of samples that each see a vertical wind of their own, since those of one that lasts
    rest on its time and smoothness, which are not known. The error of the night's mean is what a wind of
    `VERTICAL_TIME_S` leaves with these weights.

    Parameters
    ----------
    mid_time_s
        (n,) mid-exposure, s.
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
    SampleReference
        Its error is that of the night's mean, with `LASTING_MPS`; its calibration error that of each sample
        about the mean. If no zenith sample is usable, the median over all samples, with a large error.
    """
    usable = is_zenith & np.isfinite(velocity_mps) & np.isfinite(fit_error_mps) & (fit_error_mps > 0)
    if weight is not None:
        usable &= weight > 0
    if not usable.any():
        return _from_all_directions(velocity_mps)
    prior = gap_covariance_mps2 + _FLAT_PRIOR_MPS**2

    def conditional(at: np.ndarray, larger: np.ndarray) -> tuple[np.ndarray, np.ndarray, float, float]:
        """Conditional mean, gain, vertical spread and density from zenith samples with larger variances."""
        deviation, own = velocity_mps[at] - middle, prior[np.ix_(at, at)]

        def factor(spread: float) -> Factor:
            return factorise(own + np.diag(larger * (fit_error_mps[at] ** 2 + spread**2)))

        density, spread = max(
            (log_density(factor(trial), deviation) + _log_prior_of_spread(trial), trial)
            for trial in _SPREADS_MPS
        )
        weights = gain(factor(spread), prior[:, at])
        return middle + weights @ deviation, weights, spread, density

    # Outliers are found with the weights of Student's t, beginning from the median, and left out.
    at = np.flatnonzero(usable)
    clouded = np.ones(at.size) if weight is None else 1.0 / weight[at]
    middle = float(np.median(velocity_mps[at]))
    off = velocity_mps[at] - middle
    spread = max(TYPICAL_VERTICAL_SPREAD_MPS, MAD_TO_SIGMA * float(np.median(np.abs(off))))
    for _ in range(STUDENT_ROUNDS):
        score = off / np.hypot(fit_error_mps[at], spread)
        value, _, spread, _ = conditional(at, clouded * student_variance_factor(score))
        off = velocity_mps[at] - value[at]
    inlier = find_inliers(off / np.hypot(fit_error_mps[at], spread))
    if inlier.any():
        at, clouded = at[inlier], clouded[inlier]
    value, weights, spread, density = conditional(at, clouded)
    left = conditional_covariance(prior, weights, prior[:, at])
    _, calibration = _of_mean_and_about_it(left, fit_error_mps)
    lasting = spread**2 * weights @ _shared_vertical_wind(mid_time_s[at]) @ weights.T
    error, _ = _of_mean_and_about_it(left + lasting, fit_error_mps)
    return SampleReference(
        method="zenith mean, gap from laser and zenith",
        value_mps=value,
        error_mps=np.full(velocity_mps.size, np.hypot(error, LASTING_MPS)),
        vertical_wind_spread_mps=float(spread),
        zenith_samples=at.size,
        calibration_error_mps=calibration,
        log_density=float(density) + _LOG_DENSITY_OF_OUTLIER * int(usable.sum() - at.size),
    )


def _shared_vertical_wind(time_s: np.ndarray) -> np.ndarray:
    """Correlations of the vertical wind between zenith samples, without those of samples with themselves."""
    shared = MATERN[1.5](np.abs(time_s[:, None] - time_s[None, :]) / VERTICAL_TIME_S)[0]
    np.fill_diagonal(shared, 0.0)
    return shared


def _from_all_directions(velocity_mps: np.ndarray) -> SampleReference:
    """The median of all samples, for nights that never look up."""
    n, finite = velocity_mps.size, velocity_mps[np.isfinite(velocity_mps)]
    return SampleReference(
        method="median of all directions",
        value_mps=np.full(n, np.median(finite) if finite.size else 0.0),
        error_mps=np.full(n, UNKNOWN_ZERO_ERROR_MPS),
        vertical_wind_spread_mps=TYPICAL_VERTICAL_SPREAD_MPS,
        zenith_samples=0,
    )


def _of_mean_and_about_it(covariance: np.ndarray, fit_error_mps: np.ndarray) -> tuple[float, np.ndarray]:
    """Standard error of the samples' weighted mean, and that of each sample's difference from it."""
    weight = 1.0 / (np.diag(covariance) - covariance.min() + fit_error_mps**2)
    weight = np.where(np.isfinite(weight), weight, 0.0) / np.nansum(weight)
    with_mean = covariance @ weight
    of_mean = float(weight @ with_mean)
    about_mean = np.diag(covariance) - 2.0 * with_mean + of_mean
    return np.sqrt(max(of_mean, 0.0)), np.sqrt(np.maximum(about_mean, 0.0))


def _log_prior_of_spread(spread: float) -> float:
    """Log density of a vertical spread before the night: as if samples of the typical one had been seen."""
    return float(
        -0.5 * _EXPECTED_SAMPLES * ((TYPICAL_VERTICAL_SPREAD_MPS / spread) ** 2 + 2.0 * np.log(spread))
    )


def reference_in_time(
    mid_time_s: np.ndarray, velocity_mps: np.ndarray, error_mps: np.ndarray, is_zenith: np.ndarray
) -> SampleReference:
    """A reference that follows the zenith samples in time, for nights whose gap no laser follows.

    Parameters
    ----------
    mid_time_s
        (n,) mid-exposure, ascending.
    velocity_mps, error_mps, is_zenith
        As for `reference_from_zenith`.

    Returns
    -------
    SampleReference
    """
    use = is_zenith & np.isfinite(velocity_mps) & np.isfinite(error_mps) & (error_mps > 0)
    if use.sum() < 2:
        return reference_from_zenith(mid_time_s, velocity_mps, error_mps, is_zenith)
    spread = TYPICAL_VERTICAL_SPREAD_MPS
    course = fit_course(
        mid_time_s[use],
        velocity_mps[use],
        np.hypot(error_mps[use], spread),
        natural_rate=_NATURAL_RATE_MPS_PER_H,
    )
    value, _ = course.at(mid_time_s)
    error, calibration = _of_mean_and_about_it(course.covariance(mid_time_s), error_mps)
    every = np.full(mid_time_s.size, error)
    return SampleReference(ZENITH_IN_TIME, value, every, spread, int(course.used.sum()), calibration)


def gap_error_as_velocity_mps(gap_error_m: np.ndarray, gap_m: np.ndarray) -> np.ndarray:
    """Velocity error that an error of the gap makes: c dt / t."""
    return constants.c * gap_error_m / gap_m
