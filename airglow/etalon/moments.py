"""Whether laser profiles call for gaps that differ over the plates, by evidence.

The two moments of the gap over the plates, the reflectivity and the blur broaden a fringe in much the same
way. Dim lasers do not tell them apart: free moments then run off to where no plates are, and draw the
reflectivity along. So the fit with moments is weighed against one without. The ratio of their evidences by
Laplace's approximation (Kass & Raftery 1995, Journal of the American Statistical Association 90, 773) is

    B = exp(gain / 2) sqrt(det C) / (w2 w3)

with the gain in chi-square (priors included), the covariance C of the moments and the widths w of their
priors. The likelier fit is taken. Its error is that of both cases, each with its probability (Hoeting et al.
1999, Statistical Science 14, 382).
"""

from __future__ import annotations

import numpy as np

from airglow.etalon.joint_fit import MOMENTS, Fitted

# Chi-square by which moments stand out beyond which nobody needs to ask. Chosen: the linear estimate that it
# is may be off by a large factor where lasers are dim.
_CERTAIN = 1000.0


def moments_are_certain(fitted: Fitted, inflation: float) -> bool:
    """Whether the moments of a fit stand out so far that no fit without them is needed.

    Parameters
    ----------
    fitted
        With moments.
    inflation
        Of the covariance.

    Returns
    -------
    bool
    """
    _, answer = fitted
    moments = answer.x[MOMENTS]
    return bool(
        moments @ np.linalg.solve(_covariance(fitted)[MOMENTS, MOMENTS], moments) > _CERTAIN * inflation
    )


def odds_of_moments(with_moments: Fitted, without: Fitted, inflation: float) -> float:
    """Odds of gaps that differ over the plates against one gap.

    Parameters
    ----------
    with_moments, without
        The fits.
    inflation
        Of the covariance, by which the gain in chi-square counts for less.

    Returns
    -------
    float
    """
    priors = with_moments[0].priors
    widths = [priors[place][1] for place in range(MOMENTS.start, MOMENTS.stop)]
    covariance = inflation * _covariance(with_moments)[MOMENTS, MOMENTS]
    gain = (without[1].cost - with_moments[1].cost) / inflation
    log_odds = gain + 0.5 * np.linalg.slogdet(covariance)[1] - np.sum(np.log(widths))
    return float(np.exp(np.clip(log_odds, -500.0, 500.0)))


def covariance_of_both(
    taken: np.ndarray, other: np.ndarray, apart: np.ndarray, of_other: float
) -> np.ndarray:
    """Covariance of what is taken, over the cases that it holds and that the other one does.

    Parameters
    ----------
    taken, other
        (n, n) covariances of the two.
    apart
        (n,) what they differ by.
    of_other
        Probability of the other.

    Returns
    -------
    ndarray
        (n, n)
    """
    return (1.0 - of_other) * taken + of_other * (other + np.outer(apart, apart))


def _covariance(fitted: Fitted) -> np.ndarray:
    jacobian = fitted[1].jac
    return np.linalg.pinv(jacobian.T @ jacobian, hermitian=True)
