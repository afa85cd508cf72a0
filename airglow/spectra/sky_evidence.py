"""What the sky frames of a night may hold that laser frames cannot show, weighed by evidence.

Mirrors are coated for one colour: their reflectivity at the sky line may differ from that at the laser. A
lens is in focus for one colour, and laser light fills it in a way of its own: so may the blur. Lines of
hydroxyl may pass the filter beside the sky line. A single frame takes each of them for a part of the line's
width or shift. All frames of a night together tell them, since a thermal line has no other freedom of shape
than its width.

Velocities, temperatures and amplitudes of the frames are eliminated from the normal equations, as in
`airglow.spectra.sky_parameters`. What is left of a departure has a Gaussian likelihood: its least-squares
value and standard error, with all other departures free. What else is wrong with the model stays at its place
in the frames and is no noise: the error is at least that by the scatter between half fringes, each summed
over the night (the sandwich estimator with clusters: Liang & Zeger 1986, Biometrika 73, 13). Against a prior
of no departure stands one of zero mean; the evidence of the former over that of the latter (Kass & Raftery
1995, Journal of the American Statistical Association 90, 773) is

    B = sqrt(1 + w^2 / e^2) exp(-(v / e)^2 / 2 . w^2 / (w^2 + e^2))

for a value v with error e under a prior of width w. A departure is taken if the odds for it are high. What
remains of it as an error, taken or not, is that of the mean of both cases (Hoeting et al. 1999, Statistical
Science 14, 382).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from airglow.etalon import FringeTables
from airglow.etalon.shape import BLUR, FALLOFF, LOG_REFLECTIVITY, PLATE_SCALE
from airglow.model.instrument import InstrumentParameters
from airglow.rings import RingProfile
from airglow.spectra.fitted_sky import FittedSky
from airglow.spectra.foreign import foreign_light
from airglow.spectra.line import LineFit, fit_line_in_all
from airglow.spectra.sky_derivatives import SkyDerivatives, sky_derivatives
from airglow.spectra.sky_line import SkyLine

_MOST_PROFILES = 60  # of a night: with more the errors fall below what else is not known
_ROUNDS = 6
_SETTLED = 0.1  # of the errors of the departures: what the last step may still be
# The departures: relative change of the plate scale, coefficients of the falloff, reflectivity, blur (px, the
# same at all radii), then the brightness of each foreign line over that of the sky line. Units, and widths of
# the priors in them: coatings differ by some 0.01 between the colours, a lens by hundredths of a pixel.
_PLATE_SCALE, _FALLOFF, _REFLECTIVITY, _BLUR, _FOREIGN = 0, slice(1, 3), 3, 4, 5
DEPARTURE_UNITS = np.array([1e-4, 1e-2, 1e-2, 1e-3, 1e-2])
DEPARTURE_WIDTHS = np.array([20.0, 40.0, 40.0, 10.0, 5.0])
_WEIGHED = (_REFLECTIVITY, _BLUR)
_FOREIGN_UNIT, _FOREIGN_WIDTH = 1e-2, 10.0  # hydroxyl has up to a tenth of the red line's light
# Odds that reflectivities differ, and that blurs do, before a night was seen. Chosen: on simulated nights
# without a difference the error of the reflectivity adds half as much to temperatures as the noise of a clear
# frame, and covers one of 0.005, which sixty frames do not tell. A lens is as good as alike for a laser and a
# line that are 3 nm apart, and thirty frames of such a night show 0.02 px at 2.5 errors.
_PRIOR_ODDS = {_REFLECTIVITY: 0.1, _BLUR: 0.01}
# Odds from which a departure is taken: 20 to 1, "strong" by Kass & Raftery. Less than that is met without
# any: three nights of one real instrument tell reflectivities that differ by 0.06, with odds of about 1.
_LEAST_ODDS = 20.0
# ... and for foreign lines, which cost winds a factor of three where they are taken: 22000 to 1.
_LEAST_ODDS_OF_FOREIGN = float(np.exp(10.0))
# What a model of the instrument that does not fit quite may pass off as a foreign line, in the unit of its
# brightness; added to the error. Clean simulated nights show 0.25 to 0.55 at 0.12 orders, errors of 0.15.
_FOREIGN_MISFIT = 0.2
_LEAST_REFLECTIVITY, _MOST_REFLECTIVITY = 0.05, 0.98
_LEAST_BLUR_PX = 0.05


@dataclass(frozen=True)
class SkyEvidence:
    """What was found in the sky frames of a night.

    Parameters
    ----------
    parameters
        Of the instrument, as sky frames see it.
    reflectivity_change
        Reflectivity for the sky line less that for the laser; 0 if none is taken.
    reflectivity_error
        Standard error of that, whether it is taken or not.
    blur_change_px, blur_error_px
        The same of the blur.
    foreign
        Foreign lines that are there, as places in those that were asked for.
    velocity_error_mps, temperature_error_k
        What the errors of both leave in all velocities and temperatures of the night alike.
    """

    parameters: InstrumentParameters
    reflectivity_change: float
    reflectivity_error: float
    blur_change_px: float
    blur_error_px: float
    foreign: tuple[int, ...]
    velocity_error_mps: float
    temperature_error_k: float


def weigh_sky(
    night: FittedSky,
    foreign: Sequence[SkyLine] = (),
    *,
    laser_blur_error_px: float = 0.0,
    held_reflectivity: bool = False,
    held_blur: bool = False,
) -> SkyEvidence:
    """Weigh whether the sky frames of a night call for another reflectivity or blur, or hold foreign lines.

    Parameters
    ----------
    night
        Its sky frames with their fits.
    foreign
        Lines that may pass the filter beside it.
    laser_blur_error_px
        Standard error of the blur, by the lasers.
    held_reflectivity, held_blur
        Whether that of the night's parameters is to stay. What the frames tell against it is an error then.

    Returns
    -------
    SkyEvidence
    """
    central_phase, parameters, line = night.central_phase, night.parameters, night.line
    chosen = night.clearest(_MOST_PROFILES)
    profiles, found = [night.profiles[k] for k in chosen], [night.fits[k] for k in chosen]
    rest = [night.rest_mps[k] for k in chosen]
    by_frame = [night.derivatives(k) for k in chosen]
    units = np.concatenate([DEPARTURE_UNITS, np.full(len(foreign), _FOREIGN_UNIT)])
    widths = np.concatenate([DEPARTURE_WIDTHS, np.full(len(foreign), _FOREIGN_WIDTH)])
    of_lasers = np.array([np.nan_to_num(parameters.reflectivity_error), laser_blur_error_px])
    of_lasers /= units[list(_WEIGHED)]
    held = {_REFLECTIVITY: held_reflectivity, _BLUR: held_blur}
    moved, at, tables = np.zeros(units.size), parameters, night.tables
    taken: tuple[int, ...] = ()
    before_mps = np.median([fit.velocity_mps for fit in found])
    for round_number in range(_ROUNDS):
        light = foreign_light(foreign, line, central_phase, at)
        # A foreign line draws the velocities along, and with them what passes for a line at rest.
        drawn_mps = float(np.median([fit.velocity_mps for fit in found]) - before_mps)
        shining = [light.of(each, v + drawn_mps) for each, v in zip(profiles, rest, strict=True)]
        if round_number > 0:
            by_frame = [
                sky_derivatives(*each, tables, line, beside[list(taken)])
                for *each, beside in zip(profiles, found, shining, strict=True)
            ]
        parts, responses = normal_equations(profiles, by_frame, shining, at.reflectivity, units, taken)
        normal, right = (sum(each) for each in zip(*parts.values(), strict=True))
        values, errors = departures(list(parts.values()), widths, moved)
        # Lasers that are dim tell theirs badly: what differs is no departure then.
        errors[list(_WEIGHED)] = np.hypot(errors[list(_WEIGHED)], of_lasers)
        of_foreign = [
            _odds_of_foreign(*each) for each in zip(values[_FOREIGN:], errors[_FOREIGN:], strict=True)
        ]
        new = [k for k, odds in enumerate(of_foreign) if k not in taken and odds > _LEAST_ODDS_OF_FOREIGN]
        # One line at a time, and the others after all of them: each passes for a part of the next.
        if new:
            taken = (*taken, max(new, key=lambda k: of_foreign[k]))
        kept = np.ones(units.size, bool)
        for k in _WEIGHED:
            kept[k] = not new and not held[k] and _odds_of_departure(k, values, errors) > _LEAST_ODDS
        kept[_FOREIGN:] = False  # each frame has its own
        if not new and not kept[list(_WEIGHED)].any() and not taken:
            moved = np.zeros(units.size)
            at = parameters
            break
        step = np.zeros(units.size)
        step[kept] = np.linalg.solve(
            normal[np.ix_(kept, kept)] + np.diag(1.0 / widths[kept] ** 2),
            right[kept] - moved[kept] / widths[kept] ** 2,
        )
        if new:
            step[:] = 0.0
        earlier, moved = moved, np.where(kept, moved + step, 0.0)
        at = _moved(parameters, moved)
        starts = [(fit.velocity_mps, fit.temperature_k) for fit in found]
        own = [each[list(taken)] for each in shining]
        tables = FringeTables(central_phase, at, night.tables.count)
        answers = fit_line_in_all(profiles, tables, line, starts, own)
        if not all(isinstance(answer, LineFit) for answer in answers):
            at, taken, moved = parameters, (), np.zeros(units.size)
            break
        found = answers
        if not new and np.all(np.abs(moved - earlier)[kept] < _SETTLED * errors[kept]):
            break
    left = {
        k: _error_left(values[k], errors[k], widths[k], _odds_of_departure(k, values, errors), moved[k] != 0)
        for k in _WEIGHED
    }
    per_unit = np.median(responses, axis=0)  # of velocity and temperature, by what is weighed
    velocity, temperature = (float(np.hypot(*(each * list(left.values())))) for each in per_unit)
    change, error = moved * units, {k: left[k] * float(units[k]) for k in _WEIGHED}
    return SkyEvidence(
        parameters=at,
        reflectivity_change=float(change[_REFLECTIVITY]),
        reflectivity_error=error[_REFLECTIVITY],
        blur_change_px=float(change[_BLUR]),
        blur_error_px=error[_BLUR],
        foreign=taken,
        velocity_error_mps=velocity,
        temperature_error_k=temperature,
    )


def _moved(parameters: InstrumentParameters, by: np.ndarray) -> InstrumentParameters:
    of_parameters = by[:_FOREIGN] * DEPARTURE_UNITS
    reflectivity = parameters.reflectivity + of_parameters[_REFLECTIVITY]
    blur, *rest = parameters.blur_px
    return replace(
        parameters,
        plate_scale_rad_per_pixel=parameters.plate_scale_rad_per_pixel
        * float(1.0 + of_parameters[_PLATE_SCALE]),
        falloff=tuple(
            float(old + more) for old, more in zip(parameters.falloff, of_parameters[_FALLOFF], strict=True)
        ),
        reflectivity=float(np.clip(reflectivity, _LEAST_REFLECTIVITY, _MOST_REFLECTIVITY)),
        blur_px=(max(float(blur + of_parameters[_BLUR]), min(blur, _LEAST_BLUR_PX)), *rest),
    )


def normal_equations(
    profiles: Sequence[RingProfile],
    by_frame: Sequence[SkyDerivatives],
    shining: Sequence[np.ndarray],
    reflectivity: float,
    units: np.ndarray,
    taken: tuple[int, ...],
) -> tuple[dict[int, tuple[np.ndarray, np.ndarray]], np.ndarray]:
    """Normal matrix and right side of each half fringe, and the responses to reflectivity and blur.

    The latter are what a unit of each does to velocities and temperatures, (n, 2, 2).
    """
    parts: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    responses = np.empty((len(profiles), 2, len(_WEIGHED)))
    for k, (profile, by, light) in enumerate(zip(profiles, by_frame, shining, strict=True)):
        columns = np.column_stack(
            [
                by.by_shape[:, [PLATE_SCALE, FALLOFF.start, FALLOFF.start + 1]],
                by.by_shape[:, LOG_REFLECTIVITY] / reflectivity,
                by.by_shape[:, BLUR.start],
                by.line_light * light.T / profile.sigma[:, None],
            ]
        )
        columns *= units
        left = by.left_by_line(columns)
        left[:, [_FOREIGN + place for place in taken]] = 0.0  # each frame has its own
        half_fringe = np.floor(by.phase / np.pi).astype(int)
        for place in np.unique(half_fringe):
            here = half_fringe == place
            normal, right = parts.get(place, (0.0, 0.0))
            parts[place] = (
                normal + left[here].T @ left[here],
                right + left[here].T @ by.residual[here],
            )
        responses[k] = by.taken_up(columns[:, list(_WEIGHED)])
    return parts, responses


def departures(
    parts: Sequence[tuple[np.ndarray, np.ndarray]], widths: np.ndarray, moved: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Value and standard error of each departure with all others free, and without its own prior."""
    normal, right = (sum(each) for each in zip(*parts, strict=True))
    values, errors = np.zeros(widths.size), np.full(widths.size, np.inf)
    for k in range(widths.size):
        prior = 1.0 / widths**2
        prior[k] = 0.0
        seen = np.diag(normal) + prior > 0
        if normal[k, k] <= 1e-12:
            continue
        inverse = np.zeros_like(normal)
        inverse[np.ix_(seen, seen)] = np.linalg.inv((normal + np.diag(prior))[np.ix_(seen, seen)])
        step = inverse @ (right - prior * moved)
        scores = np.array([inverse[k] @ (of_part - matrix @ step) for matrix, of_part in parts])
        spare = max(len(parts) - widths.size, 1)
        by_scatter = np.sum(scores**2) * len(parts) / spare
        values[k], errors[k] = moved[k] + step[k], np.sqrt(max(inverse[k, k], by_scatter))
    return values, errors


