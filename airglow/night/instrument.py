"""The instrument on this night: measured on its lasers, or else as the registry knows it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from airglow.errors import NotAnalysable
from airglow.etalon import (
    LaserState,
    Shape,
    central_phase,
    measure_state,
    refine_shape_on_sky,
)
from airglow.night.profiles import REGISTRY_BINNING, Profiles
from airglow.night.which import WhichNight
from airglow.registry import Instrument
from airglow.rings import AnnulusGrid
from airglow.spectra import SkyLine

_SHAPE_SKIES = 12  # sky frames on which the shape is refined when there is no laser
_SMOOTHING = np.ones(9) / 9.0


@dataclass(frozen=True)
class KnownInstrument:
    """Shape and gap for the sky fits, and where they come from."""

    shape: Shape
    nominal_gap_m: float
    lasers: LaserState | None  # None: the registry's defaults, refined on the sky
    why_default: str  # empty when measured
    temperature_error_k: float  # common to the night: what the shape leaves open

    def gap_m(self, time_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Gap and its standard error (m); without lasers the nominal gap, its error not known (0)."""
        if self.lasers is None:
            return np.full(time_s.shape, self.nominal_gap_m), np.zeros(time_s.shape)
        return self.lasers.gap_m(time_s)


def default_shape(instrument: Instrument, grid: AnnulusGrid, binning: int) -> Shape:
    """The registry's shape, in pixels of this binning."""
    scale = binning / REGISTRY_BINNING
    defaults = instrument.default_parameters
    return Shape(
        magnification_rad_per_pixel=defaults.magnification_rad_per_pixel * scale,
        reflectivity=defaults.reflectivity,
        falloff=defaults.falloff,
        blur_px=tuple(b / scale for b in defaults.blur_px),
        max_radius_px=grid.max_radius_px,
    )


def know_instrument(which: WhichNight, lasers: Profiles, sky: Profiles, line: SkyLine) -> KnownInstrument:
    """Measure the instrument on the lasers, or else on the sky with the registry's help.

    Parameters
    ----------
    which
        The night.
    lasers, sky
        Its ring profiles.
    line
        The sky line.

    Returns
    -------
    KnownInstrument
    """
    optics = which.instrument.optics
    start = default_shape(which.instrument, sky.grid, sky.frames[0].frame.x_binning)
    try:
        state = measure_state(
            lasers.all_data(),
            lasers.mid_time_s,
            optics.laser_wavelength_m,
            optics.nominal_gap_m,
            start,
            estimate_blur=optics.estimate_blur,
            shape_lasers=which.settings.shape_lasers,
        )
    except NotAnalysable as reason:
        return _from_sky(sky, start, optics.nominal_gap_m, line, reason.reason)
    return KnownInstrument(state.shape.shape, optics.nominal_gap_m, state, "", 0.0)


def _from_sky(
    sky: Profiles, start: Shape, nominal_gap_m: float, line: SkyLine, why_default: str
) -> KnownInstrument:
    """The registry's shape, refined on the brightest sky frames of each stretch of the night."""
    data = sky.all_data()
    contrast = np.array(
        [np.ptp(np.convolve(d.counts, _SMOOTHING, "valid") / np.median(d.sigma)) for d in data]
    )
    stretches = np.array_split(np.arange(len(data)), min(_SHAPE_SKIES, len(data)))
    chosen = [data[stretch[np.argmax(contrast[stretch])]] for stretch in stretches]
    phase = central_phase(nominal_gap_m, line.wavelength_m)
    typical = line.phase_variance_rad2(phase, line.typical_temperature_k)
    fit = refine_shape_on_sky(chosen, line.wavelength_m, nominal_gap_m, start, typical)
    per_kelvin = line.phase_variance_rad2(phase, 1.0)
    return KnownInstrument(fit.shape, nominal_gap_m, None, why_default, fit.width_error_rad2 / per_kelvin)
