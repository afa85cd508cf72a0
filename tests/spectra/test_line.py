"""Sky line fits: truth and bound, where fits begin, and what is no line."""

import dataclasses

import numpy as np
import pytest
from scipy import constants

from airglow.etalon import central_phase, fringes, relative_illumination
from airglow.model.errors import NotAnalysable
from airglow.model.instrument import InstrumentParameters
from airglow.rings import RingProfile
from airglow.spectra import SkyLine, cramer_rao_bound, first_harmonic, fit_line
from airglow.spectra.sky_line import OXYGEN_MASS_KG

RED_M = 6.3e-7
WIDTH_PX2 = 256.0**2 / 500
S = (np.arange(500) + 0.5) * WIDTH_PX2
PARAMETERS = InstrumentParameters(8.83e-5, 0.8, (0.12, -0.06), (1.2, 0.16, -0.04), 256.0, 0.015)
PHASE = central_phase(1.5e-2, RED_M)
LINE = SkyLine(RED_M, 800.0)
LIGHT = relative_illumination(PARAMETERS, S).mean()  # over the annuli, in which intensities are counted


def clean_profile(velocity_mps, temperature_k, intensity=10.0, continuum=3.0, bias=300.0):
    """Summed over a sampled thermal spectrum, wavelength by wavelength: no closed form of the line."""
    width = np.sqrt(constants.k * temperature_k / OXYGEN_MASS_KG)
    u = np.linspace(-5, 5, 81)
    weight = np.exp(-(u**2) / 2)
    weight /= weight.sum()
    light = 0.0
    for shift, part in zip(velocity_mps + width * u, weight, strict=True):
        phase = PHASE / (1 + shift / constants.c)
        light = light + part * fringes(S, WIDTH_PX2, phase, PARAMETERS, 40).airy()
    return bias + relative_illumination(PARAMETERS, S) * (intensity * light + continuum)


def data_of(counts, seed, scale=1.0):
    sigma = scale * np.sqrt((counts - 290.0) / 411)
    return RingProfile(S, counts + np.random.default_rng(seed).normal(0, sigma), sigma, WIDTH_PX2)


@pytest.mark.parametrize(("velocity", "temperature"), [(0.0, 800.0), (250.0, 400.0), (-400.0, 1500.0)])
def test_noiseless_profile_gives_back_what_was_put_in(velocity, temperature):
    counts = clean_profile(velocity, temperature)
    data = RingProfile(S, counts, np.full(S.size, 0.1), WIDTH_PX2)
    fit = fit_line(data, PHASE, PARAMETERS, LINE, 0.0)
    assert fit.settled
    assert fit.velocity_mps == pytest.approx(velocity, abs=0.05)
    assert fit.temperature_k == pytest.approx(temperature, rel=1e-3)
    assert fit.intensity == pytest.approx(10.0 * LIGHT, rel=1e-3)
    assert fit.continuum + fit.bias == pytest.approx(300.0 + 3.0 * LIGHT, abs=0.05)


def test_the_bound_agrees_with_plain_differences():
    counts = clean_profile(80.0, 900.0)
    data = RingProfile(S, counts, np.sqrt((counts - 290.0) / 411), WIDTH_PX2)
    bound = cramer_rao_bound(data, PHASE, PARAMETERS, LINE, 80.0, 900.0)
    steps = {
        "velocity": clean_profile(80.5, 900.0) - clean_profile(79.5, 900.0),
        "temperature": (clean_profile(80.0, 905.0) - clean_profile(80.0, 895.0)) / 10.0,
        "intensity": clean_profile(80.0, 900.0, 10.5) - clean_profile(80.0, 900.0, 9.5),
        "continuum": relative_illumination(PARAMETERS, S),
        "bias": np.ones(S.size),
    }
    matrix = np.stack(list(steps.values()), axis=1) / data.sigma[:, None]
    expected = np.sqrt(np.diag(np.linalg.inv(matrix.T @ matrix)))
    np.testing.assert_allclose(bound, expected[:2], rtol=2e-3)


def test_start_is_found_anywhere_in_the_free_spectral_range():
    fsr = constants.c * RED_M / (2 * 1.5e-2)
    for seed, velocity in enumerate(np.linspace(-0.45, 0.45, 7) * fsr):
        data = data_of(clean_profile(velocity, 900.0), seed)
        harmonic = first_harmonic(data, PHASE, PARAMETERS.plate_scale_rad_per_pixel)
        start = np.angle(harmonic) / PHASE * constants.c
        fit = fit_line(data, PHASE, PARAMETERS, LINE, start)
        assert fit.velocity_mps == pytest.approx(velocity, abs=6 * fit.velocity_error_mps)


def test_a_profile_of_noise_has_errors_that_say_so():
    data = data_of(np.full(S.size, 300.0), 3)
    try:
        fit = fit_line(data, PHASE, PARAMETERS, LINE, 0.0)
    except NotAnalysable:
        return
    assert fit.velocity_error_mps > 100 or fit.intensity < 5 * fit.intensity_error


def test_ripples_have_an_excess():
    counts = clean_profile(80.0, 900.0)
    rippled = []
    for seed in range(60):
        data = data_of(counts, seed)
        phase = np.random.default_rng(seed).uniform(0, 6.28)
        ripple = 1.5 * data.sigma * np.cos(S / 1500 + phase)
        dirty = RingProfile(S, data.counts + ripple, data.sigma, WIDTH_PX2)
        rippled.append(fit_line(dirty, PHASE, PARAMETERS, LINE, 60.0).velocity_excess)
    assert np.mean(rippled) > 1.5


def test_a_temperature_that_no_airglow_has_is_no_answer():
    """Fringes of the laser's sharpness are colder than any line, flat ones hotter."""
    sharp = 300.0 + relative_illumination(PARAMETERS, S) * (
        10.0 * fringes(S, WIDTH_PX2, PHASE, PARAMETERS, 60).airy() + 3.0
    )
    wider = dataclasses.replace(
        PARAMETERS, reflectivity=0.7
    )  # the instrument is taken for less sharp than it is
    cold = fit_line(RingProfile(S, sharp, np.full(S.size, 0.1), WIDTH_PX2), PHASE, wider, LINE, 0.0)
    assert cold.temperature_k < 21.0
    assert cold.temperature_error_k < 100.0  # or it would be flagged for that
    assert not cold.settled
    flat = clean_profile(0.0, 12000.0, intensity=500.0)
    hot = fit_line(
        RingProfile(S, flat, np.full(S.size, 0.01), WIDTH_PX2), PHASE, PARAMETERS, LINE, 0.0, 11000.0
    )
    assert 10000.0 < hot.temperature_k < 20000.0
    assert not hot.settled
    assert fit_line(data_of(clean_profile(0.0, 2500.0), 3), PHASE, PARAMETERS, LINE, 0.0).settled
