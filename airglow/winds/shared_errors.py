"""Errors that lines of sight share for a while: of the gap, and of a reference that follows the zenith."""

from __future__ import annotations

import numpy as np

from airglow.model.result import SkySamples

# Time over which an error of a reference that follows the zenith in time stays about the same, s. Chosen,
# between the usual time from one zenith sample to the next and the length of its course
# (`airglow.gp.series`).
_REFERENCE_TIME_S = 3600.0
# Time over which an error of the gap stays about the same, s: that between laser frames, within bounds. The
# usual one is that of three nights of minime90 (31 minutes) and holds when there is no laser; the bounds were
# chosen.
_SHORTEST_LASER_TIME_S, _USUAL_LASER_TIME_S, _LONGEST_LASER_TIME_S = 300.0, 1800.0, 3 * 3600.0


def errors_that_last(
    sky: SkySamples, index: np.ndarray, time_s: np.ndarray, laser_time: np.ndarray, reference_by_zenith: bool
) -> np.ndarray:
    """Covariance of the errors that samples share for a while.

    Parameters
    ----------
    sky
        All samples.
    index
        (n,) places of those that count.
    time_s
        Middles of the exposures of all, s.
    laser_time
        (m,) datetime64, middles of the laser frames that took part.
    reference_by_zenith
        Whether the Doppler reference follows the zenith in time, so that its error lasts for a while too.

    Returns
    -------
    ndarray
        (n, n), m2/s2.
    """
    lag_s = np.abs(time_s[index][:, None] - time_s[index][None, :])
    calibration, reference = sky.wind_calibration_error_mps[index], sky.wind_reference_error_mps[index]
    shared = np.outer(calibration, calibration) * np.exp(-lag_s / _laser_time_s(laser_time))
    if reference_by_zenith:
        shared += np.outer(reference, reference) * np.exp(-lag_s / _REFERENCE_TIME_S)
    return shared


def _laser_time_s(laser_time: np.ndarray) -> float:
    """How long an error of the gap lasts: about the time from one laser frame to the next."""
    if laser_time.size < 2:
        return _LONGEST_LASER_TIME_S if laser_time.size else _USUAL_LASER_TIME_S
    spacing_s = np.diff(np.sort(laser_time)) / np.timedelta64(1, "s")
    return float(np.clip(np.median(spacing_s), _SHORTEST_LASER_TIME_S, _LONGEST_LASER_TIME_S))
