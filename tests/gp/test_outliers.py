"""Outliers: residuals against brute force, and each rule at its threshold."""

import numpy as np
import pytest

from airglow.gp import OutlierRule, factorise, find_inliers, find_inliers_worst_first
from airglow.gp.outliers import (
    CHI_SQUARE,
    COURSE,
    RUNNING_MEDIAN,
    WIND_FIELD,
    ZENITH_MEAN,
    Scale,
    leave_one_out,
    off_running_median,
    student_variance_factor,
    worst_outlier,
)

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
        leave_one_out(factorise(covariance), deviation), brute_force(covariance, deviation), rtol=1e-9
    )


@pytest.mark.parametrize("threshold", [1.3, 5.0])
def test_leaving_out_the_worst_first_is_the_same_as_by_brute_force(threshold):
    rule = OutlierRule(threshold, Scale.AT_LEAST_STATED, most_left_out=0.5)
    for seed in range(8):
        covariance, deviation = samples(seed)
        deviation[[4, 5, 21]] += [9.0, 7.0, -8.0]  # of neighbours, each hides the other
        kept = np.arange(N)
        while kept.size > N / 2:
            scores = brute_force(covariance[np.ix_(kept, kept)], deviation[kept])
            if scores.max() <= threshold * max(1.0, 1.4826 * np.median(scores)):
                break
            kept = np.delete(kept, np.argmax(scores))
        found = find_inliers_worst_first(factorise(covariance), deviation, rule)
        np.testing.assert_array_equal(np.flatnonzero(found), kept)


def test_no_more_are_left_out_than_the_rule_allows():
    covariance, deviation = samples(2)
    deviation[[1, 8, 15, 22]] += 50.0
    for part, number in ((0.0, 0), (0.04, 1), (0.1, 3), (0.5, 4)):
        rule = OutlierRule(5.0, most_left_out=part)
        found = find_inliers_worst_first(factorise(covariance), deviation, rule)
        assert np.count_nonzero(~found) == number


def test_the_threshold_is_in_stated_standard_deviations():
    residual, sigma = np.array([3.99, -4.01, 7.9, np.nan]), np.array([1.0, 1.0, 2.0, 1.0])
    np.testing.assert_array_equal(find_inliers(residual, sigma, ZENITH_MEAN), [True, False, True, False])


def test_a_laser_fit_of_another_kind_is_out_and_those_of_real_nights_are_in():
    # Chi-squares over their median: the extremes of three real nights, and residuals thrice those of others.
    found = find_inliers(np.array([0.7, 1.0, 1.9, 3.0**2]), 1.0, CHI_SQUARE)
    np.testing.assert_array_equal(found, [True, True, True, False])


def test_measured_scatter_counts_where_the_rule_says_so():
    residual = np.array([2.0, -2.0, 2.0, -2.0, 11.0])
    rules = [OutlierRule(5.0, scale) for scale in Scale]
    limits = [float(np.max(rule.limit(residual, np.ones(5)))) for rule in rules]
    assert limits == pytest.approx([5.0, 5.0 * 2.0 * 1.4826, 5.0 * np.hypot(2.0 * 1.4826, 1.0)])
    quiet = np.array([0.1, -0.1, 0.1, -0.1, 5.1])
    assert not find_inliers(quiet, 1.0, OutlierRule(5.0, Scale.AT_LEAST_STATED))[4]


def test_the_worst_is_named_if_it_is_an_outlier():
    assert worst_outlier(np.array([1.0, 3.6, 3.55]), COURSE) == 1
    assert worst_outlier(np.array([1.0, 3.4, 3.3]), COURSE) is None


def test_student_weights_are_those_of_the_likelihood():
    # The weight of a residual in a mean: derivative of -log t over that of a normal distribution.
    from scipy.stats import t

    score, step = np.array([0.5, 1.0, 3.0, 10.0]), 1e-6
    slope = (t.logpdf(score - step, 4) - t.logpdf(score + step, 4)) / (2 * step)
    np.testing.assert_allclose(1.0 / student_variance_factor(score), slope / score, rtol=1e-6)


def test_the_running_median_follows_what_is_slow():
    value = np.arange(40.0)
    value[20] += 30.0
    off = off_running_median(value, 15)
    assert np.argmax(np.abs(off)) == 20
    assert np.abs(off[10:20]).max() <= 1.0
    assert off_running_median(value[:7], 15) is None


@pytest.mark.parametrize("rule", [RUNNING_MEDIAN, WIND_FIELD])
def test_a_value_that_is_missing_is_an_outlier_and_costs_no_other(rule):
    residual = np.array([1.0, -2.0, np.nan, 1.5, -0.5, 300.0, 0.2])
    expected = [True, True, False, True, True, False, True]
    assert find_inliers(residual, np.ones(7), rule).tolist() == expected


def test_a_missing_deviation_is_refused_where_it_would_hide_all_outliers():
    with pytest.raises(ValueError, match="not finite"):
        find_inliers_worst_first(factorise(np.eye(3)), np.array([0.0, np.nan, 9.0]), WIND_FIELD)
