"""Outliers: when a residual makes a sample an outlier.

There is one rule, for whatever a residual is taken from: the process through all other samples, a weighted
mean, a process fitted with the weights of Student's t.

- A residual counts in standard deviations: those that are stated or, where they are larger, those that the
  residuals themselves have (`MAD_TO_SIGMA` times their median size). So a night that scatters more than it
  states loses no honest sample, and outliers do not widen their own limit.
- Among n samples a residual may be so large that normal noise makes one of them an outlier once in
  1 / `FALSE_ALARMS` nights: 3.5 standard deviations for 20 laser frames, 4.0 for 180 sky frames.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from airglow.gp.cholesky import Factor

# Standard deviation of a normal distribution over its median absolute deviation, 1 / 0.6745 (Rousseeuw &
# Croux 1993, J. Am. Stat. Assoc. 88, 1273).
MAD_TO_SIGMA = 1.4826
FALSE_ALARMS = 0.01
# Largest part of the samples that are left out one by one: more than those of one of five look directions.
# Chosen.
MOST_LEFT_OUT = 0.25
# Degrees of freedom of Student's t for robust means (4: Lange, Little & Taylor 1989, J. Am. Stat. Assoc. 84,
# 881), and rounds of reweighting: chosen, two give the same on ten simulated nights.
STUDENT_FREEDOM = 4.0
STUDENT_ROUNDS = 4


def largest_of_inliers(number: int, score: np.ndarray) -> float:
    """Largest residual that makes no outlier.

    Parameters
    ----------
    number
        Of samples among which there may be outliers.
    score
        Residuals that tell how much samples scatter, in their stated standard deviations, any number; what is
        not finite is passed over.

    Returns
    -------
    float
        In stated standard deviations.
    """
    size = np.abs(score[np.isfinite(score)])
    scatter = MAD_TO_SIGMA * float(np.median(size)) if size.size else 0.0
    return -NormalDist().inv_cdf(0.5 * FALSE_ALARMS / max(number, 1)) * max(1.0, scatter)


def find_inliers(score: np.ndarray) -> np.ndarray:
    """Find samples that are no outliers, all at once.

    Parameters
    ----------
    score
        (n,) residuals in their stated standard deviations; NaN makes an outlier.

    Returns
    -------
    ndarray
        (n,) bool.
    """
    return np.abs(score) <= largest_of_inliers(np.count_nonzero(np.isfinite(score)), score)


def leave_one_out(inverse: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Residual of each sample from what all others predict, in its standard deviations.

    Rasmussen & Williams 2006, Gaussian Processes for Machine Learning, equations 5.10 to 5.12.

    Parameters
    ----------
    inverse
        Of the covariance of n samples, noise included, (n, n).
    deviation
        (n,) samples less their prior mean.

    Returns
    -------
    ndarray
        (n,) absolute values, no unit.
    """
    return np.abs(inverse @ deviation) / np.sqrt(np.diag(inverse))


def worst_outlier(inverse: np.ndarray, deviation: np.ndarray) -> tuple[int, np.ndarray] | None:
    """Find the sample that stands out most.

    Parameters
    ----------
    inverse
        Of the covariance of n samples, noise included, (n, n).
    deviation
        (n,) samples less their prior mean.

    Returns
    -------
    place : int
        Of the sample.
    inverse : ndarray
        Of the covariance of the others, (n - 1, n - 1).

    Instead of both there is None where no sample is an outlier.
    """
    score = leave_one_out(inverse, deviation)
    worst = int(np.argmax(score))
    # The inverse without a row and column of the matrix (partitioned inverse, ibid. A.11).
    left = np.delete(inverse, worst, axis=0)
    column = left[:, worst]
    others = np.delete(left, worst, axis=1) - np.outer(column, column) / inverse[worst, worst]
    # An outlier draws its neighbours' residuals along: how much they scatter is seen without it.
    scatter = leave_one_out(others, np.delete(deviation, worst))
    return (worst, others) if score[worst] > largest_of_inliers(score.size, scatter) else None


def find_inliers_worst_first(factor: Factor, deviation: np.ndarray) -> np.ndarray:
    """Find the samples that the others can explain.

    The sample with the largest leave-one-out residual is left out if it is an outlier, and then again, so
    that outliers do not hide each other; at most `MOST_LEFT_OUT` of all samples are.

    Parameters
    ----------
    factor
        Of the covariance of n samples, noise included.
    deviation
        (n,) samples less their prior mean.

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
    kept, inverse = np.arange(deviation.size), factor.inverse()
    for _ in range(int(MOST_LEFT_OUT * deviation.size)):
        found = worst_outlier(inverse, deviation[kept])
        if found is None:
            break
        worst, inverse = found
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
