"""What each user of Gaussian processes states, against dense algebra that shares no code with it.

Joint covariances are inverted as a whole here (the block of an inverse belongs to the conditional
distribution), while the package solves with the covariance of the samples.
"""

import numpy as np
import pytest

from airglow.gp import (
    Samples,
    conditional_covariance,
    conditional_mean,
    factorise,
    fit_course,
    fit_process,
    gain,
    regress,
)
from airglow.gp.kernels import matern_3_2
from airglow.winds.doppler_reference import reference_in_time, reference_over_gap
from airglow.winds.field import Hyperparameters, Observations, wind_over_site

from .exact import predict


def conditional(joint, deviation):
    """Mean and covariance of the first values given the last ones, from the inverse of all."""
    m = joint.shape[0] - deviation.size
    precision = np.linalg.inv(joint)
    covariance = np.linalg.inv(precision[:m, :m])
    return -covariance @ precision[:m, m:] @ deviation, covariance


def covariance_of_course(process, samples, a, b):
    """A process about a trend, written down anew."""
    spread, hours = np.ptp(samples.value), max(np.ptp(samples.time_s) / 3600, 1.0)
    level, slope = 10 * (spread + samples.natural_rate), spread / hours + 2 * samples.natural_rate
    middle = samples.time_s.mean()
    trend = level**2 + slope**2 * np.outer(a - middle, b - middle) / 3600**2
    return trend + process.amplitude**2 * process.kernel(np.abs(a[:, None] - b) / process.length_s)[0]


def made_course(seed=0, n=15):
    random = np.random.default_rng(seed)
    time_s = np.sort(random.uniform(0, 30000, n))
    error = random.uniform(0.05, 0.2, n)
    return time_s, 2.0 * np.sin(time_s / 6000) + random.normal(0, error), error


def test_gain_mean_and_covariance_are_those_of_the_joint_distribution():
    root = np.random.default_rng(0).normal(0, 1, (9, 9))
    joint, deviation = root @ root.T + np.eye(9), np.arange(6.0)
    mean, covariance = conditional(joint, deviation)
    factor, cross = factorise(joint[3:, 3:]), joint[:3, 3:]
    weights = gain(factor, cross)
    np.testing.assert_allclose(weights @ deviation, mean)
    np.testing.assert_allclose(conditional_mean(factor, cross, deviation), mean)
    np.testing.assert_allclose(conditional_covariance(joint[:3, :3], weights, cross), covariance)
    # Sets of values at once are as each by itself.
    np.testing.assert_array_equal(gain(factor, np.stack([cross, 2 * cross]))[1], 2 * weights)


def test_a_course_is_the_conditional_distribution():
    samples = Samples(*made_course(), 1.0)
    course = fit_course(samples.time_s, samples.value, samples.error, natural_rate=1.0)
    (piece,) = course.pieces
    assert course.used.all()
    at = np.linspace(-2000, 33000, 9)
    everywhere = np.concatenate([at, samples.time_s])
    joint = covariance_of_course(piece.process, samples, everywhere, everywhere)
    joint[9:, 9:] += np.diag(samples.error**2 + piece.process.excess**2)
    joint[:9, :9] += 1e-9 * np.eye(9)  # the joint distribution of values without noise is nearly singular
    mean, covariance = conditional(joint, samples.value - np.median(samples.value))
    value, error = course.at(at)
    np.testing.assert_allclose(value, np.median(samples.value) + mean, atol=1e-5)
    np.testing.assert_allclose(error, np.sqrt(np.diag(covariance)), rtol=1e-4)
    np.testing.assert_allclose(course.covariance(at), covariance, atol=1e-6)


def test_amplitudes_of_a_regression_are_the_conditional_distribution():
    random = np.random.default_rng(4)
    time_s = np.arange(40) * 600.0
    functions, width = random.normal(0, 1, (40, 3)), np.array([0.5, 1.0, 2.0])
    value = np.sin(time_s / 5000) + functions @ [0.3, -0.8, 1.5] + random.normal(0, 0.1, 40)
    samples = Samples(time_s, value, np.full(40, 0.1), 1.0)
    found = regress(samples, functions, width)
    prior = np.diag(width**2)
    process, _ = fit_process(samples, [matern_3_2], functions @ prior @ functions.T)
    own = covariance_of_course(process, samples, time_s, time_s)
    own += functions @ prior @ functions.T + (0.1**2 + process.excess**2) * np.eye(40)
    joint = np.block([[prior, prior @ functions.T], [functions @ prior, own]])
    mean, covariance = conditional(joint, value - np.median(value))
    np.testing.assert_allclose(found.amplitude, mean, rtol=1e-7)
    np.testing.assert_allclose(found.covariance, covariance, rtol=1e-6, atol=1e-12)


