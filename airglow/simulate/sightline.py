"""Where a line of sight meets an emission layer above a round Earth, and how it runs there.

Plain vectors in Earth-fixed coordinates (x to longitude 0, z to the north pole). The layer is the ellipsoid
whose axes are longer than the Earth's by its height: it lies at that height to within three metres.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

EQUATOR_M = 6_378_137.0  # WGS 84
FLATTENING = 1 / 298.257_223_563
LOWEST_DEG = 89.0  # zenith angle: nearer to the horizon the layer is thousands of kilometres away


@dataclass(frozen=True)
class SightLine:
    """Place where a line of sight meets a layer, and its angles in that place's own east, north and up.

    Parameters
    ----------
    latitude_deg
        Geodetic latitude.
    longitude_deg
        Longitude, east positive, -180 to 180.
    azimuth_deg
        Azimuth onward, east of north, 0 to 360.
    zenith_deg
        Zenith angle.
    """

    latitude_deg: float
    longitude_deg: float
    azimuth_deg: float
    zenith_deg: float

    def wind_along_mps(self, east_mps: float, north_mps: float, up_mps: float) -> float:
        """Part of a wind at that place that goes along the line, away from the instrument."""
        azimuth, zenith = math.radians(self.azimuth_deg), math.radians(self.zenith_deg)
        level = east_mps * math.sin(azimuth) + north_mps * math.cos(azimuth)
        return level * math.sin(zenith) + up_mps * math.cos(zenith)


@lru_cache(maxsize=1024)
def sight_line(
    latitude_deg: float,
    longitude_deg: float,
    altitude_m: float,
    azimuth_deg: float,
    zenith_deg: float,
    height_m: float,
    flattening: float = FLATTENING,
) -> SightLine:
    """Follow a line of sight to a layer.

    Parameters
    ----------
    latitude_deg, longitude_deg, altitude_m
        Of the instrument, geodetic.
    azimuth_deg, zenith_deg
        Of the line of sight there; beyond 89 degrees the zenith angle counts as 89.
    height_m
        Of the layer above the ellipsoid, above the instrument.
    flattening
        Of the Earth; 0 makes it a sphere of its equator's radius.

    Returns
    -------
    SightLine
    """
    here = _axes(latitude_deg, longitude_deg)
    azimuth, zenith = math.radians(azimuth_deg), math.radians(min(zenith_deg, LOWEST_DEG))
    in_place = (math.sin(azimuth) * math.sin(zenith), math.cos(azimuth) * math.sin(zenith), math.cos(zenith))
    line = np.array(in_place) @ here
    squeeze = 1 - flattening
    latitude = math.radians(latitude_deg)
    # The radius of curvature across the meridian, from the point on the ellipsoid to the Earth's axis.
    across = EQUATOR_M / math.hypot(math.cos(latitude), squeeze * math.sin(latitude))
    foot = across * here[2] * np.array([1, 1, squeeze**2])
    site = foot + altitude_m * here[2]
    # Scaled by the layer's axes the layer is a unit sphere: a quadratic equation for the way to it.
    axes = np.array([EQUATOR_M, EQUATOR_M, squeeze * EQUATOR_M]) + height_m
    a, b, c = (line / axes) @ (line / axes), (line / axes) @ (site / axes), (site / axes) @ (site / axes) - 1
    point = site + (math.sqrt(b**2 - a * c) - b) / a * line
    # Geodetic latitude from the point, after Bowring (1976): good to 1e-9 degrees up to hundreds of km.
    from_axis = math.hypot(point[0], point[1])
    square = 1 - squeeze**2
    reduced = math.atan2(point[2], squeeze * from_axis)
    for _ in range(2):
        latitude = math.atan2(
            point[2] + square / squeeze * EQUATOR_M * math.sin(reduced) ** 3,
            from_axis - square * EQUATOR_M * math.cos(reduced) ** 3,
        )
        reduced = math.atan2(squeeze * math.sin(latitude), math.cos(latitude))
    there_latitude, there_longitude = math.degrees(latitude), math.degrees(math.atan2(point[1], point[0]))
    east, north, up = _axes(there_latitude, there_longitude) @ line
    return SightLine(
        latitude_deg=there_latitude,
        longitude_deg=there_longitude,
        azimuth_deg=math.degrees(math.atan2(east, north)) % 360,
        zenith_deg=math.degrees(math.atan2(math.hypot(east, north), up)),
    )


def _axes(latitude_deg: float, longitude_deg: float) -> np.ndarray:
    """Rows: unit vectors to the east, the north and the zenith of a place."""
    latitude, longitude = math.radians(latitude_deg), math.radians(longitude_deg)
    up = np.array(
        [
            math.cos(latitude) * math.cos(longitude),
            math.cos(latitude) * math.sin(longitude),
            math.sin(latitude),
        ]
    )
    east = np.array([-math.sin(longitude), math.cos(longitude), 0.0])
    return np.stack([east, np.cross(up, east), up])
