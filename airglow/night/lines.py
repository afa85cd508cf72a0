"""The sky line in every frame of the night."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import constants

from airglow.errors import NotAnalysable
from airglow.etalon import central_phase, fringes
from airglow.night.frames import Progress
from airglow.night.instrument import KnownInstrument
from airglow.night.profiles import Profiles
from airglow.result import Rejection
from airglow.spectra import LineFit, SkyLine, fit_line, start_velocity


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
    harmonics = []
    for each, phase in zip(data, phases, strict=True):
        made = fringes(each.radius_squared_px2, each.width_px2, phase, known.shape, 1)
        harmonics.append(start_velocity(each, made, line))
    common = np.angle(sum(h / max(abs(h), 1e-12) * min(abs(h), 10.0) for h in harmonics))
    index, fits, rejections = [], [], []
    for k, (each, phase, harmonic) in enumerate(zip(data, phases, harmonics, strict=True)):
        progress("fit sky", k, len(data))
        own = common + np.angle(harmonic * np.exp(-1j * common))
        made = fringes(each.radius_squared_px2, each.width_px2, phase, known.shape, count)
        try:
            fits.append(fit_line(each, phase, known.shape, line, own / phase * constants.c, made))
            index.append(k)
        except NotAnalysable as failure:
            rejections.append(Rejection(sky.frames[k].frame.name, failure.reason))
    return NightLines(tuple(index), tuple(fits), gap_m[index], gap_error_m[index], tuple(rejections))
