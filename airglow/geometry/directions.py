"""Look directions: their names, their unit vectors, and which of them count as the zenith."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from airglow.registry import Direction

UNKNOWN = "Unknown"
TOLERANCE_DEG = 10.0  # what the network has always allowed its sky scanners
ZENITH_TOLERANCE_DEG = 3.0  # from the vertical: a horizontal wind of 100 m/s shows 5 m/s there


def unit_vectors(azimuth_deg: np.ndarray | float, zenith_deg: np.ndarray | float) -> np.ndarray:
    """Unit vectors of directions: also how much of a wind towards east, north and up each of them shows.

    Parameters
    ----------
    azimuth_deg, zenith_deg
        Of the directions, azimuth east of north; shapes (...) that broadcast.

    Returns
    -------
    ndarray
        (..., 3), towards east, north and up: sin az sin ze, cos az sin ze, cos ze.
    """
    azimuth, zenith = np.broadcast_arrays(np.radians(azimuth_deg), np.radians(zenith_deg))
    return np.stack(
        [np.sin(azimuth) * np.sin(zenith), np.cos(azimuth) * np.sin(zenith), np.cos(zenith)], axis=-1
    )


def is_zenith(zenith_deg: np.ndarray) -> np.ndarray:
    """Whether directions of these zenith angles (degrees, not negative) count as the zenith.

    Parameters
    ----------
    zenith_deg
        Zenith angles, shape (n,).

    Returns
    -------
    ndarray
    """
    return zenith_deg < ZENITH_TOLERANCE_DEG


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
