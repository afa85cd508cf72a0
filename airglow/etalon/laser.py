"""Fit one laser profile: where its fringes begin, its model with derivatives, and its gap.

The amplitude of the fringes, a continuum under the same illumination and a bias enter linearly and are
solved exactly at every step; only the rest is stepped, with analytic derivatives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from airglow.etalon.airy import fringes, phase_and_beta, terms_needed
from airglow.etalon.derivatives import AiryDerivatives, airy_derivatives
from airglow.etalon.linear import LinearFit, fit_linear, flat_templates, smooth_trend
from airglow.etalon.misfit import fringes_left
from airglow.etalon.tables import FringeTables
from airglow.model.errors import NotAnalysable
from airglow.model.instrument import InstrumentParameters
from airglow.rings import RingProfile

SCAN_RANGE = 0.12  # of the plate scale, to either side of what is expected
_SAME_PLATE_SCALE = 0.005  # relative: two searches that end as close as this have found the same fringes
_SCAN_PHASE_STEP_RAD = 0.5  # at the edge of the frame
_FINE_TRIALS = 41
_GAP_STEPS = 15
_LARGEST_STEP_RAD = 0.3
_SETTLED_RAD = 1e-6


@dataclass(frozen=True)
class LaserFit:
    """One laser profile, fitted with given parameters.

    Parameters
    ----------
    gap_m
        Gap between the plates.
    gap_error_m
        Its standard error.
    intensity
        Counts per pixel, mean over an order.
    background
        Counts per pixel.
    reduced_chi_square
        Chi-square per degree of freedom.
    model
        Counts at the annuli of the profile, shape (m,).
    fringes_left
        Part of the fringes' power that the model leaves, as of `airglow.etalon.misfit`.
    """

    gap_m: float
    gap_error_m: float
    intensity: float
    background: float
    reduced_chi_square: float
    model: np.ndarray
    fringes_left: float


def start_from_fringes(
    profile: RingProfile, nominal_phase: float, plate_scale: float, search: float = SCAN_RANGE
) -> tuple[float, float]:
    """Plate scale and central phase from the first harmonic of the fringes, with no other knowledge.

    Parameters
    ----------
    profile
        A laser profile.
    nominal_phase
        Central phase (rad) of the nominal gap.
    plate_scale
        Expected, rad per pixel.
    search
        Relative range about it that is searched.

    Returns
    -------
    plate_scale, central_phase : float
        The phase within pi of the nominal one.
    """
    s, level = profile.radius_squared_px2, _fringes_alone(profile)
    edge = nominal_phase * plate_scale**2 * s.max()  # change of phase per relative change of alpha
    steps = int(np.ceil(2 * search * edge / _SCAN_PHASE_STEP_RAD)) + 1
    trials = plate_scale * np.linspace(1 - search, 1 + search, max(steps, 3))
    answers = np.array([_harmonic(level, s, nominal_phase, alpha) for alpha in trials])
    best = int(np.argmax(np.abs(answers)))
    fine = trials[best] * np.linspace(1 - 2 * search / steps, 1 + 2 * search / steps, _FINE_TRIALS)
    answers = np.array([_harmonic(level, s, nominal_phase, alpha) for alpha in fine])
    best = int(np.argmax(np.abs(answers)))
    return float(fine[best]), nominal_phase + float(np.angle(answers[best]))


def start_plate_scales(profile: RingProfile, nominal_phase: float, expected: Sequence[float]) -> list[float]:
    """Plate scales to begin a fit with, from what several sources say of the instrument.

    Parameters
    ----------
    profile
        A profile with fringes.
    nominal_phase
        Central phase (rad) of the nominal gap.
    expected
        Plate scales in rad per pixel, the most trusted first.

    Returns
    -------
    list of float
        One for each that differs: an expected value within the range that was searched about an earlier
        one needs no search of its own, and what two searches find alike counts once.
    """
    searched: list[float] = []
    found: list[float] = []
    for each in expected:
        if any(abs(each / earlier - 1.0) <= SCAN_RANGE for earlier in searched):
            continue
        searched.append(each)
        alpha, _ = start_from_fringes(profile, nominal_phase, each)
        if all(abs(alpha / earlier - 1.0) > _SAME_PLATE_SCALE for earlier in found):
            found.append(alpha)
    return found


def start_phase(profile: RingProfile, nominal_phase: float, plate_scale: float) -> float:
    """Central phase from the first harmonic of the fringes, at a known plate scale.

    Parameters
    ----------
    profile
        A profile with fringes.
    nominal_phase
        Central phase (rad) of the nominal gap.
    plate_scale
        To about 1e-4 of itself, rad per pixel.

    Returns
    -------
    float
        Within pi of the nominal phase.
    """
    harmonic = _harmonic(_fringes_alone(profile), profile.radius_squared_px2, nominal_phase, plate_scale)
    return nominal_phase + float(np.angle(harmonic))


def _fringes_alone(profile: RingProfile) -> np.ndarray:
    """Weighted counts less their trend over r^2."""
    return (profile.counts - smooth_trend(profile)) / profile.sigma**2


def _harmonic(level: np.ndarray, s: np.ndarray, central: float, alpha: float) -> complex:
    """Amplitude of the first harmonic against phase, whose angle is what ``central`` lacks."""
    phase, _ = phase_and_beta(s, central, alpha)
    return complex(level @ np.exp(-1j * phase))


@dataclass(frozen=True)
class LaserDerivatives:
    """Derivatives of a laser profile's model (m annuli) with the amplitudes held."""

    airy: AiryDerivatives  # times the light
    falloff: np.ndarray  # (m, 2)


