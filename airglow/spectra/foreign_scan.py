"""A foreign line of unknown wavelength among the fringes of a night: whether there is one, and where.

Fringes repeat with every order, so that the place of a foreign line is a number between 0 and 1: how far it
is from the sky line, in free spectral ranges. Its light is a Fourier series in that place. So one set of
normal equations, with the terms of the series beside the departures of `airglow.spectra.sky_evidence`, tells
the line's brightness at each place of the order, by linear algebra alone. The evidence is that of the
brightness, as there, averaged over places that are all as likely: among many places one is found by chance
(MacKay 2003, Information Theory, Inference, and Learning Algorithms, chapter 28).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from airglow.etalon import FringeTables, relative_illumination
from airglow.model.instrument import InstrumentParameters
from airglow.rings import RingProfile
from airglow.spectra.fitted_sky import FittedSky
from airglow.spectra.foreign import (
    HYDROXYL_MASS_KG,
    HYDROXYL_TEMPERATURE_K,
    ForeignLight,
    foreign_light,
)
from airglow.spectra.line import LineFit, fit_line_in_all
from airglow.spectra.line_model import in_light_of
from airglow.spectra.sky_derivatives import sky_derivatives
from airglow.spectra.sky_evidence import (
    DEPARTURE_UNITS,
    DEPARTURE_WIDTHS,
    departures,
    normal_equations,
)
from airglow.spectra.sky_line import SkyLine

_MOST_PROFILES = 24  # of a night: the error is that of the model's misfit, which more of them do not lower
_PLACES = 64  # of the scan, eight for each period of the finest term
_TERMS = 8  # of the line's light: thermal width and mirrors leave a hundredth of the first one beyond
_UNIT = 1e-2  # of brightness, over that of the sky line
_WIDTH = 10.0  # of its prior in that unit: hydroxyl has up to a tenth of the red line's light
_PRIOR_ODDS = 0.1  # that a night has such a line, before it was seen: filters are chosen to pass none
# Logarithm of the odds from which a line is taken: 22000 to 1. Simulated nights with other faults have -4 at
# the most, three real ones -3.8; two frames of an instrument whose lasers are fitted poorly have 3.8. Lines
# of 3 % of the sky line have 40 and more. What is less likely is in the errors of temperatures.
_LEAST_LOG_ODDS = 10.0
_PLACE_UNIT, _PLACE_WIDTH = 1e-2, 10.0  # orders
_PLACE_STEP = 2e-3  # orders, of the derivative
_ROUNDS = 8
_SETTLED = 0.2  # of the place's error


@dataclass(frozen=True)
class ForeignScan:
    """What a night says of a foreign line at any place of the order.

    Parameters
    ----------
    place_orders
        Where one is likeliest: how far from the sky line towards the red, in free spectral ranges, within one
        half.
    log_odds
        Natural logarithm of the odds for a line anywhere against none, the prior included.
    temperature_error_k
        What a line leaves open in all temperatures of the night alike if it is not taken. Of winds the
        Doppler reference takes what is constant.
    """

    place_orders: float
    log_odds: float
    temperature_error_k: float

    @property
    def is_there(self) -> bool:
        """Whether the line is to be taken out."""
        return self.log_odds > _LEAST_LOG_ODDS


@dataclass(frozen=True)
class FoundLine:
    """A foreign line whose place the night itself tells.

    Parameters
    ----------
    line
        The line; its wavelength is known but for whole free spectral ranges.
    place_orders
        Distance from the sky line, in free spectral ranges.
    place_error_orders
        Standard error of that.
    """

    line: SkyLine
    place_orders: float
    place_error_orders: float


def scan_for_foreign_line(night: FittedSky) -> ForeignScan:
    """Weigh a foreign line at every place of an order, against none.

    Parameters
    ----------
    night
        Its sky frames with their fits.

    Returns
    -------
    ForeignScan
    """
    parameters = night.parameters
    chosen = night.clearest(_MOST_PROFILES)
    profiles, fits = [night.profiles[k] for k in chosen], [night.fits[k] for k in chosen]
    by_frame = [night.derivatives(k) for k in chosen]
    light = [_terms_of_light(night.profiles[k], night.tables, night.rest_mps[k]) for k in chosen]
    units = np.concatenate([DEPARTURE_UNITS, np.full(2 * _TERMS, _UNIT)])
    parts, _ = normal_equations(profiles, by_frame, light, parameters.reflectivity, units, ())
    value, error = _brightness(list(parts.values()))
    gain = 0.5 * (value / error) ** 2 * _WIDTH**2 / (_WIDTH**2 + error**2)
    # No line shines with less than no light.
    log_odds = np.where(value > 0, gain, 0.0) - 0.5 * np.log1p((_WIDTH / error) ** 2)
    best = int(np.argmax(log_odds))
    relative = np.exp(log_odds - log_odds[best])
    total = float(log_odds[best] + np.log(relative.mean()) + np.log(_PRIOR_ODDS))
    # Root mean square of what the line does, over all cases: that it is there, where, and how bright.
    shrunk = _WIDTH**2 / (_WIDTH**2 + error**2)
    squared = (shrunk * value) ** 2 + shrunk * error**2
    mean_square = (relative * squared / relative.sum()) @ _responses_k(profiles, fits, light, parameters) ** 2
    there = 1.0 / (1.0 + np.exp(-total))
    place = best / _PLACES
    return ForeignScan(place - round(place), total, float(np.sqrt(there * mean_square)))


def settle_foreign_line(night: FittedSky, place_orders: float) -> FoundLine | None:
    """Fit the place of a foreign line, with its brightness free in each frame.

    Parameters
    ----------
    night
        Its sky frames with their fits.
    place_orders
        To begin with.

    Returns
    -------
    FoundLine or None
        None where the place does not settle.
    """
    central_phase, parameters, line = night.central_phase, night.parameters, night.line
    chosen = night.clearest(_MOST_PROFILES)
    profiles, fits = [night.profiles[k] for k in chosen], [night.fits[k] for k in chosen]
    rest = np.array([night.rest_mps[k] for k in chosen])
    units = np.array([*DEPARTURE_UNITS, 1.0, _PLACE_UNIT])
    widths = np.array([*DEPARTURE_WIDTHS, 1.0, _PLACE_WIDTH])
    before_mps, place = np.median([fit.velocity_mps for fit in fits]), place_orders
    for _ in range(_ROUNDS):
        # The line draws the velocities along, and with them what passes for a line at rest.
        rest_now = rest + np.median([fit.velocity_mps for fit in fits]) - before_mps
        about = _light_about(place, line, central_phase, parameters)
        light = [about.of(each, float(v)) for each, v in zip(profiles, rest_now, strict=True)]
        starts = [(fit.velocity_mps, fit.temperature_k) for fit in fits]
        answers = fit_line_in_all(profiles, night.tables, line, starts, [each[1:2] for each in light])
        if not all(isinstance(answer, LineFit) for answer in answers):
            return None
        fits = answers
        moving = [
            np.stack([each[1], fit.foreign[0, 0] * _by_place(each)])
            for each, fit in zip(light, fits, strict=True)
        ]
        by_frame = [
            sky_derivatives(*each, night.tables, line, shining[:1])
            for *each, shining in zip(profiles, fits, moving, strict=True)
        ]
        parts, _ = normal_equations(profiles, by_frame, moving, parameters.reflectivity, units, (0,))
        steps, errors = departures(list(parts.values()), widths, np.zeros(units.size))
        step, error = _PLACE_UNIT * float(steps[-1]), _PLACE_UNIT * float(errors[-1])
        if not np.isfinite(error):
            return None
        place += step
        if abs(step) < _SETTLED * error:
            return FoundLine(_line_at(place, line, central_phase), place, error)
    return None


def errors_by_place(
    profile: RingProfile, fit: LineFit, rest_mps: float, tables: FringeTables, line: SkyLine, found: FoundLine
) -> tuple[float, float]:
    """What the error of a foreign line's place leaves in the velocity and temperature of one fit.

    Parameters
    ----------
    profile, fit
        A profile, and its fit with this line as the only foreign one.
    rest_mps
        Velocity that a line at rest shows in the profile, at the phase of the tables.
    tables
        Fringe terms of the instrument, with which the line was fitted.
    line
        The sky line.
    found
        The foreign line.

    Returns
    -------
    velocity_mps, temperature_k : float
        Standard errors.
    """
    about = _light_about(found.place_orders, line, tables.central, tables.parameters)
    brightness = fit.foreign[0, 0] * _line_light(profile, fit, tables.parameters)
    moved = fit.linear_response.T @ (brightness * _by_place(about.of(profile, rest_mps)))
    velocity, temperature = np.abs(moved) * found.place_error_orders
    return float(velocity), float(temperature)


def _terms_of_light(profile: RingProfile, tables: FringeTables, rest_mps: float) -> np.ndarray:
    """Light of a hydroxyl line at rest: what goes with cos(2 pi k q), then with sin(2 pi k q), (2 K, m)."""
    s = profile.radius_squared_px2
    hydroxyl = SkyLine(1.0, HYDROXYL_TEMPERATURE_K, HYDROXYL_MASS_KG)
    made = in_light_of(
        tables.at(s, profile.width_px2), hydroxyl.thermal_rate(), rest_mps, HYDROXYL_TEMPERATURE_K
    )
    seen = made.order <= _TERMS
    terms = np.zeros((_TERMS, s.size), complex)
    terms[made.order[seen] - 1, made.annulus[seen]] = made.terms[seen]
    # At q orders the phase is smaller by 2 pi q: term k is the real part of 2 T exp(-2 pi i k q).
    return 2.0 * relative_illumination(tables.parameters, s) * np.concatenate([terms.real, terms.imag])


def _waves_at_places() -> np.ndarray:
    """Cosines, then sines, of each term at each place: (places, 2 K)."""
    angle = 2.0 * np.pi * np.outer(np.arange(_PLACES) / _PLACES, np.arange(1, _TERMS + 1))
    return np.hstack([np.cos(angle), np.sin(angle)])


def _brightness(parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Brightness at each place with its error, by noise or by the scatter between half fringes.

    The same as `airglow.spectra.sky_evidence.departures` for one more departure, for all places at once.
    """
    matrices, sides = (np.array(each) for each in zip(*parts, strict=True))
    own = DEPARTURE_UNITS.size
    to_all = np.zeros((_PLACES, own + 1, matrices.shape[1]))  # from departures and brightness to all columns
    to_all[:, np.arange(own), np.arange(own)] = 1.0
    to_all[:, own, own:] = _waves_at_places()
    prior = np.diag([*(1.0 / DEPARTURE_WIDTHS**2), 1e-12])
    inverse = np.linalg.inv(to_all @ matrices.sum(axis=0) @ to_all.mT + prior)
    step = np.einsum("qij,qj->qi", inverse, to_all @ sides.sum(axis=0))
    answer = np.einsum("qj,qjk->qk", inverse[:, own], to_all)
    explained = np.einsum("qj,qjk->qk", step, to_all)
    scores = answer @ sides.T - np.einsum("qk,hkl,ql->qh", answer, matrices, explained, optimize=True)
    spare = max(len(parts) - own - 1, 1)
    by_scatter = np.sum(scores**2, axis=1) * len(parts) / spare
    return step[:, own], np.sqrt(np.maximum(inverse[:, own, own], by_scatter))


