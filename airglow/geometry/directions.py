"""Which named direction a frame looked in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from airglow.registry import Direction

UNKNOWN = "Unknown"
TOLERANCE_DEG = 10.0  # what the network has always allowed its sky scanners


def separation_deg(
    azimuth_a_deg: float, zenith_a_deg: float, azimuth_b_deg: float, zenith_b_deg: float
) -> float:
    """Great-circle distance between two look directions (haversine formula).

    Parameters
    ----------
    azimuth_a_deg, zenith_a_deg
        First direction.
    azimuth_b_deg, zenith_b_deg
        Second direction.

    Returns
    -------
    float
        Degrees.
    """
    za, zb = np.radians(zenith_a_deg), np.radians(zenith_b_deg)
    difference = np.radians(azimuth_a_deg - azimuth_b_deg)
    haversine = np.sin((za - zb) / 2) ** 2 + np.sin(za) * np.sin(zb) * np.sin(difference / 2) ** 2
    return float(np.degrees(2 * np.arcsin(np.sqrt(np.clip(haversine, 0.0, 1.0)))))


def look_direction(
    azimuth_deg: float,
    zenith_deg: float,
    directions: Sequence[Direction],
    tolerance_deg: float = TOLERANCE_DEG,
) -> str:
    """Name of the nearest direction by great-circle distance.

    Parameters
    ----------
    azimuth_deg, zenith_deg
        Where the frame looked; the zenith angle not negative.
    directions
        The site's.
    tolerance_deg
        Further away than this from all of them is `UNKNOWN`.

    Returns
    -------
    str
    """
    distances = [separation_deg(azimuth_deg, zenith_deg, d.azimuth_deg, d.zenith_deg) for d in directions]
    if not distances or min(distances) > tolerance_deg:
        return UNKNOWN
    return directions[int(np.argmin(distances))].name
