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
    fits = tuple(answers[k] for k in index)
    return NightLines(tuple(index), fits, gap_m[index], gap_error_m[index], tuple(rejections))
