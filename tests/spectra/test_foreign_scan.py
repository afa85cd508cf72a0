"""A foreign line of unknown wavelength: found where it is, and only there."""

import numpy as np
import pytest

from airglow.etalon import FringeTables, fringes, relative_illumination
from airglow.rings import RingProfile
from airglow.spectra import (
    SkyLine,
    errors_by_place,
    fit_line_in_all,
    foreign_light,
    scan_for_foreign_line,
    settle_foreign_line,
)
from airglow.spectra.foreign import HYDROXYL_MASS_KG, HYDROXYL_TEMPERATURE_K
from airglow.spectra.foreign_scan import _PLACES, _UNIT, _WIDTH, _brightness, _terms_of_light
from airglow.spectra.sky_evidence import DEPARTURE_UNITS, DEPARTURE_WIDTHS, departures, normal_equations

from .test_line import LINE, PARAMETERS, PHASE, WIDTH_PX2, S
from .test_sky_evidence import (
    FRAMES,
    FREE_SPECTRAL_RANGE_M,
    TEMPERATURES,
    VELOCITIES,
    changed,
    fitted,
    thermal,
)

TABLES = FringeTables(PHASE, PARAMETERS, 40)
REST = [0.0] * FRAMES
GROWING = 0.5 + np.arange(FRAMES) / FRAMES  # of mean 1


def night(seed, share=0.0, place=0.12, parameters=PARAMETERS, at_rest=REST):
    """Profiles with light of a hydroxyl line, and fits that know nothing of it."""
    random, profiles = np.random.default_rng(seed), []
    hydroxyl_m = LINE.wavelength_m + place * FREE_SPECTRAL_RANGE_M
    hydroxyl = SkyLine(hydroxyl_m, HYDROXYL_TEMPERATURE_K, HYDROXYL_MASS_KG)
    airy = fringes(S, WIDTH_PX2, PHASE, parameters, 40)
    of_foreign = fringes(S, WIDTH_PX2, PHASE * LINE.wavelength_m / hydroxyl_m, parameters, 40)
    for k in range(FRAMES):
        light = thermal(airy, LINE, VELOCITIES[k] + at_rest[k], TEMPERATURES[k])
        foreign = thermal(of_foreign, hydroxyl, at_rest[k], HYDROXYL_TEMPERATURE_K)
        light = 40.0 * (light + share * GROWING[k] * foreign) + 12.0
        counts = 300.0 + relative_illumination(parameters, S) * light
        sigma = np.sqrt((counts - 290.0) / 411)
        profiles.append(RingProfile(S, counts + random.normal(0, sigma), sigma, WIDTH_PX2))
    starts = [(v + r, 850.0) for v, r in zip(VELOCITIES, at_rest, strict=True)]
    return profiles, fit_line_in_all(profiles, TABLES, LINE, starts)


def shown(fits, at_rest=REST):
    """What a line at rest shows in each frame, as the median of the night's velocities tells it."""
    return [
        np.median([fit.velocity_mps - r for fit, r in zip(fits, at_rest, strict=True)]) + r for r in at_rest
    ]


def scanned(profiles, fits):
    return scan_for_foreign_line(fitted(profiles, fits, shown(fits)))


@pytest.mark.parametrize(
    ("share", "place"), [(0.05, 0.12), (0.02, -0.3), (0.02, 0.45), (0.06, 0.0), (0.06, -0.05)]
)
def test_a_line_is_found_wherever_in_the_order_it_is(share, place):
    # A gap that drifts: what a line at rest shows differs from frame to frame.
    at_rest = np.linspace(-250.0, 250.0, FRAMES)
    profiles, fits = night(3, share, place, at_rest=at_rest)
    rest = shown(fits, at_rest)
    scan = scan_for_foreign_line(fitted(profiles, fits, rest))
    assert scan.is_there
    found = settle_foreign_line(fitted(profiles, fits, rest), scan.place_orders)
    assert 1e-5 < found.place_error_orders < 0.02
    assert found.place_orders == pytest.approx(place, abs=4.0 * found.place_error_orders + 0.003)
    off = (found.line.wavelength_m - LINE.wavelength_m) / FREE_SPECTRAL_RANGE_M
    assert off == pytest.approx(found.place_orders, abs=1e-9)


