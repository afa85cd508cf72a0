"""Broken clouds and banks in one direction, against nights whose clouds are known."""

from __future__ import annotations

import numpy as np
import pytest

from airglow.geometry import unit_vectors
from airglow.winds.brightness import brightness_models
from airglow.winds.field import Observations
from airglow.winds.places import positions_m
from airglow.winds.rounds import cut_rounds
from airglow.winds.scattered_clouds import (
    _and_rounds_beside,
    _directions,
    _judge,
    _size,
    find_scattered_clouds,
)

from .made_winds import LATITUDE_DEG, LONGITUDE_DEG, make_winds, waves

SEEDS = 3
SILENT_MPS = 6.0  # four stated errors of a clean night


def night(seed, cover=None, calm=0.0, **options):
    """A night with a part ``cover`` (n,) of the light from all over the sky, and what is found in it.

    ``calm`` is a scatter of the brightness that has nothing to do with clouds.
    """
    made = make_winds(seed, **{"with_zero": False, "noise_mps": 1.0, **options})
    sky, random = made.sky, np.random.default_rng(30_000 + seed)
    n = len(sky)
    time_s = (sky.mid_time - sky.start_time[0]) / np.timedelta64(1, "s")
    lines = unit_vectors(sky.pierce_azimuth_deg, sky.pierce_zenith_deg)
    cover = np.zeros(n) if cover is None else cover(random, sky)
    bright = np.exp(waves(random, 0.0, 0.1, 1.0, 8.0)(time_s / 3600)) / lines[:, 2]
    share = cover * 1.5 / (cover * 1.5 + (1 - cover) * bright)
    off = -share * sky.line_of_sight_wind_mps
    seen = sky.line_of_sight_wind_mps + off
    brightness = (cover * 1.5 + (1 - cover) * bright) * np.exp(random.normal(0, calm, n))
    place_m = positions_m(sky.pierce_latitude_deg, sky.pierce_longitude_deg, LATITUDE_DEG, LONGITUDE_DEG)
    noise = sky.wind_fit_error_mps
    rounds = cut_rounds(time_s, lines, seen, noise, brightness, 0.002 * brightness)
    observations = Observations(time_s, place_m, lines, seen, noise, np.full((n, n), 30.0**2))
    models = brightness_models(time_s, place_m, np.log(brightness * lines[:, 2]), np.full(n, 0.002))
    return off, find_scattered_clouds(observations, models, rounds.parts, np.zeros(n, bool))


def broken(random, sky):
    return random.uniform(0.0, 0.8, len(sky))


def broken_for_a_while(random, sky):
    part = np.linspace(0, 1, len(sky))
    return np.where((part > 0.3) & (part < 0.7), random.uniform(0.0, 0.8, len(sky)), 0.0)


def bank_in_the_north(random, sky):
    part = np.linspace(0, 1, len(sky))
    north = np.array(sky.direction) == "North"
    return np.where((part > 0.3) & (part < 0.7) & north, 0.8, 0.0)


def missed(seed, cover):
    """Part of a night's samples that clouds move and that are not found."""
    off, found = night(seed, cover)
    return np.mean((np.abs(off) > SILENT_MPS) & ~found.under)


def test_a_bank_in_one_direction_is_found():
    assert np.mean([missed(seed, bank_in_the_north) for seed in range(3)]) < 0.01


def test_broken_clouds_are_found_where_winds_change_slowly():
    """Not on all nights: winds that change within the hour scatter as much."""
    assert missed(2, broken_for_a_while) == missed(4, broken_for_a_while) == 0.0


def test_a_bank_is_told_from_broken_clouds():
    off, found = night(1, bank_in_the_north)
    assert found.bank[off != 0.0].all()
    assert not found.broken.any()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"follows_sun": True},
        {"slope": 0.8},
        {"gradient_per_s": 5e-5, "follows_sun": True},
        {"noise_mps": 8.0},
        {"calm": 0.1},
        {"calm": 0.1, "gradient_per_s": 5e-5, "noise_mps": 5.0},
    ],
    ids=["clear", "sun", "rough winds", "gradients", "dim", "restless layer", "restless and dim"],
)
def test_clear_nights_are_left_alone(options):
    assert np.mean([night(seed, **options)[1].under.mean() for seed in range(SEEDS)]) < 0.02


def test_samples_known_to_be_under_clouds_take_no_part_and_few_samples_tell_nothing():
    _, found = night(0, broken, frames=15)
    assert not found.under.any()
    assert found.log_odds == ()


def test_odds_are_shared_by_all_that_was_tried_and_the_brightness_adds_only_so_much():
    by_wind, by_brightness = np.array([6.0, 1.0, 9.0, -50.0]), np.array([5.0, 0.5, -0.8, 2.0])
    inside = np.array([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1], [1, 1, 1, 1]], bool)
    gain = [6.0 + np.log(20.0), 1.5]  # the third is against the brightness, the last against the wind
    under, log_odds = _judge(by_wind, by_brightness, inside, tried=7)
    assert log_odds == pytest.approx(np.log(np.sum(np.exp(gain)) / 7.0))
    assert under.tolist() == [True, True, False, False]  # the second alone has a chance of one in fifty
    few, odds = _judge(by_wind - 6.0, by_brightness, inside, tried=7)
    assert odds == pytest.approx(log_odds - 6.0)
    assert not few.any()


def test_clouds_take_something_also_where_the_wind_is_none():
    part = np.array([0.0, 30.0, -40.0])
    least = 0.2 * np.sqrt(2500.0 / 3.0)
    assert _size(part) == pytest.approx([least, np.hypot(30.0, least), np.hypot(40.0, least)])


def test_a_stretch_of_broken_clouds_ends_a_round_later():
    round_of = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    found = _and_rounds_beside(round_of == 2, round_of)
    assert found.tolist() == [False] * 2 + [True] * 6 + [False] * 2


def test_directions_are_lines_within_ten_degrees_and_none_that_look_up():
    azimuth, zenith = np.array([0.0, 90.0, 8.0, 180.0, 0.0, 94.0]), np.array([45.0, 45, 45, 45, 5, 45])
    n = azimuth.size
    seen = Observations(
        np.arange(n) * 1.0, np.zeros((n, 3)), unit_vectors(azimuth, zenith), np.zeros(n), np.ones(n),
        np.zeros((n, n)),
    )  # fmt: skip
    assert [np.flatnonzero(each).tolist() for each in _directions(seen)] == [[0, 2], [1, 5], [3]]
