"""Fit the instrument's shape to several laser profiles together, each with its own gap.

Amplitudes are eliminated by variable projection (Golub & Pereyra 1973, SIAM J. Numer. Anal. 10, 413, with
Kaufman's 1975 simplification of the Jacobian).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize

from airglow.etalon.airy import Shape, central_phase, terms_needed
from airglow.etalon.laser import SCAN_RANGE, laser_model, start_magnifications, start_phase
from airglow.etalon.misfit import explains_fringes, fringes_left
from airglow.etalon.profile_data import ProfileData
from airglow.model.errors import NotAnalysable

_START_REFLECTIVITIES = (0.6, 0.75, 0.87)
_START_BLURS = (1.0, 0.4)  # times the registry's
_MOST_STEPS_ALONE, _MOST_STEPS_TOGETHER = 40, 60
_LEAST_REFLECTIVITY, _MOST_REFLECTIVITY = 0.05, 0.98  # a fit that ends there has found no fringes
_LARGEST_LOG = 5.0  # of -log R: far below the least reflectivity, and far from where numbers end
_CLEARLY_BETTER = 30.0  # in chi-square: what another magnification must gain to be taken
# The vector that is stepped: all of order one.
_ALPHA, _REFLECTIVITY, _VARIANCE, _THIRD = 0, 1, 2, 3
_FALLOFF = slice(4, 6)
_BLUR = slice(6, 9)
_ALPHA_UNIT = 1e-4  # relative change of the magnification
_VARIANCE_UNIT = 1e-2  # rad^2, at the laser's wavelength
_THIRD_UNIT = 1e-2  # rad^3
# Priors that only decide what laser profiles cannot: centre and width, in the units of the vector.
_LASER_PRIORS = {
    _VARIANCE: (0.0, 3.0),
    _THIRD: (0.0, 2.0),
    4: (0.0, 0.5),
    5: (0.0, 0.5),
    6: (1.0, 1.5),
    7: (0.0, 1.0),
    8: (0.0, 1.0),
}
_ONE_GAP = {**_LASER_PRIORS, _VARIANCE: (0.0, 1e-3), _THIRD: (0.0, 1e-3)}
# How far from the registry's shape an instrument is found years later: reflectivity (log of -log R), gap
# moments, falloff and blur. A line as broad as the sky's cannot tell these from temperature by itself.
_SKY_PRIOR_WIDTHS = {_REFLECTIVITY: 0.25, _VARIANCE: 0.5, _THIRD: 0.3, 4: 0.5, 5: 0.5, 6: 0.3, 7: 0.3, 8: 0.3}


@dataclass(frozen=True)
class ShapeFit:
    """The instrument's shape with the standard errors of its parameters, and how well it fits.

    Parameters
    ----------
    shape
        The shape.
    magnification_error_rad_per_pixel
        Standard error of the magnification.
    reflectivity_error
        Standard error of the reflectivity.
    reduced_chi_square
        Chi-square per degree of freedom.
    """

    shape: Shape
    magnification_error_rad_per_pixel: float
    reflectivity_error: float
    reduced_chi_square: float


def fit_shape(
    profiles: Sequence[ProfileData],
    wavelength_m: float,
    nominal_gap_m: float,
    start: Shape,
    *,
    estimate_blur: bool = True,
    other_magnifications: Sequence[float] = (),
) -> ShapeFit:
    """Fit one instrument shape to several laser profiles together, each with its own gap.

    Parameters
    ----------
    profiles
        Laser profiles of the night.
    wavelength_m
        Of the laser.
    nominal_gap_m
        Gap that resolves the order of interference.
    start
        Where to begin; only its magnification must be about right.
    estimate_blur
        False keeps the blur of ``start``.
    other_magnifications
        To begin with as well (rad per pixel), where that of ``start`` may be far off. One of them is taken
        only if it fits clearly better.

    Returns
    -------
    ShapeFit

    Raises
    ------
    NotAnalysable
        If the fit fails.
    """
    nominal = central_phase(nominal_gap_m, wavelength_m)
    brightest = max(profiles, key=lambda p: np.ptp(p.counts))
    # The brightest profile alone, from several starts, with one gap all over the plates: its moments could
    # otherwise pass for a reflectivity or a blur that is far off.
    expected = (start.magnification_rad_per_pixel, *other_magnifications)
    starts = [
        replace(start, magnification_rad_per_pixel=alpha)
        for alpha in start_magnifications(brightest, nominal, expected)
    ]
    alone = _first_unless_clearly_worse([_fit_alone(brightest, nominal, s, estimate_blur) for s in starts])
    if alone is None:
        raise NotAnalysable("laser fit failed", "the instrument's shape could not be fitted to a laser")
    begin, one = alone
    together = _fit(profiles, nominal, begin.shape(one.x), estimate_blur, _MOST_STEPS_TOGETHER)
    if together is None:
        raise NotAnalysable("laser fit failed", "the instrument's shape could not be fitted to the lasers")
    fit = together[0].result(together[1])
    wrong = _no_shape(fit.shape, begin.base.magnification_rad_per_pixel)
    if wrong:
        raise NotAnalysable("laser fit failed", f"{wrong}, reduced chi-square {fit.reduced_chi_square:.3g}")
    return fit


def _fit_alone(data: ProfileData, nominal: float, start: Shape, estimate_blur: bool) -> _Fitted | None:
    """The best fit of one laser profile from several reflectivities and blurs."""
    found = []
    for reflectivity, blur in itertools.product(
        _START_REFLECTIVITIES, _START_BLURS if estimate_blur else (1.0,)
    ):
        trial = replace(
            start,
            reflectivity=reflectivity,
            falloff=(0.0, 0.0),
            blur_px=tuple(blur * b for b in start.blur_px),
        )
        found.append(_fit([data], nominal, trial, estimate_blur, _MOST_STEPS_ALONE, priors=_ONE_GAP))
    return _best(found)


@dataclass(frozen=True)
class SkyShapeFit:
    """An instrument's shape refined on sky profiles.

    Parameters
    ----------
    shape
        The shape.
    width_error_rad2
        Standard error that the shape leaves in the phase variance of every line alike: what it says of
        temperature is common to the night.
    reduced_chi_square
        Chi-square per degree of freedom.
    """

    shape: Shape
    width_error_rad2: float
    reduced_chi_square: float


def refine_shape_on_sky(
    profiles: Sequence[ProfileData],
    wavelength_m: float,
    nominal_gap_m: float,
    start: Shape,
    typical_width_rad2: float,
    other_magnifications: Sequence[float] = (),
) -> SkyShapeFit:
    """Refine a known shape on sky profiles, each with its own phase and line width.

    A thermal line is a spread of phase like that of the gap over the plates, but its own in every frame.

    Parameters
    ----------
    profiles
        Sky profiles, the brighter the better.
    wavelength_m
        Of the line.
    nominal_gap_m
        Of the etalon.
    start
        The registry's shape; the answer is drawn to it where the profiles do not tell.
    typical_width_rad2
        Phase variance of a typical line.
    other_magnifications
        As for `fit_shape`.

    Returns
    -------
    SkyShapeFit

    Raises
    ------
    NotAnalysable
        If the fit fails, or explains no fringes that are there.
    """
    nominal = central_phase(nominal_gap_m, wavelength_m)
    brightest = max(profiles, key=lambda p: np.ptp(np.convolve(p.counts, np.ones(9) / 9, "valid")))
    expected = (start.magnification_rad_per_pixel, *other_magnifications)
    typical = np.full(len(profiles), typical_width_rad2)
    found = []
    for alpha in start_magnifications(brightest, nominal, expected):
        begin = replace(start, magnification_rad_per_pixel=alpha)
        found.append(_fit(profiles, nominal, begin, True, _MOST_STEPS_TOGETHER, typical))
    best = _first_unless_clearly_worse(found)
    if best is None:
        raise NotAnalysable(
            "shape fit failed", "the instrument's shape could not be fitted to the sky frames"
        )
    problem, answer = best
    widths = slice(problem.shared + len(profiles), None)
    covariance = np.linalg.pinv(answer.jac.T @ answer.jac, hermitian=True)
    common = float(np.sqrt(covariance[widths, widths].mean())) * _VARIANCE_UNIT
    freedom = max(sum(map(len, profiles)) - answer.x.size, 1)
    fit = SkyShapeFit(problem.shape(answer.x), common, float(2.0 * answer.cost / freedom))
    wrong = _no_shape(fit.shape, problem.base.magnification_rad_per_pixel)
    left = fringes_left(profiles, problem.models(answer.x))
    if not wrong and not explains_fringes(left):
        wrong = f"the fit leaves {100 * left:.0f} % of the fringes"
    if wrong:
        raise NotAnalysable("shape fit failed", f"{wrong}, reduced chi-square {fit.reduced_chi_square:.3g}")
    return fit


def _no_shape(shape: Shape, start_magnification: float) -> str:
    """Why a fitted shape cannot be the instrument's; empty if it can."""
    moved = shape.magnification_rad_per_pixel / start_magnification - 1.0
    if not abs(moved) <= SCAN_RANGE:  # not so for what is no number
        return f"the magnification ran away by {100 * moved:.0f} %"
    if not _LEAST_REFLECTIVITY < shape.reflectivity < _MOST_REFLECTIVITY:
        return f"the reflectivity ran to {shape.reflectivity:.2f}"
    return ""


