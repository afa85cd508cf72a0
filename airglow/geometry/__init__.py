"""Where things are: sun and moon, lines of sight, the points where they pierce the layer, look directions."""

from airglow.geometry.directions import is_zenith, look_direction, separation_deg, unit_vectors
from airglow.geometry.ephemeris import SunAndMoon, moon_separation_deg, sun_and_moon
from airglow.geometry.lines_of_sight import EARTH_MEAN_RADIUS_M, PiercePoints, pierce_points

__all__ = [
    "EARTH_MEAN_RADIUS_M",
    "PiercePoints",
    "SunAndMoon",
    "is_zenith",
    "look_direction",
    "moon_separation_deg",
    "pierce_points",
    "separation_deg",
    "sun_and_moon",
    "unit_vectors",
]
