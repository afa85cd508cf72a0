"""Nights whose sky is bright and cloudy in a way that is known, and whose lasers drift.

Lines of sight and winds are those of `made_winds`. Brightness grows with the way through the layer, and
wanders; a cloud mixes the light of a ring of directions all around into each line of sight.
"""

from __future__ import annotations

import numpy as np

from airglow.geometry import unit_vectors
from airglow.winds.rounds import Rounds, cut_rounds

from .made_winds import Made, make_winds, on_sphere, waves

RING_DEG = np.arange(0.0, 360.0, 30.0)


def make_sky(
    seed: int,
    *,
    cover: float = 0.0,
    between: tuple[float, float] = (0.3, 0.7),
    edge: float = 0.03,
    drift_mps: float = 0.0,
    step_mps: float = 0.0,
    step_between: tuple[float, float] = (0.5, np.inf),
    uneven: float = 0.1,
    **options: object,
) -> tuple[Made, np.ndarray, Rounds]:
    """A night.

    Parameters
    ----------
    seed
        Of the night.
    cover
        Part of the light that clouds mix.
    between, edge
        When they are there, and how long they take to come and go, as parts of the night.
    drift_mps
        From the first to the last sample, in all velocities.
    step_mps, step_between
        A step in all velocities, and where it is there, as parts of the night.
    uneven
        Spread of the logarithm of the brightness over the night.
    options
        For `make_winds`.

    Returns
    -------
    made : Made
        The samples, with the clouds and the drift in their winds and the clouds in their brightness.
    mixed : ndarray
        (n,) part of the light that is mixed.
    rounds : Rounds
        Of the night.
    """
    made = make_winds(seed, **{"with_zero": False, **options})
    random = np.random.default_rng(10_000 + seed)
    sky = made.sky
    n = len(sky)
    hours = (sky.mid_time - sky.start_time[0]) / np.timedelta64(1, "h")
    part = np.linspace(0.0, 1.0, n)
    mixed = 0.5 * cover * (np.tanh((part - between[0]) / edge) - np.tanh((part - between[1]) / edge))
    wander = waves(random, 0.0, uneven, 1.0, 8.0)
    east, north = random.normal(0, uneven, 2)
    bright = np.exp(wander(hours)) / np.cos(np.radians(sky.pierce_zenith_deg))
    slant = np.sin(np.radians(sky.pierce_zenith_deg))
    azimuth = np.radians(sky.azimuth_deg)
    bright *= np.exp(slant * (east * np.sin(azimuth) + north * np.cos(azimuth)))
    # What comes from everywhere: its brightness and its wind, weighted with the brightness.
    _, _, azimuth_there, zenith_there = on_sphere(RING_DEG, np.full(RING_DEG.size, 55.0))
    ring = np.sin(np.radians(zenith_there)) * (
        east * np.sin(np.radians(RING_DEG)) + north * np.cos(np.radians(RING_DEG))
    )
    weight = np.exp(ring) / np.cos(np.radians(zenith_there))
    everywhere = np.exp(wander(hours)) * weight.mean()
    along = unit_vectors(azimuth_there, zenith_there)
    wind = np.stack([component(hours) for component in made.wind], axis=1)
    common = (wind @ along.T) @ weight / weight.sum()
    share = mixed * everywhere / (mixed * everywhere + (1.0 - mixed) * bright)
    seen = (1.0 - share) * sky.line_of_sight_wind_mps + share * common + drift_mps * (part - 0.5)
    seen = seen + step_mps * ((part >= step_between[0]) & (part < step_between[1]))
    intensity = (1.0 - mixed) * bright + mixed * everywhere
    error = 0.01 * intensity
    intensity = intensity + error * random.normal(0, 1, n)
    rounds = cut_rounds(
        hours * 3600.0,
        unit_vectors(sky.pierce_azimuth_deg, sky.pierce_zenith_deg),
        seen,
        sky.wind_fit_error_mps,
        intensity,
        error,
    )
    object.__setattr__(sky, "line_of_sight_wind_mps", seen)
    return made, share, rounds
