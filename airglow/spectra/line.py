"""Fit the Doppler shift and width of an airglow line to the ring profiles of sky frames.

The model is that of `airglow.spectra.line_model`: intensity, continuum and bias are solved exactly; velocity
and temperature are stepped by Gauss-Newton.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from airglow.etalon import FringeTables, phase_and_beta, smooth_trend
from airglow.model.errors import NotAnalysable
from airglow.model.instrument import InstrumentParameters
from airglow.rings import RingProfile
from airglow.spectra.line_errors import excess_by_scatter, inverse_of_two
from airglow.spectra.line_model import LineModel, LinePoints
from airglow.spectra.sky_line import SkyLine

_COLDEST_K, _HOTTEST_K = 20.0, 20000.0  # how far the steps may go
_MOST_PLAUSIBLE_K = 10000.0  # no airglow is hotter, nor at the coldest: such a fit has found no line
_STEPS = 40
_SETTLED = 1e-3  # of the standard error
_LARGEST_STEPS = np.array([400.0, 300.0])  # m/s, K
_TOGETHER = 16  # profiles that are stepped at once: more of them take no less time each


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
        Cramér-Rao bound of the velocity's error, as of `airglow.spectra.cramer_rao_bound`.
    temperature_bound_k
        Cramér-Rao bound of the temperature's error.
    velocity_excess
        Squared error of the velocity by the scatter between half fringes, over that by the noise.
    temperature_excess
        The same of the temperature.
    linear_response
        Velocity (m/s) and temperature (K) that one count more in an annulus adds, shape (m, 2).
    foreign
        Brightness of foreign lines over that of the line, one for each, and its standard error: shape (f, 2).
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
    foreign: np.ndarray


def clearest_frames(fits: Sequence[LineFit], most: int) -> list[int]:
    """Choose frames that stand for a night: of each stretch the one whose line is the clearest.

    Parameters
    ----------
    fits
        Of the line in n frames, in the order of time.
    most
        How many are chosen at most.

    Returns
    -------
    list of int
        Places in ``fits``, ascending.
    """
    clarity = np.array([fit.intensity / fit.intensity_error for fit in fits])
    stretches = np.array_split(np.arange(len(fits)), min(most, len(fits)))
    return [int(stretch[np.argmax(clarity[stretch])]) for stretch in stretches]


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
    level = (profile.counts - smooth_trend(profile)) * weight
    return complex(level @ np.exp(1j * np.mod(phase, 2.0 * np.pi))) / float(np.sqrt(0.5 * weight.sum()))


def fit_line(
    profile: RingProfile,
    central_phase: float,
    parameters: InstrumentParameters,
    line: SkyLine,
    start_velocity_mps: float,
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
    tables = FringeTables(
        central_phase, parameters, line.terms_needed(central_phase, parameters.reflectivity)
    )
    start = (start_velocity_mps, start_temperature_k or line.typical_temperature_k)
    fit = fit_line_in_all([profile], tables, line, [start])[0]
    if isinstance(fit, NotAnalysable):
        raise fit
    return fit


def fit_line_in_all(
    profiles: Sequence[RingProfile],
    tables: FringeTables,
    line: SkyLine,
    starts: Sequence[tuple[float, float]],
    foreign: Sequence[np.ndarray] | None = None,
) -> list[LineFit | NotAnalysable]:
    """Fit the line in each of several profiles, as `fit_line` does in one.

    No fit knows of the others. Those on the same annuli are stepped a few at a time, in arrays that have
    the profiles in front, since one evaluation for sixteen profiles takes little longer than one for a single
    one.

    Parameters
    ----------
    profiles
        The profiles.
    tables
        Fringe terms of the instrument at the phase and with the parameters of the fits.
    line
        The line.
    starts
        Velocity and temperature (m/s, K) to begin with, of each profile.
    foreign
        Light of f foreign lines of unit brightness in each profile, (f, m) each; none if not given.

    Returns
    -------
    list of LineFit or NotAnalysable
        Of each profile: its fit, or why there is none.
    """
    alike: dict[bytes, list[int]] = {}
    for place, profile in enumerate(profiles):
        alike.setdefault(profile.radius_squared_px2.tobytes(), []).append(place)
    found: dict[int, LineFit | NotAnalysable] = {}
    for places in alike.values():
        for begin in range(0, len(places), _TOGETHER):
            some = places[begin : begin + _TOGETHER]
            light = None if foreign is None else np.array([foreign[k] for k in some])
            fits = _fit_or_say_why(
                [profiles[k] for k in some], tables, line, np.array([starts[k] for k in some]), light
            )
            found |= zip(some, fits, strict=True)
    return [found[place] for place in range(len(profiles))]


def _fit_or_say_why(
    profiles: Sequence[RingProfile],
    tables: FringeTables,
    line: SkyLine,
    starts: np.ndarray,
    foreign: np.ndarray | None,
) -> list[LineFit | NotAnalysable]:
    """Fits of profiles on the same annuli; one that ends where there are no numbers costs no other."""
    try:
        return _step_together(profiles, tables, line, starts, foreign)
    except (ArithmeticError, ValueError, np.linalg.LinAlgError) as failure:
        if len(profiles) == 1:
            return [NotAnalysable("line fit failed", f"the line fit failed: {failure}")]
    return [
        _fit_or_say_why(
            [profile], tables, line, start[None], None if foreign is None else foreign[k : k + 1]
        )[0]
        for k, (profile, start) in enumerate(zip(profiles, starts, strict=True))
    ]


def _step_together(
    profiles: Sequence[RingProfile],
    tables: FringeTables,
    line: SkyLine,
    starts: np.ndarray,
    foreign: np.ndarray | None,
) -> list[LineFit | NotAnalysable]:
    """Gauss-Newton steps of all fits, until each has settled."""
    instrument = tables.at(profiles[0].radius_squared_px2, profiles[0].width_px2)
    model = LineModel(profiles, instrument, tables.parameters, line, foreign)
    stepped = np.arange(len(profiles))  # places of the fits that have not settled yet
    at = model.evaluate(stepped, starts[:, 0], starts[:, 1])
    covariance = np.zeros((len(profiles), 2, 2))
    settled = np.zeros(len(profiles), bool)
    failures: dict[int, str] = {}
    for _ in range(_STEPS):
        projected = at.projected[stepped]
        inverse, why_none = inverse_of_two(projected.mT @ projected)
        failures |= {int(k): str(why) for k, why in zip(stepped, why_none, strict=True) if why}
        fine = why_none == ""
        stepped, projected, inverse = stepped[fine], projected[fine], inverse[fine]
        if not stepped.size:
            break
        covariance[stepped] = inverse
        smallest = _SETTLED * np.sqrt(np.diagonal(inverse, axis1=1, axis2=2))
        velocity, temperature, cost = at.velocity[stepped], at.temperature[stepped], at.cost[stepped]
        step = (inverse @ (projected.mT @ at.residual[stepped, :, None]))[..., 0]
        shorten = np.min(_LARGEST_STEPS / np.maximum(np.abs(step), 1e-9), axis=1)
        step *= np.minimum(shorten, 1.0)[:, None]
        step[:, 1] = np.clip(temperature + step[:, 1], _COLDEST_K, _HOTTEST_K) - temperature
        trial = model.evaluate(stepped, velocity + step[:, 0], temperature + step[:, 1])
        while True:
            worse = (trial.cost > cost) & np.any(np.abs(step) > smallest, axis=1)
            if not worse.any():
                break
            step[worse] /= 2.0
            nearer = velocity[worse] + step[worse, 0], temperature[worse] + step[worse, 1]
            trial.put(worse, model.evaluate(stepped[worse], *nearer))
        better = trial.cost <= cost
        at.put(stepped[better], trial.take(better))
        ended = np.all(np.abs(step) < smallest, axis=1)
        settled[stepped[ended]] = True
        stepped = stepped[~ended]
    settled &= (at.temperature > _COLDEST_K) & (at.temperature < _MOST_PLAUSIBLE_K)
    fits = _fits(at, covariance, settled, model)
    return [
        NotAnalysable("line fit failed", failures[k]) if k in failures else fits[k] for k in range(len(fits))
    ]


def _fits(at: LinePoints, covariance: np.ndarray, settled: np.ndarray, model: LineModel) -> list[LineFit]:
    """What is told of each fit, with the covariance (p, 2, 2) of velocity and temperature."""
    errors = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    # Errors of the linear amplitudes with velocity and temperature free as well.
    response = at.covariance @ (at.weighted_templates.mT @ at.gradient)
    linear_covariance = at.covariance + response @ covariance @ response.mT
    linear_errors = np.sqrt(np.diagonal(linear_covariance, axis1=1, axis2=2))
    linear_response = (at.projected @ covariance) / model.sigma[..., None]
    excess = excess_by_scatter(at, covariance, model.instrument.phase)
    mean_light = float(model.illumination.mean())
    return [
        LineFit(
            velocity_mps=float(at.velocity[k]),
            velocity_error_mps=float(errors[k, 0]),
            temperature_k=float(at.temperature[k]),
            temperature_error_k=float(errors[k, 1]),
            intensity=float(at.amplitudes[k, 0]) * mean_light,
            intensity_error=float(linear_errors[k, 0]) * mean_light,
            continuum=float(at.amplitudes[k, 1]) * mean_light,
            continuum_error=float(linear_errors[k, 1]) * mean_light,
            bias=float(at.amplitudes[k, 2]),
            bias_error=float(linear_errors[k, 2]),
            reduced_chi_square=float(at.cost[k]) / max(at.model.shape[1] - 2 - at.amplitudes.shape[1], 1),
            model=at.model[k],
            settled=bool(settled[k]),
            velocity_bound_mps=float(errors[k, 0]),
            temperature_bound_k=float(errors[k, 1]),
            velocity_excess=float(excess[k, 0]),
            temperature_excess=float(excess[k, 1]),
            linear_response=linear_response[k],
            foreign=np.stack([at.amplitudes[k, 3:], linear_errors[k, 3:]], axis=1) / at.amplitudes[k, 0],
        )
        for k in range(len(settled))
    ]
