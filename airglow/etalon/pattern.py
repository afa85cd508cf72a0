"""What all profiles of a night have in common that the model lacks: fixed patterns of the camera.

Columns of unlike response, warm pixels, dust and an illumination that is not a parabola leave the same
residual in every frame. The median over the night shows it; each frame has its own amount of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from airglow.etalon.profile_data import ProfileData

FEWEST_PROFILES = 8
_MEDIAN_VARIANCE = np.pi / 2.0  # of the median of many normal deviates, over that of their mean
_LEAST_SIGNAL = 0.2  # part of the pattern's power that must be more than noise


def common_pattern(profiles: Sequence[ProfileData], models: Sequence[np.ndarray]) -> np.ndarray | None:
    """Residual that a night's profiles share.

    Parameters
    ----------
    profiles
        Of one kind, on the same annuli (m of them).
    models
        Fitted to them, (m,) each.

    Returns
    -------
    ndarray or None
        (m,) counts of a typical frame, less what noise makes of it; None when there are too few profiles
        or nothing but noise.
    """
    if len(profiles) < FEWEST_PROFILES or len({len(data) for data in profiles}) != 1:
        return None
    residual = np.array([data.counts - model for data, model in zip(profiles, models, strict=True)])
    sigma = np.array([data.sigma for data in profiles])
    pattern = np.median(residual, axis=0)
    # In units of a frame's own variance, a pattern of nothing but noise has this power in every annulus.
    power = float(np.mean(pattern**2 / np.median(sigma**2, axis=0)))
    signal = 1.0 - _MEDIAN_VARIANCE / len(profiles) / power
    return pattern * signal if signal > _LEAST_SIGNAL else None


def without_pattern(data: ProfileData, model: np.ndarray, pattern: np.ndarray) -> ProfileData:
    """A profile less its own amount of a pattern, by least squares on its residual.

    Parameters
    ----------
    data
        The profile.
    model
        Fitted to it.
    pattern
        As of `common_pattern`.

    Returns
    -------
    ProfileData
    """
    weight = 1.0 / data.sigma**2
    amount = float((weight * pattern) @ (data.counts - model)) / float((weight * pattern) @ pattern)
    return replace(data, counts=data.counts - amount * pattern)
