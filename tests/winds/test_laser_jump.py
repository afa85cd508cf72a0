"""Jumps of the laser against those of the gap, on nights where it is known which it was."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from airglow.winds.common_drift import _SPREADS_MPS
from airglow.winds.laser_jump import GapJump, find_laser_jumps

from .made_skies import make_sky

NIGHTS = 6
GAP_MPS = 0.3  # what the lasers leave open
WINDS = [{}, {"slope": 0.8}, {"gradient_per_s": 4e-5}, {"noise_mps": 8.0}, {"cover": 0.8}]
IDS = ["clear", "rough winds", "gradients", "dim", "clouds"]


def found(seed, jumps, **options):
    """Jumps at parts of the night, each between two lasers that are five minutes off it on either side."""
    made, _, rounds = make_sky(seed, **options)
    time_s = (made.sky.mid_time - made.sky.mid_time[0]) / np.timedelta64(1, "s")
    covariance = GAP_MPS**2 * np.exp(-np.abs(time_s[:, None] - time_s[None, :]) / 1800.0)
    given = [
        GapJump(part * time_s[-1] - 300.0, part * time_s[-1] + 300.0, size_mps) for part, size_mps in jumps
    ]
    return find_laser_jumps(rounds, time_s, covariance, given)


@pytest.mark.parametrize("size_mps", [60.0, -316.0])
@pytest.mark.parametrize("options", WINDS, ids=IDS)
def test_a_jump_of_the_gap_is_none_of_the_laser(options, size_mps):
    assert not any(found(seed, [(0.5, size_mps)], **options) for seed in range(NIGHTS))


@pytest.mark.parametrize("size_mps", [60.0, -316.0])
@pytest.mark.parametrize("options", WINDS, ids=IDS)
def test_a_jump_of_the_laser_is_found(options, size_mps):
    for seed in range(NIGHTS):
        jumps = found(seed, [(0.5, size_mps)], step_mps=size_mps, **options)
        assert jumps is not None
        assert jumps.sizes_mps == (size_mps,)


def test_a_step_of_the_other_sign_is_no_jump_of_the_laser():
    assert found(0, [(0.5, -100.0)], step_mps=100.0) is None


def test_a_laser_that_jumps_and_returns_is_told_from_a_gap_that_jumps_besides():
    jumps = found(1, [(0.25, 120.0), (0.6, 60.0), (0.8, -120.0)], step_mps=120.0, step_between=(0.25, 0.8))
    assert jumps.sizes_mps == (120.0, -120.0)


def test_a_jump_with_no_round_behind_it_tells_nothing():
    assert found(2, [(0.97, 300.0)], step_mps=300.0, step_between=(0.97, np.inf)) is None
    assert found(2, []) is None


def test_the_odds_are_those_of_the_normal_distributions():
    """By SciPy, from the definition; the rounds that see the jump are left out."""
    made, _, rounds = make_sky(3, step_mps=25.0)
    time_s = (made.sky.mid_time - made.sky.mid_time[0]) / np.timedelta64(1, "s")
    gap = GAP_MPS**2 * np.exp(-np.abs(time_s[:, None] - time_s[None, :]) / 1800.0)
    middle = 0.5 * time_s[-1]
    jump = GapJump(middle - 300.0, middle + 300.0, 25.0)
    early = [time_s[part][-1] <= jump.before_s for part in rounds.parts]
    late = [time_s[part][0] >= jump.after_s for part in rounds.parts]
    at = np.flatnonzero(np.logical_or(early, late))
    assert 2 < at.size < len(rounds)
    mean = np.array(
        [[1 / len(time_s[p]) if k in range(*p.indices(60)) else 0 for k in range(60)] for p in rounds.parts]
    )
    lag_s = np.abs(rounds.time_s[:, None] - rounds.time_s)

    def matern(t):
        return (1 + np.sqrt(3) * t) * np.exp(-np.sqrt(3) * t)

    def density(off):
        terms = []
        for spread in _SPREADS_MPS:
            covariance = mean @ gap @ mean.T + 1e6 + np.diag(rounds.common_error_mps**2)
            covariance += 9.0 * matern(lag_s / 10800) + spread**2 * matern(lag_s / 1200)
            prior = -0.5 * (np.log(spread / 5.0) / 0.7) ** 2
            terms.append(multivariate_normal.logpdf(off[at], cov=covariance[np.ix_(at, at)]) + prior)
        return logsumexp(terms)

    off = rounds.common_mps - np.median(rounds.common_mps[at])
    expected = density(off - 25.0 * (rounds.time_s > middle)) - density(off)
    assert find_laser_jumps(rounds, time_s, gap, [jump]).log_odds == pytest.approx(expected, rel=1e-6)
