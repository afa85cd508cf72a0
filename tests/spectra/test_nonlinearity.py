"""A converter with unlike steps, pixel by pixel: temperatures that it spoils are mended, others stay."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtr

from airglow.etalon import fringes, relative_illumination
from airglow.rings import RingProfile
from airglow.spectra import find_nonlinearity, fit_line, pixel_variance

from .test_line import LINE, PARAMETERS, PHASE, WIDTH_PX2, S

FRAMES = 60
PIXELS = 411  # in an annulus
TIME_S = np.arange(FRAMES) * 300.0
TEMPERATURE_K = 850.0 + 60.0 * np.sin(TIME_S / 4000.0)
CODES = 2**16
UNLIKE = 0.05  # counts by which steps differ


def converter(unlike_counts, seed=3):
    """Edges between the codes of a converter whose steps repeat every 16 codes."""
    steps = 1.0 + unlike_counts * np.random.default_rng(seed).normal(0.0, 1.0, 16)
    steps *= 16.0 / steps.sum()
    return np.cumsum(np.tile(steps, CODES // 16)) - 0.5


def added_by(edges, level, noise_counts):
    """Mean of the codes of pixels about a level, less the level."""
    above = ndtr((level[:, None] - edges[1200:1400]) / noise_counts)
    return 1200 + above.sum(axis=1) - level


def night(edges, noise_counts, seed=0):
    """Profiles of a line whose temperature is smooth, over a bias that wanders by counts."""
    random = np.random.default_rng(seed)
    airy = fringes(S, WIDTH_PX2, PHASE, PARAMETERS, 20)
    order_phase = airy.order * airy.phase[airy.annulus]
    bias = 1285.0 + 3.0 * np.sin(np.arange(FRAMES) / 2.3) + random.normal(0, 1.0, FRAMES)
    profiles = []
    for level, temperature in zip(bias, TEMPERATURE_K, strict=True):
        thermal = np.exp(-(order_phase**2) * LINE.thermal_rate() * temperature)
        light = 1.0 + 2.0 * airy.summed((airy.terms * thermal).real)
        mean = level + relative_illumination(PARAMETERS, S) * (2.2 * light + 1.0)
        pixels = mean[:, None] + random.normal(0.0, noise_counts, (S.size, PIXELS))
        codes = np.searchsorted(edges, pixels)
        sigma = np.full(S.size, noise_counts / np.sqrt(PIXELS))
        profiles.append(RingProfile(S, codes.mean(axis=1), sigma, WIDTH_PX2))
    return profiles


def scatter(fits):
    """Of temperatures about the truth and their own offset, in units of the stated errors."""
    off = np.array([fit.temperature_k for fit in fits]) - TEMPERATURE_K
    error = np.array([fit.temperature_error_k for fit in fits])
    return float(np.sqrt(np.mean(((off - np.median(off)) / error) ** 2)))


def fit_all(profiles):
    return [fit_line(data, PHASE, PARAMETERS, LINE, 0.0) for data in profiles]


def test_waves_of_the_converter_are_found_and_taken_out():
    edges = converter(UNLIKE)
    profiles = night(edges, 1.0)
    fits = fit_all(profiles)
    nonlinearity = find_nonlinearity(TIME_S, profiles, fits)
    assert scatter(fits) > 2.0
    assert nonlinearity is not None
    level = np.linspace(1283.0, 1289.0, 200)
    found, true = (
        np.diff(added, 2)
        for added in (nonlinearity.added(level, np.ones(level.size)), added_by(edges, level, 1.0))
    )
    assert np.corrcoef(found, true)[0, 1] > 0.9  # their curvature is what a line's width sees
    assert np.std(found) == pytest.approx(np.std(true), rel=0.4)
    mended = [
        replace(data, counts=data.counts - nonlinearity.added(fit.model, pixel_variance(data, fit)))
        for data, fit in zip(profiles, fits, strict=True)
    ]
    again = fit_all(mended)
    assert scatter(again) < 1.3
    # The winds were right before, and are so after.
    assert np.std([fit.velocity_mps for fit in again]) == pytest.approx(
        np.std([fit.velocity_mps for fit in fits]), rel=0.3
    )
    # What all frames have in common nobody sees: it is in the errors that are left.
    pairs = zip(again, mended, strict=True)
    left = np.array([nonlinearity.errors_left(fit, pixel_variance(data, fit)) for fit, data in pairs])
    off = np.median([fit.temperature_k for fit in again] - TEMPERATURE_K)
    assert abs(off) < 3.0 * np.median(left[:, 1])
    assert np.median(left[:, 1]) < 30.0


@pytest.mark.parametrize(("unlike", "noise"), [(0.0, 1.0), (UNLIKE, 4.0)])
def test_a_good_converter_and_a_noisy_camera_have_none(unlike, noise):
    for seed in range(3):
        profiles = night(converter(unlike), noise, seed)
        assert find_nonlinearity(TIME_S, profiles, fit_all(profiles)) is None


def test_few_frames_tell_nothing():
    profiles = night(converter(UNLIKE), 1.0)[:20]
    assert find_nonlinearity(TIME_S[:20], profiles, fit_all(profiles)) is None


def test_a_few_wrong_temperatures_hide_no_waves():
    profiles = night(converter(UNLIKE), 1.0)
    fits = fit_all(profiles)
    clean = find_nonlinearity(TIME_S, profiles, fits).found
    for place, off in ((7, 900.0), (20, -600.0), (33, 1500.0)):
        fits[place] = replace(fits[place], temperature_k=fits[place].temperature_k + off)
    fits[12] = replace(fits[12], temperature_k=np.nan, settled=False)
    nonlinearity = find_nonlinearity(TIME_S, profiles, fits)
    assert nonlinearity is not None
    found = nonlinearity.found
    error = np.sqrt(np.diag(clean.covariance))
    assert np.abs((found.amplitude - clean.amplitude) / error).max() < 1.0
    assert found.log_odds > 0.7 * clean.log_odds
