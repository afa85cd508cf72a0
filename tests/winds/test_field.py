"""The wind as a Gaussian process: covariances by elements, densities by SciPy, slopes by differences."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from airglow.winds import field, field_search, horizontal
from airglow.winds.field import Hyperparameters, Observations

from .made_winds import LATITUDE_DEG, LONGITUDE_DEG, make_winds, waves

LIKE = Hyperparameters(40.0, 5000.0, 9e5, 6.0, 1500.0, 4e5, 0.4, 1.5, (-2e-3, 1e-3), (4e-3, -3e-3))
MEAN_MPS = 150.0  # standard deviation of the night's mean of each horizontal component


def lines_of_sight(count=9, seed=1):
    """Lines of sight in all directions, with errors of their own and in common."""
    random = np.random.default_rng(seed)
    components = random.normal(size=(count, 3))
    components /= np.linalg.norm(components, axis=1)[:, None]
    common = random.uniform(0.5, 2.0, count)
    return Observations(
        time_s=np.sort(random.uniform(0, 12000, count)),
        position_m=random.normal(0, 3e5, (count, 3)),
        components=components,
        wind_mps=random.normal(0, 40, count),
        noise_mps=random.uniform(2, 6, count),
        shared=np.outer(common, common),
    )


def matern(nu, t):
    """The Matern functions of nu = 3/2 and 5/2 (Rasmussen & Williams 2006, equation 4.17)."""
    root = np.sqrt(2 * nu) * t
    return (1 + root + (root**2 / 3 if nu == 2.5 else 0.0)) * np.exp(-root)


def covariance(a, i, b, k, like):
    """Of the departures that line i of ``a`` and line k of ``b`` see."""
    away_m = a.position_m[i] - b.position_m[k]
    total = 0.0
    for axis in range(3):
        spread, time_s, length_m = like.kinds()[1 if axis == 2 else 0]
        east, north = like.vertical_slowness_s_per_m if axis == 2 else like.horizontal_slowness_s_per_m
        lag_s = abs(a.time_s[i] - b.time_s[k] - east * away_m[0] - north * away_m[1])
        alike = matern(like.smoothness, lag_s / time_s) * np.exp(-(away_m @ away_m) / length_m**2 / 2)
        total += spread**2 * alike * a.components[i, axis] * b.components[k, axis]
    return total


def every_covariance(a, b, like):
    return np.array([[covariance(a, i, b, k, like) for k in range(len(b))] for i in range(len(a))])


def of_what_was_seen(seen, like):
    """With the night's mean wind, and all errors."""
    level = seen.components[:, :2]
    noise = np.diag(seen.noise_mps**2 * (1 + like.excess**2))
    return every_covariance(seen, seen, like) + MEAN_MPS**2 * level @ level.T + seen.shared + noise


@pytest.mark.parametrize("smoothness", [1.5, 2.5])
def test_covariances_are_those_of_each_component(smoothness):
    like = dataclasses.replace(LIKE, smoothness=smoothness)
    a, b = lines_of_sight(5, 1), lines_of_sight(7, 2)
    np.testing.assert_allclose(field.departures(a, b, like), every_covariance(a, b, like), rtol=1e-12)
    time_s = np.array([100.0, 7000.0])
    over_site = field.departures_over_site(b, like, time_s)
    for axis in range(3):
        here = dataclasses.replace(
            lines_of_sight(2),
            time_s=time_s,
            position_m=np.zeros((2, 3)),
            components=np.tile(np.eye(3)[axis], (2, 1)),
        )
        np.testing.assert_allclose(over_site[:, axis], every_covariance(here, b, like), rtol=1e-12)


def posterior_point(smoothness):
    """A place of the posterior's parameters and its hyperparameters."""
    x = np.array([0.4, -0.8, 1.1, -0.3, 0.6, -1.2, 0.5, -0.7, 0.2, 0.9, -0.4])
    medians = [prior.median for prior in field.HYPERPARAMETERS]
    widths = [prior.log_width for prior in field.HYPERPARAMETERS]
    east, north, east_of_vertical, north_of_vertical = field_search.SLOWNESS_S_PER_M * x[7:]
    return x, Hyperparameters(
        *(float(v) for v in medians * np.exp(widths * x[:7])),
        smoothness,
        (east, north),
        (east_of_vertical, north_of_vertical),
    )


@pytest.mark.parametrize("smoothness", [1.5, 2.5])
def test_the_cost_is_the_log_density_of_what_was_seen_and_of_the_priors(smoothness):
    seen = lines_of_sight()
    x, like = posterior_point(smoothness)
    cost, _ = field_search.Posterior(seen).cost(x, smoothness)
    other, _ = field_search.Posterior(seen).cost(np.zeros(11), smoothness)
    medians = Hyperparameters(smoothness=smoothness)

    def log_density(x, like):
        return (
            multivariate_normal.logpdf(seen.wind_mps, cov=of_what_was_seen(seen, like)) + norm.logpdf(x).sum()
        )

    assert other - cost == pytest.approx(log_density(x, like) - log_density(np.zeros(11), medians), rel=1e-9)