def laser_model(
    profile: RingProfile, central: float, parameters: InstrumentParameters, count: int
) -> tuple[LinearFit, LaserDerivatives]:
    """Best amplitudes at these parameters, and the derivatives of the model there."""
    s = profile.radius_squared_px2
    made = fringes(s, profile.width_px2, central, parameters, count)
    airy = made.airy()
    illumination, bias = flat_templates(profile, parameters)
    fit = fit_linear(profile, [illumination * airy, illumination, bias])
    by = airy_derivatives(made, s, profile.width_px2, central, parameters)
    light = fit.amplitudes[0] * illumination
    rho = np.sqrt(s) / parameters.max_radius_px
    per_illumination = fit.amplitudes[0] * airy + fit.amplitudes[1]
    return fit, LaserDerivatives(
        airy=AiryDerivatives(
            central=light * by.central,
            alpha=light * by.alpha,
            log_reflectivity=light * by.log_reflectivity,
            blur=light[:, None] * by.blur,
            phase_variance=light * by.phase_variance,
            phase_third_moment=light * by.phase_third_moment,
        ),
        falloff=per_illumination[:, None] * np.stack([rho, rho**2], axis=1),
    )


def fit_laser(
    profile: RingProfile,
    wavelength_m: float,
    start_phase: float,
    parameters: InstrumentParameters,
    tables: FringeTables | None = None,
) -> LaserFit:
    """Fit the gap, amplitude and background of one laser profile.

    Parameters
    ----------
    profile
        The profile.
    wavelength_m
        Of the laser.
    start_phase
        Central phase to within a few tenths of a radian, as of `start_from_fringes`.
    parameters
        Of the instrument.
    tables
        Of these parameters at a gap near this one, if they are already at hand.

    Returns
    -------
    LaserFit

    Raises
    ------
    NotAnalysable
        If the fit does not settle.
    """
    s = profile.radius_squared_px2
    if tables is None:
        tables = FringeTables(start_phase, parameters, terms_needed(parameters.reflectivity))
    near = tables.at(s, profile.width_px2)
    start = near.shifted(start_phase - near.central)
    illumination, bias = flat_templates(profile, parameters)
    moved, made = 0.0, start
    for _ in range(_GAP_STEPS):
        fit = fit_linear(profile, [illumination * made.airy(), illumination, bias])
        slope = -2.0 * made.summed(made.order * made.terms.imag)
        gradient = fit.amplitudes[0] * illumination * slope / profile.sigma
        gradient -= fit.basis @ (fit.basis.T @ gradient)
        curvature = gradient @ gradient
        if not curvature > 0:
            raise NotAnalysable("laser fit failed", "no fringes in the profile")
        residual = (profile.counts - fit.model) / profile.sigma
        step = float(np.clip((gradient @ residual) / curvature, -_LARGEST_STEP_RAD, _LARGEST_STEP_RAD))
        moved += step
        if abs(step) < _SETTLED_RAD:
            break
        made = start.nudged(moved)
    else:
        raise NotAnalysable("laser fit failed", "the gap did not settle")
    central = start_phase + moved
    freedom = max(len(profile) - 4, 1)
    chi_square = float(residual @ residual) / freedom
    metres = wavelength_m / (4.0 * np.pi)
    error = np.sqrt(_squared_error(gradient * residual, made.phase, curvature, chi_square))
    return LaserFit(
        gap_m=float(central * metres),
        gap_error_m=float(error * metres),
        intensity=float(fit.amplitudes[0]),
        background=float(np.median(fit.amplitudes[1] * illumination)) + float(fit.amplitudes[2]),
        reduced_chi_square=chi_square,
        model=fit.model,
        fringes_left=fringes_left([profile], [fit.model]),
    )


def _squared_error(pull: np.ndarray, phase: np.ndarray, curvature: float, chi_square: float) -> float:
    """Squared error of the phase: by noise, and by residuals that hang together over half a fringe.

    Noise as large as the residuals would give chi-square over the curvature. What a model lacks of bright
    fringes pulls over several annuli in one direction: each half fringe's pull is squared, as in
    `airglow.spectra.line`, for the part that chi-square has beyond noise.

    Parameters
    ----------
    pull
        Of each annulus on the phase: gradient times residual, shape (m,).
    phase
        At the annuli, shape (m,).
    curvature
        Of half of chi-square.
    chi_square
        Reduced chi-square.

    Returns
    -------
    float
        In rad^2.
    """
    if chi_square <= 1.0:
        return 1.0 / curvature
    half_fringe = np.floor(phase / np.pi).astype(int)
    together = np.bincount(half_fringe - half_fringe.min(), pull)
    misfit = (1.0 - 1.0 / chi_square) * float(together @ together) / curvature**2
    return max(chi_square / curvature, 1.0 / curvature + misfit)
