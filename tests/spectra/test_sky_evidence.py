"""Departures of the sky from the lasers, by evidence: found where they are, and only there."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, stats

from airglow.etalon import FringeTables, fringes, relative_illumination
from airglow.rings import RingProfile
from airglow.spectra import (
    FittedSky,
    SkyLine,
    fit_line,
    fit_line_in_all,
    foreign_light,
    foreign_lines,
    weigh_sky,
)
from airglow.spectra.foreign import HYDROXYL_MASS_KG, HYDROXYL_TEMPERATURE_K
from airglow.spectra.sky_evidence import _error_left, _odds

from .test_line import LINE, PARAMETERS, PHASE, WIDTH_PX2, S

FRAMES = 20
SPEED_OF_LIGHT_MPS = 299792458.0
VELOCITIES = np.linspace(-150.0, 150.0, FRAMES)
TEMPERATURES = 850.0 + 100.0 * np.sin(np.arange(FRAMES))
FREE_SPECTRAL_RANGE_M = LINE.wavelength_m * 2.0 * np.pi / PHASE
HYDROXYL_M = LINE.wavelength_m + 0.12 * FREE_SPECTRAL_RANGE_M


def thermal(airy, line, velocity, temperature):
    """Blurred Airy function in the light of a line, term by term."""
    order_phase = airy.order * airy.phase[airy.annulus]
    factor = np.exp(-1j * order_phase * velocity / SPEED_OF_LIGHT_MPS)
    factor = factor * np.exp(-(order_phase**2) * line.thermal_rate() * temperature)
    return 1.0 + 2.0 * airy.summed((airy.terms * factor).real)


def night(parameters, seed, shares=None):
    """Profiles of a line seen through an instrument, with shares of hydroxyl light beside it."""
    random, profiles = np.random.default_rng(seed), []
    airy = fringes(S, WIDTH_PX2, PHASE, parameters, 40)
    of_foreign = fringes(S, WIDTH_PX2, PHASE * LINE.wavelength_m / HYDROXYL_M, parameters, 40)
    hydroxyl = SkyLine(HYDROXYL_M, HYDROXYL_TEMPERATURE_K, HYDROXYL_MASS_KG)
    foreign = thermal(of_foreign, hydroxyl, 0.0, HYDROXYL_TEMPERATURE_K)
    shares = np.zeros(FRAMES) if shares is None else shares
    for velocity, temperature, share in zip(VELOCITIES, TEMPERATURES, shares, strict=True):
        light = 40.0 * (thermal(airy, LINE, velocity, temperature) + share * foreign) + 12.0
        counts = 300.0 + relative_illumination(parameters, S) * light
        sigma = np.sqrt((counts - 290.0) / 411)
        profiles.append(RingProfile(S, counts + random.normal(0, sigma), sigma, WIDTH_PX2))
    return profiles


def fitted(profiles, fits, rest, parameters=PARAMETERS):
    tables = FringeTables(PHASE, parameters, LINE.terms_needed(PHASE, parameters.reflectivity))
    return FittedSky(profiles, fits, rest, tables, LINE)


def weigh(profiles, lines=()):
    fits = [fit_line(data, PHASE, PARAMETERS, LINE, 0.0) for data in profiles]
    rest = [float(np.median([fit.velocity_mps for fit in fits]))] * FRAMES
    return weigh_sky(fitted(profiles, fits, rest), lines)


def changed(by):
    return replace(PARAMETERS, reflectivity=PARAMETERS.reflectivity + by)


def blurred(by_px):
    blur, *rest = PARAMETERS.blur_px
    return replace(PARAMETERS, blur_px=(blur + by_px, *rest))


@pytest.mark.parametrize("by_px", [0.08, -0.08])
def test_another_blur_is_found_with_its_error_and_is_no_temperature(by_px):
    """A lens is in focus for one colour: the same line looks hotter or colder by tens of kelvin."""
    scores = []
    for seed in range(6):
        profiles = night(blurred(by_px), seed)
        biased = [fit_line(data, PHASE, PARAMETERS, LINE, 0.0) for data in profiles]
        assert abs(np.mean([fit.temperature_k for fit in biased]) - TEMPERATURES.mean()) > 15.0
        found = weigh(profiles)
        scores.append((found.blur_change_px - by_px) / found.blur_error_px)
        assert found.parameters.blur_px[0] == pytest.approx(
            PARAMETERS.blur_px[0] + found.blur_change_px, abs=1e-12
        )
        fits = [fit_line(data, PHASE, found.parameters, LINE, 0.0) for data in profiles]
        off = np.mean([fit.temperature_k for fit in fits]) - TEMPERATURES.mean()
        noise = np.sqrt(np.mean([fit.temperature_error_k**2 for fit in fits]) / FRAMES)
        assert abs(off) < 3.0 * np.hypot(found.temperature_error_k, noise)
    assert 0.3 < np.sqrt(np.mean(np.square(scores))) < 1.7


def test_a_blur_that_is_held_or_badly_told_by_lasers_stays():
    profiles = night(blurred(0.08), 0)
    fits = [fit_line(data, PHASE, PARAMETERS, LINE, 0.0) for data in profiles]
    rest = [float(np.median([fit.velocity_mps for fit in fits]))] * FRAMES
    weighed = fitted(profiles, fits, rest)
    held = weigh_sky(weighed, held_blur=True)
    assert held.parameters == PARAMETERS
    off_k = np.mean([fit.temperature_k for fit in fits]) - TEMPERATURES.mean()
    assert held.temperature_error_k == pytest.approx(abs(off_k), rel=0.3)
    assert weigh_sky(weighed, laser_blur_error_px=0.1).blur_change_px == 0.0
    assert weigh_sky(weighed, laser_blur_error_px=1e-4).blur_change_px != 0.0


def test_a_reflectivity_that_lasers_tell_badly_is_no_departure():
    profiles = night(changed(-0.025), 0)
    fits = [fit_line(data, PHASE, PARAMETERS, LINE, 0.0) for data in profiles]
    rest = [float(np.median([fit.velocity_mps for fit in fits]))] * FRAMES

    def found(lasers_error):
        told = replace(PARAMETERS, reflectivity_error=lasers_error)
        return weigh_sky(fitted(profiles, fits, rest, told))

    assert found(1e-4).reflectivity_change == weigh(profiles).reflectivity_change < -0.02
    assert found(0.02).reflectivity_change == 0.0
    assert found(0.02).temperature_error_k < found(0.005).temperature_error_k


def test_a_reflectivity_that_is_held_stays_and_what_speaks_against_it_is_an_error():
    """Light of the sky sees one that is lower by 0.025: temperatures are too high by tens of kelvin."""
    profiles = night(changed(-0.025), 0)
    fits = [fit_line(data, PHASE, PARAMETERS, LINE, 0.0) for data in profiles]
    rest = [float(np.median([fit.velocity_mps for fit in fits]))] * FRAMES
    held = weigh_sky(fitted(profiles, fits, rest), held_reflectivity=True)
    assert held.parameters == PARAMETERS
    assert held.reflectivity_change == 0.0
    off_k = np.mean([fit.temperature_k for fit in fits] - np.array(TEMPERATURES))
    assert off_k > 15.0
    assert held.temperature_error_k == pytest.approx(off_k, rel=0.3)
    assert held.temperature_error_k > 3.0 * weigh(profiles).temperature_error_k


def test_another_reflectivity_is_found_with_its_error():
    scores, temperatures = [], []
    for seed in range(10):
        profiles = night(changed(-0.025), seed)
        found = weigh(profiles)
        scores.append((found.reflectivity_change + 0.025) / found.reflectivity_error)
        assert found.parameters.reflectivity == pytest.approx(
            PARAMETERS.reflectivity + found.reflectivity_change, abs=1e-12
        )
        fits = [fit_line(data, PHASE, found.parameters, LINE, 0.0) for data in profiles]
        off = np.mean([fit.temperature_k for fit in fits]) - TEMPERATURES.mean()
        noise = np.sqrt(np.mean([fit.temperature_error_k**2 for fit in fits]) / FRAMES)
        temperatures.append(off / np.hypot(found.temperature_error_k, noise))
    assert 0.5 < np.sqrt(np.mean(np.square(scores))) < 1.5
    assert 0.5 < np.sqrt(np.mean(np.square(temperatures))) < 1.5


def test_what_is_not_there_is_not_found():
    lines = foreign_lines(LINE, [HYDROXYL_M])
    nights = [weigh(night(PARAMETERS, 100 + seed), lines) for seed in range(10)]
    assert sum(found.reflectivity_change != 0 for found in nights) <= 1
    assert sum(found.blur_change_px != 0 for found in nights) <= 1
    assert sum(bool(found.foreign) for found in nights) == 0
    of_one = fit_line(night(PARAMETERS, 0)[0], PHASE, PARAMETERS, LINE, 0.0).temperature_error_k
    assert 0.0 < np.median([found.temperature_error_k for found in nights]) < 1.2 * of_one


def test_a_hydroxyl_line_of_changing_brightness_is_found_and_taken_out():
    shares = 0.03 + 0.05 * np.arange(FRAMES) / FRAMES
    lines = foreign_lines(LINE, [HYDROXYL_M])
    profiles = night(PARAMETERS, 5, shares)
    biased = [fit_line(data, PHASE, PARAMETERS, LINE, 0.0) for data in profiles]
    assert np.mean([fit.temperature_k for fit in biased]) > TEMPERATURES.mean() + 15.0
    found = weigh(profiles, lines)
    assert (found.foreign, found.reflectivity_change) == ((0,), 0.0)
    light = foreign_light(lines, LINE, PHASE, found.parameters)
    tables = FringeTables(PHASE, found.parameters, 40)
    starts = [(fit.velocity_mps, fit.temperature_k) for fit in biased]
    fits = fit_line_in_all(profiles, tables, LINE, starts, [light.of(data, 0.0) for data in profiles])
    for value, error, true in (
        ("velocity_mps", "velocity_error_mps", VELOCITIES),
        ("temperature_k", "temperature_error_k", TEMPERATURES),
    ):
        score = [
            (getattr(fit, value) - each) / getattr(fit, error) for fit, each in zip(fits, true, strict=True)
        ]
        assert 0.6 < np.sqrt(np.mean(np.square(score))) < 1.4
    seen = np.array([fit.foreign[0] for fit in fits])
    assert np.sqrt(np.mean(((seen[:, 0] - shares) / seen[:, 1]) ** 2)) == pytest.approx(1.0, abs=0.4)


def test_only_lines_that_pass_the_filter_are_looked_for():
    near, far = LINE.wavelength_m + 1.9e-9, LINE.wavelength_m - 2.1e-9
    assert [each.wavelength_m for each in foreign_lines(LINE, [near, far])] == [near]


@pytest.mark.parametrize(("value", "error", "width"), [(0.5, 1.0, 20.0), (4.0, 1.0, 20.0), (2.0, 3.0, 1.0)])
def test_odds_are_the_ratio_of_the_evidences(value, error, width):
    """By integration over the departure."""
    with_departure, _ = integrate.quad(
        lambda d: stats.norm.pdf(value, d, error) * stats.norm.pdf(d, 0.0, width),
        -200,
        200,
        points=[0, value],
    )
    assert _odds(value, error, width) == pytest.approx(
        with_departure / stats.norm.pdf(value, 0.0, error), rel=1e-6
    )


@pytest.mark.parametrize("is_taken", [True, False])
def test_the_error_left_is_that_of_both_cases(is_taken):
    """Against draws of the departure by its prior, of which those with such a value are kept."""
    value, error, width, prior_odds = 3.0, 2.0, 4.0, 1 / 3
    random = np.random.default_rng(3)
    there = random.random(6_000_000) < prior_odds / (1 + prior_odds)
    true = np.where(there, random.normal(0.0, width, there.size), 0.0)
    true = true[np.abs(true + random.normal(0.0, error, there.size) - value) < 0.05]
    assumed = value * width**2 / (width**2 + error**2) if is_taken else 0.0
    odds = prior_odds * _odds(value, error, width)
    rms = np.sqrt(np.mean((true - assumed) ** 2))
    assert _error_left(value, error, width, odds, is_taken) == pytest.approx(rms, rel=0.02)
