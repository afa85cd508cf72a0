"""Fits to laser frames: the instrument's shape from several together, the gap from each.

The amplitude of the fringes, a continuum under the same illumination and a bias enter linearly and are
solved exactly at every step (variable projection: Golub & Pereyra 1973, SIAM J. Numer. Anal. 10, 413,
with Kaufman's 1975 simplification of the Jacobian); only the rest is stepped, with analytic derivatives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize

from airglow.errors import NotAnalysable
from airglow.etalon.airy import (
    Shape,
    airy_derivatives,
    central_phase,
    fringes,
    phase_and_beta,
    terms_needed,
)
from airglow.etalon.profile_data import LinearFit, ProfileData, fit_linear, flat_templates

_START_REFLECTIVITIES = (0.6, 0.75, 0.87)
_START_BLUR_PX = (1.0, 0.0, 0.0)
_SCAN_RANGE = 0.12  # of the magnification, to either side of what is expected
_SCAN_PHASE_STEP_RAD = 0.5  # at the edge of the frame
_GAP_STEPS = 15
_LARGEST_STEP_RAD = 0.3
_SETTLED_RAD = 1e-6
# Priors that only decide what a profile cannot: centre and width of falloff and blur coefficients.
_FALLOFF_PRIOR = 0.5
_BLUR_PRIOR = ((1.0, 1.5), (0.0, 1.0), (0.0, 1.0))


@dataclass(frozen=True)
class ShapeFit:
    """The instrument's shape with the standard errors of its parameters, and how well it fits."""

    shape: Shape
    magnification_error_rad_per_pixel: float
    reflectivity_error: float
    reduced_chi_square: float


@dataclass(frozen=True)
class LaserFit:
    """One laser profile, fitted with a given shape."""

    gap_m: float
    gap_error_m: float
    intensity: float  # counts per pixel, mean over an order
    background: float  # counts per pixel
    reduced_chi_square: float
    model: np.ndarray  # counts at the annuli of the data


def start_from_fringes(
    data: ProfileData, nominal_phase: float, magnification: float, search: float = _SCAN_RANGE
) -> tuple[float, float]:
    """Magnification and central phase from the first harmonic of the fringes, with no other knowledge.

    Parameters
    ----------
    data
        A laser profile.
    nominal_phase
        Central phase (rad) of the nominal gap.
    magnification
        Expected, rad per pixel.
    search
        Relative range about it that is searched.

    Returns
    -------
    magnification, central_phase : float
        The phase within pi of the nominal one.
    """
    s = data.radius_squared_px2
    weight = 1.0 / data.sigma**2
    trend = np.polynomial.Polynomial.fit(s, data.counts, 2, w=np.sqrt(weight))
    level = (data.counts - trend(s)) * weight
    edge = nominal_phase * magnification**2 * s.max()  # change of phase per relative change of alpha
    steps = int(np.ceil(2 * search * edge / _SCAN_PHASE_STEP_RAD)) + 1
    trials = magnification * np.linspace(1 - search, 1 + search, max(steps, 3))
    answers = np.array([_harmonic(level, s, nominal_phase, alpha) for alpha in trials])
    best = int(np.argmax(np.abs(answers)))
    fine = trials[best] * np.linspace(1 - 2 * search / steps, 1 + 2 * search / steps, 41)
    answers = np.array([_harmonic(level, s, nominal_phase, alpha) for alpha in fine])
    best = int(np.argmax(np.abs(answers)))
    return float(fine[best]), nominal_phase + float(np.angle(answers[best]))


def _harmonic(level: np.ndarray, s: np.ndarray, central: float, alpha: float) -> complex:
    """Amplitude of the first harmonic against phase, whose angle is what ``central`` lacks."""
    phase, _ = phase_and_beta(s, central, alpha)
    return complex(level @ np.exp(-1j * phase))