@pytest.mark.parametrize("smoothness", [1.5, 2.5])
@pytest.mark.parametrize("count", [9, 130])  # the latter in two stretches
def test_the_slope_of_the_cost_is_that_of_its_differences(smoothness, count):
    posterior = field_search.Posterior(lines_of_sight(count))
    x, _ = posterior_point(smoothness)
    _, slope = posterior.cost(x, smoothness)
    step = 1e-4 * np.eye(11)
    by_differences = [
        (posterior.cost(x + s, smoothness)[0] - posterior.cost(x - s, smoothness)[0]) / 2e-4 for s in step
    ]
    np.testing.assert_allclose(slope, by_differences, rtol=1e-5, atol=1e-6 * np.abs(slope).max())


def test_stretches_of_a_long_night_know_nothing_of_each_other():
    seen = lines_of_sight(130)
    x, _ = posterior_point(1.5)
    whole, first, second = (
        field_search.Posterior(part).cost(x, 1.5)[0]
        for part in (seen, seen.at(np.arange(65)), seen.at(np.arange(65, 130)))
    )
    assert whole == pytest.approx(first + second - 0.5 * x @ x, rel=1e-12)


def test_the_wind_over_the_site_is_the_conditional_one():
    """By the partitioned normal distribution (Rasmussen & Williams 2006, A.6), from one joint covariance."""
    seen, time_s = lines_of_sight(), np.array([2000.0, 9000.0])
    wind, left, prior, weight = field.wind_over_site(seen, LIKE, time_s)
    np.testing.assert_allclose(prior, [np.hypot(40, 150), np.hypot(40, 150), 6.0], rtol=1e-12)
    inverse = np.linalg.inv(of_what_was_seen(seen, LIKE))
    for m, moment in enumerate(time_s):
        axes = Observations(
            np.full(3, moment), np.zeros((3, 3)), np.eye(3), np.zeros(3), np.zeros(3), np.zeros((3, 3))
        )
        level = np.diag([1.0, 1.0, 0.0])
        cross = every_covariance(axes, seen, LIKE) + MEAN_MPS**2 * level @ seen.components.T
        np.testing.assert_allclose(weight[m], cross @ inverse, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(wind[m], cross @ inverse @ seen.wind_mps, rtol=1e-8)
        expected = np.diag(prior**2) - cross @ inverse @ cross.T
        np.testing.assert_allclose(left[m], expected, rtol=1e-7, atol=1e-6)


def test_a_wind_that_moves_is_found():
    """Vertical waves that come from the east, 400 s later for every 200 km: seen in five directions."""
    random = np.random.default_rng(3)
    time_s = np.arange(60) * 250.0
    azimuth = np.tile(np.radians([0.0, 0.0, 90.0, 180.0, 270.0]), 12)
    slant = np.tile([0.0, 0.7, 0.7, 0.7, 0.7], 12)
    across = np.stack([np.sin(azimuth), np.cos(azimuth)], axis=1) * slant[:, None]
    place_m = np.column_stack([across * 3.3e5, np.zeros(60)])
    at_site_s = time_s + 2e-3 * place_m[:, 0]
    wave = 8.0 * np.sin(2 * np.pi * at_site_s / 3000.0)
    components = np.column_stack([across, np.sqrt(1 - slant**2)])
    seen = components @ [60.0, -30.0, 0.0] + components[:, 2] * wave + random.normal(0, 1.0, 60)
    found = field_search.find_hyperparameters(
        Observations(time_s, place_m, components, seen, np.ones(60), np.zeros((60, 60)))
    )
    np.testing.assert_allclose(found.vertical_slowness_s_per_m, [-2e-3, 0.0], atol=4e-4)


def test_a_vertical_wind_that_moves_with_the_horizontal_one_is_found(monkeypatch):
    """A night that follows the sun, on which the search from rest ends with a vertical wind that stays."""
    found = []

    def find(observations):
        found.append(field_search.find_hyperparameters(observations))
        return found[-1]

    monkeypatch.setattr(horizontal, "find_hyperparameters", find)
    random = np.random.default_rng(50_009)
    wind = (
        waves(random, 40.0, 45.0, 4.0, 16.0),
        waves(random, -30.0, 45.0, 4.0, 16.0),
        waves(random, 0.0, 3.0, 0.4, 3.0, 8),
    )
    made = make_winds(9, wind=wind, noise_mps=1.0, follows_sun=True)
    horizontal.horizontal_winds(made.sky, made.laser_time, LATITUDE_DEG, LONGITUDE_DEG, 600.0)
    along, upward = (np.array(slowness) for slowness in found[-1].slownesses())
    assert along[0] == pytest.approx(-2.8e-3, abs=3e-4)  # an hour for 15 degrees of longitude
    np.testing.assert_allclose(upward, along, atol=6e-4)
