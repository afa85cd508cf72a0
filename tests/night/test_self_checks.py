"""What a night's samples say against themselves: which samples take part, and what the others get."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from results import example_result

from airglow.night.self_checks import _for_all, check_samples
from airglow.winds.clouds_by_data import Clouds


def test_samples_that_could_not_take_part_are_as_the_one_before():
    clouds = Clouds(np.array([False, True]), np.array([0.0, 0.8]), (4.0,))
    found = _for_all(clouds, np.array([1, 3]), 6)
    assert found.under.tolist() == [False, False, False, True, True, True]
    assert found.cover.tolist() == [0.0, 0.0, 0.0, 0.8, 0.8, 0.8]
    assert found.log_odds == (4.0,)


def test_no_usable_sample_says_nothing():
    found = _for_all(Clouds(np.zeros(0, bool), np.zeros(0), ()), np.zeros(0, int), 3)
    assert found.under.tolist() == [False] * 3


def test_a_night_without_lasers_and_with_gaps_is_looked_at():
    sky = example_result(40, 0).sky
    sky.line_of_sight_wind_mps[[3, 17]] = np.nan
    time_s = (sky.mid_time - sky.mid_time[0]) / np.timedelta64(1, "s")
    found = check_samples(sky, time_s, np.full(40, 100.0), SimpleNamespace(lasers=None), None)
    assert found.drift is None
    assert found.clouds.under.shape == found.bright_twilight.shape == (40,)
