"""What the samples of a night say against themselves: unseen clouds, a drift of all directions, twilight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from airglow.geometry import unit_vectors
from airglow.model.result import SkySamples
from airglow.night.instrument import KnownInstrument
from airglow.winds.clouds_by_data import Clouds, find_clouds
from airglow.winds.common_drift import CommonDrift, find_common_drift
from airglow.winds.doppler_reference import gap_error_as_velocity_mps
from airglow.winds.rounds import Rounds, cut_rounds
from airglow.winds.twilight import is_bright_twilight


@dataclass(frozen=True)
class SelfChecks:
    """What was found (n samples).

    Parameters
    ----------
    clouds
        Clouds that winds and brightness tell.
    drift
        A drift that all directions share, if there is one.
    bright_twilight
        (n,) bool, samples in a twilight that is bright beside the line.
    """

    clouds: Clouds
    drift: CommonDrift | None
    bright_twilight: np.ndarray


def check_samples(
    samples: SkySamples, mid_time_s: np.ndarray, line_counts: np.ndarray, known: KnownInstrument
) -> SelfChecks:
    """Look for what the samples say against themselves.

    Parameters
    ----------
    samples
        n samples with velocities along the line of sight, their Doppler reference not yet taken out.
    mid_time_s
        (n,) middles of the exposures on the clock of the lasers, ascending, s.
    line_counts
        (n,) brightness of the line in each frame, counts per pixel.
    known
        The instrument. Without lasers the reference follows the zenith, and there is no drift to be found.

    Returns
    -------
    SelfChecks
    """
    n = len(samples)
    components = unit_vectors(samples.pierce_azimuth_deg, samples.pierce_zenith_deg)
    wind, noise = samples.line_of_sight_wind_mps, samples.wind_fit_error_mps
    usable = np.isfinite(components).all(axis=1) & np.isfinite(wind) & (noise > 0)
    index = np.flatnonzero(usable)
    rounds = cut_rounds(
        mid_time_s[index],
        components[index],
        wind[index],
        noise[index],
        samples.intensity[index],
        samples.intensity_error[index],
    )
    clouds = _for_all(find_clouds(rounds, index.size), index, n)
    drift = _drift(rounds, mid_time_s[index], known) if known.lasers is not None else None
    twilight = is_bright_twilight(
        samples.background,
        line_counts / samples.exposure_s,
        samples.sun_elevation_deg,
        noise,
    )
    return SelfChecks(clouds, drift, twilight)


def _for_all(clouds: Clouds, index: np.ndarray, n: int) -> Clouds:
    """The same for all n samples; those that could not take part are as the one before them."""
    if not index.size:
        return Clouds(np.zeros(n, bool), np.zeros(n), ())
    last = np.clip(np.searchsorted(index, np.arange(n), side="right") - 1, 0, None)
    return Clouds(clouds.under[last], clouds.cover[last], clouds.log_odds)


def _drift(rounds: Rounds, time_s: np.ndarray, known: KnownInstrument) -> CommonDrift | None:
    per_metre = gap_error_as_velocity_mps(1.0, known.lasers.median_gap_m)
    return find_common_drift(rounds, time_s, known.lasers.gap_covariance_m2(time_s) * per_metre**2)
