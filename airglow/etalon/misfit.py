"""Whether a fit of fringes is one at all: how much of the fringes it leaves.

Chi-square alone does not tell: it grows with the light. Two real laser frames of minime05 have 33 and 45,
since bright light shows every unevenness, and are fitted well: the model leaves 0.3 % of the fringes' power.
So it is that part that is judged. Laser frames of three real nights and of simulated ones leave less than
0.3 %, their sky frames 0.7 %. Fits that begin with a plate scale that is wrong by a factor of 0.25 to 4
mostly leave 70 % and more of it, in the best case 40 %; a third lies well between.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from airglow.etalon.linear import smooth_trend
from airglow.rings import RingProfile

_MOST_LEFT = 1.0 / 3.0  # of the fringes' power
# Part of the fringes' power from which a fit of all lasers together is poor: 4.5 % of their amplitude.
# Simulated nights leave 0.009 to 0.021 %, three real ones of minime90 0.03 to 0.06 %. Clipped in 6 % of their
# pixels lasers leave 0.6 to 0.7 %, and temperatures are off by 80 K then. A temperature that is off by 100 K
# changes the first harmonic of the sky's fringes by 2.6 %: a sixth of the limit, if it looks like a width, is
# ten usual errors.
_MOST_LEFT_BY_A_GOOD_FIT = 0.002
_NOISE_CHI_SQUARE = 2.0  # up to here what is left may be noise that is known too well


def fringes_left(profiles: Sequence[RingProfile], models: Sequence[np.ndarray]) -> float:
    """Part of the fringes' power that the models of profiles leave.

    Parameters
    ----------
    profiles
        With fringes.
    models
        Counts at the annuli of each.

    Returns
    -------
    float
        Weighted squares of the residuals over those of the counts about a smooth trend, both less what noise
        gives: 0 for a perfect fit, 1 for a model without these fringes. 0 if what is left may be noise.
    """
    number = sum(map(len, profiles))
    left = sum(
        float(np.sum(((each.counts - model) / each.sigma) ** 2))
        for each, model in zip(profiles, models, strict=True)
    )
    if left <= _NOISE_CHI_SQUARE * number:
        return 0.0
    power = sum(float(np.sum(((each.counts - smooth_trend(each)) / each.sigma) ** 2)) for each in profiles)
    # A model worse than the trend: no fringes of it are there.
    return (left - number) / (power - number) if power > left else 1.0


def fits_poorly(left: float) -> bool:
    """Whether a fit of lasers that leaves this part of the fringes' power is too poor for temperatures.

    Parameters
    ----------
    left
        Part of the fringes' power that the fit leaves.

    Returns
    -------
    bool
    """
    return not left <= _MOST_LEFT_BY_A_GOOD_FIT


def explains_fringes(left: float) -> bool:
    """Whether a fit that leaves this part of the fringes' power is one; not so if it is no number."""
    return left <= _MOST_LEFT
