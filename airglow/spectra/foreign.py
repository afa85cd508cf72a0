"""Light of other lines that passes the filter beside the sky line: hydroxyl, about the red line.

The lines of the (9-3) band of hydroxyl lie in the pass band of the red line's filter (Hernandez 1974, Applied
Optics 13, 2654, has its P1(3) and P2(3) at 0.66 and 0.23 nm from the red line, with a tenth of its
brightness). They come from 87 km, so their own winds and widths say nothing of the red line's layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import constants

from airglow.etalon import FringeTables, relative_illumination
from airglow.model.instrument import InstrumentParameters
from airglow.rings import RingProfile
from airglow.spectra.line_model import in_light_of
from airglow.spectra.sky_line import SkyLine

HYDROXYL_MASS_KG = 17.0027 * constants.atomic_mass  # of 16-O 1-H
HYDROXYL_TEMPERATURE_K = 190.0  # of the mesopause, within some tens of kelvin all over the year
PASS_BAND_M = 2e-9  # of the filters of the network: what is farther off the line does not pass


def foreign_lines(line: SkyLine, wavelengths_m: Sequence[float]) -> tuple[SkyLine, ...]:
    """Hydroxyl lines that pass the filter of a sky line.

    Parameters
    ----------
    line
        The sky line.
    wavelengths_m
        Of hydroxyl lines, in the same medium as that of the line.

    Returns
    -------
    tuple of SkyLine
        Those within `PASS_BAND_M`.
    """
    near = (each for each in wavelengths_m if abs(each - line.wavelength_m) < PASS_BAND_M)
    return tuple(SkyLine(each, HYDROXYL_TEMPERATURE_K, HYDROXYL_MASS_KG) for each in near)


@dataclass(frozen=True)
class ForeignLight:
    """The light of foreign lines of unit brightness, as the instrument shows it at the gap of a night's fits.

    Parameters
    ----------
    lines
        The foreign lines.
    tables
        Fringe terms of the instrument at the rest wavelength of each.
    """

    lines: tuple[SkyLine, ...]
    tables: tuple[FringeTables, ...]

    def of(self, profile: RingProfile, velocity_mps: float) -> np.ndarray:
        """Counts in a profile.

        Parameters
        ----------
        profile
            On m annuli.
        velocity_mps
            That a line at rest shows: the Doppler reference at the gap of the profile.

        Returns
        -------
        ndarray
            Shape (f, m).
        """
        s = profile.radius_squared_px2
        light = np.empty((len(self.lines), len(profile)))
        for place, (line, tables) in enumerate(zip(self.lines, self.tables, strict=True)):
            made = in_light_of(
                tables.at(s, profile.width_px2),
                line.thermal_rate(),
                velocity_mps,
                line.typical_temperature_k,
            )
            light[place] = relative_illumination(tables.parameters, s) * made.airy()
        return light


def foreign_light(
    lines: Sequence[SkyLine], line: SkyLine, central_phase: float, parameters: InstrumentParameters
) -> ForeignLight:
    """Light of foreign lines at the gap at which a sky line has a central phase.

    Parameters
    ----------
    lines
        The foreign lines.
    line
        The sky line.
    central_phase
        Of its rest wavelength, rad.
    parameters
        Of the instrument.

    Returns
    -------
    ForeignLight
    """
    tables = []
    for each in lines:
        phase = central_phase * line.wavelength_m / each.wavelength_m
        tables.append(FringeTables(phase, parameters, each.terms_needed(phase, parameters.reflectivity)))
    return ForeignLight(tuple(lines), tuple(tables))
