"""Outliers: residuals of samples, and the rules by which a residual makes an outlier.

The methods differ in what a residual is taken from (the process through all other samples, a weighted mean, a
process fitted with the weights of Student's t, a running median, a median). The rules differ in what it is
compared with and in how many standard deviations are too many. Each use has its rule here, by name, so that
they can be seen side by side.

A normal residual exceeds 3.5, 4 and 5 standard deviations once in 2100, 16000 and 1.7 million samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from airglow.gp.cholesky import Factor

# Standard deviation of a normal distribution over its median absolute deviation, 1 / 0.6745 (Rousseeuw &
# Croux 1993, J. Am. Stat. Assoc. 88, 1273).
MAD_TO_SIGMA = 1.4826
# Degrees of freedom of Student's t for robust means (4: Lange, Little & Taylor 1989, J. Am. Stat. Assoc. 84,
# 881), and rounds of reweighting: chosen, two give the same on ten simulated nights.
STUDENT_FREEDOM = 4.0
STUDENT_ROUNDS = 4


class Scale(Enum):
    """What a residual is compared with."""

    STATED = "its stated standard deviation"
    AT_LEAST_STATED = "its stated standard deviation, or that of the residuals where it is larger"
    STATED_AND_MEASURED = "its stated standard deviation and that of the residuals, in quadrature"


@dataclass(frozen=True)
class OutlierRule:
    """When a residual makes a sample an outlier.

    Parameters
    ----------
    threshold
        Standard deviations; a larger residual is that of an outlier.
    scale
        Which standard deviation.
    most_left_out
        Largest part of the samples that may be left out; 1 where there is no limit.
    """

    threshold: float
    scale: Scale = Scale.STATED
    most_left_out: float = 1.0

    def limit(self, residual: np.ndarray, sigma: np.ndarray | float) -> np.ndarray:
        """Largest residuals of inliers.

        Parameters
        ----------
        residual
            (n,) in any unit.
        sigma
            (n,) stated standard deviations of the residuals, in that unit.

        Returns
        -------
        ndarray
            (n,) in that unit.
        """
        if self.scale is Scale.AT_LEAST_STATED:
            sigma = sigma * max(1.0, MAD_TO_SIGMA * _median(np.abs(residual / sigma)))
        elif self.scale is Scale.STATED_AND_MEASURED:
            sigma = np.hypot(MAD_TO_SIGMA * _median(np.abs(residual)), sigma)
        return self.threshold * sigma


def _median(values: np.ndarray) -> float:
    """Median of what is finite, 0 where nothing is."""
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else 0.0


# A course in time (gap, centre, Doppler reference): beyond this a sample is suspected, and the evidence
# decides (`airglow.gp.course`). Chosen low, since a suspicion costs a fit and nothing else.
COURSE = OutlierRule(3.5)
# The wind field: leave-one-out, the worst first. Chosen: five sigma, since a night has a hundred samples and
# an honest one is lost for good; at least the residuals' own, since a night may move more than its process
# says; a quarter at the most, which is more than the samples of one of five look directions.
WIND_FIELD = OutlierRule(5.0, Scale.AT_LEAST_STATED, most_left_out=0.25)
# The mean of the zenith samples: about it, with the vertical wind's spread in sigma. Chosen: a vertical wind
# has wider tails than a normal distribution, and the spread is estimated from the inliers.
ZENITH_MEAN = OutlierRule(4.0)
# The zenith samples about the error of the gap's course, after reweighting with Student's t. As for the mean.
ZENITH_OVER_GAP = OutlierRule(4.0)
# Temperatures about the running median of a night. Measured on three nights of minime90: differential
# non-linearity swings them by three of their errors and must stay in. The limit itself was chosen above that.
RUNNING_MEDIAN = OutlierRule(5.0, Scale.STATED_AND_MEASURED)
# Reduced chi-square of laser fits, in units of the night's median: a frame of another kind (double exposure,
# fog). Chosen; on three nights of minime90 chi-squares are 0.7 to 1.9 of their median, on simulated ones 0.8
# to 1.2.
CHI_SQUARE = OutlierRule(6.0)


def find_inliers(residual: np.ndarray, sigma: np.ndarray | float, rule: OutlierRule) -> np.ndarray:
    """Find samples whose residuals are within a rule, all at once.

    Parameters
    ----------
    residual
        (n,) in any unit; NaN makes an outlier.
    sigma
        (n,) stated standard deviations of the residuals, in that unit.
    rule
        When a residual makes an outlier.

    Returns
    -------
    ndarray
        (n,) bool.
    """
    return np.abs(residual) <= rule.limit(residual, sigma)


def leave_one_out(factor: Factor, deviation: np.ndarray) -> np.ndarray:
    """Residual of each sample from what all others predict, in its standard deviations.

    Rasmussen & Williams 2006, Gaussian Processes for Machine Learning, equations 5.10 to 5.12.

    Parameters
    ----------
    factor
        Of the covariance of n samples, noise included.
    deviation
        (n,) samples less their prior mean.

    Returns
    -------
    ndarray
        (n,) absolute values, no unit.
    """
    return _scores(factor.inverse(), deviation)


def worst_outlier(scores: np.ndarray, rule: OutlierRule) -> int | None:
    """Find the sample that stands out most.

    Parameters
    ----------
    scores
        (n,) absolute residuals in their stated standard deviations.
    rule
        When a residual makes an outlier.

    Returns
    -------
    int or None
        Its place; None where none is an outlier.
    """
    worst = int(np.argmax(scores))
    return worst if scores[worst] > rule.limit(scores, 1.0) else None


def find_inliers_worst_first(factor: Factor, deviation: np.ndarray, rule: OutlierRule) -> np.ndarray:
    """Find the samples that the others can explain.

    The sample with the largest leave-one-out residual is left out if it is an outlier, and then again, so
    that outliers do not hide each other.

    Parameters
    ----------
    factor
        Of the covariance of n samples, noise included.
    deviation
        (n,) samples less their prior mean.
    rule
        When a residual makes an outlier, and how many may be left out.

    Returns
    -------
    ndarray
        (n,) bool.

    Raises
    ------
    ValueError
        If a deviation is not finite: it would hide all outliers.
    """
    if not np.isfinite(deviation).all():
        raise ValueError("a deviation is not finite: leave such samples out before")
    kept = np.arange(deviation.size)
    inverse = factor.inverse()
    for _ in range(int(rule.most_left_out * deviation.size)):
        worst = worst_outlier(_scores(inverse, deviation[kept]), rule)
        if worst is None:
            break
        # The inverse without a row and column of the matrix (partitioned inverse, ibid. A.11).
        left = np.delete(inverse, worst, axis=0)
        column = left[:, worst]
        inverse = np.delete(left, worst, axis=1) - np.outer(column, column) / inverse[worst, worst]
        kept = np.delete(kept, worst)
    return np.isin(np.arange(deviation.size), kept)


def student_variance_factor(score: np.ndarray) -> np.ndarray:
    """Factor by which a variance grows so that a normal distribution weighs a sample as Student's t does.

    The weight of a sample in the maximum likelihood of Student's t is (nu + 1) / (nu + score^2) (Lange,
    Little & Taylor 1989, J. Am. Stat. Assoc. 84, 881).

    Parameters
    ----------
    score
        (n,) residuals in their standard deviations.

    Returns
    -------
    ndarray
        (n,) no unit.
    """
    return (STUDENT_FREEDOM + score**2) / (STUDENT_FREEDOM + 1.0)


def off_running_median(value: np.ndarray, window: int) -> np.ndarray | None:
    """Difference of samples from the median of those around them.

    Parameters
    ----------
    value
        (n,) in the order of time.
    window
        Number of samples of the median, odd; the ends are mirrored.

    Returns
    -------
    ndarray or None
        (n,) in the unit of the samples; None where there are too few of them for one window.
    """
    half = window // 2
    padded = np.pad(value, half, mode="reflect") if value.size > half else value
    if padded.size < window:
        return None
    return value - np.median(np.lib.stride_tricks.sliding_window_view(padded, window), axis=1)


def _scores(inverse: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Absolute leave-one-out residuals in their standard deviations, from the inverse of the covariance."""
    return np.abs(inverse @ deviation) / np.sqrt(np.diag(inverse))
