"""Ring profiles and centres of images whose truth is known by construction."""

import numpy as np
import pytest

from airglow.rings import (
    AnnulusGrid,
    NoiseModel,
    RingProfile,
    find_center,
    fit_noise,
    measure_center,
    reduce_frame,
    refine_center,
    used_part,
    with_noise,
)

GRID = AnnulusGrid(count=500, max_radius_px=256.0)
CENTER = (251.3, 262.8)
PERIOD_PX2 = 5400.0


def squared_radius(center=CENTER, shape=(512, 512), aspect=1.0):
    y, x = np.indices(shape)
    return (x - center[0]) ** 2 + (aspect * (y - center[1])) ** 2


def rings(center=CENTER, level=300.0, height=400.0, shape=(512, 512), aspect=1.0):
    phase = 2 * np.pi * squared_radius(center, shape, aspect) / PERIOD_PX2
    return level + height / (1 + 30 * np.sin(phase / 2) ** 2)


def noisy(image, seed=0, gain=0.9, read_noise=2.0):
    rng = np.random.default_rng(seed)
    return np.round(rng.normal(image, np.sqrt(read_noise**2 + gain * (image - 290))))


def test_profile_of_a_straight_line_in_r_squared_is_exact():
    # Not at the outermost annuli: those leave the frame, and still have the true mean of r squared.
    image = 2.0 + 3e-3 * squared_radius()
    profile = reduce_frame(image, CENTER, GRID)
    ok = np.isfinite(profile.counts)
    assert ok.sum() > 490
    expected = 2.0 + 3e-3 * profile.radius_squared_px2[ok]
    np.testing.assert_allclose(profile.counts[ok], expected, rtol=0, atol=1e-4)
    assert np.nanmax(profile.pixels.variance) < 1e-6


def test_every_pixel_within_the_last_annulus_is_counted_once():
    profile = reduce_frame(np.ones((512, 512)), CENTER, GRID)
    assert profile.pixels.number.sum() == np.count_nonzero(squared_radius() < GRID.max_radius_px**2)


def test_hot_pixels_and_cosmic_rays_are_left_out():
    clean = noisy(rings())
    dirty = clean.copy()
    rng = np.random.default_rng(1)
    rows, columns = rng.integers(0, 512, 200), rng.integers(0, 512, 200)
    dirty[rows, columns] += rng.uniform(300, 30000, 200)
    expected, got = (reduce_frame(image, CENTER, GRID) for image in (clean, dirty))
    error = np.sqrt(expected.pixels.variance / expected.pixels.number)
    assert np.nanmax(np.abs(got.counts - expected.counts) / error) < 1.5
    assert 130 <= got.pixels.clipped <= 230


def test_annuli_without_counts_or_error_take_no_part():
    counts, sigma = np.arange(8.0), np.ones(8)
    counts[2], sigma[3], sigma[4] = np.nan, np.nan, 0.0
    profile = RingProfile(10.0 * np.arange(8) + 5.0, counts, sigma, width_px2=10.0)
    part = used_part(profile, AnnulusGrid(count=8, max_radius_px=np.sqrt(80.0), first=1, stop=7))
    np.testing.assert_array_equal(part.counts, [1.0, 5.0, 6.0])
    np.testing.assert_array_equal(part.radius_squared_px2, [15.0, 55.0, 65.0])
    assert (len(part), part.width_px2) == (3, 10.0)


def test_error_of_an_annulus_is_that_of_a_pixel_over_the_root_of_their_number():
    profile = with_noise(reduce_frame(noisy(rings()), CENTER, GRID), NoiseModel(4.0, 0.9, 290.0))
    assert profile.sigma[100] == pytest.approx(
        np.sqrt((4.0 + 0.9 * (profile.counts[100] - 290.0)) / profile.pixels.number[100])
    )


def test_scatter_of_pixels_gives_the_cameras_noise():
    profiles = [
        reduce_frame(noisy(rings(height=h, level=level), seed), CENTER, GRID)
        for seed, (h, level) in enumerate([(20, 300), (40, 320), (30, 350)])
    ]
    noise = fit_noise(profiles)
    for mean in (305.0, 340.0):
        truth = 4.0 + 0.9 * (mean - 290.0) + 1 / 12
        assert noise.variance(np.array(mean)) == pytest.approx(truth, rel=0.03)


@pytest.mark.parametrize("height", [8.0, 400.0])
def test_centre_is_found_within_its_error(height):
    scores = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        truth = (CENTER[0] + rng.uniform(-5, 5), CENTER[1] + rng.uniform(-5, 5))
        center = find_center(noisy(rings(truth, height=height), seed), GRID)
        assert center.error_px < 0.05
        scores += [(center.x_px - truth[0]) / center.error_px, (center.y_px - truth[1]) / center.error_px]
    assert np.max(np.abs(scores)) < 3.5


def test_uneven_light_does_not_pull_the_centre():
    y, x = np.indices((512, 512))
    light = 1 + 0.15 * (x - 256) / 256 - 0.1 * (y - 256) / 256
    center = find_center(noisy(300.0 + rings(level=0.0) * light + 0.05 * x), GRID)
    assert np.hypot(center.x_px - CENTER[0], center.y_px - CENTER[1]) < 0.03


def test_centre_of_oblong_pixels_on_a_frame_that_is_not_square():
    center = (200.4, 131.7)
    grid = AnnulusGrid(count=400, max_radius_px=190.0)
    image = noisy(rings(center, shape=(256, 400), aspect=1.5))
    got, profile = refine_center(image, (200.0, 132.0), grid, aspect=1.5)
    assert np.hypot(got.x_px - center[0], got.y_px - center[1]) < 0.02
    assert measure_center(profile, grid, aspect=1.5).error_px < 0.02


def test_no_rings_no_centre():
    image = noisy(np.full((512, 512), 300.0))
    center, _ = refine_center(image, (256.0, 256.0), GRID)
    assert not center.error_px < 0.2


def test_centre_off_the_frame_is_refused():
    with pytest.raises(ValueError, match="leaves no pixel"):
        reduce_frame(np.ones((64, 64)), (-500.0, 10.0), GRID)
