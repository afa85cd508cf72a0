"""What a cycle's wind is made of: least squares by another way, and errors from one joint covariance."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import linalg

from airglow.winds import field, horizontal, shared_errors
from airglow.winds.horizontal import _Usable
from airglow.winds.places import positions_m

from .made_winds import LATITUDE_DEG, LONGITUDE_DEG, make_winds
from .test_field import LIKE, lines_of_sight


def usable(seen, like=LIKE):
    none = np.zeros(len(seen))
    return _Usable(None, np.datetime64(0, "us"), seen.time_s, np.arange(len(seen)), seen, none, False, like)


def test_errors_of_a_cycle_are_departures_from_the_wind_at_its_middle():
    seen, inside, middle_s = lines_of_sight(9), np.array([2, 3, 4, 6]), 4000.0
    between = field.departures(seen, seen, LIKE)
    to_middle = field.departures_over_site(seen, LIKE, np.array([middle_s]))[0]
    got = horizontal._errors(usable(seen), inside, between[np.ix_(inside, inside)], to_middle[:, inside])
    # Lines and the three components over the site together; what counts is the difference of the two.
    axes = field.Observations(
        np.full(3, middle_s), np.zeros((3, 3)), np.eye(3), np.zeros(3), np.zeros(3), np.zeros((3, 3))
    )
    here = seen.at(inside)
    joint = np.block(
        [
            [field.departures(here, here, LIKE), field.departures(here, axes, LIKE)],
            [field.departures(axes, here, LIKE), field.departures(axes, axes, LIKE)],
        ]
    )
    difference = np.hstack([np.eye(4), -here.components])
    noise = np.diag((here.noise_mps * np.sqrt(1 + 0.4**2)) ** 2)
    np.testing.assert_allclose(got, difference @ joint @ difference.T + here.shared + noise, rtol=1e-9)


def test_the_wind_of_a_cycle_is_that_of_least_squares():
    """By QR of what the errors' Cholesky factor whitens."""
    seen = lines_of_sight(8, seed=5)
    root = np.random.default_rng(6).normal(0, 2, (8, 8))
    errors = root @ root.T + 4 * np.eye(8)
    weight, covariance = horizontal._least_squares(seen, errors, np.zeros(8))
    wind = weight @ seen.wind_mps
    chi_square = horizontal._reduced_chi_square(seen, errors, wind)
    whiten = linalg.inv(linalg.cholesky(errors, lower=True))
    a, b = whiten @ seen.components, whiten @ seen.wind_mps
    solution, squares, rank, _ = np.linalg.lstsq(a, b)
    np.testing.assert_allclose(wind, solution, rtol=1e-5)
    np.testing.assert_allclose(covariance, np.linalg.inv(a.T @ a), rtol=1e-5)
    assert rank == 3
    assert chi_square == pytest.approx(squares[0] / 5, rel=1e-5)


def test_errors_that_samples_share_last_as_long_as_their_cause():
    """Of the gap: the time from one laser frame to the next; of a reference in time: an hour."""
    sky = make_winds(1, frames=4, step_s=600.0).sky
    sky = dataclasses.replace(
        sky,
        wind_calibration_error_mps=np.array([1.0, 2.0, 3.0, 4.0]),
        wind_reference_error_mps=np.full(4, 5.0),
    )
    time_s, lasers = np.arange(4) * 600.0, sky.start_time[0] + np.array([0, 900, 1800, 6000]) * 10**6
    shared = shared_errors.errors_that_last(sky, np.arange(4), time_s, lasers, False)
    assert shared[0, 0] == pytest.approx(1)
    assert shared[1, 3] == pytest.approx(2 * 4 * np.exp(-1200 / 900))
    in_time = shared_errors.errors_that_last(sky, np.arange(4), time_s, lasers, True)
    assert in_time[1, 3] == pytest.approx(2 * 4 * np.exp(-1200 / 900) + 25 * np.exp(-1200 / 3600))


def test_places_are_as_far_apart_as_on_a_sphere():
    """A degree of latitude is 111.19 km of a sphere of 6371 km; one of longitude is shorter by its cosine."""
    site = LATITUDE_DEG, LONGITUDE_DEG
    north = positions_m(LATITUDE_DEG + 1, LONGITUDE_DEG, *site)
    east = positions_m(LATITUDE_DEG, LONGITUDE_DEG + 1, *site)
    assert np.linalg.norm(north) == pytest.approx(111_194, rel=2e-5)
    assert np.linalg.norm(east) == pytest.approx(111_194 * np.cos(np.radians(LATITUDE_DEG)), rel=5e-5)
    assert north[1] == pytest.approx(111_194, rel=1e-4)
    assert east[0] == pytest.approx(111_194 * np.cos(np.radians(LATITUDE_DEG)), rel=1e-4)
    assert positions_m(*site, *site) == pytest.approx(0.0)