def _responses_k(
    profiles: Sequence[RingProfile],
    fits: Sequence[LineFit],
    light: Sequence[np.ndarray],
    parameters: InstrumentParameters,
) -> np.ndarray:
    """What a unit of brightness at each place adds to temperatures, by the median of frames: (places,)."""
    of_terms = [
        _UNIT * _line_light(profile, fit, parameters) * (each @ fit.linear_response[:, 1])
        for profile, fit, each in zip(profiles, fits, light, strict=True)
    ]
    return _waves_at_places() @ np.median(of_terms, axis=0)


def _line_light(profile: RingProfile, fit: LineFit, parameters: InstrumentParameters) -> float:
    """Counts of the sky line at the centre, mean over an order."""
    return fit.intensity / float(relative_illumination(parameters, profile.radius_squared_px2).mean())


def _line_at(place_orders: float, line: SkyLine, central_phase: float) -> SkyLine:
    order_m = line.wavelength_m * 2.0 * np.pi / central_phase
    return SkyLine(line.wavelength_m + place_orders * order_m, HYDROXYL_TEMPERATURE_K, HYDROXYL_MASS_KG)


def _light_about(
    place_orders: float, line: SkyLine, central_phase: float, parameters: InstrumentParameters
) -> ForeignLight:
    """Light of a line before, at and after a place, for the derivative."""
    places = place_orders + _PLACE_STEP * np.array([-1.0, 0.0, 1.0])
    lines = [_line_at(float(place), line, central_phase) for place in places]
    return foreign_light(lines, line, central_phase, parameters)


def _by_place(light: np.ndarray) -> np.ndarray:
    """Derivative by the place in orders, from the light of `_light_about` (3, m)."""
    return (light[2] - light[0]) / (2.0 * _PLACE_STEP)
