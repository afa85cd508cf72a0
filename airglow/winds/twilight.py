"""Twilight that is bright beside the line.

Sunlight has absorption lines where the airglow lines are. One that takes the part q of the continuum away
is, to the fit, a line of q times the continuum that is missing: it moves the fit by q (continuum / line)
times some velocity that depends on how far off it is.
"""

from __future__ import annotations

import numpy as np

# Elevation of the sun above which the sky may be brighter than the night's, degrees: the end of nautical
# twilight.
SUN_UP_DEG = -12.0
# Elevation below which a sample tells how bright the night is without the sun, degrees. Chosen.
DARK_DEG = -15.0
# Part of the continuum that an absorption line takes away: that of a weak Fraunhofer line. Chosen.
LINE_SHARE = 0.015
# How far a missing line moves the fit for a ratio of one of it to the line, m/s. A line 0.3 free spectral
# ranges off (1.9 km/s) and 1.5 km/s wide moved winds by 250 m/s in simulated twilights.
SHIFT_MPS = 250.0
# Shift over the fit error of the wind from which it matters: within two, it does not make four with what is
# there.
MATTERS = 2.0


def is_bright_twilight(
    continuum: np.ndarray, line: np.ndarray, sun_elevation_deg: np.ndarray, wind_error_mps: np.ndarray
) -> np.ndarray:
    """Whether an absorption line in the twilight may move the wind by more than twice its error.

    Parameters
    ----------
    continuum, line
        (n,) continuum and the line's intensity per second, both averaged over a free spectral range.
    sun_elevation_deg
        (n,) of the sun.
    wind_error_mps
        (n,) standard errors of the fit, m/s.

    Returns
    -------
    ndarray
        (n,) bool. What the sky has in the dark of the same night, by the moon or by lamps, is no twilight.
    """
    dark = continuum[(sun_elevation_deg < DARK_DEG) & np.isfinite(continuum)]
    twilight = continuum - (np.percentile(dark, 90) if dark.size else 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        shift_mps = SHIFT_MPS * LINE_SHARE * twilight / line
    return (sun_elevation_deg > SUN_UP_DEG) & (shift_mps > MATTERS * wind_error_mps)
