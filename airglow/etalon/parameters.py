"""Fit the instrument's parameters: to laser profiles, or to sky profiles with the registry's help."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from airglow.etalon.airy import central_phase
from airglow.etalon.joint_fit import (
    LASER_PRIORS,
    LEAST_REFLECTIVITY,
    MOST_REFLECTIVITY,
    ONE_GAP,
    ONLY_SKEW,
    Fitted,
    common_width_error_rad2,
    fit_jointly,
    with_errors,
)
from airglow.etalon.laser import SCAN_RANGE, start_plate_scales
from airglow.etalon.misfit import explains_fringes, fringes_left
from airglow.etalon.moments import covariance_of_both, moments_are_certain, odds_of_moments
from airglow.etalon.shape import LOG_REFLECTIVITY, ShapeCovariance, shape_covariance, shape_vector
from airglow.model.errors import NotAnalysable
from airglow.model.instrument import InstrumentParameters
from airglow.rings import RingProfile

_START_REFLECTIVITIES = (0.6, 0.75, 0.87)
_START_BLURS = (1.0, 0.4)  # times the registry's
_MOST_STEPS_ALONE, _MOST_STEPS_TOGETHER = 40, 60
_CLEARLY_BETTER = 30.0  # in chi-square: what another plate scale must gain to be taken


@dataclass(frozen=True)
class ParametersFit:
    """The instrument's parameters as fitted to several profiles together, and how well they fit.

    Parameters
    ----------
    parameters
        The parameters.
    reduced_chi_square
        Chi-square per degree of freedom.
    width_error_rad2
        Standard error that the parameters leave in the phase variance of every sky line of the night alike.
    fringes_left
        Part of the fringes' power that the fit leaves, as of `airglow.etalon.misfit`.
    shape
        Covariance of the parameters; None if they were refined on the sky.
    """

    parameters: InstrumentParameters
    reduced_chi_square: float
    width_error_rad2: float = 0.0
    fringes_left: float = 0.0
    shape: ShapeCovariance | None = field(default=None, compare=False)


def fit_parameters(
    profiles: Sequence[RingProfile],
    wavelength_m: float,
    start: InstrumentParameters,
    *,
    estimate_blur: bool = True,
    other_plate_scales: Sequence[float] = (),
    held: Collection[str] = (),
) -> ParametersFit:
    """Fit the instrument's parameters to several laser profiles together, each with its own gap.

    Parameters
    ----------
    profiles
        Laser profiles of the night.
    wavelength_m
        Of the laser.
    start
        Where to begin; only its plate scale must be about right.
    estimate_blur
        False keeps the blur of ``start``.
    other_plate_scales
        To begin with as well (rad per pixel), where that of ``start`` may be far off. One of them is taken
        only if it fits clearly better.
    held
        Names of parameters that keep their values of ``start``, of both moments of the gap or none.

    Returns
    -------
    ParametersFit
        With standard errors of plate scale and reflectivity, NaN where they are held.

    Raises
    ------
    NotAnalysable
        If the fit fails.
    """
    nominal = central_phase(start.nominal_gap_m, wavelength_m)
    brightest = max(profiles, key=lambda p: np.ptp(p.counts))
    # The brightest profile alone, from several starts, with one gap all over the plates: its moments could
    # otherwise pass for a reflectivity or a blur that is far off.
    starts = _plate_scale_starts(brightest, nominal, start, other_plate_scales, held)
    alone = _first_unless_clearly_worse(
        [_fit_alone(brightest, nominal, each, estimate_blur, held) for each in starts]
    )
    if alone is None:
        raise NotAnalysable("laser fit failed", "the instrument's parameters could not be fitted to a laser")
    begin, one = alone

    def fit_all(priors: Mapping[int, tuple[float, float]]) -> Fitted | None:
        at = begin.parameters(one.x)
        return fit_jointly(
            profiles, nominal, at, estimate_blur, _MOST_STEPS_TOGETHER, priors=priors, held=held
        )

    together = fit_all(LASER_PRIORS)
    if together is None:
        raise NotAnalysable(
            "laser fit failed", "the instrument's parameters could not be fitted to the lasers"
        )
    fit = _with_shape(together) if "gap_variance" in held else _with_likely_moments(together, fit_all)
    wrong = _why_impossible(fit.parameters, begin.base.plate_scale_rad_per_pixel)
    if wrong:
        raise NotAnalysable("laser fit failed", f"{wrong}, reduced chi-square {fit.reduced_chi_square:.3g}")
    return replace(fit, parameters=_without_errors_of(fit.parameters, held))


def _plate_scale_starts(
    profile: RingProfile,
    nominal: float,
    start: InstrumentParameters,
    others: Sequence[float],
    held: Collection[str],
) -> list[InstrumentParameters]:
    """Parameters to begin with, at the plate scales that may be."""
    if "plate_scale_rad_per_pixel" in held:
        return [start]
    expected = (start.plate_scale_rad_per_pixel, *others)
    return [
        replace(start, plate_scale_rad_per_pixel=alpha)
        for alpha in start_plate_scales(profile, nominal, expected)
    ]


def _without_errors_of(parameters: InstrumentParameters, held: Collection[str]) -> InstrumentParameters:
    """Without standard errors of parameters that nothing was measured of."""
    errors = {
        "plate_scale_rad_per_pixel": "plate_scale_error_rad_per_pixel",
        "reflectivity": "reflectivity_error",
    }
    return replace(parameters, **{error: np.nan for name, error in errors.items() if name in held})


def _with_likely_moments(
    together: Fitted, fit_all: Callable[[Mapping[int, tuple[float, float]]], Fitted | None]
) -> ParametersFit:
    """Of a fit with moments of the gap and those with other priors, the likely one."""
    fit = _with_shape(together)
    if fit.parameters.gap_variance < 0:  # what no plates have; its error is that of a variance all the same
        skew = fit_all(ONLY_SKEW)
        if skew is not None:
            together, fit = skew, replace(_with_shape(skew), shape=fit.shape)
    inflation = max(fit.reduced_chi_square, 1.0)
    if not moments_are_certain(together, inflation):
        plain = fit_all(ONE_GAP)
        if plain is not None:
            fit = _of_both(fit, _with_shape(plain), odds_of_moments(together, plain, inflation))
    return fit


def _with_shape(fitted: Fitted) -> ParametersFit:
    """Parameters with all that is known of their errors."""
    problem, answer = fitted
    profiles = problem.profiles
    freedom = max(sum(map(len, profiles)) - answer.x.size - 3 * len(profiles), 1)
    chi_square = float(2.0 * answer.cost / freedom)
    return ParametersFit(
        parameters=with_errors(problem, answer, max(chi_square, 1.0)),
        reduced_chi_square=chi_square,
        fringes_left=fringes_left(profiles, problem.models(answer.x)),
        shape=shape_covariance(problem, answer, chi_square),
    )


def _of_both(with_moments: ParametersFit, without: ParametersFit, odds: float) -> ParametersFit:
    """The likelier one of two fits, with the errors of both cases."""
    there = odds / (1.0 + odds)
    taken, other, of_other = (
        (with_moments, without, 1.0 - there) if there > 0.5 else (without, with_moments, there)
    )
    apart = shape_vector(taken.parameters) - shape_vector(other.parameters)
    noise = covariance_of_both(taken.shape.noise, other.shape.noise, apart, of_other)
    error = taken.parameters.reflectivity * float(np.sqrt(noise[LOG_REFLECTIVITY, LOG_REFLECTIVITY]))
    error = max(error, taken.parameters.reflectivity_error)
    return replace(
        taken,
        parameters=replace(taken.parameters, reflectivity_error=error),
        shape=replace(taken.shape, noise=noise),
    )


def _fit_alone(
    profile: RingProfile,
    nominal: float,
    start: InstrumentParameters,
    estimate_blur: bool,
    held: Collection[str],
) -> Fitted | None:
    """The best fit of one laser profile from several reflectivities and blurs."""
    found = []
    for reflectivity, blur in itertools.product(
        (start.reflectivity,) if "reflectivity" in held else _START_REFLECTIVITIES,
        _START_BLURS if estimate_blur and "blur_px" not in held else (1.0,),
    ):
        trial = replace(
            start,
            reflectivity=reflectivity,
            falloff=(0.0, 0.0),
            blur_px=tuple(blur * b for b in start.blur_px),
        )
        found.append(
            fit_jointly(
                [profile], nominal, trial, estimate_blur, _MOST_STEPS_ALONE, priors=ONE_GAP, held=held
            )
        )
    return _best(found)


def refine_parameters_on_sky(
    profiles: Sequence[RingProfile],
    wavelength_m: float,
    start: InstrumentParameters,
    typical_width_rad2: float,
    other_plate_scales: Sequence[float] = (),
    held: Collection[str] = (),
) -> ParametersFit:
    """Refine known parameters on sky profiles, each with its own phase and line width.

    A thermal line is a spread of phase like that of the gap over the plates, but its own in every frame.

    Parameters
    ----------
    profiles
        Sky profiles, the brighter the better.
    wavelength_m
        Of the line.
    start
        The registry's parameters; the answer is drawn to them where the profiles do not tell.
    typical_width_rad2
        Phase variance of a typical line.
    other_plate_scales, held
        As for `fit_parameters`.

    Returns
    -------
    ParametersFit

    Raises
    ------
    NotAnalysable
        If the fit fails, or explains no fringes that are there.
    """
    nominal = central_phase(start.nominal_gap_m, wavelength_m)
    brightest = max(profiles, key=lambda p: np.ptp(np.convolve(p.counts, np.ones(9) / 9, "valid")))
    typical = np.full(len(profiles), typical_width_rad2)
    best = _first_unless_clearly_worse(
        [
            fit_jointly(profiles, nominal, begin, True, _MOST_STEPS_TOGETHER, typical, held=held)
            for begin in _plate_scale_starts(brightest, nominal, start, other_plate_scales, held)
        ]
    )
    if best is None:
        raise NotAnalysable(
            "sky fit failed", "the instrument's parameters could not be fitted to the sky frames"
        )
    problem, answer = best
    freedom = max(sum(map(len, profiles)) - answer.x.size, 1)
    fit = ParametersFit(
        parameters=problem.parameters(answer.x),
        reduced_chi_square=float(2.0 * answer.cost / freedom),
        fringes_left=fringes_left(profiles, problem.models(answer.x)),
        width_error_rad2=common_width_error_rad2(problem, answer),
    )
    wrong = _why_impossible(fit.parameters, problem.base.plate_scale_rad_per_pixel)
    if not wrong and not explains_fringes(fit.fringes_left):
        wrong = f"the fit leaves {100 * fit.fringes_left:.0f} % of the fringes"
    if wrong:
        raise NotAnalysable("sky fit failed", f"{wrong}, reduced chi-square {fit.reduced_chi_square:.3g}")
    return fit


def _why_impossible(parameters: InstrumentParameters, start_plate_scale: float) -> str:
    """Why fitted parameters cannot be the instrument's; empty if it can."""
    moved = parameters.plate_scale_rad_per_pixel / start_plate_scale - 1.0
    if not abs(moved) <= SCAN_RANGE:  # not so for what is no number
        return f"the plate scale ran away by {100 * moved:.0f} %"
    if not LEAST_REFLECTIVITY < parameters.reflectivity < MOST_REFLECTIVITY:
        return f"the reflectivity ran to {parameters.reflectivity:.2f}"
    return ""


def _best(found: Sequence[Fitted | None]) -> Fitted | None:
    """The fit of least chi-square; None if all starts failed."""
    return min((each for each in found if each is not None), key=lambda each: each[1].cost, default=None)


def _first_unless_clearly_worse(found: Sequence[Fitted | None]) -> Fitted | None:
    """The first fit, that from the most trusted start, unless another one fits clearly better."""
    best, first = _best(found), found[0]
    if best is None or first is None or best[1].cost < first[1].cost - 0.5 * _CLEARLY_BETTER:
        return best
    return first
