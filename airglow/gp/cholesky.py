"""The Cholesky factor of a covariance matrix: the one place where a matrix may turn out to be singular.

A covariance is positive definite in exact arithmetic. In floating point its factor has an error of about
n eps (n rows, eps = 2.2e-16) relative to its diagonal (Higham 2002, Accuracy and Stability of Numerical
Algorithms, theorem 10.3). A pivot is the variance of a sample given those before it; one that is not far
above that error, relative to the sample's variance, holds next to nothing but rounding. Samples at one time
with next to no noise are like that. Then a jitter is added: each diagonal element grows by the same part of
itself, which keeps results independent of units, and the errors that are stated grow with it. A matrix that
needs more than `LARGEST_JITTER` is no covariance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from airglow.model.errors import AirglowError

# Least pivot over its variance. Rounding moves a mean by n eps / pivot of what samples are at odds, in their
# errors: with this, by 2 % for a hundred samples. Errors would have to be below a millionth of the prior's
# standard deviation to come here; on two nights of minime90 no pivot is below 4e-7.
LEAST_PIVOT = 1e-12
# Largest jitter, as a part of the variances: chosen, above the first one for a thousand samples, 4e-9.
LARGEST_JITTER = 1e-7
_GROWTH = 10.0  # of the jitter from one trial to the next; chosen, within an order of magnitude of the least


class SingularCovariance(AirglowError, ArithmeticError):
    """A matrix that is no covariance: not finite, or not positive definite by more than rounding."""


@dataclass(frozen=True)
class Factor:
    """Cholesky factor of a covariance K of n values.

    Parameters
    ----------
    lower
        (n, n) lower triangular L with L L' = K.
    jitter
        Part of itself that was added to each diagonal element of K; 0 where K was positive definite.
    """

    lower: np.ndarray
    jitter: float = 0.0

    def solve(self, right: np.ndarray) -> np.ndarray:
        """Solve K x = right.

        Parameters
        ----------
        right
            (n,) or (n, m).

        Returns
        -------
        ndarray
            Of the same shape.
        """
        return linalg.cho_solve((self.lower, True), right, check_finite=False)

    def inverse(self) -> np.ndarray:
        """Inverse of K.

        Returns
        -------
        ndarray
            (n, n), symmetric.
        """
        half = np.tril(linalg.lapack.dpotri(self.lower, lower=True)[0])
        inverse = half + half.T
        np.fill_diagonal(inverse, np.diag(half))
        return inverse

    @property
    def log_determinant(self) -> float:
        """Natural logarithm of the determinant of K."""
        return 2.0 * np.log(np.diag(self.lower)).sum()


def factorise(covariance: np.ndarray) -> Factor:
    """Factorise a covariance, with a jitter if it is singular within rounding.

    Parameters
    ----------
    covariance
        (n, n), its lower triangle; in the square of any unit. It is left as it is.

    Returns
    -------
    Factor

    Raises
    ------
    SingularCovariance
        If an element of the lower triangle is not finite, a variance is not positive, or `LARGEST_JITTER`
        does not make the matrix positive definite.
    """
    diagonal = np.diag(covariance)
    if not (np.isfinite(diagonal).all() and (diagonal > 0.0).all()):
        raise SingularCovariance("a variance is not finite or not positive")
    # Rounding moves the mean of samples at odds by n eps / jitter of their distance, and the error that is
    # stated is the root of the jitter, times a prior no narrower than that distance: the first is smaller
    # from here on.
    first = (diagonal.size * np.finfo(float).eps) ** (2.0 / 3.0)
    jitter = 0.0
    while jitter <= LARGEST_JITTER:
        matrix = covariance
        if jitter:
            matrix = covariance.copy()
            matrix[np.diag_indices_from(matrix)] *= 1.0 + jitter
        lower, failed = linalg.lapack.dpotrf(matrix, lower=True)
        if not failed and (np.diag(lower) ** 2 > LEAST_PIVOT * diagonal).all():
            return Factor(lower, jitter)
        jitter = _GROWTH * jitter if jitter else first
    if not np.isfinite(np.tril(covariance)).all():
        raise SingularCovariance("a covariance is not finite")
    raise SingularCovariance(
        f"a covariance of {diagonal.size} values is not positive definite by more than rounding"
    )
