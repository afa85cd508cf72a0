"""The sky line in every frame of the night."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import constants

from airglow.errors import NotAnalysable
from airglow.etalon import ProfileData, central_phase, common_pattern, fringes, without_pattern
from airglow.night.frames import Progress
from airglow.night.instrument import KnownInstrument
from airglow.night.profiles import Profiles
from airglow.result import Rejection
from airglow.spectra import LineFit, SkyLine, first_harmonic, fit_line

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


def fit_lines(sky: Profiles, known: KnownInstrument, line: SkyLine, progress: Progress) -> NightLines:
    """Fit the line in each sky profile, at the gap of its mid-exposure.

    The order of interference leaves one constant in all velocities of a night. It is found first, as the
    common phase of all frames, so that no frame is fitted on the wrong side of a free spectral range.
    What all residuals of the night have in common is a fixed pattern of the camera: when there is one, each
    profile is fitted again without its own amount of it.

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

    Returns
    -------
    NightLines
    """
    gap_m, gap_error_m = known.gap_m(sky.mid_time_s)
    phases = central_phase(gap_m, line.wavelength_m)
    count = line.terms_needed(float(phases[0]), known.shape.reflectivity)
    data = sky.all_data()
    alpha = known.shape.magnification_rad_per_pixel
    harmonics = [first_harmonic(each, phase, alpha) for each, phase in zip(data, phases, strict=True)]
    common = np.angle(sum(h / max(abs(h), 1e-12) * min(abs(h), 10.0) for h in harmonics))
    starts, instruments = [], []
    for each, phase, harmonic in zip(data, phases, harmonics, strict=True):
        own = common + np.angle(harmonic * np.exp(-1j * common))
        starts.append(own / phase * constants.c)
        instruments.append(fringes(each.radius_squared_px2, each.width_px2, phase, known.shape, count))

    def fit_each(profiles: list[ProfileData]) -> list[LineFit | str]:
        answers: list[LineFit | str] = []
        for k, each in enumerate(profiles):
            progress("fit sky", k, len(profiles))
            try:
                answers.append(fit_line(each, phases[k], known.shape, line, starts[k], instruments[k]))
            except NotAnalysable as failure:
                answers.append(failure.reason)
        return answers

    answers = fit_each(data)
    index = [k for k, answer in enumerate(answers) if isinstance(answer, LineFit)]
    pattern = common_pattern([data[k] for k in index], [answers[k].model for k in index])
    if pattern is not None:
        cleaned = list(data)
        for k in index:
            cleaned[k] = without_pattern(data[k], answers[k].model, pattern)
            starts[k] = answers[k].velocity_mps
        answers = fit_each(cleaned)
        index = [k for k in index if isinstance(answers[k], LineFit)]
        for k in index:  # what is shown is the whole model of what was measured
            whole = answers[k].model + data[k].counts - cleaned[k].counts
            answers[k] = replace(answers[k], model=whole)
    rejections = [
        Rejection(sky.frames[k].frame.name, answer)
        for k, answer in enumerate(answers)
        if not isinstance(answer, LineFit)
    ]
    fits = with_excess([answers[k] for k in index])
    return NightLines(tuple(index), fits, gap_m[index], gap_error_m[index], tuple(rejections))


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
