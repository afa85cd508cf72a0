"""Centre and noise from profiles that are written down without frames, and statistics of single annuli."""

import numpy as np
import pytest

from airglow.rings import AnnulusGrid, PixelStatistics, RingProfile, fit_noise, measure_center, reduce_frame

WIDTH_PX2, ANNULI = 75.0, 300
GRID = AnnulusGrid(count=ANNULI, max_radius_px=np.sqrt(WIDTH_PX2 * ANNULI))
S = (np.arange(ANNULI) + 0.5) * WIDTH_PX2
PIXELS = np.pi * WIDTH_PX2
VARIANCE = 50.0
DRAWS = 400


def profile_off_centre(shift_px, height, random):
    """What displaced rings of a cosine in r squared leave in each annulus, and the noise of its pixels."""
    turns = 2.0 * np.pi / 3000.0
    slope = -height * turns * np.sin(turns * S)
    noise = np.sqrt(2.0 * VARIANCE / (PIXELS * S))  # of the sum of x times counts, over that of x squared
    pixels = PixelStatistics(
        center_px=(200.0, 100.0),
        number=np.full(ANNULI, PIXELS),
        variance=np.full(ANNULI, VARIANCE),
        cosine=-2.0 * shift_px[0] * slope + random.normal(0, noise),
        sine=-2.0 * shift_px[1] * slope + random.normal(0, noise),
        clipped=0,
    )
    counts = 300.0 + height * np.cos(turns * S) + random.normal(0, np.sqrt(VARIANCE / PIXELS), ANNULI)
    return RingProfile(S, counts, np.full(ANNULI, np.nan), WIDTH_PX2, pixels)


def centres(shift_px, height):
    random = np.random.default_rng(3)
    found = [measure_center(profile_off_centre(shift_px, height, random), GRID) for _ in range(DRAWS)]
    shift = np.array([[center.x_px - 200.0, center.y_px - 100.0] for center in found])
    return shift, np.array([center.error_px for center in found])


def test_the_error_of_a_centre_is_its_scatter():
    true = np.array([0.03, -0.02])
    shift, error = centres(true, 30.0)
    z = (shift - true) / error[:, None]
    assert np.std(z) == pytest.approx(1.0, abs=0.1)  # 800 values tell it to 2.5 %
    assert np.abs(np.mean(z, axis=0)).max() < 0.15
    # All that is unknown is the shift: the information of two harmonics at all annuli.
    turns = 2.0 * np.pi / 3000.0
    slope = 30.0 * turns * np.sin(turns * S)
    bound = 1.0 / np.sqrt(np.sum((2.0 * slope) ** 2 * PIXELS * S / (2.0 * VARIANCE)))
    assert np.median(error) == pytest.approx(bound, rel=0.1)


def test_weak_rings_are_not_drawn_to_the_assumed_centre():
    true = np.array([0.6, -0.4])
    shift, error = centres(true, 3.5)
    assert np.isfinite(error).all()
    np.testing.assert_allclose(np.mean(shift, axis=0), true, rtol=0.1)


def displaced(aspect):
    """Centre by one step from half a pixel beside it, at (130.25, 109.6)."""
    y, x = np.indices((220, 260))
    s = (x - 130.25) ** 2 + (aspect * (y - 109.6)) ** 2
    grid = AnnulusGrid(count=200, max_radius_px=105.0)
    profile = reduce_frame(300.0 + 50.0 * np.cos(2.0 * np.pi * s / 3000.0), (130.0, 110.0), grid, aspect)
    return measure_center(profile, grid, aspect).xy


def test_one_step_leads_from_a_displaced_centre_to_the_true_one():
    np.testing.assert_allclose(displaced(1.0), (130.25, 109.6), atol=0.02)


def test_a_displaced_centre_is_found_on_oblong_pixels():
    np.testing.assert_allclose(displaced(1.4), (130.25, 109.6), atol=0.02)


