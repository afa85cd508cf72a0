"""The sky line in every frame of the night."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import constants

from airglow.etalon import BlurCourse, FringeTables, central_phase, common_patterns
from airglow.etalon.shape import BLUR
from airglow.model.errors import NotAnalysable
from airglow.model.instrument import InstrumentParameters
from airglow.model.result import Rejection
from airglow.night.foreign import SkyHolds, at_one_gap, weigh_night, with_errors_by_place
from airglow.night.frames import Progress
from airglow.night.instrument import KnownInstrument
from airglow.night.profiles import Profiles, used_parts
from airglow.rings import RingProfile
from airglow.spectra import (
    DifferentialNonlinearity,
    ForeignLight,
    LineFit,
    SkyLine,
    find_nonlinearity,
    first_harmonic,
    fit_line_in_all,
    foreign_light,
    foreign_lines,
    pixel_variance,
    refine_for_sky,
    shape_errors_k,
    temperature_response,
)

_EXCESS_FRAMES = 15  # frames over which the excess is averaged
_EXCESS_SPREAD = 0.36  # standard deviation of one frame's excess in white noise
_EXCESS_SIGMA = 2.5
_LARGEST_EXCESS = 12.0  # of one frame, so that it does not condemn those around it


@dataclass(frozen=True)
class NightLines:
    """Fits of the frames in which there is a line to fit."""

    index: tuple[int, ...]  # of the frame in the profiles, for each fit
    fits: tuple[LineFit, ...]
    gap_m: np.ndarray
    gap_error_m: np.ndarray
    rejections: tuple[Rejection, ...]
    nonlinearity: DifferentialNonlinearity | None  # of the converter, where the night calls for it
    parameters: InstrumentParameters  # as sky frames see the instrument
    holds: SkyHolds | None  # what lasers cannot show; None where no laser measured the instrument
    shape_noise_k: float = 0.0  # common to all temperatures: what noise leaves open of the instrument's shape
    shape_misfit_k: float = 0.0  # ... and a model of it that does not fit the lasers


def fit_lines(
    sky: Profiles,
    known: KnownInstrument,
    line: SkyLine,
    progress: Progress,
    oh_wavelengths_m: Sequence[float] = (),
) -> NightLines:
    """Fit the line in each sky profile, at the gap of its mid-exposure.

    The order of interference leaves one constant in all velocities of a night. It is found first, as the
    common phase of all frames, so that no frame is fitted on the wrong side of a free spectral range.
    Sky frames may ask for a plate scale and an illumination of their own, for another reflectivity, and for
    the light of foreign lines.
    What all residuals of the night have in common are fixed patterns; when there are any, they are taken out
    of the profiles, which are fitted again. So it is with the differential
    non-linearity of the camera's converter.

    Parameters
    ----------
    sky
        Ring profiles.
    known
        The instrument.
    line
        The sky line.
    progress
        Told of each frame.
    oh_wavelengths_m
        Of hydroxyl lines that may pass the filter.

    Returns
    -------
    NightLines
    """
    gap_m, gap_error_m = known.gap_m(sky.mid_time_s)
    phases = central_phase(gap_m, line.wavelength_m)
    profiles = used_parts(sky)
    # All are fitted at one gap: another one adds c dt/t to the velocity (to a part in 10^5 of the velocity).
    one_phase = float(np.median(phases))
    of_gap_mps = constants.c * (phases / one_phase - 1.0)
    count = line.terms_needed(one_phase, known.parameters.reflectivity)
    parameters, tables = known.parameters, FringeTables(one_phase, known.parameters, count)
    failures: dict[int, str] = {}
    light: ForeignLight | None = None

    def fit_all(
        taken_out: Mapping[int, np.ndarray], starts: Mapping[int, tuple[float, float]]
    ) -> dict[int, LineFit]:
        """Fit the frames that have a start, less what is taken out; models include what was."""
        clean = [replace(profiles[k], counts=profiles[k].counts - taken_out.get(k, 0.0)) for k in starts]
        begin = [(velocity - of_gap_mps[k], temperature) for k, (velocity, temperature) in starts.items()]
        other = None
        if light is not None:
            rest_mps = float(np.median([velocity for velocity, _ in starts.values()]))
            other = [light.of(profiles[k], rest_mps - float(of_gap_mps[k])) for k in starts]
        fits = {}
        for k, fit in zip(starts, fit_line_in_all(clean, tables, line, begin, other), strict=True):
            progress("fit sky", k, len(profiles))
            if isinstance(fit, NotAnalysable):
                failures[k] = fit.reason
            else:
                velocity = fit.velocity_mps + float(of_gap_mps[k])
                fits[k] = replace(fit, velocity_mps=velocity, model=fit.model + taken_out.get(k, 0.0))
        return fits

    first = _start_velocities(profiles, phases, known.parameters.plate_scale_rad_per_pixel)
    fits = fit_all({}, {k: (velocity, line.typical_temperature_k) for k, velocity in enumerate(first)})
    own = None
    if fits and known.lasers is not None:  # without lasers they are the sky's already
        own = refine_for_sky(at_one_gap(dict(enumerate(profiles)), fits, of_gap_mps, tables, line))
    if own is not None:
        parameters, tables = own, FringeTables(one_phase, own, count)
        fits = fit_all({}, _starts(fits))
    holds, searched, waves = None, None, None
    if fits and known.lasers is not None:
        searched, waves = fits, _find_waves(sky.mid_time_s, profiles, fits)
        clean = _without_waves(waves, profiles, fits)
        night = at_one_gap(clean, fits, of_gap_mps, tables, line)
        holds = weigh_night(
            night,
            foreign_lines(line, oh_wavelengths_m),
            laser_blur_error_px=known.lasers.shape.blur_error_px,
            held=known.held,
        )
        if holds.foreign or holds.evidence.parameters != parameters:
            parameters = holds.evidence.parameters
            tables = FringeTables(one_phase, parameters, count)
            light = foreign_light(holds.foreign, line, one_phase, parameters) if holds.foreign else None
            fits = fit_all({}, _starts(fits))
            searched = None
        if holds.foreign:  # once more: a line at rest is told by velocities, which the light had drawn along
            fits = fit_all({}, _starts(fits))
    taken_out = _fixed_patterns(profiles, fits)
    if taken_out:
        fits = fit_all(taken_out, _starts(fits))
    # Patterns that are taken out make no waves where there were none; those that there are change a little.
    same_fits = searched is fits or (searched is not None and waves is None)
    nonlinearity = waves if same_fits else _find_waves(sky.mid_time_s, profiles, fits)
    if nonlinearity is not None:
        added = {
            k: nonlinearity.added(fit.model, pixel_variance(profiles[k], fit)) for k, fit in fits.items()
        }
        fits = fit_all({k: taken_out.get(k, 0.0) + added[k] for k in fits}, _starts(fits))
        fits = {k: _with_errors_left(fit, nonlinearity, profiles[k]) for k, fit in fits.items()}
    shape_noise_k, shape_misfit_k = 0.0, 0.0
    if fits and known.lasers is not None:
        if fits is not searched or waves is not None:  # else these frames and their fits are known
            night = at_one_gap(dict(enumerate(profiles)), fits, of_gap_mps, tables, line)
        shape_noise_k, shape_misfit_k = shape_errors_k(
            night,
            known.lasers.shape,
            own_illumination=own is not None,
            own_reflectivity=bool(holds.evidence.reflectivity_change),
            own_blur=bool(holds.evidence.blur_change_px),
        )
        if known.lasers.blur is not None:
            # Its mean may be the sky's own; the change from frame to frame is the laser's.
            by_blur_k = temperature_response(
                night, own_illumination=own is not None, own_reflectivity=False, own_blur=False
            )[BLUR.start]
            fits = _without_drift_of_blur(fits, known.lasers.blur, sky.mid_time_s, by_blur_k)
    if holds is not None and holds.found is not None:
        fits = with_errors_by_place(profiles, fits, of_gap_mps, tables, line, holds.found)
    index = sorted(fits)
    rejections = [Rejection(sky.frames[k].frame.name, reason) for k, reason in sorted(failures.items())]
    return NightLines(
        index=tuple(index),
        fits=with_excess([fits[k] for k in index]),
        gap_m=gap_m[index],
        gap_error_m=gap_error_m[index],
        rejections=tuple(rejections),
        nonlinearity=nonlinearity,
        parameters=parameters,
        holds=holds,
        shape_noise_k=shape_noise_k,
        shape_misfit_k=shape_misfit_k,
    )


def _find_waves(
    mid_time_s: np.ndarray, profiles: Sequence[RingProfile], fits: Mapping[int, LineFit]
) -> DifferentialNonlinearity | None:
    used = list(fits)
    return find_nonlinearity(mid_time_s[used], [profiles[k] for k in used], list(fits.values()))


def _without_waves(
    waves: DifferentialNonlinearity | None, profiles: Sequence[RingProfile], fits: Mapping[int, LineFit]
) -> dict[int, RingProfile]:
    """Profiles less what the converter adds, which would pass for evidence of another reflectivity."""
    if waves is None:
        return {k: profiles[k] for k in fits}
    return {
        k: replace(
            profiles[k],
            counts=profiles[k].counts - waves.added(fit.model, pixel_variance(profiles[k], fit)),
        )
        for k, fit in fits.items()
    }


def _start_velocities(profiles: Sequence[RingProfile], phases: np.ndarray, plate_scale: float) -> list[float]:
    """Velocity to begin with in each frame: the night's common phase, and the frame's own about it."""
    harmonics = [
        first_harmonic(each, phase, plate_scale) for each, phase in zip(profiles, phases, strict=True)
    ]
    common = np.angle(sum(h / max(abs(h), 1e-12) * min(abs(h), 10.0) for h in harmonics))
    return [
        (common + np.angle(harmonic * np.exp(-1j * common))) / phase * constants.c
        for harmonic, phase in zip(harmonics, phases, strict=True)
    ]


def _starts(fits: Mapping[int, LineFit]) -> dict[int, tuple[float, float]]:
    return {k: (fit.velocity_mps, fit.temperature_k) for k, fit in fits.items()}


def _fixed_patterns(profiles: Sequence[RingProfile], fits: Mapping[int, LineFit]) -> dict[int, np.ndarray]:
    """What patterns add to each frame: of the camera alone, of the line's light and of the continuum's."""
    amounts = np.array([[1.0, fit.intensity, fit.continuum] for fit in fits.values()])
    patterns = common_patterns([profiles[k] for k in fits], [fit.model for fit in fits.values()], amounts)
    if patterns is None:
        return {}
    return {k: patterns.of(profiles[k], of) for k, of in zip(fits, amounts, strict=True)}


def _without_drift_of_blur(
    fits: Mapping[int, LineFit], course: BlurCourse, mid_time_s: np.ndarray, by_blur_k: float
) -> dict[int, LineFit]:
    """Temperatures less what a drift of the blur (K for a pixel that is too small) adds, with its error."""
    index = list(fits)
    change_px, error_px = course.at(mid_time_s[index])
    return {
        k: replace(
            fits[k],
            temperature_k=fits[k].temperature_k - by_blur_k * float(change),
            temperature_error_k=float(np.hypot(fits[k].temperature_error_k, by_blur_k * error)),
        )
        for k, change, error in zip(index, change_px, error_px, strict=True)
    }


def _with_errors_left(fit: LineFit, nonlinearity: DifferentialNonlinearity, profile: RingProfile) -> LineFit:
    """Errors with what the errors of the non-linearity leave."""
    velocity, temperature = nonlinearity.errors_left(fit, pixel_variance(profile, fit))
    return replace(
        fit,
        velocity_error_mps=float(np.hypot(fit.velocity_error_mps, velocity)),
        temperature_error_k=float(np.hypot(fit.temperature_error_k, temperature)),
    )


def with_excess(fits: list[LineFit]) -> tuple[LineFit, ...]:
    """Enlarge errors where residuals hang together, by the mean of the frames around (in the order of time).

    Parameters
    ----------
    fits
        Of a night, with `LineFit.velocity_excess` and `LineFit.temperature_excess`.

    Returns
    -------
    tuple of LineFit
        The same, with errors of velocity and temperature multiplied by the root of the mean excess, where it
        is greater than one by more than chance.
    """
    velocity = _local_factor(np.array([fit.velocity_excess for fit in fits]))
    temperature = _local_factor(np.array([fit.temperature_excess for fit in fits]))
    return tuple(
        replace(
            fit,
            velocity_error_mps=float(fit.velocity_error_mps * v),
            temperature_error_k=float(fit.temperature_error_k * t),
        )
        for fit, v, t in zip(fits, velocity, temperature, strict=True)
    )


def _local_factor(excess: np.ndarray) -> np.ndarray:
    if not excess.size:
        return excess
    bounded = np.minimum(excess, _LARGEST_EXCESS)
    window = np.ones(min(_EXCESS_FRAMES, excess.size))
    number = np.convolve(np.ones(excess.size), window, "same")
    mean = np.convolve(bounded, window, "same") / number
    by_chance = 1.0 + _EXCESS_SIGMA * _EXCESS_SPREAD / np.sqrt(number)
    return np.sqrt(np.where(mean > by_chance, mean, 1.0))
