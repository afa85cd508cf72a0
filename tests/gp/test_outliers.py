"""Outliers: residuals against brute force, and the rule against chance."""

import numpy as np
import pytest
from scipy import stats

from airglow.gp import factorise, find_inliers, find_inliers_worst_first, outliers
from airglow.gp.outliers import leave_one_out, student_variance_factor, worst_outlier

N = 30


def samples(seed=0):
    time = np.arange(N) / 3.0
    covariance = 4.0 * np.exp(-0.5 * (time[:, None] - time[None, :]) ** 2) + 0.04 * np.eye(N)
    return covariance, np.random.default_rng(seed).multivariate_normal(np.zeros(N), covariance)


def brute_force(covariance, deviation):
    """Residuals from predictions by all others, one solve for each."""
    scores = []
    for k in range(deviation.size):
        others = np.delete(np.arange(deviation.size), k)
        weights = np.linalg.solve(covariance[np.ix_(others, others)], covariance[others, k])
        variance = covariance[k, k] - weights @ covariance[others, k]
        scores.append(abs(deviation[k] - weights @ deviation[others]) / np.sqrt(variance))
    return np.array(scores)


def test_leave_one_out_residuals_are_those_of_brute_force():
    covariance, deviation = samples()
    np.testing.assert_allclose(
        leave_one_out(np.linalg.inv(covariance), deviation), brute_force(covariance, deviation), rtol=1e-9
    )


def limit(number, score):
    """By the survival function of a normal distribution."""
    spread = 1.4826 * np.median(np.abs(score))
    return stats.norm.isf(outliers.FALSE_ALARMS / (2 * number)) * max(1.0, spread)


@pytest.mark.parametrize("false_alarms", [6.0, 0.01])
def test_leaving_out_the_worst_first_is_the_same_as_by_brute_force(monkeypatch, false_alarms):
    monkeypatch.setattr(outliers, "FALSE_ALARMS", false_alarms)
    monkeypatch.setattr(outliers, "MOST_LEFT_OUT", 0.5)
    for seed in range(8):
        covariance, deviation = samples(seed)
        deviation[[4, 5, 21]] += [9.0, 7.0, -8.0]  # of neighbours, each hides the other
        kept = np.arange(N)
        while kept.size > N / 2:
            scores = brute_force(covariance[np.ix_(kept, kept)], deviation[kept])
            others = np.delete(kept, np.argmax(scores))
            scatter = brute_force(covariance[np.ix_(others, others)], deviation[others])
            if scores.max() <= limit(kept.size, scatter):
                break
            kept = others
        found = find_inliers_worst_first(factorise(covariance), deviation)
        np.testing.assert_array_equal(np.flatnonzero(found), kept)


def test_no_more_than_a_part_are_left_out(monkeypatch):
    covariance, deviation = samples(2)
    deviation[[1, 8, 15, 22]] += 50.0
    for part, number in ((0.0, 0), (0.04, 1), (0.1, 3), (0.25, 4)):
        monkeypatch.setattr(outliers, "MOST_LEFT_OUT", part)
        found = find_inliers_worst_first(factorise(covariance), deviation)
        assert np.count_nonzero(~found) == number


@pytest.mark.parametrize("spread", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("number", [20, 180])
def test_honest_nights_lose_a_sample_as_rarely_as_stated(monkeypatch, number, spread):
    monkeypatch.setattr(outliers, "FALSE_ALARMS", 0.2)
    nights = np.random.default_rng(number).normal(0.0, spread, (3000, number))
    lost = np.mean([not find_inliers(score).all() for score in nights])
    # Where the scatter is measured, a part of the night's own outliers is in it: chance makes it uneven.
    low, high = {0.5: (0.0, 0.001), 1.0: (0.08, 0.2), 3.0: (0.15, 0.35)}[spread]
    assert low <= lost <= high


@pytest.mark.parametrize(("number", "sigmas"), [(4, 3.02), (20, 3.48), (180, 4.03)])
def test_the_limit_grows_with_the_number_of_samples(number, sigmas):
    score = np.zeros(number)
    score[-1] = -0.998 * sigmas
    assert find_inliers(score).all()
    assert worst_outlier(np.eye(number), score) is None
    score[-1] = -1.002 * sigmas
    np.testing.assert_array_equal(np.flatnonzero(~find_inliers(score)), [number - 1])
    assert worst_outlier(np.eye(number), score)[0] == number - 1


def test_residuals_that_scatter_more_than_stated_make_their_own_scale():
    score = np.tile([2.0, -2.0], 10)
    score[3] = 3.48 * 2.0 * 1.4826 * 0.998
    assert find_inliers(score).all()
    score[3] *= 1.004
    np.testing.assert_array_equal(np.flatnonzero(~find_inliers(score)), [3])


def test_student_weights_are_those_of_the_likelihood():
    # The weight of a residual in a mean: derivative of -log t over that of a normal distribution.
    score, step = np.array([0.5, 1.0, 3.0, 10.0]), 1e-6
    slope = (stats.t.logpdf(score - step, 4) - stats.t.logpdf(score + step, 4)) / (2 * step)
    np.testing.assert_allclose(1.0 / student_variance_factor(score), slope / score, rtol=1e-6)


def test_a_value_that_is_missing_is_an_outlier_and_costs_no_other():
    score = np.array([1.0, -2.0, np.nan, 1.5, -0.5, 300.0, 0.2])
    assert find_inliers(score).tolist() == [True, True, False, True, True, False, True]
    assert not find_inliers(np.full(3, np.nan)).any()


def test_a_missing_deviation_is_refused_where_it_would_hide_all_outliers():
    with pytest.raises(ValueError, match="not finite"):
        find_inliers_worst_first(factorise(np.eye(3)), np.array([0.0, np.nan, 9.0]))
