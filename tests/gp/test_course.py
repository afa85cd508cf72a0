"""Courses over a night: truth within the errors, outliers dropped, jumps found."""

import numpy as np
import pytest

from airglow.gp import fit_course

HOUR_S = 3600.0
TIMES = np.linspace(0, 9 * HOUR_S, 20)
ERROR = 0.15


def course(t):
    return 5 * np.sin(t / 7000) + 1.2 * t / HOUR_S


def samples(seed=0):
    return course(TIMES) + np.random.default_rng(seed).normal(0, ERROR, TIMES.size)


def fit(values, **options):
    return fit_course(TIMES, values, np.full(TIMES.size, ERROR), natural_rate=2.0, **options)


def test_errors_tell_the_truth():
    scores = []
    between = 0.5 * (TIMES[1:] + TIMES[:-1])
    for seed in range(30):
        value, error = fit(samples(seed)).at(between)
        scores.extend((value - course(between)) / error)
    assert 0.75 < np.std(scores) < 1.2


def test_error_grows_where_samples_are_missing():
    values = samples()
    values[8:14] = np.nan
    _, error = fit(values).at(TIMES)
    assert error[10] > 2 * error[3]


def test_one_outlier_is_dropped_and_no_more():
    values = samples()
    values[5] += 4.0
    got = fit(values, find_jumps=True)
    assert list(np.flatnonzero(~got.used)) == [5]
    assert got.jumps_s == ()
    assert np.abs(got.at(TIMES)[0] - course(TIMES)).max() < 0.5


@pytest.mark.parametrize("place", [0, 1, 9, 18, 19])
def test_an_outlier_is_dropped_wherever_it_is(place):
    values = samples()
    values[place] += 40.0
    got = fit(values, find_jumps=True)
    assert list(np.flatnonzero(~got.used)) == [place]
    assert got.jumps_s == ()


def test_a_course_that_bends_at_its_end_keeps_its_samples():
    bend = 8.0 * np.sin(TIMES / 4300)  # 7 an hour, and turning round within two hours
    got = fit_course(TIMES, bend, np.full(TIMES.size, 0.01), natural_rate=2.0, find_jumps=True)
    assert got.used.all()
    assert got.jumps_s == ()


def test_precise_samples_of_a_smooth_course_give_a_precise_course():
    between = 0.5 * (TIMES[1:] + TIMES[:-1])
    random = np.random.default_rng(4)
    values = 3.0 * np.sin(TIMES / 4300) + random.normal(0, 0.01, TIMES.size)
    got, error = fit_course(TIMES, values, np.full(TIMES.size, 0.01), natural_rate=2.0).at(between)
    deviation = got - 3.0 * np.sin(between / 4300)
    assert np.sqrt(np.mean(deviation**2)) < 0.02
    assert 0.4 < np.sqrt(np.mean((deviation / error) ** 2)) < 1.8


def test_an_outlier_and_jumps_are_told_apart():
    values = samples() + 3.0 * (TIMES > 12000) - 3.0 * (TIMES > 23000)
    values[4] += 30.0
    got = fit(values, find_jumps=True)
    assert list(np.flatnonzero(~got.used)) == [4]
    for (before, after), jump in zip(got.jumps_s, (12000, 23000), strict=True):
        assert before < jump < after


def test_a_jump_is_found_and_both_sides_stand_alone():
    values = samples() + 3.0 * (TIMES > 16000)
    got = fit(values, find_jumps=True)
    ((before, after),) = got.jumps_s
    assert before < 16000 < after
    for side, offset in ((TIMES < 16000, 0.0), (TIMES > 16000, 3.0)):
        assert np.abs(got.at(TIMES[side])[0] - course(TIMES[side]) - offset).max() < 0.4
    _, error = got.at([0.5 * (before + after), before, after])
    assert error[0] > 1.0, "nobody saw when it jumped"
    assert max(error[1:]) < 0.3


def test_no_jump_is_invented():
    assert sum(len(fit(samples(seed), find_jumps=True).jumps_s) for seed in range(20)) == 0


def test_one_sample_gives_a_value_and_an_error_that_grows():
    got = fit_course([1000.0], [3.0], [0.1], natural_rate=2.0)
    value, error = got.at([1000.0, 1000.0 + 4 * HOUR_S])
    assert value[0] == pytest.approx(3.0, abs=0.1)
    assert error[0] < 0.2
    assert error[1] > 2.0


def test_nothing_usable_is_an_error():
    with pytest.raises(ValueError, match="no usable sample"):
        fit_course([1.0, 2.0], [np.nan, 1.0], [1.0, np.nan], natural_rate=1.0)
