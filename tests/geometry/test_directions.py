"""Look directions: against complex numbers and scalar products, and against a rotation done by hand."""

import numpy as np
import pytest

from airglow.geometry import is_zenith, look_direction, separation_deg, unit_vectors
from airglow.registry import Direction


def test_unit_vectors_point_east_north_and_up():
    # 30 degrees east of north, 60 from the vertical: sin 30 sin 60, cos 30 sin 60, cos 60.
    np.testing.assert_allclose(unit_vectors(30.0, 60.0), [np.sqrt(3) / 4, 0.75, 0.5], atol=1e-15)
    np.testing.assert_allclose(unit_vectors([90.0, 180.0], 90.0), [[1, 0, 0], [0, -1, 0]], atol=1e-15)


def test_separation_is_the_angle_between_lines_of_sight():
    random = np.random.default_rng(4)
    azimuth, zenith = random.uniform(0, 360, (2, 60)), random.uniform(5, 90, (2, 60))
    level = np.sin(np.radians(zenith)) * np.exp(1j * np.radians(azimuth))  # north + i east
    up = np.cos(np.radians(zenith))
    angle = np.degrees(np.arccos((level[0] * level[1].conj()).real + up[0] * up[1]))
    got = [
        separation_deg(*values) for values in zip(azimuth[0], zenith[0], azimuth[1], zenith[1], strict=True)
    ]
    np.testing.assert_allclose(got, angle, atol=1e-9)


@pytest.mark.parametrize(
    ("zenith_deg", "name"), [(36.0, "South"), (34.0, "Unknown"), (54.0, "South"), (56.0, "Unknown")]
)
def test_a_direction_reaches_ten_degrees(zenith_deg, name):
    directions = (Direction("Zenith", 0.0, 0.0), Direction("South", 180.0, 45.0))
    assert look_direction(180.0, zenith_deg, directions) == name


def test_at_the_edge_of_the_zenith_a_wind_of_100_metres_a_second_shows_5():
    shown = 100.0 * np.sin(np.radians([0.0, 2.9, 3.1, 45.0]))
    np.testing.assert_array_equal(is_zenith(np.array([0.0, 2.9, 3.1, 45.0])), shown < 5.23)