def fit_shape(
    profiles: Sequence[ProfileData],
    wavelength_m: float,
    nominal_gap_m: float,
    start: Shape,
    *,
    estimate_blur: bool = True,
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
    alpha, _ = start_from_fringes(brightest, nominal, start.magnification_rad_per_pixel)
    phases = [start_from_fringes(data, nominal, alpha, search=1e-3)[1] for data in profiles]
    best = None
    for reflectivity in _START_REFLECTIVITIES:
        blur = _START_BLUR_PX if estimate_blur else start.blur_px
        trial = replace(
            start,
            magnification_rad_per_pixel=alpha,
            reflectivity=reflectivity,
            falloff=(0.0, 0.0),
            blur_px=blur,
        )
        problem = _ShapeProblem(profiles, trial, estimate_blur)
        few = best is not None  # the first start usually arrives: the others only have to beat it
        answer = optimize.least_squares(
            problem.residuals,
            problem.start(phases),
            jac=problem.jacobian,
            method="trf",
            x_scale="jac",
            max_nfev=30 if few else 60,
        )
        if best is None or answer.cost < 0.999 * best[1].cost:
            best = problem, answer
    problem, answer = best
    if not np.isfinite(answer.cost):
        raise NotAnalysable("laser fit failed", "the instrument's shape could not be fitted to the lasers")
    return problem.result(answer)


class _ShapeProblem:
    """Residuals and Jacobian of the joint fit, over parameters of order one.

    The vector holds: relative change of magnification (in 1e-4), log(-log R), two falloff and (if
    estimated) three blur coefficients, then the central phase of each profile about its start.
    """

    _ALPHA_UNIT = 1e-4

    def __init__(self, profiles: Sequence[ProfileData], start: Shape, estimate_blur: bool) -> None:
        self.profiles = profiles
        self.base = start
        self.estimate_blur = estimate_blur
        self.shared = 7 if estimate_blur else 4
        self._cache: tuple[bytes, np.ndarray, np.ndarray] | None = None

    def start(self, phases: Sequence[float]) -> np.ndarray:
        self.phases = np.asarray(phases)
        x = np.zeros(self.shared + len(self.profiles))
        x[1] = np.log(-np.log(self.base.reflectivity))
        x[2:4] = self.base.falloff
        if self.estimate_blur:
            x[4:7] = self.base.blur_px
        return x

    def shape(self, x: np.ndarray) -> Shape:
        return replace(
            self.base,
            magnification_rad_per_pixel=self.base.magnification_rad_per_pixel * (1 + self._ALPHA_UNIT * x[0]),
            reflectivity=float(np.clip(np.exp(-np.exp(x[1])), 0.05, 0.98)),
            falloff=(float(x[2]), float(x[3])),
            blur_px=tuple(map(float, x[4:7])) if self.estimate_blur else self.base.blur_px,
        )

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
        shape = self.shape(x)
        count = terms_needed(shape.reflectivity)
        residuals, blocks = [], []
        for index, data in enumerate(self.profiles):
            central = self.phases[index] + x[self.shared + index]
            fit, derivatives = _laser_model(data, central, shape, count)
            columns = np.zeros((len(data), x.size))
            alpha = self.base.magnification_rad_per_pixel
            columns[:, 0] = derivatives.alpha * alpha * self._ALPHA_UNIT
            columns[:, 1] = derivatives.log_reflectivity * -np.exp(x[1])
            columns[:, 2:4] = derivatives.falloff
            if self.estimate_blur:
                columns[:, 4:7] = derivatives.blur
            columns[:, self.shared + index] = derivatives.central
            columns /= data.sigma[:, None]
            columns -= fit.basis @ (fit.basis.T @ columns)
            residuals.append((fit.model - data.counts) / data.sigma)
            blocks.append(columns)
        prior, prior_rows = self._prior(x)
        return np.concatenate([*residuals, prior]), np.concatenate([*blocks, prior_rows])

    def _prior(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        expected = [(0.0, _FALLOFF_PRIOR)] * 2 + (list(_BLUR_PRIOR) if self.estimate_blur else [])
        rows = np.zeros((len(expected), x.size))
        values = np.empty(len(expected))
        for index, (middle, width) in enumerate(expected):
            rows[index, 2 + index] = 1.0 / width
            values[index] = (x[2 + index] - middle) / width
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
                self.base.magnification_rad_per_pixel * self._ALPHA_UNIT * error[0]
            ),
            reflectivity_error=float(abs(shape.reflectivity * log_r) * error[1]),
            reduced_chi_square=float(chi_square),
        )