def _best(found: Sequence[_Fitted | None]) -> _Fitted | None:
    """The fit of least chi-square; None if all starts failed."""
    return min((each for each in found if each is not None), key=lambda each: each[1].cost, default=None)


def _first_unless_clearly_worse(found: Sequence[_Fitted | None]) -> _Fitted | None:
    """The first fit, that from the most trusted start, unless another one fits clearly better."""
    best, first = _best(found), found[0]
    if best is None or first is None or best[1].cost < first[1].cost - 0.5 * _CLEARLY_BETTER:
        return best
    return first


def _fit(
    profiles: Sequence[ProfileData],
    nominal: float,
    start: Shape,
    estimate_blur: bool,
    most_steps: int,
    own_widths_rad2: np.ndarray | None = None,
    priors: Mapping[int, tuple[float, float]] = _LASER_PRIORS,
) -> _Fitted | None:
    """Fit from one start; None if that ends where there are no numbers."""
    alpha = start.magnification_rad_per_pixel
    phases = [start_phase(data, nominal, alpha) for data in profiles]
    problem = _Problem(profiles, start, np.array(phases), nominal, estimate_blur, priors, own_widths_rad2)
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # what it leads to is seen below
            answer = optimize.least_squares(
                problem.residuals,
                problem.start(),
                jac=problem.jacobian,
                x_scale="jac",
                max_nfev=most_steps,
                ftol=1e-6,
                xtol=1e-7,
            )
    except (ValueError, np.linalg.LinAlgError):  # it went where there are no numbers
        return None
    finite = np.isfinite(answer.cost) and np.isfinite(answer.jac).all()
    return (problem, answer) if finite else None