def test_the_scatter_of_pixels_is_no_less_than_the_noise():
    """Their own mean is taken out, the slope is the neighbours': n - 1 are free, n - 2 are taken."""
    random, grid = np.random.default_rng(5), AnnulusGrid(count=900, max_radius_px=95.0)
    ratios = []
    for _ in range(6):
        image = 500.0 + random.normal(0, 8.0, (200, 200))
        profile = reduce_frame(image, (99.5, 99.5), grid)
        ratios.append(profile.pixels.variance / 64.0)
    number = np.pi * grid.width_px2  # 31
    mean = np.nanmean(ratios)  # of 5000 annuli, good to 0.4 %
    assert 1.0 - 0.004 < mean < 1.0 + 1.5 / number


@pytest.mark.parametrize("center_px", [(100.0, 55.0), (50.0, 65.0), (100.0, 74.0), (152.0, 65.0)])
def test_harmonics_are_of_annuli_that_lie_wholly_on_the_frame(center_px):
    grid = AnnulusGrid(count=100, max_radius_px=80.0)
    profile = reduce_frame(np.ones((130, 200)), center_px, grid)
    outer = np.sqrt((np.arange(100) + 1) * 64.0)
    x, y = center_px
    edge = min(x + 0.5, 199.5 - x, y + 0.5, 129.5 - y)  # the outer edges of the pixels at the border
    np.testing.assert_array_equal(np.isfinite(profile.pixels.cosine), outer <= edge)
    assert np.isfinite(profile.counts).sum() > np.isfinite(profile.pixels.cosine).sum()


def test_a_hot_pixel_is_missed_in_its_own_annulus_alone():
    y, x = np.indices((120, 120))
    annulus = (((x - 60) ** 2 + (y - 60) ** 2) / 25.0).astype(int)
    image = 100.0 + np.random.default_rng(0).normal(0, 1.0, annulus.shape)
    grid = AnnulusGrid(count=100, max_radius_px=50.0)
    before = reduce_frame(image, (60.0, 60.0), grid)
    hot = (7, 30, 31, 80)
    for each in hot:  # the first and the last pixel of the annulus
        image.flat[np.flatnonzero(annulus == each)[[0, -1]]] += 500.0
    after = reduce_frame(image, (60.0, 60.0), grid)
    missing = before.pixels.number - after.pixels.number
    np.testing.assert_array_equal(missing, np.where(np.isin(np.arange(100), hot), 2.0, 0.0))
    np.testing.assert_allclose(after.counts, before.counts, atol=1.0)


def curved_profile(part):
    """Annuli over which a parabola scatters the pixels by a part of their noise, of 4 + 0.9 (mean - 290)."""
    mean = 300.0 + 50.0 * np.linspace(0.0, 1.0, ANNULI)
    variance = 4.0 + 0.9 * (mean - 290.0)
    # A parabola c s^2 / 2 differs from its mean by c (s^2 - w^2 / 12) / 2 over a width w.
    offset = (np.arange(2000) + 0.5) / 2000 * WIDTH_PX2 - WIDTH_PX2 / 2
    unit = np.var(0.5 * (offset**2 - WIDTH_PX2**2 / 12.0))
    curvature = np.sqrt(part * 40.0 / unit)
    counts = 320.0 + 0.5 * curvature * (S - S.mean()) ** 2
    variance = np.full(ANNULI, 40.0 * (1.0 + part)) if part else variance
    variance[[0, 1, -2, -1]] = np.nan  # where differences are one-sided
    pixels = PixelStatistics((0.0, 0.0), np.full(ANNULI, PIXELS), variance, S, S, 0)
    return RingProfile(S, counts if part else mean, np.full(ANNULI, np.nan), WIDTH_PX2, pixels)


@pytest.mark.parametrize(("part", "counts"), [(0.07, False), (0.03, True)])
def test_curved_annuli_say_nothing_of_the_noise(part, counts):
    noise = fit_noise([curved_profile(0.0), curved_profile(part)])
    exact = np.isclose(noise.variance(np.array([305.0, 340.0])), [17.5, 49.0], rtol=1e-9).all()
    assert exact != counts
