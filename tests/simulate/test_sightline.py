"""Lines of sight over a round Earth: closed formulas on a sphere, the retrieval on the ellipsoid."""

import itertools
import math

import numpy as np
import pytest

from airglow.geometry.lines_of_sight import pierce_points
from airglow.simulate.sightline import EQUATOR_M, sight_line

PLACES = [(40.2, -88.2, 220.0), (-33.6, -70.2, 2500.0), (69.6, 19.2, 100.0), (0.0, 179.5, 0.0)]
LOOKS = [(0.0, 45.0), (90.0, 45.0), (200.0, 45.0), (311.0, 60.0), (77.0, 10.0), (0.0, 0.0)]


@pytest.mark.parametrize("place", PLACES)
def test_on_a_sphere_spherical_trigonometry_gives_place_and_angles(place):
    """Law of sines for the zenith angle, law of cosines for the latitude, Clairaut for the azimuth."""
    latitude_deg, longitude_deg, altitude_m = place
    for azimuth_deg, zenith_deg in LOOKS:
        line = sight_line(*place, azimuth_deg, zenith_deg, 250e3, flattening=0.0)
        zenith, azimuth, latitude = map(math.radians, (zenith_deg, azimuth_deg, latitude_deg))
        there = math.asin(math.sin(zenith) * (EQUATOR_M + altitude_m) / (EQUATOR_M + 250e3))
        arc = zenith - there
        expected = math.asin(
            math.sin(latitude) * math.cos(arc) + math.cos(latitude) * math.sin(arc) * math.cos(azimuth)
        )
        east = math.atan2(
            math.sin(azimuth) * math.sin(arc),
            math.cos(latitude) * math.cos(arc) - math.sin(latitude) * math.sin(arc) * math.cos(azimuth),
        )
        assert line.zenith_deg == pytest.approx(math.degrees(there), abs=1e-6)
        assert line.latitude_deg == pytest.approx(math.degrees(expected), abs=1e-8)
        moved = (line.longitude_deg - longitude_deg + 180) % 360 - 180
        assert moved == pytest.approx(math.degrees(east), abs=1e-8)
        if zenith_deg:
            sine = math.sin(azimuth) * math.cos(latitude) / math.cos(expected)
            assert math.sin(math.radians(line.azimuth_deg)) == pytest.approx(sine, abs=1e-8)


@pytest.mark.parametrize("height_m", [97e3, 250e3])
def test_the_retrieval_sees_the_same_place_at_the_same_angles(height_m):
    """Its own way there is by iteration to a geodetic height; here it is a quadratic equation."""
    for place, (azimuth_deg, zenith_deg) in itertools.product(PLACES, LOOKS):
        line = sight_line(*place, azimuth_deg, zenith_deg, height_m)
        other = pierce_points(*place, np.array([azimuth_deg]), np.array([zenith_deg]), height_m)
        assert line.latitude_deg == pytest.approx(other.latitude_deg[0], abs=1e-4)
        assert line.longitude_deg == pytest.approx(other.longitude_deg[0], abs=1e-4)
        assert line.zenith_deg == pytest.approx(other.zenith_deg[0], abs=1e-4)
        if zenith_deg:
            apart = (line.azimuth_deg - other.azimuth_deg[0] + 180) % 360 - 180
            assert apart == pytest.approx(0, abs=1e-4)


def test_a_wind_is_projected_on_the_line():
    line = sight_line(40.0, -88.0, 0.0, 90.0, 45.0, 250e3)
    slope = math.radians(line.zenith_deg)
    turned = math.radians(line.azimuth_deg - 90)
    assert line.zenith_deg == pytest.approx(42.9, abs=0.1)
    assert math.degrees(turned) == pytest.approx(1.7, abs=0.2)  # to the south
    assert line.wind_along_mps(100, 0, 0) == pytest.approx(100 * math.sin(slope) * math.cos(turned))
    assert line.wind_along_mps(0, 100, 0) == pytest.approx(-100 * math.sin(slope) * math.sin(turned))
    assert line.wind_along_mps(0, 0, 100) == pytest.approx(100 * math.cos(slope))
