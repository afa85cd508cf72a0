"""The noise of ring profiles that come without it, from their own scatter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from airglow.rings import RingProfile

_LEVELS = 4  # equal parts of a frame's annuli, from dark to bright
# Part of the annuli of a laser frame whose third differences are noise: the troughs between fringes. On three
# nights of minime90 the variance is the same up to 0.5, and grows above with light and fringes.
_TROUGHS = 0.4
_DARKEST_PERCENT = 5.0
_MEDIAN_OF_SQUARE = 0.4549  # of a standard normal deviate
_SMALLEST_OFFSET = 1e-12  # counts^2


def estimate_gain(profiles: Sequence[np.ndarray]) -> float:
    """Increase of the noise's variance with the light, from the third differences of sky profiles.

    The fringes of a sky line are smooth over a few annuli: what third differences leave of them is less than
    a thousandth of their height. Bright and dark annuli are compared within each frame, since moonlight
    makes frames noisier as a whole and the camera's bias moves from frame to frame.

    Parameters
    ----------
    profiles
        Counts over annuli.

    Returns
    -------
    float
        Variance of an annulus (counts^2) per count of light; 0 where the profiles show no increase.
    """
    levels, variances = (np.array(each) for each in zip(*map(_by_level, profiles), strict=True))
    weight = 1.0 / np.mean(variances, axis=1, keepdims=True) ** 2
    level = levels - levels.mean(axis=1, keepdims=True)
    spread = np.sum(weight * level**2)
    return max(float(np.sum(weight * level * variances) / spread), 0.0) if spread > 0 else 0.0


def sky_offsets(profiles: Sequence[np.ndarray], gain: float) -> np.ndarray:
    """Variance at the darkest annuli of each sky frame, by the scatter of that frame.

    It holds what lies under the fringes: read-out, twilight, moonlight.

    Parameters
    ----------
    profiles
        Counts over annuli.
    gain
        As of `estimate_gain`.

    Returns
    -------
    ndarray
        (n,) counts^2.
    """
    pairs = [_by_level(counts) for counts in profiles]
    offsets = [float(np.mean(variance - gain * level)) for level, variance in pairs]
    return np.maximum(offsets, _SMALLEST_OFFSET)


def laser_offset(profiles: Sequence[np.ndarray], gain: float) -> float:
    """Variance at the darkest annuli of laser frames, by the scatter between their fringes.

    Parameters
    ----------
    profiles
        Counts over annuli, of one exposure time.
    gain
        As of `estimate_gain`.

    Returns
    -------
    float
        In counts^2; the median over frames.
    """
    offsets = []
    for counts in profiles:
        third, level = _third_differences(counts)
        troughs = level <= np.quantile(level, _TROUGHS)
        offsets.append(_variance(third[troughs]) - gain * float(np.median(level[troughs])))
    return max(float(np.median(offsets)), _SMALLEST_OFFSET)


def errors_of(profile: RingProfile, offset: float, gain: float) -> np.ndarray:
    """Standard errors of the annuli of one frame.

    Parameters
    ----------
    profile
        Of the frame.
    offset
        Variance (counts^2) at its darkest annuli.
    gain
        As of `estimate_gain`.

    Returns
    -------
    ndarray
        (annuli,) counts.
    """
    light = profile.counts - _darkest(profile.counts)
    return np.sqrt(np.maximum(offset + gain * light, 0.2 * offset))


def _by_level(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Light above the darkest annuli and variance, (levels,) each, of annuli from dark to bright."""
    third, level = _third_differences(counts)
    parts = np.array_split(np.argsort(level), _LEVELS)
    return (
        np.array([np.median(level[part]) for part in parts]),
        np.array([_variance(third[part]) for part in parts]),
    )


def _third_differences(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Third differences, scaled to the noise of one annulus, and the light above the darkest annuli."""
    third = np.diff(counts, 3) / np.sqrt(20.0)
    level = 0.25 * (counts[:-3] + counts[1:-2] + counts[2:-1] + counts[3:]) - _darkest(counts)
    good = np.isfinite(third) & np.isfinite(level)
    return third[good], level[good]


def _variance(normal: np.ndarray) -> float:
    """Variance of normal deviates, of which a few may be outliers."""
    return float(np.median(normal**2)) / _MEDIAN_OF_SQUARE


def _darkest(counts: np.ndarray) -> float:
    return float(np.nanpercentile(counts, _DARKEST_PERCENT))
