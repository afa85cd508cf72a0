"""What the samples of a night say against themselves: unseen clouds, drifts and jumps of all, twilight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from airglow.etalon.state import LaserState
from airglow.geometry import unit_vectors
from airglow.geometry.directions import is_zenith
from airglow.model.result import SkySamples
from airglow.night.instrument import KnownInstrument
from airglow.registry import Site
from airglow.winds.brightness import brightness_models
from airglow.winds.clouds_by_data import Clouds, find_clouds
from airglow.winds.common_drift import CommonDrift, find_common_drift
from airglow.winds.doppler_reference import gap_error_as_velocity_mps
from airglow.winds.field import Observations
from airglow.winds.laser_jump import GapJump, LaserJumps, find_laser_jumps
from airglow.winds.places import positions_m
from airglow.winds.rounds import Rounds, cut_rounds
from airglow.winds.scattered_clouds import ScatteredClouds, find_scattered_clouds, no_clouds
from airglow.winds.twilight import is_bright_twilight


@dataclass(frozen=True)
class SelfChecks:
    """What was found (n samples).

    Parameters
    ----------
    clouds
        Clouds that winds and brightness tell.
    scattered
        Clouds that are there for single samples: broken ones, and banks in one direction.
    drift
        A drift that all directions share, if there is one.
    bright_twilight
        (n,) bool, samples in a twilight that is bright beside the line.
    laser_jumps
        Jumps of the laser that look like those of the gap, if there are any.
    """

    clouds: Clouds
    scattered: ScatteredClouds
    drift: CommonDrift | None
    bright_twilight: np.ndarray
    laser_jumps: LaserJumps | None = None

    @property
    def under_clouds(self) -> np.ndarray:
        """(n,) bool, samples under clouds of any kind that the data tell."""
        return self.clouds.under | self.scattered.under


# Standard deviation of the Doppler reference about the median of the zenith samples, before any is taken
# out, m/s: more than any vertical wind. Chosen.
_REFERENCE_MPS = 30.0


def check_samples(
    samples: SkySamples, mid_time_s: np.ndarray, line_counts: np.ndarray, known: KnownInstrument, site: Site
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
        The instrument. Without lasers the reference follows the zenith, and neither a drift nor clouds that
        are there for single samples are to be found.
    site
        Where it is.

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
    drift, scattered, laser_jumps = None, None, None
    if known.lasers is not None:
        covariance = _gap_covariance_mps2(mid_time_s[index], known)
        laser_jumps = find_laser_jumps(rounds, mid_time_s[index], covariance, _gap_jumps(known.lasers))
        drift = find_common_drift(rounds, mid_time_s[index], covariance)
        scattered = _scattered(samples, mid_time_s, index, rounds, clouds.under, covariance, site)
    twilight = is_bright_twilight(
        samples.background,
        line_counts / samples.exposure_s,
        samples.sun_elevation_deg,
        noise,
    )
    return SelfChecks(clouds, scattered or no_clouds(n), drift, twilight, laser_jumps)


def _for_all(clouds: Clouds, index: np.ndarray, n: int) -> Clouds:
    """The same for all n samples; those that could not take part are as the one before them."""
    if not index.size:
        return Clouds(np.zeros(n, bool), np.zeros(n), ())
    last = np.clip(np.searchsorted(index, np.arange(n), side="right") - 1, 0, None)
    return Clouds(clouds.under[last], clouds.cover[last], clouds.log_odds)


def _gap_jumps(lasers: LaserState) -> list[GapJump]:
    """Jumps that the lasers give, as what a jump of the laser's wavelength would add to the velocities."""
    per_metre = gap_error_as_velocity_mps(1.0, lasers.median_gap_m)
    jumps = []
    for before_s, after_s in lasers.gap_nm.jumps_s:
        gap_m, _ = lasers.gap_m(np.array([before_s, after_s]))
        jumps.append(GapJump(before_s, after_s, float(np.diff(gap_m)[0] * per_metre)))
    return jumps


def _gap_covariance_mps2(time_s: np.ndarray, known: KnownInstrument) -> np.ndarray:
    """What lasers leave open in the gap, as velocities."""
    per_metre = gap_error_as_velocity_mps(1.0, known.lasers.median_gap_m)
    return known.lasers.gap_covariance_m2(time_s) * per_metre**2


def _scattered(
    samples: SkySamples,
    mid_time_s: np.ndarray,
    index: np.ndarray,
    rounds: Rounds,
    under: np.ndarray,
    gap_covariance_mps2: np.ndarray,
    site: Site,
) -> ScatteredClouds | None:
    """Broken clouds and banks, with masks of all samples; None where too few of them are bright enough."""
    bright = samples.intensity[index] > 0
    if not rounds.parts or not bright.all():
        return None
    use = index
    zenith = is_zenith(samples.zenith_deg[use])
    velocity = samples.line_of_sight_wind_mps[use]
    components = unit_vectors(samples.pierce_azimuth_deg[use], samples.pierce_zenith_deg[use])
    position_m = positions_m(
        samples.pierce_latitude_deg[use],
        samples.pierce_longitude_deg[use],
        site.latitude_deg,
        site.longitude_deg,
    )
    observations = Observations(
        time_s=mid_time_s[use],
        position_m=position_m,
        components=components,
        wind_mps=velocity - np.median(velocity[zenith] if zenith.any() else velocity),
        noise_mps=samples.wind_fit_error_mps[use],
        shared=gap_covariance_mps2 + _REFERENCE_MPS**2,
    )
    brightness = brightness_models(
        mid_time_s[use],
        position_m,
        np.log(samples.intensity[use] * components[:, 2]),
        samples.intensity_error[use] / samples.intensity[use],
    )
    found = find_scattered_clouds(observations, brightness, rounds.parts, under[use])
    masks = np.zeros((2, len(samples)), bool)
    masks[:, use] = found.broken, found.bank
    return ScatteredClouds(*masks, found.log_odds)
