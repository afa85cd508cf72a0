"""The instrument on this night: measured on its lasers, or else as the registry knows it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from airglow.etalon import (
    LaserState,
    central_phase,
    fits_poorly,
    measure_state,
    refine_parameters_on_sky,
)
from airglow.model.errors import NotAnalysable
from airglow.model.instrument import InstrumentParameters
from airglow.model.result import Cause
from airglow.night.profiles import REGISTRY_BINNING, Profiles, used_parts
from airglow.night.request import NightRequest
from airglow.registry import Instrument, PinnedParameters
from airglow.rings import AnnulusGrid
from airglow.spectra import SkyLine

_LARGEST_DISAGREEMENT = 0.2  # of the plate scales in the registry; more is told in the night's log
_SKIES_TOGETHER = 12  # sky frames on which the parameters are refined when there is no laser
_BY_LASERS, _BY_SKY = "laser frames of the night", "registry, refined on sky frames"
_SMOOTHING = np.ones(9) / 9.0
# Uneven plates and the lens broaden a fringe by a phase that grows with one over the wavelength, reflectivity
# does not. Lasers show their sum: how much of it is of which kind is told no better than by this variance of
# the gap (m^2). Simulated nights have it (`METHOD.md`); mirrors whose reflectivity changes from the laser's
# colour to the line's are part of it.
_UNTOLD_GAP_VARIANCE_M2 = 2.2e-17


@dataclass(frozen=True)
class KnownInstrument:
    """Parameters and gap for the sky fits, and where they come from."""

    parameters: InstrumentParameters
    lasers: LaserState | None  # None: the registry's defaults, refined on the sky
    why_default: str  # empty when measured
    temperature_error_k: float  # common to the night: what the parameters leave open
    causes: tuple[Cause, ...] = ()  # that lasers give for all samples of the night
    remarks: tuple[str, ...] = ()  # sentences for the night's log
    held: tuple[str, ...] = ()  # parameters that were given by hand

    def gap_m(self, time_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Gap and its standard error (m); without lasers the nominal gap, its error not known (0)."""
        if self.lasers is None:
            return np.full(time_s.shape, self.parameters.nominal_gap_m), np.zeros(time_s.shape)
        return self.lasers.gap_m(time_s)

    def without_laser_fits(self) -> KnownInstrument:
        """The same without the fit of each laser frame: what is left is the course of the gap."""
        return replace(self, lasers=replace(self.lasers, fits=())) if self.lasers else self


def default_parameters(instrument: Instrument, grid: AnnulusGrid, binning: int) -> InstrumentParameters:
    """The registry's parameters, in pixels of this binning."""
    scale = binning / REGISTRY_BINNING
    defaults = instrument.default_parameters
    return replace(
        defaults,
        plate_scale_rad_per_pixel=defaults.plate_scale_rad_per_pixel * scale,
        blur_px=tuple(b / scale for b in defaults.blur_px),
        max_radius_px=grid.max_radius_px,
    )


def know_instrument(request: NightRequest, lasers: Profiles, sky: Profiles, line: SkyLine) -> KnownInstrument:
    """Measure the instrument on the lasers, or else on the sky with the registry's help.

    Parameters
    ----------
    request
        The night.
    lasers, sky
        Its ring profiles.
    line
        The sky line.

    Returns
    -------
    KnownInstrument

    Raises
    ------
    NotAnalysable
        If the registry's parameters do not describe the sky frames either.
    """
    optics = request.instrument.optics
    binning = sky.frames[0].frame.x_binning
    start = default_parameters(request.instrument, sky.grid, binning)
    from_optics = optics.plate_scale_rad_per_pixel(binning)
    given = _given_by_hand(request.overrides.parameters, start.nominal_gap_m)
    start, held = replace(start, **given), tuple(given)
    try:
        state = measure_state(
            used_parts(lasers),
            lasers.mid_time_s,
            optics.laser_wavelength_m,
            start,
            estimate_blur=optics.estimate_blur,
            lasers_together=request.settings.shape_lasers,
            other_plate_scales=(from_optics,),
            held=held,
        )
    except NotAnalysable as reason:
        known = _from_sky(sky, start, line, reason.reason, from_optics, held)
    else:
        error_k = colour_error_k(line, optics.laser_wavelength_m, start.nominal_gap_m)
        known = KnownInstrument(
            replace(state.parameters, source=_BY_LASERS), state, "", error_k, _causes_of(lasers, state)
        )
    if held:
        source = f"{known.parameters.source}; by hand: {', '.join(_in_words(held))}"
        known = replace(known, parameters=replace(known.parameters, source=source), held=held)
    if "plate_scale_rad_per_pixel" in held:  # start has another one than the registry
        return known
    return replace(known, remarks=_remarks(request.instrument, start, from_optics, known))


