"""Plate scale and illumination of sky frames: found where they differ from the lasers', else left alone."""

from dataclasses import replace

import numpy as np
import pytest

from airglow.etalon import FringeTables, fringes, relative_illumination
from airglow.rings import RingProfile
from airglow.spectra import FittedSky, fit_line, refine_for_sky

from .test_line import LINE, PARAMETERS, PHASE, WIDTH_PX2, S

FRAMES = 20
VELOCITIES = np.linspace(-150.0, 150.0, FRAMES)
TEMPERATURES = 850.0 + 100.0 * np.sin(np.arange(FRAMES))
# As unlike the lasers' as on real nights.
OF_SKY = replace(
    PARAMETERS,
    plate_scale_rad_per_pixel=PARAMETERS.plate_scale_rad_per_pixel * (1.0 - 4e-4),
    falloff=(PARAMETERS.falloff[0] + 0.07, PARAMETERS.falloff[1] + 0.15),
)


def night(parameters, seed=0):
    """Profiles of a line of many velocities and temperatures, seen through an instrument."""
    random, profiles = np.random.default_rng(seed), []
    airy = fringes(S, WIDTH_PX2, PHASE, parameters, 40)
    order_phase = airy.order * airy.phase[airy.annulus]
    for velocity, temperature in zip(VELOCITIES, TEMPERATURES, strict=True):
        line = np.exp(-1j * order_phase * velocity / 299792458.0)
        line = line * np.exp(-(order_phase**2) * LINE.thermal_rate() * temperature)
        light = 1.0 + 2.0 * airy.summed((airy.terms * line).real)
        counts = 300.0 + relative_illumination(parameters, S) * (10.0 * light + 3.0)
        sigma = np.sqrt((counts - 290.0) / 411)
        profiles.append(RingProfile(S, counts + random.normal(0, sigma), sigma, WIDTH_PX2))
    return profiles


def fit_all(profiles, parameters):
    return [fit_line(data, PHASE, parameters, LINE, 0.0) for data in profiles]


def refined(profiles, fits):
    tables = FringeTables(PHASE, PARAMETERS, LINE.terms_needed(PHASE, PARAMETERS.reflectivity))
    return refine_for_sky(FittedSky(profiles, fits, [0.0] * len(fits), tables, LINE))


def test_the_sky_s_own_parameters_are_found():
    profiles = night(OF_SKY)
    before = fit_all(profiles, PARAMETERS)
    found = refined(profiles, before)
    relative = found.plate_scale_rad_per_pixel / PARAMETERS.plate_scale_rad_per_pixel - 1.0
    assert relative == pytest.approx(-4e-4, abs=0.6e-4)
    seen, true = (
        relative_illumination(parameters, S) / relative_illumination(parameters, S[:1])
        for parameters in (found, OF_SKY)
    )
    assert np.abs(seen - true).max() < 0.01
    assert (found.reflectivity, found.blur_px) == (PARAMETERS.reflectivity, PARAMETERS.blur_px)
    after = fit_all(profiles, found)
    assert np.mean([fit.reduced_chi_square for fit in before]) > 1.5
    assert np.mean([fit.reduced_chi_square for fit in after]) == pytest.approx(1.0, abs=0.05)
    pairs = zip(after, TEMPERATURES, strict=True)
    score = [(fit.temperature_k - true) / fit.temperature_error_k for fit, true in pairs]
    assert abs(np.mean(score)) < 1.0
    assert 0.6 < np.std(score) < 1.4


@pytest.mark.parametrize("seed", range(4))
def test_a_sky_that_sees_what_the_lasers_see_keeps_their_parameters(seed):
    profiles = night(PARAMETERS, seed)
    assert refined(profiles, fit_all(profiles, PARAMETERS)) is None


def test_a_single_frame_is_enough_where_it_is_clear():
    profiles = night(OF_SKY)[:1]
    found = refined(profiles, fit_all(profiles, PARAMETERS))
    assert found is not None
    relative = found.plate_scale_rad_per_pixel / PARAMETERS.plate_scale_rad_per_pixel - 1.0
    assert relative == pytest.approx(-4e-4, abs=2.5e-4)
