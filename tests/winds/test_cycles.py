"""A night cut into cycles of look directions."""

import numpy as np
import pytest

from airglow.geometry import unit_vectors
from airglow.winds.cycles import count_directions, cut_cycles

from .made_winds import CARDINAL, LOOK, on_sphere

Z, N, E, S, W = CARDINAL
CV = ("CV_ANN_UAO_1", "CV_ANN_UAO_2")


def lengths(names, time_s=None):
    azimuth, zenith = np.array([LOOK[name] for name in names]).reshape(-1, 2).T
    components = unit_vectors(*on_sphere(azimuth, zenith)[2:])
    time_s = np.arange(len(names)) * 240.0 if time_s is None else time_s
    slices = cut_cycles(time_s, azimuth, zenith, components)
    assert [k for cycle in slices for k in range(cycle.start, cycle.stop)] == list(range(len(names)))
    return [cycle.stop - cycle.start for cycle in slices]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((), []),
        ((Z,), [1]),
        (CARDINAL * 4, [5, 5, 5, 5]),
        ((N, E, S, W) * 3, [4, 4, 4]),
        ((*CARDINAL, *CV) * 3, [7, 7, 7]),
        ((Z, *CV) * 3, [3, 3, 3]),
        ((Z, N, Z, E, Z, S, Z, W) * 2, [4, 4, 4, 4]),
        ((Z, Z, Z, N, N, N, E, E, E, S, S, S, W, W, W) * 2, [15, 15]),
        ((*CARDINAL, N, E, S, W, *CARDINAL), [5, 4, 5]),  # a zenith frame was lost
        ((*CARDINAL, Z, N, S, W, *CARDINAL), [5, 4, 5]),  # one to the east
    ],
)
def test_a_cycle_ends_with_the_return(names, expected):
    assert lengths(names) == expected


def test_zenith_alone_is_cut_by_the_half_hour():
    assert lengths((Z,) * 20) == [8, 8, 4]


def test_a_pause_and_an_endless_sequence_are_cut_by_time():
    assert lengths(CARDINAL, np.array([0.0, 240.0, 480.0, 9000.0, 9240.0])) == [3, 2]
    names = (*CARDINAL, *(Z,) * 60)
    assert lengths(names)[0] == 5
    assert max(lengths(names)[1:]) * 240 <= 90 * 60 + 240


def test_directions_are_counted_by_where_they_look():
    azimuth = np.array([0.0, 0.1, 359.9, 90.0, 90.1, 77.0])
    zenith = np.array([45.0, 45.2, 44.8, 45.0, 45.1, 0.1])
    assert count_directions(azimuth, zenith) == 3