def _log_reflectivity(x: np.ndarray) -> float:
    return -np.exp(np.minimum(x[_REFLECTIVITY], _LARGEST_LOG))


class _Problem:
    """Residuals and Jacobian of the joint fit.

    After the shape, the vector holds each profile's phase and, for sky lines, its own phase variance.
    """

    def __init__(
        self,
        profiles: Sequence[ProfileData],
        start: Shape,
        phases: np.ndarray,
        nominal: float,
        estimate_blur: bool,
        priors: Mapping[int, tuple[float, float]],
        own_widths_rad2: np.ndarray | None = None,
    ) -> None:
        self.profiles = profiles
        self.base = start
        self.phases = phases
        self.nominal = nominal
        self.estimate_blur = estimate_blur
        self.own_widths_rad2 = own_widths_rad2
        self.shared = _BLUR.stop if estimate_blur else _BLUR.start
        self._cache: tuple[bytes, np.ndarray, np.ndarray] | None = None
        if own_widths_rad2 is not None:
            begin = self.start()
            priors = {place: (begin[place], width) for place, width in _SKY_PRIOR_WIDTHS.items()}
        self.priors = {place: prior for place, prior in priors.items() if place < self.shared}

    def start(self) -> np.ndarray:
        number = len(self.profiles)
        x = np.zeros(self.shared + number * (1 if self.own_widths_rad2 is None else 2))
        x[_REFLECTIVITY] = np.log(-np.log(self.base.reflectivity))
        x[_VARIANCE] = self.base.gap_variance * self.nominal**2 / _VARIANCE_UNIT
        x[_THIRD] = self.base.gap_third_moment * self.nominal**3 / _THIRD_UNIT
        x[_FALLOFF] = self.base.falloff
        if self.estimate_blur:
            x[_BLUR] = self.base.blur_px
        if self.own_widths_rad2 is not None:
            x[self.shared + number :] = self.own_widths_rad2 / _VARIANCE_UNIT
        return x

    def shape(self, x: np.ndarray) -> Shape:
        """The instrument's shape, without any line's width."""
        return replace(
            self.base,
            magnification_rad_per_pixel=float(
                self.base.magnification_rad_per_pixel * (1 + _ALPHA_UNIT * x[_ALPHA])
            ),
            reflectivity=float(
                np.clip(np.exp(_log_reflectivity(x)), _LEAST_REFLECTIVITY, _MOST_REFLECTIVITY)
            ),
            falloff=tuple(map(float, x[_FALLOFF])),
            blur_px=tuple(map(float, x[_BLUR])) if self.estimate_blur else self.base.blur_px,
            gap_variance=float(x[_VARIANCE] * _VARIANCE_UNIT / self.nominal**2),
            gap_third_moment=float(x[_THIRD] * _THIRD_UNIT / self.nominal**3),
        )

    def models(self, x: np.ndarray) -> list[np.ndarray]:
        """Counts of the model at the annuli of each profile."""
        ends = np.cumsum([len(data) for data in self.profiles])
        residuals = np.split(self.residuals(x)[: ends[-1]], ends[:-1])
        return [data.counts + each * data.sigma for data, each in zip(self.profiles, residuals, strict=True)]

    def residuals(self, x: np.ndarray) -> np.ndarray:
        return self._evaluate(x)[0]

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        return self._evaluate(x)[1]

    def _evaluate(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        key = x.tobytes()
        if self._cache is None or self._cache[0] != key:
            self._cache = (key, *self._compute(x))
        return self._cache[1], self._cache[2]

    def _compute(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        common = self.shape(x)
        count = terms_needed(common.reflectivity)
        number = len(self.profiles)
        residuals, blocks = [], []
        for index, data in enumerate(self.profiles):
            central = self.phases[index] + x[self.shared + index]
            shape = common
            if self.own_widths_rad2 is not None:
                own = x[self.shared + number + index] * _VARIANCE_UNIT / self.nominal**2
                shape = replace(common, gap_variance=common.gap_variance + own)
            fit, by = laser_model(data, central, shape, count)
            columns = np.zeros((len(data), x.size))
            columns[:, _ALPHA] = by.airy.alpha * self.base.magnification_rad_per_pixel * _ALPHA_UNIT
            columns[:, _REFLECTIVITY] = by.airy.log_reflectivity * _log_reflectivity(x)
            columns[:, _VARIANCE] = by.airy.phase_variance * _VARIANCE_UNIT
            columns[:, _THIRD] = by.airy.phase_third_moment * _THIRD_UNIT
            columns[:, _FALLOFF] = by.falloff
            if self.estimate_blur:
                columns[:, _BLUR] = by.airy.blur
            columns[:, self.shared + index] = by.airy.central
            if self.own_widths_rad2 is not None:
                columns[:, self.shared + number + index] = columns[:, _VARIANCE]
            columns /= data.sigma[:, None]
            columns -= fit.basis @ (fit.basis.T @ columns)
            residuals.append((fit.model - data.counts) / data.sigma)
            blocks.append(columns)
        prior, prior_rows = self._prior(x)
        return np.concatenate([*residuals, prior]), np.concatenate([*blocks, prior_rows])

    def _prior(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows = np.zeros((len(self.priors), x.size))
        values = np.empty(len(self.priors))
        for index, (place, (middle, width)) in enumerate(self.priors.items()):
            rows[index, place] = 1.0 / width
            values[index] = (x[place] - middle) / width
        return values, rows

    def result(self, answer: optimize.OptimizeResult) -> ShapeFit:
        shape = self.shape(answer.x)
        number = sum(map(len, self.profiles))
        freedom = max(number - answer.x.size - 3 * len(self.profiles), 1)
        chi_square = 2.0 * answer.cost / freedom
        covariance = np.linalg.pinv(answer.jac.T @ answer.jac, hermitian=True) * max(chi_square, 1.0)
        error = np.sqrt(np.diag(covariance))
        log_r = np.log(shape.reflectivity)
        return ShapeFit(
            shape=shape,
            magnification_error_rad_per_pixel=float(
                self.base.magnification_rad_per_pixel * _ALPHA_UNIT * error[_ALPHA]
            ),
            reflectivity_error=float(abs(shape.reflectivity * log_r) * error[_REFLECTIVITY]),
            reduced_chi_square=float(chi_square),
        )


_Fitted = tuple[_Problem, optimize.OptimizeResult]
