"""Twilight that is bright beside the line."""

import numpy as np
import pytest

from airglow.winds.twilight import is_bright_twilight

DARK = np.full(20, -30.0)


def first(continuum=20.0, line=1.0, sun=-8.0, error=2.0, night=0.2):
    """Whether the first sample is in a bright twilight; the others are in the dark."""
    rest = np.ones(20)
    found = is_bright_twilight(
        np.append(continuum, night * rest),
        np.append(line, rest),
        np.append(sun, DARK),
        np.append(error, 2 * rest),
    )
    assert not found[1:].any()
    return bool(found[0])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, True),
        ({"sun": -12.5}, False),  # moon or lamps: the sun is too low
        ({"continuum": 0.3}, False),
        ({"continuum": 4.5, "night": 4.2}, False),  # as bright in the dark
        ({"continuum": 1.4}, True),  # 1.2 times the line more than in the dark: 4.5 m/s, errors of 2 m/s
        ({"continuum": 1.1}, False),
        ({"continuum": 1.4, "line": 2.0}, False),
        ({"error": 50.0}, False),
        ({"continuum": np.nan}, False),
    ],
)
def test_the_continuum_of_the_twilight_counts(given, expected):
    assert first(**given) is expected


def test_a_night_without_dark_has_its_whole_continuum():
    sun = np.array([-8.0, -10.0, -13.0])
    found = is_bright_twilight(np.full(3, 3.0), np.ones(3), sun, np.ones(3))
    assert found.tolist() == [True, True, False]