def test_winds_over_the_site_are_the_conditional_distribution():
    random = np.random.default_rng(5)
    n, at_s = 20, np.array([0.0, 4000.0])
    hyperparameters = Hyperparameters(smoothness=2.5)
    observations = Observations(
        time_s=np.linspace(0, 9000, n),
        position_m=random.normal(0, 2e5, (n, 3)),
        components=random.normal(0, 0.6, (n, 3)),
        wind_mps=random.normal(0, 50, n),
        noise_mps=random.uniform(1, 5, n),
        shared=np.full((n, n), 4.0),
    )
    # All components at all places, then what the lines see of them: nothing is left out or shared.
    time_s = np.concatenate([observations.time_s, at_s])
    place = np.concatenate([observations.position_m, np.zeros((2, 3))])
    lag, square = np.abs(time_s[:, None] - time_s), ((place[:, None] - place) ** 2).sum(axis=2)
    field = np.zeros((n + 2, 3, n + 2, 3))
    for k, (spread, length_s, length_m, mean) in enumerate(
        [(50.0, 10800.0, 5e6, 150.0), (50.0, 10800.0, 5e6, 150.0), (5.0, 2400.0, 1e6, 0.0)]
    ):
        x = np.sqrt(5) * lag / length_s
        field[:, k, :, k] = (
            spread**2 * (1 + x + x**2 / 3) * np.exp(-x) * np.exp(-square / 2 / length_m**2) + mean**2
        )
    lines = np.zeros((n, n + 2, 3))
    lines[np.arange(n), np.arange(n)] = observations.components
    seen = np.concatenate([np.eye(3 * (n + 2))[3 * n :], lines.reshape(n, -1)])
    joint = seen @ field.reshape(3 * (n + 2), -1) @ seen.T
    joint[6:, 6:] += observations.shared + np.diag(observations.noise_mps**2 * (1 + 0.3**2))
    mean, covariance = conditional(joint, observations.wind_mps)
    wind, found, prior, _ = wind_over_site(observations, hyperparameters, at_s)
    np.testing.assert_allclose(wind.ravel(), mean, rtol=1e-6)
    for k, part in enumerate((slice(0, 3), slice(3, 6))):
        np.testing.assert_allclose(found[k], covariance[part, part], rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(np.diag(joint)[part], prior**2)


def test_the_reference_over_the_gap_is_the_conditional_distribution():
    random = np.random.default_rng(6)
    n = 30
    zenith, fit_error = np.arange(n) % 3 == 0, random.uniform(1, 3, n)
    time_s = np.arange(n) * 600.0
    gap = 200.0 * np.exp(-np.abs(time_s[:, None] - time_s) / 5000)
    velocity = np.where(zenith, random.normal(0, 6, n), random.normal(0, 60, n)) - 100.0
    found = reference_over_gap(time_s, velocity, fit_error, gap, zenith)
    assert found.zenith_samples == zenith.sum()
    joint = np.zeros((n + 10, n + 10))
    prior = gap + 1e6
    everywhere = np.concatenate([np.arange(n), np.flatnonzero(zenith)])
    joint[:] = prior[np.ix_(everywhere, everywhere)]
    joint[n:, n:] += np.diag(fit_error[zenith] ** 2 + found.vertical_wind_spread_mps**2)
    joint[:n, :n] += 1e-6 * np.eye(n)
    middle = np.median(velocity[zenith])
    mean, covariance = conditional(joint, velocity[zenith] - middle)
    np.testing.assert_allclose(found.value_mps, middle + mean, atol=1e-3)
    weight = 1.0 / (np.diag(covariance) - covariance.min() + fit_error**2)
    weight /= weight.sum()
    about_mean = np.eye(n) - weight
    calibration = np.sqrt(np.diag(about_mean @ covariance @ about_mean.T))
    np.testing.assert_allclose(found.calibration_error_mps, calibration, rtol=1e-3)


def test_the_reference_in_time_is_the_course_of_the_zenith():
    random = np.random.default_rng(7)
    time_s, zenith = np.arange(60) * 400.0, np.arange(60) % 4 == 0
    velocity = 30 * np.sin(time_s / 9000) + np.where(
        zenith, random.normal(0, 8, 60), random.normal(0, 60, 60)
    )
    found = reference_in_time(time_s, velocity, np.full(60, 2.0), zenith)
    error = np.full(zenith.sum(), np.hypot(2.0, 8.0))
    course = fit_course(time_s[zenith], velocity[zenith], error, natural_rate=30.0)
    (piece,) = course.pieces
    value, _ = predict(piece.samples, piece.process, time_s[::10])
    np.testing.assert_allclose(found.value_mps[::10], value, atol=1e-6)


EQUAL = np.full(6, 1000.0)
STEPS = np.arange(12) * 900.0
NOISE = np.random.default_rng(1).normal(0, 1, 12)
DIFFICULT = {
    "ten within a millisecond and one far away": (
        np.r_[np.linspace(0, 1e-3, 10), 1e6],
        0.1 * NOISE[:11],
        0.1,
    ),
    "the same, precise": (np.r_[np.linspace(0, 1e-3, 10), 1e6], 1e-3 * NOISE[:11], 1e-3),
    "identical times": (EQUAL, NOISE[:6], 0.1),
    "identical times, precise": (EQUAL, 2.0 + 1e-12 * NOISE[:6], 1e-12),
    "identical times, precise and at odds": (EQUAL, NOISE[:6], 1e-12),
    "precise": (STEPS, np.sin(STEPS / 4000), 1e-12),
    "some precise": (STEPS, np.sin(STEPS / 4000), np.r_[np.full(6, 1e-12), np.full(6, 0.1)]),
    "of all precisions": (STEPS, np.sin(STEPS / 4000), 10.0 ** -np.arange(12)),
    "one": (EQUAL[:1], NOISE[:1], 0.1),
    "one, precise": (EQUAL[:1], NOISE[:1], 1e-12),
    "two": (STEPS[:2], NOISE[:2], 0.1),
    "two at one time": (EQUAL[:2], NOISE[:2], 0.1),
    "two at one time, precise and at odds": (EQUAL[:2], np.array([3.0, 4.0]), 1e-12),
}


@pytest.mark.parametrize("case", DIFFICULT)
def test_difficult_samples_give_true_errors(case):
    time_s, value, error = DIFFICULT[case]
    error = np.broadcast_to(error, time_s.shape)
    course = fit_course(time_s, value, error, natural_rate=1.0, find_jumps=True)
    for piece in course.pieces:
        at = np.array([t for t in (1000.0, 1e4, 5e5) if piece.start_s <= t < piece.stop_s])
        exact, exact_error = predict(piece.samples, piece.process, at)
        found, found_error = course.at(at)
        # A jitter or rounding may enlarge an error, and moves no value by more than a part of it.
        assert np.all(np.abs(found - exact) < 0.5 * found_error)
        assert np.all(found_error > 0.95 * np.array(exact_error))
        if piece.samples.error.min() > 1e-6:
            np.testing.assert_allclose(found, exact, atol=1e-6)
            np.testing.assert_allclose(found_error, exact_error, rtol=1e-6)
    covariance = course.covariance(np.array([1000.0, 1e4]))
    assert np.isfinite(covariance).all()
    assert np.linalg.eigvalsh(covariance).min() > -1e-9 * np.trace(covariance)


def test_errors_are_those_of_nights_drawn_from_the_process():
    """Monte Carlo: courses drawn with known hyperparameters, samples of known errors."""
    random = np.random.default_rng(8)
    time_s, at = np.arange(20) * 1500.0, np.array([750.0, 15750.0, 31000.0])
    everywhere = np.concatenate([time_s, at])
    x = np.sqrt(3) * np.abs(everywhere[:, None] - everywhere) / 5400.0
    root = np.linalg.cholesky((1 + x) * np.exp(-x) + 1e-10 * np.eye(23))
    scores = []
    for _ in range(40):
        true = root @ random.normal(0, 1, 23) + 0.3 * everywhere / 3600
        course = fit_course(
            time_s, true[:20] + random.normal(0, 0.05, 20), np.full(20, 0.05), natural_rate=1.0
        )
        value, error = course.at(at)
        scores.append((value - true[20:]) / error)
    # 120 values tell it to 6.5 %; hyperparameters are not known but fitted, which the errors do not hold.
    assert 0.9 < np.sqrt(np.mean(np.square(scores))) < 1.2
