"""Where things are: sun and moon, lines of sight, the points where they pierce the layer, look directions."""

from airglow.geometry.directions import look_direction, separation_deg
from airglow.geometry.ephemeris import SunAndMoon, moon_separation_deg, sun_and_moon
from airglow.geometry.lines_of_sight import PiercePoints, line_components, pierce_points

__all__ = [
    "PiercePoints",
    "SunAndMoon",
    "line_components",
    "look_direction",
    "moon_separation_deg",
    "pierce_points",
    "separation_deg",
    "sun_and_moon",
]
