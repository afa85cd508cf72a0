"""What sky frames see differently from laser frames: the optics' plate scale and the illumination.

The laser is another colour, and its light comes over a diffuser, the sky's from the sky. On three nights of
minime90 and one of minime05 sky frames ask for a plate scale that is smaller by 3 to 4 parts in 10^4, and
for an illumination of their own. With both, the sky frames of minime05 fit with a reduced chi-square of 1.0
and 1.2 instead of 4.5 and 5.0. Reflectivity, blur and gap moments stay those of the lasers: a line cannot
tell them from its own width.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from airglow.etalon import FringeTables
from airglow.etalon.shape import FALLOFF, PLATE_SCALE
from airglow.model.instrument import InstrumentParameters
from airglow.rings import RingProfile
from airglow.spectra.fitted_sky import FittedSky
from airglow.spectra.line import LineFit, fit_line_in_all
from airglow.spectra.sky_derivatives import sky_derivatives

_MOST_PROFILES = 16
_ROUNDS = 3
_LEAST_GAIN = 30.0  # of chi-square over all profiles, beyond chance for three parameters
# The vector that is stepped: relative change of the plate scale, and the falloff, as places in that of the
# shape; with the widths of their priors about the lasers' (in its units), which decide only where a night's
# sky frames show no line.
_STEPPED = [PLATE_SCALE, FALLOFF.start, FALLOFF.start + 1]
_UNITS = np.array([1e-4, 1e-2, 1e-2])
_PRIOR_WIDTHS = np.array([20.0, 40.0, 40.0])


def refine_for_sky(night: FittedSky) -> InstrumentParameters | None:
    """Fit the sky's own plate scale and illumination, common to a night.

    Velocities, temperatures and amplitudes of the profiles are eliminated from the normal equations (their
    Schur complement), so that only what no line can be is left to the parameters.

    Parameters
    ----------
    night
        Its sky frames with fits by the lasers' parameters; the clearest of each stretch of it take part.

    Returns
    -------
    InstrumentParameters or None
        None where the lasers' parameters do as well.
    """
    tables, parameters, line = night.tables, night.parameters, night.line
    chosen = night.clearest(_MOST_PROFILES)
    profiles, found = [night.profiles[k] for k in chosen], [night.fits[k] for k in chosen]
    # What the lasers' parameters leave sets the noise: a frame that they fit badly for another reason says
    # less.
    before = sum(_chi_square(each, fit) for each, fit in zip(profiles, found, strict=True))
    moved = np.zeros(3)
    for round_number in range(_ROUNDS):
        normal, right = np.diag(1.0 / _PRIOR_WIDTHS**2), -moved / _PRIOR_WIDTHS**2
        for each, fit in zip(profiles, found, strict=True):
            by = sky_derivatives(each, fit, tables, line)
            slope = by.left_by_line(by.by_shape[:, _STEPPED] * _UNITS)
            normal += slope.T @ slope
            right += slope.T @ by.residual
        step = np.linalg.solve(normal, right)
        if round_number == 0 and right @ step < _LEAST_GAIN:  # what chi-square would fall by
            return None
        moved = moved + step
        tables = FringeTables(night.central_phase, _moved(parameters, moved), tables.count)
        starts = [(fit.velocity_mps, fit.temperature_k) for fit in found]
        answers = fit_line_in_all(profiles, tables, line, starts)
        found = [answer for answer in answers if isinstance(answer, LineFit)]
        if len(found) < len(profiles):
            return None
    after = sum(_chi_square(each, fit) for each, fit in zip(profiles, found, strict=True))
    return tables.parameters if before - after > _LEAST_GAIN else None


def _moved(parameters: InstrumentParameters, by: np.ndarray) -> InstrumentParameters:
    relative, *falloff = by * _UNITS
    return replace(
        parameters,
        plate_scale_rad_per_pixel=parameters.plate_scale_rad_per_pixel * float(1.0 + relative),
        falloff=tuple(float(old + more) for old, more in zip(parameters.falloff, falloff, strict=True)),
    )


def _chi_square(profile: RingProfile, fit: LineFit) -> float:
    return fit.reduced_chi_square * max(len(profile) - 5, 1)
