"""A blur that drifts, against profiles whose blur is known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from airglow.etalon import fit_laser
from airglow.etalon.blur_course import BlurCourse, find_blur_course
from airglow.rings import RingProfile

from .test_laser_errors import LASER_M, PARAMETERS, PHASE, SIGMA, WIDTH_PX2, S, counts_of

NUMBER = 16
TIME_S = np.arange(NUMBER) * 900.0


def course_of(change_px, seed=5):
    """The course that is found where the blur departs so much (16,) from what the fits take."""
    random = np.random.default_rng(seed)
    profiles = []
    for change in change_px:
        b0, b1, b2 = PARAMETERS.blur_px
        counts = counts_of(parameters=dataclasses.replace(PARAMETERS, blur_px=(b0 + change, b1, b2)))
        profiles.append(RingProfile(S, counts + random.normal(0, SIGMA), SIGMA, WIDTH_PX2))
    fits = [fit_laser(profile, LASER_M, PHASE, PARAMETERS) for profile in profiles]
    return find_blur_course(profiles, TIME_S, fits, np.ones(NUMBER, bool), PARAMETERS, LASER_M)


def test_a_drift_of_the_focus_is_found_and_its_size_told():
    drift = np.linspace(-0.06, 0.06, NUMBER)
    course = course_of(drift)
    assert course is not None
    np.testing.assert_allclose(course.change_px, drift, atol=0.02)
    assert np.polyfit(drift, course.change_px, 1)[0] == pytest.approx(1.0, abs=0.04)
    assert np.all(np.abs(course.change_px - drift) < 5 * course.error_px + 0.005)


def test_a_blur_that_stays_or_jumps_about_has_no_course():
    assert course_of(np.zeros(NUMBER)) is None
    assert course_of(0.06 * (-1.0) ** np.arange(NUMBER)) is None
    assert course_of(np.full(NUMBER, 0.06)) is None  # another blur than the fits take, all night


def test_steps_scatter_about_the_truth_as_they_state():
    """Over many lasers of one drift; a part of the rest is that a step of least squares is only the first."""
    drift = np.linspace(-0.03, 0.03, NUMBER)
    z = np.concatenate([
        (course.change_px - drift) / course.error_px
        for course in (course_of(drift, seed) for seed in range(8))
        if course is not None
    ])  # fmt: skip
    assert z.size >= 5 * NUMBER
    assert np.std(z) == pytest.approx(1.0, abs=0.2)
    assert abs(np.mean(z)) < 0.5


def test_too_few_lasers_tell_no_course():
    profile = RingProfile(S, counts_of(), SIGMA, WIDTH_PX2)
    fits = [fit_laser(profile, LASER_M, PHASE, PARAMETERS)] * 4
    used = np.ones(4, bool)
    assert find_blur_course([profile] * 4, TIME_S[:4], fits, used, PARAMETERS, LASER_M) is None


def test_a_course_is_read_between_lasers_and_a_fifth_of_it_is_unsure():
    course = BlurCourse(np.array([0.0, 100.0]), np.array([0.0, 0.1]), np.array([0.003, 0.003]))
    change, error = course.at(np.array([-50.0, 50.0, 500.0]))
    assert change == pytest.approx([0.0, 0.05, 0.1])
    assert error == pytest.approx(np.hypot(0.003, [0.0, 0.01, 0.02]))
