"""Fit the Doppler shift and width of an airglow line to the ring profile of a sky frame.

A thermal line of temperature T and mass m, shifted by a velocity v (positive away), multiplies term k of
the instrument's fringe series (see `airglow.etalon.airy`) by

    exp(-i k phi v / c) exp(-(k phi)^2 kB T / (2 m c^2)),

the Fourier transform of the line: a Gaussian of standard deviation lambda sqrt(kB T / m) / c. The phase
phi is that of the rest wavelength. Line intensity, continuum (both under the instrument's illumination)
and bias enter linearly and are solved exactly; velocity and temperature are stepped by Gauss-Newton.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import constants

from airglow.etalon import (
    Fringes,
    LinearFit,
    fit_linear,
    flat_templates,
    fringes,
    phase_and_beta,
)
from airglow.model.errors import NotAnalysable
from airglow.model.instrument import InstrumentParameters
from airglow.rings import RingProfile
from airglow.spectra.sky_line import SkyLine

_COLDEST_K, _HOTTEST_K = 20.0, 20000.0  # how far the steps may go
_MOST_PLAUSIBLE_K = 10000.0  # no airglow is hotter, nor at the coldest: such a fit has found no line
_STEPS = 40
_SETTLED = 1e-3  # of the standard error
_LARGEST_STEPS = np.array([400.0, 300.0])  # m/s, K


@dataclass(frozen=True)
class LineFit:
    """One sky profile, fitted; errors are standard errors with everything else free.

    Parameters
    ----------
    velocity_mps
        Doppler velocity against the rest wavelength at the gap that was given: not yet a wind.
    velocity_error_mps
        Its standard error.
    temperature_k
        Temperature.
    temperature_error_k
        Its standard error.
    intensity
        Counts per pixel, mean over the annuli and over an order.
    intensity_error
        Its standard error.
    continuum
        Counts per pixel, mean over the annuli.
    continuum_error
        Its standard error.
    bias
        Counts per pixel.
    bias_error
        Its standard error.
    reduced_chi_square
        Chi-square per degree of freedom.
    model
        Counts at the m annuli of the data, shape (m,).
    settled
        True if the fit converged.
    velocity_bound_mps
        Cramér-Rao bound of the velocity's error, as of `cramer_rao_bound`.
    temperature_bound_k
        Cramér-Rao bound of the temperature's error.
    velocity_excess
        Squared error of the velocity by the scatter between half fringes, over that by the noise.
    temperature_excess
        The same of the temperature.
    linear_response
        Velocity (m/s) and temperature (K) that one count more in an annulus adds, shape (m, 2).
    """

    velocity_mps: float
    velocity_error_mps: float
    temperature_k: float
    temperature_error_k: float
    intensity: float
    intensity_error: float
    continuum: float
    continuum_error: float
    bias: float
    bias_error: float
    reduced_chi_square: float
    model: np.ndarray  # counts at the annuli of the profile
    settled: bool
    velocity_bound_mps: float
    temperature_bound_k: float
    velocity_excess: float
    temperature_excess: float
    linear_response: np.ndarray


def first_harmonic(profile: RingProfile, central_phase: float, plate_scale: float) -> complex:
    """First harmonic of a sky profile against the phase of the rest wavelength.

    Parameters
    ----------
    profile
        The sky profile.
    central_phase
        Phase along the axis at the rest wavelength.
    plate_scale
        Of the instrument, rad per pixel.

    Returns
    -------
    complex
        Its angle is the central phase that the Doppler shift takes away (positive: towards red), its
        size the strength of the fringes in units of its noise.
    """
    s, weight = profile.radius_squared_px2, 1.0 / profile.sigma**2
    phase, _ = phase_and_beta(s, central_phase, plate_scale)
    trend = np.polynomial.Polynomial.fit(s, profile.counts, 2, w=np.sqrt(weight))
    level = (profile.counts - trend(s)) * weight
    return complex(level @ np.exp(1j * np.mod(phase, 2.0 * np.pi))) / float(np.sqrt(0.5 * weight.sum()))


def fit_line(
    profile: RingProfile,
    central_phase: float,
    parameters: InstrumentParameters,
    line: SkyLine,
    start_velocity_mps: float,
    instrument: Fringes | None = None,
    start_temperature_k: float | None = None,
) -> LineFit:
    """Fit velocity, temperature, intensity, continuum and bias of one sky profile.

    Parameters
    ----------
    profile
        The profile.
    central_phase
        Phase along the axis at the rest wavelength, for the gap at mid-exposure.
    parameters
        Of the instrument.
    line
        The line.
    start_velocity_mps
        Within a quarter of a free spectral range of the answer.
    instrument
        Fringe terms at these annuli, phase and parameters, if they are already at hand.
    start_temperature_k
        The line's typical one, if not given.

    Returns
    -------
    LineFit
        ``settled`` is False when the steps did not end, or at a temperature that no airglow has.

    Raises
    ------
    NotAnalysable
        If the profile holds no line at all.
    """
    if instrument is None:
        count = line.terms_needed(central_phase, parameters.reflectivity)
        instrument = fringes(profile.radius_squared_px2, profile.width_px2, central_phase, parameters, count)
    model = LineModel(profile, instrument, parameters, line)
    at = model.evaluate(start_velocity_mps, start_temperature_k or line.typical_temperature_k)
    settled = False
    for _ in range(_STEPS):
        covariance = _inverse(at.projected.T @ at.projected)
        errors = np.sqrt(np.diag(covariance))
        step = covariance @ (at.projected.T @ at.residual)
        step *= min(1.0, *(_LARGEST_STEPS / np.maximum(np.abs(step), 1e-9)))
        step[1] = np.clip(at.temperature + step[1], _COLDEST_K, _HOTTEST_K) - at.temperature
        trial = model.evaluate(at.velocity + step[0], at.temperature + step[1])
        while trial.cost > at.cost and np.any(np.abs(step) > _SETTLED * errors):
            step = step / 2.0
            trial = model.evaluate(at.velocity + step[0], at.temperature + step[1])
        settled = bool(np.all(np.abs(step) < _SETTLED * errors))
        if trial.cost <= at.cost:
            at = trial
        if settled:
            break
    settled = settled and _COLDEST_K < at.temperature < _MOST_PLAUSIBLE_K
    # Errors of the linear amplitudes with velocity and temperature free as well.
    response = at.fit.covariance @ (at.weighted_templates.T @ at.gradient)
    linear_error = np.sqrt(np.diag(at.fit.covariance + response @ covariance @ response.T))
    mean_light = float(model.illumination.mean())
    excess = _excess(at, covariance, instrument.phase)
    return LineFit(
        velocity_mps=float(at.velocity),
        velocity_error_mps=float(errors[0]),
        temperature_k=float(at.temperature),
        temperature_error_k=float(errors[1]),
        intensity=float(at.fit.amplitudes[0]) * mean_light,
        intensity_error=float(linear_error[0]) * mean_light,
        continuum=float(at.fit.amplitudes[1]) * mean_light,
        continuum_error=float(linear_error[1]) * mean_light,
        bias=float(at.fit.amplitudes[2]),
        bias_error=float(linear_error[2]),
        reduced_chi_square=at.cost / max(len(profile) - 5, 1),
        model=at.fit.model,
        settled=settled,
        velocity_bound_mps=float(errors[0]),
        temperature_bound_k=float(errors[1]),
        velocity_excess=excess[0],
        temperature_excess=excess[1],
        linear_response=(at.projected @ covariance) / profile.sigma[:, None],
    )


def cramer_rao_bound(
    profile: RingProfile,
    central_phase: float,
    parameters: InstrumentParameters,
    line: SkyLine,
    velocity_mps: float,
    temperature_k: float,
) -> tuple[float, float]:
    """Least standard errors of velocity and temperature that the noise of a profile allows.

    The inverse of the Fisher information of Gaussian noise, with intensity, continuum and bias free and the
    instrument known. An unbiased estimate cannot do better (Kay 1993, Fundamentals of Statistical Signal
    Processing: Estimation Theory, section 3.9).

    Parameters
    ----------
    profile
        The profile; its counts set the intensity, its ``sigma`` the noise.
    central_phase, parameters, line
        As for `fit_line`.
    velocity_mps, temperature_k
        Of the line, as fitted or as true.

    Returns
    -------
    velocity_bound_mps, temperature_bound_k : float
    """
    count = line.terms_needed(central_phase, parameters.reflectivity)
    instrument = fringes(profile.radius_squared_px2, profile.width_px2, central_phase, parameters, count)
    at = LineModel(profile, instrument, parameters, line).evaluate(velocity_mps, temperature_k)
    errors = np.sqrt(np.diag(_inverse(at.projected.T @ at.projected)))
    return float(errors[0]), float(errors[1])


def _excess(at: LinePoint, covariance: np.ndarray, phase: np.ndarray) -> tuple[float, float]:
    """Squared error of velocity and temperature by the scatter between half fringes, over that by the noise.

    Residuals that hang together over several annuli (a star's halo, a cloud's edge, what the model lacks)
    pull a fit further than their size tells. Each half fringe's own pull is squared and summed (the sandwich
    estimator with clusters: Liang & Zeger 1986, Biometrika 73, 13), and compared with what white noise of the
    same size would give, the residuals' loss of freedom included. One frame's answer is uncertain by a
    third: it is meant to be averaged over a night.
    """
    half_fringe = np.floor(phase / np.pi).astype(int)
    _, half_fringe = np.unique(half_fringe, return_inverse=True)
    spanned = np.column_stack([at.fit.basis, np.linalg.qr(at.projected)[0]])
    answers = []
    for column in covariance:
        linear_response = at.projected @ column
        seen = np.bincount(half_fringe, linear_response * at.residual)
        lost = [np.bincount(half_fringe, linear_response * each) for each in spanned.T]
        expected = linear_response @ linear_response - float(np.sum(np.square(lost)))
        answers.append(float(seen @ seen) / max(expected, 1e-300))
    return answers[0], answers[1]


@dataclass(frozen=True)
class LinePoint:
    """The model at one velocity and temperature, and its weighted derivatives by both."""

    velocity: float
    temperature: float
    fit: LinearFit
    weighted_templates: np.ndarray  # (m, 3)
    residual: np.ndarray  # (m,) weighted
    gradient: np.ndarray  # (m, 2) weighted
    projected: np.ndarray  # (m, 2) gradient, less what the linear amplitudes can take up
    cost: float


class LineModel:
    """The model of one profile as a function of velocity and temperature, for the fits of this room."""

    def __init__(
        self, profile: RingProfile, instrument: Fringes, parameters: InstrumentParameters, line: SkyLine
    ) -> None:
        self.profile = profile
        self.instrument = instrument
        self.k_phase = instrument.order * instrument.phase[instrument.annulus]
        self.decay = self.k_phase**2 * line.thermal_rate()
        self.illumination, self.bias = flat_templates(profile, parameters)

    def with_line(self, velocity: float, temperature: float) -> Fringes:
        """Terms of the instrument's fringes in the light of the line."""
        line = np.exp(self.k_phase * (-1j * velocity / constants.c) - self.decay * temperature)
        return replace(self.instrument, terms=self.instrument.terms * line)

    def evaluate(self, velocity: float, temperature: float) -> LinePoint:
        """The best amplitudes at a velocity and temperature, and the derivatives there."""
        terms = self.with_line(velocity, temperature).terms
        summed = self.instrument.summed
        airy = 1.0 + 2.0 * summed(terms.real)
        templates = [self.illumination * airy, self.illumination, self.bias]
        fit = fit_linear(self.profile, templates)
        residual = (self.profile.counts - fit.model) / self.profile.sigma
        light = 2.0 * fit.amplitudes[0] * self.illumination / self.profile.sigma
        by_velocity = light * summed(terms.imag * self.k_phase) / constants.c
        by_temperature = -light * summed(terms.real * self.decay)
        gradient = np.stack([by_velocity, by_temperature], axis=1)
        return LinePoint(
            velocity=velocity,
            temperature=temperature,
            fit=fit,
            weighted_templates=np.stack(templates, axis=1) / self.profile.sigma[:, None],
            residual=residual,
            gradient=gradient,
            projected=gradient - fit.basis @ (fit.basis.T @ gradient),
            cost=float(residual @ residual),
        )


def _inverse(normal: np.ndarray) -> np.ndarray:
    """Inverse of a 2 x 2 matrix whose rows may be of very different size."""
    size = np.sqrt(np.diag(normal))
    if not np.all(size > 0) or not np.all(np.isfinite(size)):
        raise NotAnalysable("line fit failed", "no line in the profile")
    scaled = normal / np.outer(size, size)
    if not np.linalg.det(scaled) > 1e-12:
        raise NotAnalysable("line fit failed", "velocity and temperature cannot be told apart")
    return np.linalg.inv(scaled) / np.outer(size, size)
