"""Doppler reference, line-of-sight winds, and quality flags with their reasons."""

from airglow.geometry.directions import look_direction, separation_deg
from airglow.geometry.lines_of_sight import PiercePoints, pierce_points
from airglow.winds.doppler_reference import (
    SampleReference,
    reference_from_zenith,
    reference_in_time,
    reference_over_gap,
)
from airglow.winds.flags import FlagInputs, flag_levels, flag_samples
from airglow.winds.horizontal import horizontal_winds

__all__ = [
    "FlagInputs",
    "PiercePoints",
    "SampleReference",
    "flag_levels",
    "flag_samples",
    "horizontal_winds",
    "look_direction",
    "pierce_points",
    "reference_from_zenith",
    "reference_in_time",
    "reference_over_gap",
    "separation_deg",
]
