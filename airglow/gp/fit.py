"""Hyperparameters of greatest posterior density.

The log marginal likelihood of n samples y with covariance K is -(y' K^-1 y + ln det K + n ln 2 pi) / 2, and
its derivative by a hyperparameter is the trace of (a a' - K^-1) dK over two, with a = K^-1 y (Rasmussen &
Williams 2006, Gaussian Processes for Machine Learning, equations 5.8 and 5.9). With the log density of the
priors it is maximised by L-BFGS-B (Byrd, Lu, Nocedal & Zhu 1995, SIAM J. Sci. Comput. 16, 1190).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np
from scipy import optimize

from airglow.gp.cholesky import Factor, factorise

_Choice = TypeVar("_Choice")


def log_density(factor: Factor, deviation: np.ndarray) -> float:
    """Log density of samples, less the constant of the normal distribution.

    Parameters
    ----------
    factor
        Of the covariance of n samples.
    deviation
        (n,) samples less their prior mean.

    Returns
    -------
    float
        -(y' K^-1 y + ln det K) / 2. The constant, -n/2 ln(2 pi), matters only between unlike numbers of
        samples.
    """
    return float(-0.5 * (deviation @ factor.solve(deviation) + factor.log_determinant))


def log_density_and_slope(covariance: np.ndarray, deviation: np.ndarray) -> tuple[float, np.ndarray]:
    """Log density of samples as `log_density`, and what its derivatives are made of.

    Parameters
    ----------
    covariance
        (n, n) of the samples, noise included; the lower triangle is enough.
    deviation
        (n,) samples less their prior mean.

    Returns
    -------
    value : float
        Log density less its constant.
    slope : ndarray
        (n, n), symmetric, S = a a' - K^-1: half the sum of the products of its elements with those of dK/dq
        is the derivative by a hyperparameter q.

    Raises
    ------
    SingularCovariance
        If the covariance is none.
    """
    factor = factorise(covariance)
    inverse = factor.inverse()
    solution = inverse @ deviation
    value = -0.5 * (deviation @ solution + factor.log_determinant)
    return float(value), np.outer(solution, solution) - inverse


def minimise(
    cost: Callable[[np.ndarray, _Choice], tuple[float, np.ndarray]],
    start: np.ndarray,
    bounds: Sequence[tuple[float, float]],
    choices: Sequence[_Choice],
    options: Mapping[str, float] | None = None,
) -> tuple[np.ndarray, _Choice, float]:
    """Find the hyperparameters, and the kernel among some, of least cost.

    Parameters
    ----------
    cost
        Negative log posterior density and its (q,) gradient at (q,) scaled hyperparameters, for one of the
        choices.
    start
        (q,) to begin with.
    bounds
        q pairs, least and most.
    choices
        Kernels to choose from, at least one; the search for each begins where the last one ended.
    options
        Of L-BFGS-B: ``maxiter``, ``ftol``, ``gtol``.

    Returns
    -------
    x : ndarray
        (q,) of least cost.
    choice
        The one that goes with it.
    cost : float
        The least cost.
    """
    best: tuple[np.ndarray, _Choice, float] | None = None
    for choice in choices:
        answer = optimize.minimize(
            cost, start, (choice,), "L-BFGS-B", jac=True, bounds=bounds, options=dict(options or {})
        )
        start = answer.x
        if best is None or answer.fun < best[2]:
            best = answer.x, choice, float(answer.fun)
    return best
