"""The ceiling of a camera's converter: the largest count that it gives, at which bright pixels pile up.

A clipped pixel says only that there was at least so much light. Taken for a measurement it flattens the
fringes' tops, which the fit of an instrument takes for blur. The ceiling need not be 2^n - 1, since a bias
may have been subtracted; but no smooth distribution of counts has many pixels at its very end.
"""

from __future__ import annotations

import numpy as np

# Pixels at the largest value without which it is no ceiling. Chosen: more than a cosmic ray or a star leaves.
_FEWEST_PIXELS = 10
# Values below the largest one with whose mean number of pixels it is compared.
_VALUES_BELOW = 8
# Times that mean. Without any noise the tops of fringes have 4 times at the most: of a parabola a length of
# sqrt(1) lies within a count of its top, one of sqrt(9) - 1 in the next eight. Noise makes it less. Clipped
# pixels of scatter s counts have s Q / p times (Q, p: integral and density of the normal distribution beyond
# the ceiling): 30 at a scatter of 100 counts and a thousandth of the pixels.
_PILE_UP = 10.0
# An annulus is clipped if the ceiling is within so many standard deviations of its pixels about their mean.
# At three the mean of n pixels is drawn down by sqrt(n) (p(3) - 3 Q(3)) = 0.0004 sqrt(n) of its error.
CLIPPED_SIGMA = 3.0


def find_ceiling(image: np.ndarray) -> float | None:
    """The converter's ceiling, if pixels of a frame pile up at it.

    Parameters
    ----------
    image
        (rows, columns) counts.

    Returns
    -------
    float or None
        In counts; None where the largest value is that of a smooth distribution.
    """
    largest = image.max()
    at_largest = np.count_nonzero(image == largest)
    if at_largest < _FEWEST_PIXELS or at_largest == image.size:
        return None
    _, numbers = np.unique(image, return_counts=True)
    below = numbers[-1 - _VALUES_BELOW : -1]
    return float(largest) if at_largest > _PILE_UP * below.mean() else None


def clipped_annuli(mean: np.ndarray, variance: np.ndarray, ceiling: float) -> np.ndarray:
    """Annuli whose mean the ceiling draws down.

    Parameters
    ----------
    mean, variance
        Of the pixels of each annulus, counts and counts^2, shape (m,).
    ceiling
        In counts.

    Returns
    -------
    ndarray
        (m,) bool; False where mean or variance are no numbers.
    """
    with np.errstate(invalid="ignore"):
        return mean + CLIPPED_SIGMA * np.sqrt(variance) >= ceiling
