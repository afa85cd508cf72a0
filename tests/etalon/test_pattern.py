"""Patterns that a night's residuals share, by the kind of light that they go with."""

import numpy as np
import pytest

from airglow.etalon import common_patterns, without_patterns
from airglow.rings import RingProfile

ANNULI, FRAMES = 300, 200
S = np.linspace(0, 65000, ANNULI)
SIGMA = 0.05
RANDOM = np.random.default_rng(4)
LINE = RANDOM.uniform(0.5, 2.5, FRAMES)
CONTINUUM = np.linspace(1.0, 8.0, FRAMES)
AMOUNTS = np.column_stack([np.ones(FRAMES), LINE, CONTINUUM])
DUST = 0.03 * np.sin(S / 9000.0)
COLUMNS = 0.08 * np.cos(S / 2000.0)


def night(residual, seed=0):
    """Profiles of a flat model with these residuals and noise."""
    random = np.random.default_rng(seed)
    counts = 300.0 + residual + random.normal(0, SIGMA, (FRAMES, ANNULI))
    return [RingProfile(S, each, np.full(ANNULI, SIGMA), 130.0) for each in counts]


MODELS = [np.full(ANNULI, 300.0)] * FRAMES


def test_each_kind_of_light_has_its_own_pattern():
    patterns = common_patterns(night(np.outer(CONTINUUM, DUST) + COLUMNS), MODELS, AMOUNTS)
    assert np.std(patterns.counts[2] - DUST) < 0.25 * np.std(DUST)
    assert np.std(patterns.counts[0] - COLUMNS) < 0.3 * np.std(COLUMNS)
    assert not patterns.counts[1].any()  # there was none of the line's


def test_a_frame_is_left_with_its_noise():
    data = night(np.outer(CONTINUUM, DUST))
    patterns = common_patterns(data, MODELS, AMOUNTS)
    left = [
        without_patterns(each, of, patterns).counts - 300.0 for each, of in zip(data, AMOUNTS, strict=True)
    ]
    assert np.std(left) == pytest.approx(SIGMA, rel=0.05)
    assert np.std([each.counts for each in data]) > 1.5 * SIGMA


def test_frames_that_fit_badly_say_less():
    """A quarter of the frames share what is none of the camera's; their chi-square is 9, that of others 1."""
    bad = np.arange(FRAMES) % 4 == 0
    wrong = 4.0 * SIGMA * np.cos(S / 5000.0)
    found = common_patterns(night(np.outer(bad, wrong) + COLUMNS), MODELS, np.ones((FRAMES, 1)))
    taken = np.dot(found.counts[0] - COLUMNS, wrong) / np.dot(wrong, wrong)
    assert taken == pytest.approx(0.25 / 9.0 / (0.75 + 0.25 / 9.0), abs=0.05)  # of equal weights 0.25


def test_one_outlier_does_not_make_a_pattern():
    residual = np.zeros((FRAMES, ANNULI))
    residual[17] = 5.0 * np.sin(S / 4000.0)
    assert common_patterns(night(residual), MODELS, AMOUNTS) is None


@pytest.mark.parametrize("frames", [5, FRAMES])
def test_noise_is_no_pattern(frames):
    assert common_patterns(night(0.0)[:frames], MODELS[:frames], AMOUNTS[:frames]) is None


def test_profiles_that_lack_different_annuli_share_a_pattern():
    """As where bright fringes are clipped: the others tell what the pattern is there."""
    data = night(np.outer(CONTINUUM, DUST))
    lacking = [np.abs(np.arange(ANNULI) - 20 - k) > 5 for k in range(FRAMES)]
    part = [
        RingProfile(each.radius_squared_px2[kept], each.counts[kept], each.sigma[kept], 130.0)
        for each, kept in zip(data, lacking, strict=True)
    ]
    models = [np.full(kept.sum(), 300.0) for kept in lacking]
    patterns = common_patterns(part, models, AMOUNTS)
    left = [
        without_patterns(each, of, patterns).counts - 300.0 for each, of in zip(part, AMOUNTS, strict=True)
    ]
    assert np.std(np.concatenate(left)) == pytest.approx(SIGMA, rel=0.05)


def test_an_annulus_that_few_profiles_have_has_no_pattern():
    data = night(np.outer(CONTINUUM, DUST))
    part = [RingProfile(e.radius_squared_px2[:-1], e.counts[:-1], e.sigma[:-1], 130.0) for e in data[5:]]
    part = [*data[:5], *part]
    patterns = common_patterns(part, [np.full(len(each), 300.0) for each in part], AMOUNTS)
    assert patterns.of(part[0], AMOUNTS[0])[-1] == 0.0
    assert patterns.of(part[0], AMOUNTS[0])[:-1].any()
