"""Zero reference, line-of-sight winds, and quality flags with their reasons."""

from airglow.winds.directions import look_direction, separation_deg
from airglow.winds.flags import FlagInputs, flag_levels, flag_samples
from airglow.winds.zero import Zero, zero_from_zenith, zero_in_time

__all__ = [
    "FlagInputs",
    "Zero",
    "flag_levels",
    "flag_samples",
    "look_direction",
    "separation_deg",
    "zero_from_zenith",
    "zero_in_time",
]
