"""Clouds that no sensor sees, against nights whose clouds are known."""

from __future__ import annotations

import numpy as np
import pytest

from airglow.winds.clouds_by_data import LEAST_LOG_ODDS, find_clouds
from airglow.winds.rounds import cut_rounds

from .made_skies import make_sky

NIGHTS = 30
SILENT_MPS = 7.5  # four stated errors of a clean night


def passed(seed: int, **options) -> float:
    """Part of a night's samples that clouds move by more than four errors and that are not found."""
    clear, _, _ = make_sky(seed, **{**options, "cover": 0.0})
    cloudy, _, rounds = make_sky(seed, **options)
    moved = np.abs(cloudy.sky.line_of_sight_wind_mps - clear.sky.line_of_sight_wind_mps) > SILENT_MPS
    assert moved.mean() < 0.6
    return float((moved & ~find_clouds(rounds, len(cloudy.sky)).under).mean())


@pytest.mark.parametrize(
    "options",
    [
        {"cover": 0.8},
        {"cover": 0.5},
        {"cover": 0.8, "between": (0.4, 0.55)},
        {"cover": 0.8, "between": (-0.1, 0.4)},
        {"cover": 0.8, "uneven": 0.3},
        {"cover": 0.8, "slope": 0.8},
        {"cover": 0.8, "frames": 180, "step_s": 190.0},
    ],
    ids=["thick", "half", "short", "from the start", "uneven layer", "rough winds", "long night"],
)
def test_clouds_do_not_pass(options):
    nights = NIGHTS * 60 // options.get("frames", 60)
    limit = 0.015 if options["cover"] > 0.5 else 0.03
    assert np.mean([passed(seed, **options) for seed in range(nights)]) < limit


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"slope": 0.8},
        {"gradient_per_s": 4e-5},
        {"noise_mps": 8.0},
        {"uneven": 0.3},
        {"frames": 180, "step_s": 190.0},
    ],
    ids=["clear", "rough winds", "gradients", "dim", "uneven layer", "long night"],
)
def test_clear_nights_are_left_alone(options):
    found = []
    for seed in range(NIGHTS * 60 // options.get("frames", 60)):
        made, _, rounds = make_sky(seed, **options)
        found.append(find_clouds(rounds, len(made.sky)).under.mean())
    assert np.mean(found) < 0.02


def test_odds_and_cover_are_told():
    made, share, rounds = make_sky(2, cover=0.8)
    clouds = find_clouds(rounds, len(made.sky))
    assert max(clouds.log_odds) > LEAST_LOG_ODDS
    thick = share > 0.75
    assert np.abs(np.median(clouds.cover[thick]) - 0.8) < 0.2
    assert not clouds.cover[~clouds.under].any()
    assert clouds.under[thick].all()


def test_too_few_rounds_tell_nothing():
    _, _, rounds = make_sky(1, frames=10)
    assert len(rounds) == 2
    assert not find_clouds(rounds, 10).under.any()


def test_a_round_tells_wind_and_contrast_whatever_the_reference_is():
    """Four directions at 45 degrees and the zenith: sums and differences tell the wind, without noise."""
    azimuth, zenith = np.radians([0.0, 0, 90, 180, 270]), np.radians([0.0, 43, 43, 43, 43])
    lines = np.stack(
        [np.sin(zenith) * np.sin(azimuth), np.sin(zenith) * np.cos(azimuth), np.cos(zenith)], axis=1
    )
    wind = np.tile(lines @ [70.0, -30.0, 0.0] + 1234.0, 3)
    bright = np.tile(5.0 / np.cos(zenith), 3)
    bright[5:10] = 5.0  # mixed all over
    time_s = np.arange(15) * 250.0
    rounds = cut_rounds(time_s, np.tile(lines, (3, 1)), wind, np.ones(15), bright, 0.01 * bright)
    assert [part.start for part in rounds.parts] == [0, 5, 10]
    np.testing.assert_allclose(rounds.wind_mps, [[70.0, -30.0]] * 3, atol=1e-9)
    np.testing.assert_allclose(rounds.common_mps, 1234.0)
    np.testing.assert_allclose(rounds.contrast, [1.0, 0.0, 1.0], atol=1e-9)
    np.testing.assert_allclose(rounds.time_s, [500.0, 1750.0, 3000.0])


def test_directions_in_one_plane_make_no_round():
    lines = np.array([[0.7, 0.0, 0.7], [0.0, 0.0, 1.0], [-0.7, 0.0, 0.7]] * 4)
    ones = np.ones(12)
    assert len(cut_rounds(np.arange(12.0), lines, ones, ones, ones, ones)) == 0
    assert len(cut_rounds(np.zeros(0), np.zeros((0, 3)), *[np.zeros(0)] * 4)) == 0