@dataclass(frozen=True)
class _LaserDerivatives:
    central: np.ndarray
    alpha: np.ndarray
    log_reflectivity: np.ndarray
    blur: np.ndarray
    falloff: np.ndarray


def _laser_model(
    data: ProfileData, central: float, shape: Shape, count: int
) -> tuple[LinearFit, _LaserDerivatives]:
    """Best amplitudes at these parameters, and the derivatives of the model there."""
    s = data.radius_squared_px2
    made = fringes(s, data.width_px2, central, shape, count)
    airy = made.airy()
    illumination, bias = flat_templates(data, shape)
    fit = fit_linear(data, [illumination * airy, illumination, bias])
    by = airy_derivatives(made, s, data.width_px2, central, shape)
    light = fit.amplitudes[0] * illumination
    rho = np.sqrt(s) / shape.max_radius_px
    per_illumination = fit.amplitudes[0] * airy + fit.amplitudes[1]
    return fit, _LaserDerivatives(
        central=light * by.central,
        alpha=light * by.alpha,
        log_reflectivity=light * by.log_reflectivity,
        blur=light[:, None] * by.blur,
        falloff=per_illumination[:, None] * np.stack([rho, rho**2], axis=1),
    )


def fit_laser(data: ProfileData, wavelength_m: float, start_phase: float, shape: Shape) -> LaserFit:
    """Fit the gap, amplitude and background of one laser profile.

    Parameters
    ----------
    data
        The profile.
    wavelength_m
        Of the laser.
    start_phase
        Central phase to within a few tenths of a radian, as of `start_from_fringes`.
    shape
        The instrument.

    Returns
    -------
    LaserFit

    Raises
    ------
    NotAnalysable
        If the fit does not settle.
    """
    s = data.radius_squared_px2
    start = fringes(s, data.width_px2, start_phase, shape, terms_needed(shape.reflectivity))
    illumination, bias = flat_templates(data, shape)
    moved = 0.0
    for _ in range(_GAP_STEPS):
        made = start.shifted(moved)
        fit = fit_linear(data, [illumination * made.airy(), illumination, bias])
        slope = -2.0 * made.summed(made.order * made.terms.imag)
        gradient = fit.amplitudes[0] * illumination * slope / data.sigma
        gradient -= fit.basis @ (fit.basis.T @ gradient)
        curvature = gradient @ gradient
        if not curvature > 0:
            raise NotAnalysable("laser fit failed", "no fringes in the profile")
        residual = (data.counts - fit.model) / data.sigma
        step = float(np.clip((gradient @ residual) / curvature, -_LARGEST_STEP_RAD, _LARGEST_STEP_RAD))
        moved += step
        if abs(step) < _SETTLED_RAD:
            break
    else:
        raise NotAnalysable("laser fit failed", "the gap did not settle")
    central = start_phase + moved
    freedom = max(len(data) - 4, 1)
    chi_square = float(residual @ residual) / freedom
    metres = wavelength_m / (4.0 * np.pi)
    error = np.sqrt(max(chi_square, 1.0) / curvature)
    return LaserFit(
        gap_m=float(central * metres),
        gap_error_m=float(error * metres),
        intensity=float(fit.amplitudes[0]),
        background=float(np.median(fit.amplitudes[1] * shape.illumination(data.radius_squared_px2)))
        + float(fit.amplitudes[2]),
        reduced_chi_square=chi_square,
        model=fit.model,
    )
