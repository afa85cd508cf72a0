"""Several profiles fitted together by one set of instrument parameters, each with its own phase.

Amplitudes are eliminated by variable projection (Golub & Pereyra 1973, SIAM J. Numer. Anal. 10, 413, with
Kaufman's 1975 simplification of the Jacobian).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy import optimize

from airglow.etalon.airy import terms_needed
from airglow.etalon.laser import laser_model, start_phase
from airglow.model.instrument import InstrumentParameters
from airglow.rings import RingProfile

LEAST_REFLECTIVITY, MOST_REFLECTIVITY = 0.05, 0.98  # a fit that ends there has found no fringes
_LARGEST_LOG = 5.0  # of -log R: far below the least reflectivity, and far from where numbers end
# The vector that is stepped: all of order one.
_ALPHA, _REFLECTIVITY, _VARIANCE, _THIRD = 0, 1, 2, 3
MOMENTS = slice(_VARIANCE, _THIRD + 1)
_FALLOFF = slice(4, 6)
_BLUR = slice(6, 9)
_ALPHA_UNIT = 1e-4  # relative change of the plate scale
_VARIANCE_UNIT = 1e-2  # rad^2, at the laser's wavelength
_THIRD_UNIT = 1e-2  # rad^3
# Priors that only decide what laser profiles cannot: centre and width, in the units of the vector.
LASER_PRIORS = {
    _VARIANCE: (0.0, 3.0),
    _THIRD: (0.0, 2.0),
    4: (0.0, 0.5),
    5: (0.0, 0.5),
    6: (1.0, 1.5),
    7: (0.0, 1.0),
    8: (0.0, 1.0),
}
ONE_GAP = {**LASER_PRIORS, _VARIANCE: (0.0, 1e-3), _THIRD: (0.0, 1e-3)}
ONLY_SKEW = {**LASER_PRIORS, _VARIANCE: (0.0, 1e-3)}
# How far from the registry's parameters an instrument is found years later: reflectivity (log of -log R), gap
# moments, falloff and blur. A line as broad as the sky's cannot tell these from temperature by itself.
_SKY_PRIOR_WIDTHS = {_REFLECTIVITY: 0.25, _VARIANCE: 0.5, _THIRD: 0.3, 4: 0.5, 5: 0.5, 6: 0.3, 7: 0.3, 8: 0.3}


# Parameters that may keep a given value, and their places.
_PLACES = {
    "plate_scale_rad_per_pixel": (_ALPHA,),
    "reflectivity": (_REFLECTIVITY,),
    "blur_px": tuple(range(_BLUR.start, _BLUR.stop)),
    "gap_variance": (_VARIANCE,),
    "gap_third_moment": (_THIRD,),
}


def _log_reflectivity(x: np.ndarray) -> float:
    return -np.exp(np.minimum(x[_REFLECTIVITY], _LARGEST_LOG))


class JointProblem:
    """Residuals and Jacobian of several profiles, as functions of the vector that is stepped.

    After the instrument's parameters, the vector holds each profile's phase and, for sky lines, its own
    phase variance.
    """

    def __init__(
        self,
        profiles: Sequence[RingProfile],
        start: InstrumentParameters,
        phases: np.ndarray,
        nominal: float,
        estimate_blur: bool,
        priors: Mapping[int, tuple[float, float]],
        own_widths_rad2: np.ndarray | None = None,
        held: Collection[str] = (),
    ) -> None:
        self.profiles = profiles
        self.base = start
        self.phases = phases
        self.nominal = nominal
        self.estimate_blur = estimate_blur
        self.own_widths_rad2 = own_widths_rad2
        self.shared = _BLUR.stop if estimate_blur else _BLUR.start
        self.held = {place: name for name in held for place in _PLACES[name] if place < self.shared}
        self._cache: tuple[bytes, np.ndarray, np.ndarray] | None = None
        if own_widths_rad2 is not None:
            begin = self.start()
            priors = {place: (begin[place], width) for place, width in _SKY_PRIOR_WIDTHS.items()}
        self.priors = {
            place: prior for place, prior in priors.items() if place < self.shared and place not in self.held
        }

    def start(self) -> np.ndarray:
        """The vector to begin with."""
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

    def parameters(self, x: np.ndarray) -> InstrumentParameters:
        """The instrument's parameters, without any line's width."""
        kept = {name: getattr(self.base, name) for name in self.held.values()}
        fitted = replace(
            self.base,
            plate_scale_rad_per_pixel=float(
                self.base.plate_scale_rad_per_pixel * (1 + _ALPHA_UNIT * x[_ALPHA])
            ),
            reflectivity=float(np.clip(np.exp(_log_reflectivity(x)), LEAST_REFLECTIVITY, MOST_REFLECTIVITY)),
            falloff=tuple(map(float, x[_FALLOFF])),
            blur_px=tuple(map(float, x[_BLUR])) if self.estimate_blur else self.base.blur_px,
            gap_variance=float(x[_VARIANCE] * _VARIANCE_UNIT / self.nominal**2),
            gap_third_moment=float(x[_THIRD] * _THIRD_UNIT / self.nominal**3),
        )
        return replace(fitted, **kept)  # to the last digit

    def shape_units(self, x: np.ndarray) -> np.ndarray:
        """What a unit of each of the instrument's places in the vector changes.

        Returns
        -------
        ndarray
            In the order of `airglow.etalon.shape.ShapeCovariance`, as many as are fitted.
        """
        moments = [_VARIANCE_UNIT / self.nominal**2, _THIRD_UNIT / self.nominal**3]
        return np.array([_ALPHA_UNIT, _log_reflectivity(x), *moments, *np.ones(self.shared - 4)])

    def models(self, x: np.ndarray) -> list[np.ndarray]:
        """Counts of the model at the annuli of each profile."""
        ends = np.cumsum([len(profile) for profile in self.profiles])
        residuals = np.split(self.residuals(x)[: ends[-1]], ends[:-1])
        return [
            profile.counts + each * profile.sigma
            for profile, each in zip(self.profiles, residuals, strict=True)
        ]

    def residuals(self, x: np.ndarray) -> np.ndarray:
        """Weighted residuals of all annuli, and of the priors."""
        return self._evaluate(x)[0]

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """Derivatives of the residuals by the vector."""
        return self._evaluate(x)[1]

    def _evaluate(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        key = x.tobytes()
        if self._cache is None or self._cache[0] != key:
            self._cache = (key, *self._compute(x))
        return self._cache[1], self._cache[2]

    def _compute(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        common = self.parameters(x)
        count = terms_needed(common.reflectivity)
        number = len(self.profiles)
        residuals, blocks = [], []
        for index, profile in enumerate(self.profiles):
            central = self.phases[index] + x[self.shared + index]
            parameters = common
            if self.own_widths_rad2 is not None:
                own = x[self.shared + number + index] * _VARIANCE_UNIT / self.nominal**2
                parameters = replace(common, gap_variance=common.gap_variance + own)
            fit, by = laser_model(profile, central, parameters, count)
            columns = np.zeros((len(profile), x.size))
            columns[:, _ALPHA] = by.airy.alpha * self.base.plate_scale_rad_per_pixel * _ALPHA_UNIT
            columns[:, _REFLECTIVITY] = by.airy.log_reflectivity * _log_reflectivity(x)
            columns[:, _VARIANCE] = by.airy.phase_variance * _VARIANCE_UNIT
            columns[:, _THIRD] = by.airy.phase_third_moment * _THIRD_UNIT
            columns[:, _FALLOFF] = by.falloff
            if self.estimate_blur:
                columns[:, _BLUR] = by.airy.blur
            columns[:, self.shared + index] = by.airy.central
            if self.own_widths_rad2 is not None:
                columns[:, self.shared + number + index] = columns[:, _VARIANCE]
            columns /= profile.sigma[:, None]
            columns -= fit.basis @ (fit.basis.T @ columns)
            residuals.append((fit.model - profile.counts) / profile.sigma)
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


Fitted = tuple[JointProblem, optimize.OptimizeResult]


def fit_jointly(
    profiles: Sequence[RingProfile],
    nominal: float,
    start: InstrumentParameters,
    estimate_blur: bool,
    most_steps: int,
    own_widths_rad2: np.ndarray | None = None,
    priors: Mapping[int, tuple[float, float]] = LASER_PRIORS,
    held: Collection[str] = (),
) -> Fitted | None:
    """Fit profiles together from one start.

    Parameters
    ----------
    profiles
        Of one line.
    nominal
        Central phase (rad) of the line at the nominal gap.
    start
        Parameters to begin with.
    estimate_blur
        False keeps the blur of ``start``.
    most_steps
        After which the fit ends.
    own_widths_rad2
        (n,) phase variances of the profiles' lines to begin with; None for a line without width of its own.
    priors
        Centre and width for places of the vector; with ``own_widths_rad2`` they lie about ``start`` instead.
    held
        Names of parameters that keep their values of ``start``; their errors are 0.

    Returns
    -------
    Fitted or None
        None if it ends where there are no numbers.
    """
    alpha = start.plate_scale_rad_per_pixel
    phases = [start_phase(profile, nominal, alpha) for profile in profiles]
    problem = JointProblem(
        profiles, start, np.array(phases), nominal, estimate_blur, priors, own_widths_rad2, held
    )
    begin = problem.start()
    free = np.setdiff1d(np.arange(begin.size), list(problem.held))

    def whole(stepped: np.ndarray) -> np.ndarray:
        x = begin.copy()
        x[free] = stepped
        return x

    try:
        with np.errstate(over="ignore", invalid="ignore"):  # what it leads to is seen below
            answer = optimize.least_squares(
                lambda stepped: problem.residuals(whole(stepped)),
                begin[free],
                jac=lambda stepped: problem.jacobian(whole(stepped))[:, free],
                x_scale="jac",
                max_nfev=most_steps,
                ftol=1e-6,
                xtol=1e-7,
            )
    except (ValueError, np.linalg.LinAlgError):  # it went where there are no numbers
        return None
    jacobian = np.zeros((answer.fun.size, begin.size))
    jacobian[:, free] = answer.jac
    answer.x, answer.jac = whole(answer.x), jacobian
    finite = np.isfinite(answer.cost) and np.isfinite(answer.jac).all()
    return (problem, answer) if finite else None


def with_errors(
    problem: JointProblem, answer: optimize.OptimizeResult, inflation: float
) -> InstrumentParameters:
    """Fitted parameters with their standard errors, from a covariance that is multiplied by ``inflation``."""
    parameters = problem.parameters(answer.x)
    covariance = np.linalg.pinv(answer.jac.T @ answer.jac, hermitian=True) * inflation
    error = np.sqrt(np.diag(covariance))
    log_r = np.log(parameters.reflectivity)
    return replace(
        parameters,
        plate_scale_error_rad_per_pixel=float(
            problem.base.plate_scale_rad_per_pixel * _ALPHA_UNIT * error[_ALPHA]
        ),
        reflectivity_error=float(abs(parameters.reflectivity * log_r) * error[_REFLECTIVITY]),
    )


def common_width_error_rad2(problem: JointProblem, answer: optimize.OptimizeResult) -> float:
    """Standard error that the parameters leave in the mean of the profiles' own phase variances."""
    widths = slice(problem.shared + len(problem.profiles), None)
    covariance = np.linalg.pinv(answer.jac.T @ answer.jac, hermitian=True)
    return float(np.sqrt(covariance[widths, widths].mean())) * _VARIANCE_UNIT
