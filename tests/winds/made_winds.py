"""Nights of lines of sight through a wind that is known: geometry on a sphere, waves for winds.

Nothing here is of the package but the table that is filled and the Doppler reference of the wind.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from airglow.model.result import SkySamples
from airglow.winds.doppler_reference import reference_from_zenith
from tests.results import example_result

LATITUDE_DEG, LONGITUDE_DEG = 40.167, -88.159
RADIUS_M, HEIGHT_M = 6.371e6, 250e3
NORTH_H_PER_DEG = 0.03  # spread over the nights of winds that follow the sun
CARDINAL = ("Zenith", "North", "East", "South", "West")
LOOK = {
    "Zenith": (0.0, 0.0),
    "North": (0.0, 45.0),
    "East": (90.0, 45.0),
    "South": (180.0, 45.0),
    "West": (270.0, 45.0),
    "CV_ANN_UAO_1": (11.08, 53.34),
    "CV_ANN_UAO_2": (101.12, 53.34),
}


@dataclasses.dataclass(frozen=True)
class Waves:
    """A mean and waves of random phase."""

    mean: float
    amplitude: np.ndarray
    period_h: np.ndarray
    phase: np.ndarray

    def __call__(self, hours: np.ndarray) -> np.ndarray:
        angle = 2 * np.pi * np.asarray(hours)[..., None] / self.period_h + self.phase
        return self.mean + np.cos(angle) @ self.amplitude


def waves(random, mean, rms, shortest_h, longest_h, count=5, slope=0.0) -> Waves:
    """Waves with amplitudes as the power ``slope`` of their periods."""
    period = np.exp(random.uniform(np.log(shortest_h), np.log(longest_h), count))
    amplitude = np.abs(random.normal(1.0, 0.4, count)) * period**slope
    amplitude *= rms * np.sqrt(2 / (amplitude**2).sum())
    return Waves(mean, amplitude, period, random.uniform(0, 2 * np.pi, count))


@dataclasses.dataclass(frozen=True)
class Made:
    """Samples, and the wind over the site that they saw."""

    sky: SkySamples
    laser_time: np.ndarray
    wind: tuple[Waves, Waves, Waves]  # of hours since the first frame

    def truth(self, time: np.ndarray) -> np.ndarray:
        """Wind towards east, north and up, (n, 3)."""
        hours = (time - self.sky.start_time[0]) / np.timedelta64(1, "h")
        return np.stack([component(hours) for component in self.wind], axis=1)


def on_sphere(azimuth_deg: np.ndarray, zenith_deg: np.ndarray, height_m: float = HEIGHT_M):
    """Latitude, longitude, azimuth and zenith angle (degrees) of lines of sight at a layer, on a sphere."""
    azimuth, zenith = np.radians(azimuth_deg), np.radians(zenith_deg)
    there = np.arcsin(RADIUS_M / (RADIUS_M + height_m) * np.sin(zenith))
    arc, here = zenith - there, np.radians(LATITUDE_DEG)
    latitude = np.arcsin(np.sin(here) * np.cos(arc) + np.cos(here) * np.sin(arc) * np.cos(azimuth))
    longitude = np.radians(LONGITUDE_DEG) + np.arctan2(
        np.sin(azimuth) * np.sin(arc) * np.cos(here), np.cos(arc) - np.sin(here) * np.sin(latitude)
    )
    # The course of a great circle where it has come to: Clairaut's relation gives its sine.
    east = np.sin(azimuth) * np.cos(here)
    north = np.cos(here) * np.cos(arc) * np.cos(azimuth) - np.sin(here) * np.sin(arc)
    return np.degrees(latitude), np.degrees(longitude), np.degrees(np.arctan2(east, north)), np.degrees(there)


def make_winds(
    seed: int,
    frames: int = 60,
    *,
    directions: tuple[str, ...] = CARDINAL,
    noise_mps: float = 1.5,
    step_s: float = 250.0,
    wind: tuple[Waves, Waves, Waves] | None = None,
    slope: float | None = None,
    gradient_per_s: float = 0.0,
    follows_sun: bool = False,
    with_zero: bool = True,
) -> Made:
    """Samples of a night.

    Parameters
    ----------
    seed
        Of the night.
    frames, directions, step_s
        How many frames, the cycle they follow, and the time from one to the next.
    noise_mps
        About their errors.
    wind
        Towards east, north and up; random if not given.
    slope
        Makes random winds rough: waves down to 20 minutes with amplitudes as this power of their periods.
    gradient_per_s
        Spread of the four gradients of the horizontal wind.
    follows_sun
        A place in the east has each wind earlier, by an hour for 15 degrees, and one in the north later by
        up to some minutes for a degree. Else all places have it at once.
    with_zero
        Find the Doppler reference as the analysis does; without, the samples have the true one.
    """
    random = np.random.default_rng(seed)
    if wind is None:
        spectrum = (4.0, 16.0) if slope is None else (1 / 3, 16.0, 60, slope)
        wind = (
            waves(random, 40.0, 45.0, *spectrum),
            waves(random, -30.0, 45.0, *spectrum),
            waves(random, 0.0, 3.0, 0.4, 3.0, 8),
        )
    names = tuple(directions[k % len(directions)] for k in range(frames))
    azimuth, zenith = np.array([LOOK[name] for name in names]).reshape(-1, 2).T
    latitude, longitude, azimuth_there, zenith_there = on_sphere(azimuth, zenith)
    start = np.datetime64("2026-05-12T02:03:04", "us") + (np.arange(frames) * step_s * 1e6).astype("m8[us]")
    exposure_s = np.full(frames, 180.0)
    hours = (np.arange(frames) * step_s + 90.0) / 3600
    gradient = random.normal(0, gradient_per_s, 4)
    there = hours
    if follows_sun:
        later_in_north = NORTH_H_PER_DEG * np.random.default_rng(20_000 + seed).normal()
        there = hours + (longitude - LONGITUDE_DEG) / 15.0 - later_in_north * (latitude - LATITUDE_DEG)
    away_m = np.radians(zenith - zenith_there) * RADIUS_M
    east_m, north_m = away_m * np.sin(np.radians(azimuth)), away_m * np.cos(np.radians(azimuth))
    zonal = wind[0](there) + gradient[0] * east_m + gradient[1] * north_m
    meridional = wind[1](there) + gradient[2] * east_m + gradient[3] * north_m
    az, ze = np.radians(azimuth_there), np.radians(zenith_there)
    along = (zonal * np.sin(az) + meridional * np.cos(az)) * np.sin(ze) + wind[2](there) * np.cos(ze)

    fit_error = noise_mps * random.uniform(0.8, 1.25, frames)
    calibration = waves(random, 0.0, 0.3, 0.4, 2.0)(hours)
    seen = along + fit_error * random.normal(0, 1, frames) + calibration
    calibration_error = np.full(frames, 0.3)
    zero, zero_error = np.zeros(frames), np.zeros(frames)
    if with_zero:
        reference = reference_from_zenith(
            hours * 3600.0, seen, np.hypot(fit_error, calibration_error), zenith < 3
        )
        zero, zero_error = reference.value_mps, reference.error_mps
    sky = dataclasses.replace(
        example_result(frames, 0).sky,
        start_time=start,
        exposure_s=exposure_s,
        azimuth_deg=azimuth,
        zenith_deg=zenith,
        pierce_latitude_deg=latitude,
        pierce_longitude_deg=longitude,
        pierce_height_m=np.full(frames, HEIGHT_M),
        pierce_azimuth_deg=azimuth_there % 360,
        pierce_zenith_deg=zenith_there,
        direction=names,
        line_of_sight_wind_mps=seen - zero,
        doppler_reference_mps=zero,
        wind_fit_error_mps=fit_error,
        wind_calibration_error_mps=calibration_error,
        wind_reference_error_mps=zero_error,
        wind_error_mps=np.sqrt(fit_error**2 + calibration_error**2 + zero_error**2),
        wind_flag=np.zeros(frames, np.int8),
        causes=np.zeros(frames, np.uint32),
    )
    laser_time = start[::3]
    return Made(sky, laser_time, wind)
