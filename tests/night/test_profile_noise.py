"""Noise of ring profiles, against profiles whose noise was drawn with a known variance."""

import numpy as np
import pytest

from airglow.night.profile_noise import errors_of, estimate_gain, laser_offset, sky_offsets
from airglow.rings import RingProfile

GAIN = 0.002  # counts^2 per count
ANNULUS = np.arange(500.0)


def drawn(clean, bias, offset, rng):
    """A profile with noise; the light is what exceeds the bias."""
    return clean + rng.normal(0.0, np.sqrt(offset + GAIN * (clean - bias)))


@pytest.fixture(scope="module")
def moonlit():
    """Sky frames under a rising moon, whose bias wanders by far more than their light does."""
    rng = np.random.default_rng(5)
    offsets = np.linspace(0.01, 0.08, 60)
    frames = []
    for offset in offsets:
        bias, height = rng.uniform(250.0, 350.0), rng.uniform(5.0, 20.0)
        frames.append(drawn(bias + height * (1.0 + np.cos(ANNULUS / 7.0 + height)), bias, offset, rng))
    return frames, offsets


def test_the_gain_is_that_within_frames_whatever_the_moon_does(moonlit):
    frames, _ = moonlit
    assert estimate_gain(frames) == pytest.approx(GAIN, rel=0.1)


def test_each_sky_frame_has_its_own_offset(moonlit):
    frames, offsets = moonlit
    found = sky_offsets(frames, GAIN) / offsets
    assert np.mean(found) == pytest.approx(1.0, abs=0.05)
    assert np.std(found) < 0.25


def test_lasers_are_as_noisy_as_between_their_own_fringes(moonlit):
    rng = np.random.default_rng(6)
    phase = ANNULUS / 45.0 * 2.0 * np.pi
    fringes = 300.0 + 100.0 / (1.0 + 40.0 * np.sin(phase / 2.0) ** 2)
    lasers = [drawn(fringes, 300.0, 0.01, rng) for _ in range(20)]
    at_the_darkest = 0.01 + GAIN * (np.percentile(fringes, 5.0) - 300.0)
    assert laser_offset(lasers, GAIN) == pytest.approx(at_the_darkest, rel=0.1)


def test_errors_grow_with_the_light():
    counts = np.concatenate([np.full(50, 300.0), np.full(50, 340.0)])
    profile = RingProfile(ANNULUS[:100], counts, np.full(100, np.nan), 1.0)
    sigma = errors_of(profile, 0.01, GAIN)
    np.testing.assert_allclose(sigma[[0, -1]] ** 2, [0.01, 0.01 + GAIN * 40.0], rtol=1e-9)
