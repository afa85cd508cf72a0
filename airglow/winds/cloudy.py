"""What clouds, seen by the sensor or told by the data, take away of the wind: an error that samples share."""

from __future__ import annotations

import numpy as np

from airglow.model.result import Cause
from airglow.winds.field import Observations

# Part of the wind along the line of sight that clouds take away, as a standard deviation about none of it.
# Chosen: of the clouds that raise a flag, hardly any leave less than a fifth or more than three quarters of
# it.
_TAKEN = 0.6
# Time over which it stays about the same, s. Chosen: banks of clouds pass within an hour or two.
_CLOUD_TIME_S = 3600.0
# Least root mean square of a horizontal component over a night, m/s: the prior of `airglow.winds.field`.
_LEAST_WIND_MPS = 50.0


def is_cloudy(causes: np.ndarray) -> np.ndarray:
    """Whether samples are under clouds, by the sensor or by the data.

    Parameters
    ----------
    causes
        (n,) masks of causes.

    Returns
    -------
    ndarray
        (n,) bool.
    """
    clouds = Cause.CLOUDY.mask | Cause.OVERCAST.mask | Cause.CLOUD_BY_THE_DATA.mask
    return (causes & np.uint32(clouds)) != 0


def errors_under_clouds(observations: Observations, cloudy: np.ndarray) -> np.ndarray:
    """Covariance of what clouds take away of the winds along the lines of sight.

    Parameters
    ----------
    observations
        n lines of sight.
    cloudy
        (n,) bool, under clouds.

    Returns
    -------
    ndarray
        (n, n), m2/s2: 0 for samples under a clear sky. A cloud takes away the same part of both horizontal
        components for a while, so that lines in one plane have it in common.
    """
    if not cloudy.any():
        return np.zeros((cloudy.size, cloudy.size))
    horizontal = observations.components[:, :2]
    clear = ~cloudy if (~cloudy).any() else cloudy
    seen = np.mean(observations.wind_mps[clear] ** 2)
    of_one = np.mean(horizontal[clear] ** 2)
    component_mps2 = max(seen / (2.0 * max(of_one, 1e-3)), _LEAST_WIND_MPS**2)
    lag_s = np.abs(observations.time_s[:, None] - observations.time_s[None, :])
    taken = _TAKEN**2 * component_mps2 * np.exp(-lag_s / _CLOUD_TIME_S) * (horizontal @ horizontal.T)
    return np.where(np.outer(cloudy, cloudy), taken, 0.0)