def _given_by_hand(pinned: PinnedParameters, nominal_gap_m: float) -> dict[str, float | tuple[float, ...]]:
    """Parameters that were given by hand, by the names and in the units of `InstrumentParameters`."""
    given = dict(pinned.given)
    if pinned.gap_variance_m2 is not None:
        given["gap_variance"] = given.pop("gap_variance_m2") / nominal_gap_m**2
        given["gap_third_moment"] = given.pop("gap_third_moment_m3") / nominal_gap_m**3
    return given


def _in_words(held: Collection[str]) -> list[str]:
    words = {
        "plate_scale_rad_per_pixel": "plate scale",
        "reflectivity": "reflectivity",
        "blur_px": "blur",
        "gap_variance": "gap moments",
    }
    return [word for name, word in words.items() if name in held]


def _causes_of(lasers: Profiles, state: LaserState) -> tuple[Cause, ...]:
    """Causes that the laser frames of a night raise."""
    holds = {
        Cause.LASER_SATURATED: any(
            rings.pixels is not None and rings.pixels.saturated for rings in lasers.rings
        ),
        Cause.POOR_LASER_FIT: fits_poorly(state.fringes_left),
        Cause.FEW_LASERS: bool(state.other_courses),
    }
    return tuple(cause for cause, here in holds.items() if here)


def colour_error_k(line: SkyLine, laser_wavelength_m: float, gap_m: float) -> float:
    """Standard error of all temperatures of a night because the line is of another colour than the laser.

    Parameters
    ----------
    line
        The sky line.
    laser_wavelength_m
        Of the laser that measured the instrument.
    gap_m
        Gap of the etalon.

    Returns
    -------
    float
        In K: 4 to 5 for the green line and 0.2 for the red one beside a laser of 632.8 nm.
    """
    phase, of_laser = central_phase(gap_m, line.wavelength_m), central_phase(gap_m, laser_wavelength_m)
    width_rad2 = _UNTOLD_GAP_VARIANCE_M2 / gap_m**2 * abs(phase**2 - of_laser**2)
    return width_rad2 / line.phase_variance_rad2(phase, 1.0)


def _remarks(
    instrument: Instrument, start: InstrumentParameters, from_optics: float, known: KnownInstrument
) -> tuple[str, ...]:
    """What the registry contradicts itself in."""
    expected = start.plate_scale_rad_per_pixel
    if abs(expected / from_optics - 1.0) <= _LARGEST_DISAGREEMENT:
        return ()
    source = "laser frames" if known.lasers else "sky frames"
    return (
        f"The registry contradicts itself on {instrument.key}: default_parameters give a plate scale of "
        f"{expected:.4g} rad per pixel, pixel size over focal length gives {from_optics:.4g}; "
        f"the {source} of this night say {known.parameters.plate_scale_rad_per_pixel:.4g}, which was used. "
        "Correct the other one in instruments.yaml.",
    )


def _from_sky(
    sky: Profiles,
    start: InstrumentParameters,
    line: SkyLine,
    why_default: str,
    from_optics: float,
    held: Collection[str],
) -> KnownInstrument:
    """The registry's parameters, refined on the brightest sky frames of each stretch of the night."""
    profiles = used_parts(sky)
    contrast = np.array(
        [np.ptp(np.convolve(p.counts, _SMOOTHING, "valid") / np.median(p.sigma)) for p in profiles]
    )
    stretches = np.array_split(np.arange(len(profiles)), min(_SKIES_TOGETHER, len(profiles)))
    chosen = [profiles[stretch[np.argmax(contrast[stretch])]] for stretch in stretches]
    phase = central_phase(start.nominal_gap_m, line.wavelength_m)
    typical = line.phase_variance_rad2(phase, line.typical_temperature_k)
    try:
        fit = refine_parameters_on_sky(chosen, line.wavelength_m, start, typical, (from_optics,), held)
    except NotAnalysable as reason:
        raise NotAnalysable(
            "instrument unknown",
            f"{why_default}, and the registry's parameters cannot be fitted to the sky frames: "
            f"{reason.reason}. "
            "See default_parameters and optics of the instrument in instruments.yaml"
            + (f", and in overrides.yaml its {', '.join(_in_words(held))}" if held else ""),
        ) from reason
    per_kelvin = line.phase_variance_rad2(phase, 1.0)
    return KnownInstrument(
        parameters=replace(fit.parameters, source=_BY_SKY),
        lasers=None,
        why_default=why_default,
        temperature_error_k=fit.width_error_rad2 / per_kelvin,
    )
