"""Courses over a night: truth within the errors, outliers dropped, jumps found."""

import numpy as np
import pytest

from airglow.gp import Samples, fit_course, fit_process

from .exact import predict

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
    assert np.std(scores) == pytest.approx(1.0, abs=0.1)  # 570 values, about half of them independent: to 4 %


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


@pytest.mark.parametrize("number", [6, 8])
def test_an_outlier_among_few_samples_is_dropped(number):
    """It draws all other residuals along, which must not pass for scatter."""
    time_s = np.linspace(0.0, 8.0 * HOUR_S, number)
    for seed in range(4):
        value = course(time_s) / 3.0 + np.random.default_rng(seed).normal(0.0, 0.03, number)
        value[3] -= 10.0
        used = fit_course(time_s, value, np.full(number, 0.03), natural_rate=1.0, find_jumps=True).used
        assert list(np.flatnonzero(~used)) == [3]


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


def test_within_a_jump_either_side_may_hold():
    values = samples() + 3.0 * (TIMES > 16000)
    got = fit(values, find_jumps=True)
    assert got.jumps_s == ((TIMES[9], TIMES[10]),)
    assert got.used.all()
    for part, side in ((0.2, 0), (0.45, 0), (0.55, 1), (0.8, 1)):
        at = [TIMES[9] + part * (TIMES[10] - TIMES[9])]
        pairs = [predict(piece.samples, piece.process, at) for piece in got.pieces]
        (before, after), own_error = (values[0] for values, _ in pairs), pairs[side][1][0]
        value, error = got.at(at)
        assert value[0] == pytest.approx((before, after)[side], abs=1e-6)
        assert error[0] == pytest.approx(np.hypot(own_error, (after - before) / 2), rel=1e-6)
        assert got.covariance(at)[0, 0] == pytest.approx(error[0] ** 2)


def test_a_sample_is_an_outlier_from_the_odds_on():
    """One in a hundred is one, beforehand, and lies anywhere within thirty natural rates times an hour."""
    time_s, error = np.arange(16) * 60.0, np.full(16, ERROR)
    others = np.delete(np.arange(16), 5)
    price = np.log(30.0 * 5.0) - np.log(0.01)
    gains = []
    for offset in (4.0, 4.4, 4.8, 5.2, 5.6):
        values = np.random.default_rng(0).normal(0, ERROR, 16)
        values[5] += offset * ERROR
        everything = Samples(time_s, values, error, 5.0)
        gains.append(fit_process(everything[others])[1] - price - fit_process(everything)[1])
        used = fit_course(time_s, values, error, natural_rate=5.0).used
        assert list(np.flatnonzero(~used)) == ([5] if gains[-1] > 0 else [])
    assert min(gains) < -1.0
    assert max(gains) > 0.5


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