def _odds(value: float, error: float, width: float) -> float:
    """Of a departure against none, from its value and error and the width of its prior."""
    if not np.isfinite(error):
        return 0.0
    gain = 0.5 * (value / error) ** 2 * width**2 / (width**2 + error**2)
    return float(np.exp(min(gain, 500.0)) / np.sqrt(1.0 + (width / error) ** 2))


def _odds_of_departure(place: int, values: np.ndarray, errors: np.ndarray) -> float:
    return _PRIOR_ODDS[place] * _odds(values[place], errors[place], DEPARTURE_WIDTHS[place])


def _odds_of_foreign(value: float, error: float) -> float:
    return _odds(value, float(np.hypot(error, _FOREIGN_MISFIT)), _FOREIGN_WIDTH) if value > 0 else 0.0


def _error_left(value: float, error: float, width: float, odds: float, is_taken: bool) -> float:
    """Root mean square of what is left of a departure, over the cases that it is there and that it is not."""
    if not np.isfinite(error):
        return 0.0
    shrunk = width**2 / (width**2 + error**2)  # by the prior
    mean, variance = shrunk * value, shrunk * error**2
    there = odds / (1.0 + odds)
    if is_taken:
        return float(np.sqrt(there * variance + (1.0 - there) * mean**2))
    return float(np.sqrt(there * (mean**2 + variance)))
