"""Differential non-linearity of the camera's analogue-digital converter, as temperatures show it.

A converter's steps differ by a part of a count, in a pattern that its binary stages repeat every 16 counts
and fractions of that (Kester 2005, The Data Conversion Handbook, section 2.3).
Where a pixel's noise spans many counts that averages out. With a noise of about one count it does not: a
wave

    a cos(2 pi x / p) + b sin(2 pi x / p), damped by exp(-2 (pi sigma / p)^2),

is added to the mean x of pixels of standard deviation sigma (the wave convolved with the noise). Over a
fringe of a few counts it makes a second harmonic, in step with the fringe. That is what a change of the
line's width looks like, and no shift: temperatures swing with the camera's bias, which wanders by counts
from frame to frame, while winds stay. Nothing of it is left in the residuals of a frame; but temperatures
are smooth in time, and the waves are found as what makes those of a night smooth.

On three nights of minime90 (noise 1.0 to 1.5 counts, fringes of one to two counts) temperatures swing by up
to 150 K as the bias moves by four counts. With waves of 0.1 count taken out, excursions of three frames in
a row in one direction fall from 1.9, 3.0 and 2.4 of their stated errors to 0.9, 1.0 and 1.0, with much the
same waves on all three (`tests/benchmarks/nonlinearity.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from airglow.gp import Regression, Samples, find_inliers_worst_first, regress
from airglow.rings import RingProfile
from airglow.spectra.line import LineFit

# Per count: the binary stages of a converter repeat every 16 counts and fractions of that. A noise of one
# count damps those up to a quarter to 0.3 and more, those above to 0.15 and less, which no night can tell.
_FREQUENCIES = np.arange(1, 5) / 16.0
# Standard deviation of the prior of an amplitude before it is damped, counts. Measured: the wave of four
# counts has 0.13 to 0.21 on three nights of minime90.
_PRIOR_COUNTS = 0.1
# Natural logarithm of the odds from which waves are taken out. Chosen: e^10 = 22000 to one; three nights of
# minime90 have 60 to 90, and functions that explain nothing less than 2 (`tests/gp/test_regression.py`).
_LEAST_LOG_ODDS = 10.0
# Frames without which nothing is sought: three for each of the eight amplitudes. Chosen.
_FEWEST_FRAMES = 24
# Natural rate of temperatures, K/h: chosen. The amplitude of the process is fitted, with a prior of a factor
# of 4.5 about it.
_NATURAL_RATE_K_PER_H = 50.0


@dataclass(frozen=True)
class DifferentialNonlinearity:
    """Waves on the camera's scale that a night shows.

    Parameters
    ----------
    found
        Amplitudes of the cosines, then of the sines, of 1, 2, 3 and 4 periods in 16 counts, undamped; counts.
    """

    found: Regression

    @property
    def amplitude_counts(self) -> float:
        """Root mean square of the waves, undamped."""
        return float(np.sqrt(0.5 * np.sum(self.found.amplitude**2)))

    def added(self, mean_counts: np.ndarray, pixel_variance: np.ndarray) -> np.ndarray:
        """Counts that the waves add to means of pixels.

        Parameters
        ----------
        mean_counts
            (m,) on the camera's scale.
        pixel_variance
            (m,) of single pixels, counts^2.

        Returns
        -------
        ndarray
            (m,) counts.
        """
        return _waves(mean_counts, pixel_variance) @ self.found.amplitude

    def errors_left(self, fit: LineFit, pixel_variance: np.ndarray) -> np.ndarray:
        """Errors of velocity and temperature that the errors of the waves leave.

        Parameters
        ----------
        fit
            Of the line.
        pixel_variance
            (m,) of single pixels, counts^2.

        Returns
        -------
        ndarray
            (2,) standard errors, m/s and K.
        """
        response = fit.linear_response.T @ _waves(fit.model, pixel_variance)
        return np.sqrt(np.einsum("ij,jk,ik->i", response, self.found.covariance, response))


def pixel_variance(data: RingProfile, fit: LineFit) -> np.ndarray:
    """Variance of single pixels in each annulus, from the errors and how well they are met.

    Parameters
    ----------
    data
        A profile of m annuli.
    fit
        Of the line in it.

    Returns
    -------
    ndarray
        (m,) counts^2.
    """
    pixels = np.pi * data.width_px2
    return data.sigma**2 * pixels * fit.reduced_chi_square


def find_nonlinearity(
    time_s: np.ndarray, data: Sequence[RingProfile], fits: Sequence[LineFit]
) -> DifferentialNonlinearity | None:
    """Find the waves that make the temperatures of a night smooth.

    Parameters
    ----------
    time_s
        (n,) middles of the exposures, ascending.
    data
        The profiles that were fitted.
    fits
        Of the line; their models are on the camera's scale.

    Returns
    -------
    DifferentialNonlinearity or None
        None where a night does not call for them.
    """
    temperature = np.array([fit.temperature_k for fit in fits])
    error = np.array([fit.temperature_error_k for fit in fits])
    usable = np.array([fit.settled for fit in fits], bool) & np.isfinite(temperature) & np.isfinite(error)
    if usable.sum() < _FEWEST_FRAMES:
        return None
    samples = Samples(time_s[usable], temperature[usable], error[usable], _NATURAL_RATE_K_PER_H)
    # Twilight, a star, a failed fit. Swings that all temperatures have make the scale of an outlier.
    inlier = find_inliers_worst_first(samples.factor(samples.typical_process()), samples.deviation)
    if inlier.sum() < _FEWEST_FRAMES:
        return None
    samples, used = samples[np.flatnonzero(inlier)], np.flatnonzero(usable)[inlier]
    response = np.array(
        [
            fit.linear_response[:, 1] @ _waves(fit.model, pixel_variance(each, fit))
            for each, fit in ((data[k], fits[k]) for k in used)
        ]
    )
    found = regress(samples, response, np.full(response.shape[1], _PRIOR_COUNTS))
    return DifferentialNonlinearity(found) if found.log_odds > _LEAST_LOG_ODDS else None


def _waves(mean_counts: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Cosine and sine of each frequency, damped by the noise: (m, 8)."""
    turns = 2.0 * np.pi * _FREQUENCIES
    damping = np.exp(-0.5 * np.outer(variance, turns**2))
    angle = np.outer(mean_counts, turns)
    return np.hstack([damping * np.cos(angle), damping * np.sin(angle)])
