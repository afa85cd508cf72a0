"""Where lines of sight meet the airglow layer: against a sphere, and against the ellipsoid itself."""

import numpy as np
import pytest
from winds.made_winds import LATITUDE_DEG, LONGITUDE_DEG, on_sphere

from airglow.geometry import unit_vectors
from airglow.geometry.lines_of_sight import pierce_points

SITE = (LATITUDE_DEG, LONGITUDE_DEG, 200.0)


def earth_fixed(latitude_deg, longitude_deg, height_m):
    """Earth-fixed coordinates (..., 3) of a place by the textbook formula of the WGS 84 ellipsoid."""
    semi_major_m, flattening = 6_378_137.0, 1 / 298.257_223_563
    latitude, longitude = np.radians(latitude_deg), np.radians(longitude_deg)
    square = flattening * (2 - flattening)
    normal = semi_major_m / np.sqrt(1 - square * np.sin(latitude) ** 2)
    return np.stack(
        [
            (normal + height_m) * np.cos(latitude) * np.cos(longitude),
            (normal + height_m) * np.cos(latitude) * np.sin(longitude),
            (normal * (1 - square) + height_m) * np.sin(latitude),
        ],
        axis=-1,
    )


def directions():
    random = np.random.default_rng(3)
    return random.uniform(0, 360, 40), random.uniform(0, 70, 40)


@pytest.mark.parametrize("height_m", [250e3, 97e3])
def test_points_and_angles_are_those_of_a_sphere_but_for_its_flattening(height_m):
    azimuth, zenith = directions()
    points = pierce_points(*SITE, azimuth, zenith, height_m)
    latitude, longitude, azimuth_there, zenith_there = on_sphere(azimuth, zenith, height_m)
    np.testing.assert_allclose(points.latitude_deg, latitude, atol=0.03)
    np.testing.assert_allclose(points.longitude_deg, longitude, atol=0.03)
    np.testing.assert_allclose(points.zenith_deg, zenith_there, atol=0.03)
    turned = (points.azimuth_deg - azimuth_there + 180) % 360 - 180
    assert np.abs(turned).max() < 0.05
    np.testing.assert_array_equal(points.height_m, height_m)


def test_the_zenith_angle_at_250_km_is_two_degrees_less():
    points = pierce_points(*SITE, np.array([0.0]), np.array([45.0]), 250e3)
    by_law_of_sines = np.degrees(np.arcsin(6371 / 6621 * np.sin(np.radians(45))))
    assert points.zenith_deg[0] == pytest.approx(by_law_of_sines, abs=0.01)
    assert 45.0 - points.zenith_deg[0] == pytest.approx(2.12, abs=0.02)


def test_the_points_lie_on_the_lines_of_sight():
    azimuth, zenith = directions()
    points = pierce_points(*SITE, azimuth, zenith, 250e3)
    site = earth_fixed(*SITE)
    step = 1e-4  # degrees, to make axes by differences
    east = earth_fixed(SITE[0], SITE[1] + step, SITE[2]) - site
    north = earth_fixed(SITE[0] + step, SITE[1], SITE[2]) - site
    up = earth_fixed(SITE[0], SITE[1], SITE[2] + 10) - site
    axes = np.stack([axis / np.linalg.norm(axis) for axis in (east, north, up)])
    seen = (earth_fixed(points.latitude_deg, points.longitude_deg, points.height_m) - site) @ axes.T
    seen /= np.linalg.norm(seen, axis=1)[:, None]
    np.testing.assert_allclose(seen, unit_vectors(azimuth, zenith), atol=3e-6)


def test_the_zenith_is_above_the_site_and_a_pole_is_no_obstacle():
    points = pierce_points(*SITE, np.array([123.0]), np.array([0.0]), 250e3)
    assert points.latitude_deg[0] == pytest.approx(SITE[0], abs=1e-9)
    assert points.longitude_deg[0] == pytest.approx(SITE[1], abs=1e-9)
    assert points.zenith_deg[0] == pytest.approx(0.0, abs=1e-6)
    beyond = pierce_points(89.0, 20.0, 0.0, np.array([0.0]), np.array([45.0]), 250e3)
    assert beyond.longitude_deg[0] == pytest.approx(-160.0)
    assert beyond.azimuth_deg[0] == pytest.approx(180.0)  # to the pole northward, southward from there


def test_what_is_no_direction_has_no_point():
    points = pierce_points(*SITE, np.array([np.nan, 0.0, 0.0]), np.array([45.0, np.nan, 100.0]), 250e3)
    for values in vars(points).values():
        assert np.isnan(values).all()
    with pytest.raises(ValueError, match="not above the site"):
        pierce_points(40.0, 0.0, 5000.0, np.array([0.0]), np.array([0.0]), 4000.0)
