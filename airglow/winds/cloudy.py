"""What clouds, seen by the sensor or told by the data, take away of the wind: an error that samples share."""

from __future__ import annotations

import numpy as np

from airglow.model.result import Cause
from airglow.winds.field import HYPERPARAMETERS, Observations

# Part of the wind along the line of sight that clouds take away, as a standard deviation about none of it.
# Chosen: of the clouds that raise a flag, hardly any leave less than a fifth or more than three quarters of
# it. With six tenths a bank in one direction still pulled smooth winds by four of their errors.
_TAKEN = 1.0
# The same at the edge of clouds, too thin to raise a flag, and how far in time it reaches, s. Chosen: with a
# twentieth more of the wind taken away, samples would be off by four errors and passed for clear.
_TAKEN_AT_EDGE, _EDGE_S = 0.1, 1800.0
# Time over which it stays about the same, s. Chosen: banks of clouds pass within an hour or two.
_CLOUD_TIME_S = 3600.0
# Least root mean square of a horizontal component over a night, m/s: as much as it usually spreads.
_LEAST_WIND_MPS = HYPERPARAMETERS[0].median
# The same of the vertical wind, of which a cloud takes its part too: without it the zenith samples of cloudy
# cycles told a vertical wind to 1 m/s that was off by 5.
_VERTICAL_MPS = HYPERPARAMETERS[3].median


def part_taken(time_s: np.ndarray, causes: np.ndarray) -> np.ndarray:
    """Part of the wind that clouds take away, by the sensor or by the data, as a standard deviation.

    Parameters
    ----------
    time_s
        (n,) middles of the exposures, s.
    causes
        (n,) masks of causes.

    Returns
    -------
    ndarray
        (n,) 0 under a clear sky.
    """
    clouds = Cause.CLOUDY.mask | Cause.OVERCAST.mask | Cause.CLOUD_BY_THE_DATA.mask
    cloudy = (causes & np.uint32(clouds)) != 0
    at_edge = (np.abs(time_s[:, None] - time_s[None, cloudy]) <= _EDGE_S).any(axis=1)
    return np.where(cloudy, _TAKEN, np.where(at_edge, _TAKEN_AT_EDGE, 0.0))


def errors_under_clouds(observations: Observations, taken: np.ndarray) -> np.ndarray:
    """Covariance of what clouds take away of the winds along the lines of sight.

    Parameters
    ----------
    observations
        n lines of sight.
    taken
        (n,) of `part_taken`.

    Returns
    -------
    ndarray
        (n, n), m2/s2: 0 for samples under a clear sky. A cloud takes away the same part of all components for
        a while, so that lines in one plane have it in common.
    """
    if not taken.any():
        return np.zeros((taken.size, taken.size))
    horizontal = observations.components[:, :2]
    clear = taken < _TAKEN if (taken < _TAKEN).any() else taken > 0.0
    seen = np.mean(observations.wind_mps[clear] ** 2)
    of_one = np.mean(horizontal[clear] ** 2)
    component_mps2 = max(seen / (2.0 * max(of_one, 1e-3)), _LEAST_WIND_MPS**2)
    lag_s = np.abs(observations.time_s[:, None] - observations.time_s[None, :])
    upward = observations.components[:, 2]
    wind = component_mps2 * (horizontal @ horizontal.T) + _VERTICAL_MPS**2 * np.outer(upward, upward)
    return np.outer(taken, taken) * np.exp(-lag_s / _CLOUD_TIME_S) * wind
