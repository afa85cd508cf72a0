"""Frames that reach the ceiling of the camera's converter, built by hand."""

import numpy as np
import pytest

from airglow.rings import AnnulusGrid, reduce_frame
from airglow.rings.ceiling import clipped_annuli, find_ceiling

GRID = AnnulusGrid(count=150, max_radius_px=100.0)
GAIN = 1.2  # counts per electron
Y, X = np.indices((220, 220))
S = (X - 110.0) ** 2 + (Y - 110.0) ** 2
TURNS = 2.0 * np.pi / 2500.0


def light(brightest):
    """Fringes with sharp tops up to so many counts above the bias."""
    return brightest * (0.1 + 0.9 / (1.0 + 12.0 * np.sin(0.5 * TURNS * S) ** 2))


def frame(brightest, ceiling=None, seed=0):
    random = np.random.default_rng(seed)
    counts = np.rint(300.0 + GAIN * random.poisson(light(brightest) / GAIN) + random.normal(0, 3.0, S.shape))
    return (counts if ceiling is None else np.minimum(counts, ceiling)).astype(np.uint16)


@pytest.mark.parametrize("ceiling", [4095, 3071])  # all bits set, and not
@pytest.mark.parametrize("brightest", [3900.0, 5000.0, 12000.0])
def test_the_ceiling_is_found(ceiling, brightest):
    assert find_ceiling(frame(brightest, ceiling)) == ceiling


@pytest.mark.parametrize("brightest", [3.0, 50.0, 3500.0, 60000.0])
@pytest.mark.parametrize("seed", range(5))
def test_unclipped_frames_have_no_ceiling(brightest, seed):
    assert find_ceiling(frame(brightest, seed=seed)) is None


def test_tops_without_noise_and_flat_frames_have_no_ceiling():
    assert find_ceiling(np.rint(300.0 + light(2000.0))) is None
    assert find_ceiling(np.rint(300.0 + light(60.0))) is None
    assert find_ceiling(np.full((50, 50), 7)) is None


def test_annuli_at_the_ceiling_are_left_out_and_no_others_are_biased():
    """The mean of what is left of each annulus is the light that fell on it."""
    ceiling, brightest = 4095, 4500.0
    errors, kept = [], []
    for seed in range(30):
        profile = reduce_frame(frame(brightest, ceiling, seed), (110.0, 110.0), GRID)
        number = np.floor(S / GRID.width_px2).astype(int)
        inside = number < GRID.count
        pixels = np.bincount(number[inside], minlength=GRID.count)
        true = 300.0 + np.bincount(number[inside], light(brightest)[inside], GRID.count) / pixels
        noise = np.sqrt((GAIN * (true - 300.0) + 9.0) / pixels)
        errors.append((profile.counts - true) / noise)
        kept.append(np.isfinite(profile.counts))
        assert profile.pixels.saturated == GRID.count - kept[-1].sum()
    kept = np.array(kept)
    assert 0.05 < 1.0 - kept.mean() < 0.3
    assert not kept[:, true > ceiling - 20.0].any()
    mean = np.nanmean(np.array(errors)[:, kept.all(axis=0)], axis=0)
    assert np.abs(mean).max() < 4.0 / np.sqrt(30)
    # Clipped without being told, the tops would be low by many errors.
    assert np.nanmin(np.minimum(true, ceiling) - true) < -300.0


def test_stars_and_hot_pixels_at_the_ceiling_cost_no_annulus():
    image = frame(50.0)
    random = np.random.default_rng(1)
    bright = np.minimum(random.uniform(1e3, 1e5, 120), 65535)
    image[random.integers(0, 220, 120), random.integers(0, 220, 120)] = bright
    assert find_ceiling(image) == 65535
    assert reduce_frame(image, (110.0, 110.0), GRID).pixels.saturated == 0


def test_an_annulus_is_clipped_within_three_standard_deviations():
    mean, variance = np.array([96.9, 97.1, 100.0, np.nan]), np.array([1.0, 1.0, 0.0, 1.0])
    assert clipped_annuli(mean, variance, 100.0).tolist() == [False, True, True, False]
