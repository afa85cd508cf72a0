"""The centre of a ring pattern, and a frame reduced to a ring profile with its noise."""

from airglow.rings.center import Center, find_center, measure_center, refine_center
from airglow.rings.geometry import AnnulusGrid
from airglow.rings.noise import NoiseModel, fit_noise
from airglow.rings.profile import RingProfile, reduce_frame

__all__ = [
    "AnnulusGrid",
    "Center",
    "NoiseModel",
    "RingProfile",
    "find_center",
    "fit_noise",
    "measure_center",
    "reduce_frame",
    "refine_center",
]
