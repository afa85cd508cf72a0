"""Steps of unlike height in the camera's analogue-digital converter, as temperatures show them.

A converter's steps differ by a part of a count, in a pattern that its binary stages repeat every 16 counts
and fractions of that (differential non-linearity; Kester 2005, The Data Conversion Handbook, section 2.3).
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
a row in one direction fall from 1.7, 2.9 and 2.4 of their stated errors to 1.0, 0.9 and 1.0, with much the
same waves on all three (`tests/benchmarks/converter.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from airglow.process import Regression, Samples, regress
from airglow.rings import RingProfile
from airglow.spectra.line import LineFit

_FREQUENCIES = np.arange(1, 5) / 16.0  # per count; higher ones are damped away
_PRIOR_COUNTS = 0.1  # of an amplitude before it is damped: a good converter's
_LEAST_LOG_ODDS = 10.0
_FEWEST_FRAMES = 24
_NATURAL_RATE_K_PER_H = 50.0
_AROUND = 15  # frames of the running median about which a temperature may be wild
_WILD_SIGMA = 5.0


@dataclass(frozen=True)
class ConverterWaves:
    """Waves on the camera's scale that a night shows."""

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
            (m,)
        """
        return _waves(mean_counts, pixel_variance) @ self.found.amplitude

    def errors_left(self, fit: LineFit, pixel_variance: np.ndarray) -> np.ndarray:
        """Standard errors of velocity (m/s) and temperature (K) that the waves' own errors leave, (2,)."""
        response = fit.linear_response.T @ _waves(fit.model, pixel_variance)
        return np.sqrt(np.einsum("ij,jk,ik->i", response, self.found.covariance, response))


def pixel_variance(data: RingProfile, fit: LineFit) -> np.ndarray:
    """Variance (counts^2) of single pixels in each annulus, from the errors and how well they are met."""
    pixels = np.pi * data.width_px2
    return data.sigma**2 * pixels * fit.reduced_chi_square


def find_converter_waves(
    time_s: np.ndarray, data: Sequence[RingProfile], fits: Sequence[LineFit]
) -> ConverterWaves | None:
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
    ConverterWaves or None
        None where a night does not call for them.
    """
    temperature = np.array([fit.temperature_k for fit in fits])
    error = np.array([fit.temperature_error_k for fit in fits])
    tame = np.array([fit.settled for fit in fits], bool) & _tame(temperature, error)
    if tame.sum() < _FEWEST_FRAMES:
        return None
    response = np.array(
        [
            fit.linear_response[:, 1] @ _waves(fit.model, pixel_variance(each, fit))
            for each, fit in zip(data, fits, strict=True)
        ]
    )
    samples = Samples(time_s[tame], temperature[tame], error[tame], _NATURAL_RATE_K_PER_H)
    found = regress(samples, response[tame], np.full(response.shape[1], _PRIOR_COUNTS))
    return ConverterWaves(found) if found.log_odds > _LEAST_LOG_ODDS else None


def _waves(mean_counts: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Cosine and sine of each frequency, damped by the noise: (m, 8)."""
    turns = 2.0 * np.pi * _FREQUENCIES
    damping = np.exp(-0.5 * np.outer(variance, turns**2))
    angle = np.outer(mean_counts, turns)
    return np.hstack([damping * np.cos(angle), damping * np.sin(angle)])


def _tame(temperature_k: np.ndarray, error_k: np.ndarray) -> np.ndarray:
    """Samples that are not far from the median of those around them (twilight, a star, a failed fit)."""
    half = _AROUND // 2
    padded = np.pad(temperature_k, half, mode="reflect") if temperature_k.size > half else temperature_k
    if padded.size < _AROUND:
        return np.ones(temperature_k.size, bool)
    middle = np.median(np.lib.stride_tricks.sliding_window_view(padded, _AROUND), axis=1)
    off = np.abs(temperature_k - middle)
    spread = 1.4826 * np.median(off)
    return off <= _WILD_SIGMA * np.hypot(spread, error_k)
