"""The camera: its noise by the photon transfer curve, its blemishes where they were put."""

import numpy as np
import pytest

from airglow.simulate.camera import Camera, add_cosmic_rays, expose, star_light, with_blemishes

GAIN, READ_NOISE_E = 1.7, 6.0
CAMERA = Camera(rows=200, columns=200, gain_e_per_count=GAIN, read_noise_e=READ_NOISE_E)


def test_variance_grows_with_the_mean_by_one_over_the_gain():
    rng = np.random.default_rng(1)
    levels = np.array([0.0, 50.0, 200.0, 800.0])
    frames = [expose(CAMERA, np.full((200, 200), level), 1.0, 300.0, rng) for level in levels]
    means = np.array([frame.mean() for frame in frames])
    variances = np.array([frame.var() for frame in frames])
    np.testing.assert_allclose(means, 300 + levels, rtol=2e-3)
    slope, offset = np.polyfit(levels, variances, 1, w=1 / (variances * np.sqrt(2 / 40_000)))
    assert 1 / slope == pytest.approx(GAIN, rel=0.02)
    assert offset == pytest.approx((READ_NOISE_E / GAIN) ** 2 + 1 / 12, rel=0.03)


def test_frames_are_integers_that_saturate():
    frame = expose(CAMERA, np.full((200, 200), 1e6), 1.0, 300.0, np.random.default_rng(0))
    assert frame.dtype == np.uint16
    assert frame.min() == 65_535


def test_hot_pixels_and_columns_stay_in_place():
    blemished = with_blemishes(CAMERA, np.random.default_rng(5), hot_pixels=30, column_pattern_counts=4.0)
    rng = np.random.default_rng(6)
    dark = np.zeros((200, 200))
    frames = [expose(blemished, dark, 600.0, 300.0, rng).astype(float) for _ in range(2)]
    rows, columns, rate = blemished.hot_pixels
    assert rate.min() > 0
    for frame in frames:
        assert np.all(frame[rows, columns] > 330)
        found = np.median(frame, axis=0) - np.median(frame)
        assert np.corrcoef(found, blemished.column_pattern)[0, 1] > 0.98


def test_cosmic_rays_are_few_pixels_with_much_charge():
    electrons = np.zeros((200, 200))
    add_cosmic_rays(electrons, 10, np.random.default_rng(2))
    assert 10 < np.count_nonzero(electrons) < 200
    assert electrons.max() > 50


def test_stars_are_spots():
    light = star_light(CAMERA, 5, 100.0, np.random.default_rng(3))
    assert light.shape == (200, 200)
    assert light.min() == 0
    assert light.max() > 20 * light.mean()
