"""Where a line of sight meets the airglow layer, and how it runs there.

The Earth is round: the vertical where the light comes from is not that of the instrument. At 45 degrees from
the zenith and 250 km up the zenith angle there is 42.9 degrees, on a sphere from
``sin(zenith there) = R sin(zenith here) / (R + h)``, the law of sines in the triangle of the Earth's centre,
the instrument and the layer. Here the ray is followed in Earth-fixed coordinates to a height above the WGS 84
ellipsoid (transformations of the IAU's SOFA library by way of ERFA), which needs no such formula and gives
azimuths that are right near a pole as well. Refraction is left out: at 60 degrees it is 0.03 degrees.
"""

from __future__ import annotations

from dataclasses import dataclass

import erfa
import numpy as np

from airglow.geometry.directions import unit_vectors

_WGS84 = 1
EARTH_MEAN_RADIUS_M = 6_371_000.0
_ROUNDS = 5  # each gains several digits: the third is below a millimetre
_LARGEST_ZENITH_DEG = 90.0


@dataclass(frozen=True)
class PiercePoints:
    """Points of the layer that n lines of sight meet, and the angles of the lines there.

    Parameters
    ----------
    latitude_deg
        Geodetic latitude (WGS 84), shape (n,).
    longitude_deg
        Longitude, -180 to 180, east positive, shape (n,).
    height_m
        Height above the ellipsoid, shape (n,).
    azimuth_deg
        Azimuth of the line of sight onward, east of north at the point, 0 to 360, shape (n,).
    zenith_deg
        Zenith angle of the line of sight at the point, shape (n,).
    """

    latitude_deg: np.ndarray
    longitude_deg: np.ndarray
    height_m: np.ndarray
    azimuth_deg: np.ndarray
    zenith_deg: np.ndarray


def pierce_points(
    latitude_deg: float,
    longitude_deg: float,
    altitude_m: float,
    azimuth_deg: np.ndarray,
    zenith_deg: np.ndarray,
    height_m: float,
) -> PiercePoints:
    """Follow lines of sight from a site to a layer.

    Parameters
    ----------
    latitude_deg, longitude_deg, altitude_m
        Of the site, geodetic (WGS 84).
    azimuth_deg, zenith_deg
        (n,) look directions at the site, azimuth east of north.
    height_m
        Of the layer, above the ellipsoid.

    Returns
    -------
    PiercePoints
        NaN where a direction is not a number or below the horizon.

    Raises
    ------
    ValueError
        If the layer is not above the site.
    """
    if not height_m > altitude_m:
        raise ValueError(f"a layer at {height_m:g} m is not above the site at {altitude_m:g} m")
    azimuth, zenith = (np.atleast_1d(np.asarray(angle, float)) for angle in (azimuth_deg, zenith_deg))
    usable = np.isfinite(azimuth) & np.isfinite(zenith) & (np.abs(zenith) <= _LARGEST_ZENITH_DEG)
    azimuth, zenith = np.where(usable, azimuth, 0.0), np.where(usable, zenith, 0.0)

    site = erfa.gd2gc(_WGS84, np.radians(longitude_deg), np.radians(latitude_deg), altitude_m)
    east, north, up = _axes(np.radians(longitude_deg), np.radians(latitude_deg))
    eastward, northward, upward = unit_vectors(azimuth, zenith).T
    line = np.outer(eastward, east) + np.outer(northward, north) + np.outer(upward, up)
    # On a sphere first; then by what is missing in height over the climb per way.
    radius, climb = EARTH_MEAN_RADIUS_M + altitude_m, height_m - altitude_m
    level = radius * upward
    way_m = np.sqrt(level**2 + climb * (2 * radius + climb)) - level
    for _ in range(_ROUNDS):
        longitude, latitude, height = erfa.gc2gd(_WGS84, site + way_m[:, None] * line)
        there = np.stack(_axes(longitude, latitude), axis=1)
        along = np.einsum("nij,nj->ni", there, line)  # east, north and up there
        way_m = way_m + (height_m - height) / along[:, 2]

    def given(values: np.ndarray) -> np.ndarray:
        return np.where(usable, values, np.nan)

    return PiercePoints(
        latitude_deg=given(np.degrees(latitude)),
        longitude_deg=given(np.degrees(longitude)),
        height_m=given(np.full(usable.shape, float(height_m))),
        azimuth_deg=given(np.degrees(np.arctan2(along[:, 0], along[:, 1])) % 360.0),
        zenith_deg=given(np.degrees(np.arctan2(np.hypot(along[:, 0], along[:, 1]), along[:, 2]))),
    )


def _axes(longitude: np.ndarray | float, latitude: np.ndarray | float) -> tuple[np.ndarray, ...]:
    """Unit vectors towards east, north and up in Earth-fixed coordinates; (..., 3) each."""
    longitude, latitude = np.broadcast_arrays(longitude, latitude)
    zero = np.zeros_like(latitude)
    sin_lon, cos_lon, sin_lat, cos_lat = (
        np.sin(longitude),
        np.cos(longitude),
        np.sin(latitude),
        np.cos(latitude),
    )
    return (
        np.stack([-sin_lon, cos_lon, zero], axis=-1),
        np.stack([-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat], axis=-1),
        np.stack([cos_lat * cos_lon, cos_lat * sin_lon, sin_lat], axis=-1),
    )
