"""The fits of a night: all of its analysis that does not depend on the weather."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from airglow.model.result import LaserSamples, Rejection, RingProfiles, SkySamples
from airglow.night.instrument import KnownInstrument


@dataclass(frozen=True)
class FittedNight:
    """What `airglow.night.finish_night` makes a result of, with the weather (n samples, m laser frames).

    Parameters
    ----------
    samples
        Of the sky. Their velocities are not winds yet; clouds, Doppler reference and flags are missing.
    mid_time_s
        (n,) middles of their exposures on the clock of the lasers, s.
    line_counts
        (n,) brightness of the line in a frame, counts per pixel.
    settled
        (n,) bool, fits that converged.
    time_in_doubt
        (n,) bool, frames that may be an hour off.
    contaminated
        True if light of other lines is part of the fits.
    known
        The instrument. The fits of its lasers are left out: ``laser`` and ``laser_profiles`` have them.
    laser
        The laser frames.
    laser_mid_time_s
        (m,) middles of their exposures, s.
    laser_counts
        Brightness of those that could be fitted, counts per pixel.
    sky_profiles, laser_profiles
        Ring profiles and their models.
    rejections
        Frames that took no part.
    notes
        What the log of the night says of frames and fits.
    input_hash
        SHA-256 over the names and SHA-256s of all frames.
    """

    samples: SkySamples
    mid_time_s: np.ndarray
    line_counts: np.ndarray
    settled: np.ndarray
    time_in_doubt: np.ndarray
    contaminated: bool
    known: KnownInstrument
    laser: LaserSamples
    laser_mid_time_s: np.ndarray
    laser_counts: np.ndarray
    sky_profiles: RingProfiles
    laser_profiles: RingProfiles
    rejections: tuple[Rejection, ...]
    notes: tuple[str, ...]
    input_hash: str
