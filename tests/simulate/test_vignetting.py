"""Illumination against areas that are counted."""

import numpy as np
import pytest

from airglow.simulate.vignetting import Vignetting, overlap, shift_for


@pytest.mark.parametrize("stop", [1.0, 1.15, 1.6])
def test_the_overlap_of_two_circles_is_the_area_they_share(stop):
    across = np.linspace(-1, 1, 2001)
    x, y = np.meshgrid(across, across)
    beam = np.hypot(x, y) < 1
    shifts = np.array([0.0, 0.1, 0.4, 0.9, 1.7, 3.0])
    counted = [np.mean(np.hypot(x[beam] - shift, y[beam]) < stop) for shift in shifts]
    np.testing.assert_allclose(overlap(shifts, stop), counted, atol=1e-3)


def test_a_shift_is_found_for_any_illumination_of_the_rim():
    for rim in (0.99, 0.7, 0.35):
        assert overlap(np.array(shift_for(rim, 1.1)), 1.1) == pytest.approx(rim, abs=1e-9)


def test_light_falls_with_the_cosine_and_the_stop():
    vignetting = Vignetting((30.0, 20.0), 100.0, angle_rad=0.2, shift=0.5, stop=1.2, laser_power=2.0)
    radius = np.array([0.0, 50.0, 100.0])
    expected = np.cos(0.2 * radius / 100) ** 4 * overlap(0.5 * radius / 100, 1.2)
    np.testing.assert_allclose(vignetting.relative(radius), expected)
    np.testing.assert_allclose(
        vignetting.relative(radius, laser=True), expected * np.cos(0.2 * radius / 100) ** 2
    )
    image = vignetting.image((40, 60), (2.0, 1.0))
    assert image.shape == (40, 60)
    assert image[20, 30] == 1
    assert image[25, 50] == pytest.approx(float(vignetting.relative(np.hypot(40.0, 5.0))))
