"""The centre of a ring pattern, and a frame reduced to a ring profile with its noise."""

from airglow.rings.center import Center, find_center, measure_center, refine_center
from airglow.rings.columns import column_offsets, without_offsets
from airglow.rings.geometry import AnnulusGrid
from airglow.rings.noise import NoiseModel, fit_noise, with_noise
from airglow.rings.profile import PixelStatistics, RingProfile, is_used, reduce_frame, used_part

__all__ = [
    "AnnulusGrid",
    "Center",
    "NoiseModel",
    "PixelStatistics",
    "RingProfile",
    "column_offsets",
    "find_center",
    "fit_noise",
    "is_used",
    "measure_center",
    "reduce_frame",
    "refine_center",
    "used_part",
    "with_noise",
    "without_offsets",
]
