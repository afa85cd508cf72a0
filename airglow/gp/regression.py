"""Amplitudes of known functions in samples of a quantity whose course in time is not known.

Both are normal, so the amplitudes follow as a conditional mean (Rasmussen & Williams 2006, Gaussian Processes
for Machine Learning, section 2.7).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from airglow.gp.cholesky import factorise
from airglow.gp.kernels import KERNELS
from airglow.gp.posterior import conditional_covariance, gain
from airglow.gp.series import Samples, fit_process


@dataclass(frozen=True)
class Regression:
    """Amplitudes of q functions that were seen through a Gaussian process.

    Parameters
    ----------
    amplitude
        (q,) in the unit of the samples over that of the functions.
    covariance
        (q, q) of the amplitudes, in the square of that unit.
    log_odds
        Natural logarithm of the odds for the functions against the process alone.
    """

    amplitude: np.ndarray
    covariance: np.ndarray
    log_odds: float


def regress(samples: Samples, functions: np.ndarray, prior_width: np.ndarray) -> Regression:
    """Find amplitudes of functions in samples of a quantity that is a Gaussian process.

    The odds are those of the process of greatest posterior density with and without the functions, integrated
    over their amplitudes: functions that explain nothing lower them. The kernel is the roughest, which takes
    least for granted.

    Parameters
    ----------
    samples
        n of them.
    functions
        (n, q) at the samples.
    prior_width
        (q,) standard deviations of the amplitudes' normal priors about zero.

    Returns
    -------
    Regression
    """
    kernels = KERNELS[:1]
    own = functions * prior_width
    _, alone = fit_process(samples, kernels)
    process, together = fit_process(samples, kernels, own @ own.T)
    factor = factorise(samples.total_covariance(process) + own @ own.T)
    weights = gain(factor, own.T)
    scale = np.outer(prior_width, prior_width)
    return Regression(
        amplitude=prior_width * (weights @ samples.deviation),
        covariance=scale * conditional_covariance(np.eye(prior_width.size), weights, own.T),
        log_odds=together - alone,
    )
