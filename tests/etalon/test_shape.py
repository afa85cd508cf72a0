"""The covariance of an instrument's shape against the scatter of many fits."""

import dataclasses

import numpy as np
import pytest

from airglow.etalon import fringes, phase_and_beta, relative_illumination
from airglow.etalon.joint_fit import LASER_PRIORS, fit_jointly
from airglow.etalon.shape import (
    BLUR,
    GAP_VARIANCE,
    LOG_REFLECTIVITY,
    SHAPE_SIZE,
    shape_covariance,
    shape_vector,
)
from airglow.rings import RingProfile

from .test_laser_errors import COUNTS, PARAMETERS, PHASE, SIGMA, WIDTH_PX2, S

DRAWS = 60
FLAT = {place: (middle, 100.0 * width) for place, (middle, width) in LASER_PRIORS.items()}  # as good as none


def fits(night, number):
    """Shapes (number, 9) of some nights, and the mean covariances."""
    shapes, noises, misfits = [], [], []
    for seed in range(number):
        profiles = night(np.random.default_rng(seed))
        problem, answer = fit_jointly(profiles, PHASE, PARAMETERS, True, 60, priors=FLAT)
        freedom = sum(map(len, profiles)) - answer.x.size - 3 * len(profiles)
        found, covariance = (
            problem.parameters(answer.x),
            shape_covariance(problem, answer, 2 * answer.cost / freedom),
        )
        shapes.append(shape_vector(found))
        noises.append(covariance.noise)
        misfits.append(covariance.misfit)
    return np.array(shapes), np.mean(noises, axis=0), np.mean(misfits, axis=0)


def profiles_with(residual, random):
    counts = [COUNTS + residual + random.normal(0, 0.1 * SIGMA) for _ in range(2)]
    return [RingProfile(S, each, 0.1 * SIGMA, WIDTH_PX2) for each in counts]


def test_noise_scatters_the_shape_as_its_covariance_says():
    shapes, noise, misfit = fits(lambda random: profiles_with(0.0, random), DRAWS)
    np.testing.assert_allclose(shapes.std(axis=0), np.sqrt(np.diag(noise)), rtol=0.35)
    places = (LOG_REFLECTIVITY, BLUR.start)
    expected = noise[places] / np.sqrt(noise[places[0], places[0]] * noise[places[1], places[1]])
    assert np.corrcoef(shapes[:, places].T)[0, 1] == pytest.approx(expected, abs=0.15)
    # A chi-square of one by chance leaves next to nothing to a misfit.
    assert np.sqrt(misfit[GAP_VARIANCE, GAP_VARIANCE] / noise[GAP_VARIANCE, GAP_VARIANCE]) < 0.4


def test_a_misfit_that_repeats_in_each_fringe_scatters_the_shape_as_its_covariance_says():
    """The tops of all fringes are off by a few errors, in a way that is another on each night."""
    phase = phase_and_beta(S, PHASE, PARAMETERS.plate_scale_rad_per_pixel)[0]

    def night(random):
        bumps = [
            random.normal() * np.exp(-0.5 * ((np.mod(phase - at, 2 * np.pi) - np.pi) / 0.2) ** 2)
            for at in np.linspace(0, 2 * np.pi, 16, endpoint=False)
        ]
        return profiles_with(0.4 * SIGMA * np.sum(bumps, axis=0), random)

    shapes, noise, misfit = fits(night, DRAWS)
    stated = np.sqrt(np.diag(misfit))
    places = [LOG_REFLECTIVITY, GAP_VARIANCE, BLUR.start]
    ratio = shapes.std(axis=0)[places] / stated[places]
    # Seven of the sixteen clusters' freedoms are the fit's own, which makes the stated errors smaller.
    assert (ratio > 0.7).all()
    assert (ratio < 2.6).all()
    assert (stated[places] > 1.5 * np.sqrt(np.diag(noise))[places]).all()


def test_frames_that_disagree_are_in_the_covariance():
    """Two frames of unlike blur: the fit ends between them, off either by what the covariance says."""
    unlike = [
        dataclasses.replace(PARAMETERS, blur_px=(PARAMETERS.blur_px[0] + by, *PARAMETERS.blur_px[1:]))
        for by in (0.1, -0.1)
    ]

    def fitted(blurs):
        profiles = []
        for seed, each in enumerate(blurs):
            made = fringes(S, WIDTH_PX2, PHASE, each, 60).airy()
            counts = 300.0 + relative_illumination(each, S) * (60.0 * made + 5.0)
            random = np.random.default_rng(seed)
            profiles.append(RingProfile(S, counts + random.normal(0, 0.1 * SIGMA), 0.1 * SIGMA, WIDTH_PX2))
        problem, answer = fit_jointly(profiles, PHASE, PARAMETERS, True, 60, priors=FLAT)
        chi_square = 2 * answer.cost / (sum(map(len, profiles)) - answer.x.size - 3 * len(profiles))
        return shape_vector(problem.parameters(answer.x)), shape_covariance(
            problem, answer, chi_square
        ).misfit

    alone = [fitted([each])[0][BLUR.start] for each in unlike]
    together, misfit = fitted(unlike)
    assert alone[1] < together[BLUR.start] < alone[0]
    half_of_difference = 0.5 * abs(alone[0] - alone[1])
    assert np.sqrt(misfit[BLUR.start, BLUR.start]) == pytest.approx(half_of_difference, rel=0.4)


def test_a_blur_that_is_not_fitted_has_no_covariance():
    problem, answer = fit_jointly(
        profiles_with(0.0, np.random.default_rng(1)), PHASE, PARAMETERS, False, 60, priors=FLAT
    )
    noise = shape_covariance(problem, answer, 1.0).noise
    assert noise.shape == (SHAPE_SIZE, SHAPE_SIZE)
    assert not noise[BLUR].any()
    assert np.diag(noise)[: BLUR.start].min() > 0
