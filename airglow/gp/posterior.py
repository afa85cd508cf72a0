"""What samples say of a Gaussian process elsewhere: conditional mean and covariance.

With K the covariance of the samples (noise included), C that of the values sought with the samples, and P
that of the values sought among themselves, the gain is G = C K^-1, the mean G y and the covariance P - G C'
(Rasmussen & Williams 2006, Gaussian Processes for Machine Learning, equations 2.23 and 2.24).
"""

from __future__ import annotations

import numpy as np

from airglow.gp.cholesky import Factor


def gain(factor: Factor, cross: np.ndarray) -> np.ndarray:
    """Weights of the samples in the conditional mean.

    Parameters
    ----------
    factor
        Of the covariance of n samples.
    cross
        (..., n) covariances of the values sought with the samples.

    Returns
    -------
    ndarray
        (..., n), no unit if values and samples are of one kind.
    """
    rows = cross.reshape(-1, cross.shape[-1])
    return factor.solve(rows.T).T.reshape(cross.shape)


def conditional_mean(factor: Factor, cross: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Conditional mean of the values sought.

    Parameters
    ----------
    factor, cross
        As for `gain`.
    deviation
        (n,) samples less their prior mean.

    Returns
    -------
    ndarray
        (...,) less the prior mean, in the unit of the values sought.
    """
    return cross @ factor.solve(deviation)


def conditional_covariance(prior: np.ndarray, weights: np.ndarray, cross: np.ndarray) -> np.ndarray:
    """Conditional covariance of sets of values sought.

    Parameters
    ----------
    prior
        (..., m, m) covariance of the m values of each set before any sample was seen.
    weights
        (..., m, n) gain of the n samples.
    cross
        (..., m, n) covariance of the values with the samples.

    Returns
    -------
    ndarray
        (..., m, m), in the unit of ``prior``.
    """
    return prior - weights @ np.swapaxes(cross, -1, -2)


def conditional_variance(prior: np.ndarray, weights: np.ndarray, cross: np.ndarray) -> np.ndarray:
    """Conditional variance of single values sought, without their covariances.

    Parameters
    ----------
    prior
        (m,) variances before any sample was seen.
    weights, cross
        (m, n) gain of the n samples, and covariance of the values with them.

    Returns
    -------
    ndarray
        (m,), in the unit of ``prior``; not less than the rounding of the difference, which is about n eps.
    """
    rounding = cross.shape[-1] * np.finfo(float).eps * prior
    return np.maximum(prior - np.einsum("ij,ij->i", cross, weights), rounding)
