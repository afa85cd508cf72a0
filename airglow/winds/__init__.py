"""Doppler reference, line-of-sight winds, and quality flags with their reasons."""

from airglow.geometry.directions import look_direction, separation_deg
from airglow.geometry.lines_of_sight import PiercePoints, pierce_points
from airglow.winds.flags import FlagInputs, flag_levels, flag_samples
from airglow.winds.horizontal import horizontal_winds
from airglow.winds.zero import Zero, zero_from_zenith, zero_in_time

__all__ = [
    "FlagInputs",
    "PiercePoints",
    "Zero",
    "flag_levels",
    "flag_samples",
    "horizontal_winds",
    "look_direction",
    "pierce_points",
    "separation_deg",
    "zero_from_zenith",
    "zero_in_time",
]
