"""The instrument on this night: measured on its lasers, or else as the registry knows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from airglow.errors import NotAnalysable
from airglow.etalon import (
    LaserState,
    ProfileData,
    Shape,
    central_phase,
    measure_state,
    start_from_fringes,
)
from airglow.night.profiles import REGISTRY_BINNING, Profiles
from airglow.night.which import WhichNight
from airglow.registry import Instrument
from airglow.rings import AnnulusGrid


@dataclass(frozen=True)
class KnownInstrument:
    """Shape and gap for the sky fits, and where they come from."""

    shape: Shape
    nominal_gap_m: float
    lasers: LaserState | None  # None: the registry's defaults are used
    why_default: str  # empty when measured

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


def know_instrument(
    which: WhichNight, lasers: Profiles, sky: Profiles, line_wavelength_m: float
) -> KnownInstrument:
    """Measure the instrument on the lasers; fall back on the registry, its magnification from the sky.

    Parameters
    ----------
    which
        The night.
    lasers, sky
        Its ring profiles.
    line_wavelength_m
        Of the sky line.

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
        shape = _magnification_from_sky(sky.all_data(), start, optics.nominal_gap_m, line_wavelength_m)
        return KnownInstrument(shape, optics.nominal_gap_m, None, reason.reason)
    return KnownInstrument(state.shape.shape, optics.nominal_gap_m, state, "")


def _magnification_from_sky(
    skies: Sequence[ProfileData], start: Shape, nominal_gap_m: float, wavelength_m: float
) -> Shape:
    """The registry's shape with the magnification that the brightest sky fringes show."""
    brightest = max(skies, key=lambda d: np.ptp(np.convolve(d.counts, np.ones(9) / 9, "valid")))
    phase = central_phase(nominal_gap_m, wavelength_m)
    alpha, _ = start_from_fringes(brightest, phase, start.magnification_rad_per_pixel)
    return replace(start, magnification_rad_per_pixel=alpha)
