"""The camera's noise, from the scatter of pixels within annuli over a night.

The variance of a pixel is linear in its mean: an offset (read-out and digitisation) and a slope (counts
per photo-electron). One straight line is fitted to the variances of all annuli of the night in which the
profile itself is flat enough not to scatter the pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from airglow.model.errors import NotAnalysable
from airglow.rings.profile import RingProfile, slope_of

_LARGEST_STRUCTURE = 0.05  # of the variance may come from the profile's curvature across an annulus
_ROUNDS = 6
_CLIP_SIGMA = 4.0
_SMALLEST_VARIANCE = 1.0 / 12.0  # counts^2: rounding to whole counts


@dataclass(frozen=True)
class NoiseModel:
    """Variance of a pixel as a function of its mean: ``offset + gain * (mean - pedestal)``.

    Parameters
    ----------
    offset
        Variance in counts^2 where the mean is ``pedestal``.
    gain
        Counts per photo-electron.
    pedestal
        Mean in counts about which the line was fitted.
    """

    offset: float
    gain: float
    pedestal: float

    def variance(self, mean: np.ndarray) -> np.ndarray:
        """Variance (counts^2) of pixels of these means.

        Parameters
        ----------
        mean
            Means of pixels in counts, any shape.

        Returns
        -------
        ndarray
            Of the same shape.
        """
        return np.maximum(self.offset + self.gain * (mean - self.pedestal), _SMALLEST_VARIANCE)


def fit_noise(profiles: Sequence[RingProfile]) -> NoiseModel:
    """Fit the camera's noise to the profiles of a night.

    Parameters
    ----------
    profiles
        Of any frames of one camera, with the statistics of their pixels; the more their means differ, the
        better the slope.

    Returns
    -------
    NoiseModel

    Raises
    ------
    NotAnalysable
        If no annulus of any profile is usable.
    """
    means, variances, pixels = (np.concatenate(parts) for parts in zip(*map(_flat, profiles), strict=True))
    if means.size < 10:
        raise NotAnalysable("no noise", "no annulus of the night is flat enough to measure the noise")
    pedestal = float(np.percentile(means, 5))
    x = means - pedestal
    offset, gain = max(float(np.median(variances)), _SMALLEST_VARIANCE), 0.0
    kept = np.ones(x.size, bool)
    for _ in range(_ROUNDS):
        expected = np.maximum(offset + gain * x, _SMALLEST_VARIANCE)
        # A variance estimated from n pixels has a relative error of sqrt(2 / n).
        weight = pixels / (2.0 * expected**2)
        kept = np.abs(variances - expected) * np.sqrt(weight) < np.maximum(
            _CLIP_SIGMA, 3.0 * np.median(np.abs(variances - expected) * np.sqrt(weight))
        )
        offset, gain = _straight_line(x[kept], variances[kept], weight[kept])
    return NoiseModel(offset=max(offset, _SMALLEST_VARIANCE), gain=max(gain, 0.0), pedestal=pedestal)


def with_noise(profile: RingProfile, noise: NoiseModel) -> RingProfile:
    """Give a profile the standard errors that the camera's noise makes.

    Parameters
    ----------
    profile
        With the statistics of its pixels.
    noise
        Of the camera.

    Returns
    -------
    RingProfile
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return replace(profile, sigma=np.sqrt(noise.variance(profile.counts) / profile.pixels.number))


def _flat(profile: RingProfile) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, variance and pixels of the annuli in which the profile is close to a straight line."""
    curvature = slope_of(slope_of(profile.counts, profile.radius_squared_px2), profile.radius_squared_px2)
    # Deviation of a parabola from its chord over a width w has a variance of (curvature w^2)^2 / 720.
    structure = (curvature * profile.width_px2**2) ** 2 / 720.0
    variance = profile.pixels.variance
    usable = np.isfinite(variance) & (variance > 0) & np.isfinite(structure)
    usable[usable] &= structure[usable] < _LARGEST_STRUCTURE * variance[usable]
    return profile.counts[usable], variance[usable], profile.pixels.number[usable]


def _straight_line(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    total = weight.sum()
    x_mean, y_mean = (weight @ x) / total, (weight @ y) / total
    spread = weight @ (x - x_mean) ** 2
    gain = (weight @ ((x - x_mean) * (y - y_mean))) / spread if spread > 0 else 0.0
    gain = max(float(gain), 0.0)
    return float(y_mean - gain * x_mean), gain
