"""Where lines of sight meet the layer, about the site."""

from __future__ import annotations

import numpy as np

from airglow.geometry import EARTH_MEAN_RADIUS_M


def positions_m(
    latitude_deg: np.ndarray, longitude_deg: np.ndarray, site_latitude_deg: float, site_longitude_deg: float
) -> np.ndarray:
    """Places towards east, north and up of the site, good enough for distances between samples.

    Parameters
    ----------
    latitude_deg, longitude_deg
        (n,) of the places.
    site_latitude_deg, site_longitude_deg
        Of the site.

    Returns
    -------
    ndarray
        (n, 3), m, on a sphere through the site's sea level.
    """
    latitude, longitude = np.radians(site_latitude_deg), np.radians(site_longitude_deg)
    east = np.array([-np.sin(longitude), np.cos(longitude), 0.0])
    up = _on_sphere(latitude, longitude)
    axes = np.stack([east, np.cross(up, east), up])
    there = _on_sphere(np.radians(latitude_deg), np.radians(longitude_deg))
    return EARTH_MEAN_RADIUS_M * (there - up) @ axes.T


def _on_sphere(latitude: np.ndarray | float, longitude: np.ndarray | float) -> np.ndarray:
    """Unit vectors from the Earth's centre, (..., 3)."""
    level = np.cos(latitude)
    return np.stack([level * np.cos(longitude), level * np.sin(longitude), np.sin(latitude)], axis=-1)
