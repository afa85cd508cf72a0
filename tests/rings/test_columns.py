"""Offsets of a camera's columns: found in frames of rings, and taken out of their profiles."""

import numpy as np
import pytest

from airglow.rings import AnnulusGrid, column_offsets, reduce_frame, without_offsets

SHAPE = (200, 240)
GRID = AnnulusGrid(200, 98.0)
CENTER = (121.3, 99.6)
NOISE = 1.5


def frames(offsets, number=16, light=2.0, seed=0, uneven=0.0):
    """Rings of some counts, under light that is uneven over the frame, in noise."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    s = (x - CENTER[0]) ** 2 + (y - CENTER[1]) ** 2
    rings = light * (1.0 + np.cos(2 * np.pi * s / 900.0)) * (1.0 + uneven * (x - CENTER[0]) / 100.0)
    images = [300.0 + rings + offsets + random.normal(0, NOISE, SHAPE) for _ in range(number)]
    return images, [reduce_frame(image, CENTER, GRID) for image in images]


def in_rings(columns):
    """What offsets add to the annuli, pixel by pixel."""
    return reduce_frame(np.tile(columns, (SHAPE[0], 1)) * 1e-3, CENTER, GRID).counts * 1e3


def test_offsets_are_found_and_profiles_are_as_without_them():
    true = np.random.default_rng(4).normal(0, 0.25, SHAPE[1])
    images, profiles = frames(true, uneven=0.1)
    found = column_offsets(images, profiles, GRID)
    inside = slice(30, -30)
    assert np.corrcoef(found[inside], true[inside])[0, 1] > 0.95
    off = without_offsets(profiles[0], SHAPE, found, GRID).counts - profiles[0].counts
    added = in_rings(true)
    fringes = slice(40, None)  # an offset of the few columns at the centre is no pattern of fringes
    assert added[fringes].std() > 0.02
    left = added + off
    assert (left - left[fringes].mean())[fringes].std() < 0.45 * added[fringes].std()
    np.testing.assert_array_equal(
        profiles[0].radius_squared_px2, without_offsets(profiles[0], SHAPE, found, GRID).radius_squared_px2
    )


@pytest.mark.parametrize(("light", "uneven"), [(2.0, 0.0), (2.0, 0.3), (0.0, 0.0)])
def test_noise_and_uneven_light_are_no_offsets(light, uneven):
    images, profiles = frames(0.0, light=light, seed=2, uneven=uneven)
    found = column_offsets(images, profiles, GRID)
    assert found is None or np.std(found) < 0.02


def test_a_star_is_no_offset():
    """It stands in another column of each frame."""
    images, _ = frames(0.0, seed=3)
    for k, image in enumerate(images):
        image[120:124, 60 + k] += 400.0
    found = column_offsets(images, [reduce_frame(image, CENTER, GRID) for image in images], GRID)
    assert found is None or np.std(found) < 0.03


def test_a_few_frames_tell_nothing():
    images, profiles = frames(np.random.default_rng(4).normal(0, 0.5, SHAPE[1]), number=7)
    assert column_offsets(images, profiles, GRID) is None
    assert column_offsets([], [], GRID) is None


def test_an_even_picture_among_the_frames_hides_no_offsets():
    """None of its annuli scatters, so that it tells nothing of noise and columns."""
    true = np.random.default_rng(4).normal(0, 0.25, SHAPE[1])
    images, profiles = frames(true)
    with_others = column_offsets(images[1:], profiles[1:], GRID)
    images[0] = np.full(SHAPE, 300.0)
    profiles[0] = reduce_frame(images[0], CENTER, GRID)
    np.testing.assert_array_equal(column_offsets(images, profiles, GRID), with_others)
