"""Light in a sky frame that is not of the line: a hydroxyl line, and the twilight with an absorption line."""

from __future__ import annotations

import math

import numpy as np

from airglow.simulate.optics import SPEED_OF_LIGHT_MPS, Spectrum, gaussian_line, thermal_line
from airglow.simulate.plan import DARK_ELEVATION_DEG
from airglow.simulate.scenario import Scenario

HYDROXYL_MASS_KG = 17.007 * 1.660_539_067e-27
HYDROXYL_TEMPERATURE_K = 190.0
OH_PERIOD_H = 6.0
TWILIGHT_DEG = 1.2  # the twilight falls by e with so many degrees of the sun's elevation


def free_spectral_range_m(wavelength_m: float, gap_m: float) -> float:
    """Difference of wavelengths that have their fringes at the same places."""
    return wavelength_m**2 / (2 * gap_m)


def oh_share(scenario: Scenario, hours: float, phase_rad: float) -> float:
    """Brightness of the hydroxyl line over that of the sky line.

    Parameters
    ----------
    scenario
        For its range.
    hours
        From local midnight.
    phase_rad
        Where in its swing it is at midnight.
    """
    least, most = scenario.oh_share
    return least + (most - least) * 0.5 * (1 - math.cos(2 * math.pi * hours / OH_PERIOD_H + phase_rad))


def hydroxyl(scenario: Scenario, wavelength_m: float, gap_m: float, intensity: float) -> Spectrum:
    """The hydroxyl line, at rest.

    Parameters
    ----------
    scenario
        For its place.
    wavelength_m
        Of the sky line.
    gap_m
        Nominal gap, for the free spectral range.
    intensity
        Of the hydroxyl line.
    """
    off_m = scenario.oh_orders_off * free_spectral_range_m(wavelength_m, gap_m)
    return thermal_line(
        wavelength_m + off_m, 0.0, HYDROXYL_TEMPERATURE_K, intensity, mass_kg=HYDROXYL_MASS_KG
    )


def twilight(
    scenario: Scenario, wavelength_m: float, gap_m: float, intensity: float, sun_elevation_deg: float
) -> Spectrum:
    """Scattered sunlight: a continuum less what an absorption line takes away.

    Parameters
    ----------
    scenario
        How bright it is, and what its line is like.
    wavelength_m
        Of the sky line.
    gap_m
        Nominal gap, for the free spectral range.
    intensity
        Of the sky line over the night.
    sun_elevation_deg
        Elevation of the sun.
    """
    sunk_deg = DARK_ELEVATION_DEG - sun_elevation_deg
    continuum = intensity * scenario.twilight_ratio * math.exp(-sunk_deg / TWILIGHT_DEG)
    taken = scenario.twilight_line_share * continuum
    center_m = wavelength_m
    center_m += scenario.twilight_line_orders_off * free_spectral_range_m(wavelength_m, gap_m)
    width_m = center_m * scenario.twilight_line_width_mps / SPEED_OF_LIGHT_MPS
    if taken == 0:
        return Spectrum(np.empty(0), np.empty(0), continuum)
    return gaussian_line(center_m, width_m, -taken, continuum)
