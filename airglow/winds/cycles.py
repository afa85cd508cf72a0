"""A night cut into cycles of look directions.

Instruments go round: zenith, the four winds, perhaps a few directions shared with another site, and again. A
new cycle begins with the return to the zenith, or to any direction that the cycle has seen, as soon as the
cycle can tell the three components of the wind. So it does not matter what the directions are called, how
many there are, or whether one is left out now and then. A sequence that never returns is cut by time.
"""

from __future__ import annotations

import numpy as np

from airglow.geometry import is_zenith, unit_vectors

LONGEST_CYCLE_S = 90 * 60.0
LONGEST_PAUSE_S = 30 * 60.0
WINDOW_S = 30 * 60.0  # where no sequence of directions can tell all components
_SAME_DIRECTION_DEG = 5.0
_LARGEST_VARIANCE = 25.0  # of a component, from samples of variance 1, to call it told


def cut_cycles(
    time_s: np.ndarray, azimuth_deg: np.ndarray, zenith_deg: np.ndarray, components: np.ndarray
) -> tuple[slice, ...]:
    """Cut a night into cycles.

    Parameters
    ----------
    time_s
        (n,) middles of the exposures, ascending.
    azimuth_deg, zenith_deg
        (n,) look directions at the site.
    components
        (n, 3) of a wind towards east, north and up along the lines of sight.

    Returns
    -------
    tuple of slice
        One after the other, all samples together.
    """
    n = time_s.size
    if n == 0:
        return ()
    same = _same_direction(azimuth_deg, zenith_deg)
    at_zenith = is_zenith(zenith_deg)
    longest_s = LONGEST_CYCLE_S if _tells_all(components) else WINDOW_S
    cycles, begin = [], 0
    for k in range(1, n):
        late = time_s[k] - time_s[begin] >= longest_s or time_s[k] - time_s[k - 1] >= LONGEST_PAUSE_S
        returns = not same[k, k - 1] and (at_zenith[k] or same[k, begin:k].any())
        if late or (returns and _tells_all(components[begin:k])):
            cycles.append(slice(begin, k))
            begin = k
    return (*cycles, slice(begin, n))


def _same_direction(azimuth_deg: np.ndarray, zenith_deg: np.ndarray) -> np.ndarray:
    line = unit_vectors(azimuth_deg, zenith_deg)
    return line @ line.T > np.cos(np.radians(_SAME_DIRECTION_DEG))


def count_directions(azimuth_deg: np.ndarray, zenith_deg: np.ndarray) -> int:
    """How many different directions there are, five degrees apart or more."""
    same = _same_direction(azimuth_deg, zenith_deg)
    return sum(not same[k, :k].any() for k in range(len(same)))


def _tells_all(components: np.ndarray) -> bool:
    """Whether samples along these lines tell all three components of a wind."""
    known = components[np.isfinite(components).all(axis=1)]
    normal = known.T @ known
    if np.linalg.det(normal) < 1e-9:
        return False
    return bool(np.diag(np.linalg.inv(normal)).max() < _LARGEST_VARIANCE)