def test_the_error_of_the_place_is_true():
    scores = []
    for seed in range(8):
        profiles, fits = night(200 + seed, 0.05)
        found = settle_foreign_line(fitted(profiles, fits, shown(fits)), 0.125)
        # A line at rest is told by the median of velocities, whose true median is zero.
        by_median = 3.0 / 6300.0
        scores.append((found.place_orders - 0.12) / np.hypot(found.place_error_orders, by_median))
    assert 0.5 < np.sqrt(np.mean(np.square(scores))) < 1.6


@pytest.mark.parametrize("parameters", [PARAMETERS, changed(-0.025), changed(0.025)])
def test_what_is_not_there_is_not_found(parameters):
    scans = [scanned(*night(100 + seed, parameters=parameters)) for seed in range(6)]
    assert max(scan.log_odds for scan in scans) < 0.0
    of_one = night(0)[1][0].temperature_error_k
    assert max(scan.temperature_error_k for scan in scans) < of_one


def test_a_line_that_is_not_taken_is_in_the_error_before_it_matters():
    """With growing brightness: until the line is taken, its error keeps up with what it does."""
    off, left = [], []
    for share in np.geomspace(0.0005, 0.01, 10):
        profiles, fits = night(7, share, 0.5)
        scan = scanned(profiles, fits)
        if scan.is_there:
            break
        off.append(abs(np.mean([fit.temperature_k for fit in fits]) - TEMPERATURES.mean()))
        left.append(np.hypot(scan.temperature_error_k, fits[0].temperature_error_k))
    assert 2 < len(off) < 10
    assert np.all(np.array(off) < 4.0 * np.array(left))
    assert scan.temperature_error_k > 2.0 * left[0]


def test_brightness_at_a_place_is_that_of_a_line_known_to_be_there():
    profiles, fits = night(1, 0.02, 0.25)
    terms = [_terms_of_light(each, TABLES, 0.0) for each in profiles]
    units = np.concatenate([DEPARTURE_UNITS, np.full(len(terms[0]), _UNIT)])
    night_of = fitted(profiles, fits, REST)
    by_frame = [night_of.derivatives(k) for k in range(FRAMES)]
    parts, _ = normal_equations(profiles, by_frame, terms, PARAMETERS.reflectivity, units, ())
    value, error = _brightness(list(parts.values()))
    for place in (0, 8, 16, 40):
        hydroxyl_m = LINE.wavelength_m + place / _PLACES * FREE_SPECTRAL_RANGE_M
        line = SkyLine(hydroxyl_m, HYDROXYL_TEMPERATURE_K, HYDROXYL_MASS_KG)
        known = foreign_light([line], LINE, PHASE, PARAMETERS)
        light = [known.of(each, 0.0) for each in profiles]
        of_one = np.array([*DEPARTURE_UNITS, _UNIT])
        one = normal_equations(profiles, by_frame, light, PARAMETERS.reflectivity, of_one, ())
        values, errors = departures(list(one[0].values()), np.array([*DEPARTURE_WIDTHS, _WIDTH]), np.zeros(6))
        assert value[place] == pytest.approx(values[-1], rel=0.02, abs=0.02 * errors[-1])
        assert error[place] == pytest.approx(errors[-1], rel=0.02)


def test_errors_by_place_are_what_another_place_does():
    profiles, fits = night(2, 0.05)
    found = settle_foreign_line(fitted(profiles, fits, shown(fits)), 0.12)
    starts = [(fit.velocity_mps, fit.temperature_k) for fit in fits]

    def fitted_at(moved):
        hydroxyl_m = found.line.wavelength_m + moved * FREE_SPECTRAL_RANGE_M
        line = SkyLine(hydroxyl_m, HYDROXYL_TEMPERATURE_K, HYDROXYL_MASS_KG)
        light = foreign_light([line], LINE, PHASE, PARAMETERS)
        return fit_line_in_all(profiles, TABLES, LINE, starts, [light.of(each, 0.0) for each in profiles])

    here, moved = fitted_at(0.0), fitted_at(found.place_error_orders / 4)
    stated = [
        errors_by_place(profile, fit, 0.0, TABLES, LINE, found)
        for profile, fit in zip(profiles, here, strict=True)
    ]
    seen = [
        (4 * abs(b.velocity_mps - a.velocity_mps), 4 * abs(b.temperature_k - a.temperature_k))
        for a, b in zip(here, moved, strict=True)
    ]
    assert np.median(seen, axis=0) == pytest.approx(np.median(stated, axis=0), rel=0.25)
