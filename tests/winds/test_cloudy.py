"""What clouds take away of the wind, as an error."""

import numpy as np

from airglow.model.result import Cause
from airglow.winds.cloudy import errors_under_clouds, part_taken
from airglow.winds.field import Observations

NONE = np.uint32(0)


def lines(wind_mps):
    """East, west, north and zenith, ten minutes apart."""
    slant = np.sqrt(0.5)
    components = np.array([[slant, 0, slant], [-slant, 0, slant], [0, slant, slant], [0, 0, 1.0]])
    time_s = np.arange(4) * 600.0
    return Observations(
        time_s, np.zeros((4, 3)), components, np.array(wind_mps), np.ones(4), np.zeros((4, 4))
    )


def test_clouds_of_all_kinds_count_and_so_do_their_edges():
    causes = np.zeros(12, np.uint32)
    causes[[4, 5, 6]] = Cause.CLOUDY.mask, Cause.OVERCAST.mask, Cause.CLOUD_BY_THE_DATA.mask
    causes[10] = Cause.DIM_LINE.mask
    taken = part_taken(np.arange(12) * 1000.0, causes)
    np.testing.assert_allclose(taken, [0, 0, 0, 0.1, 1, 1, 1, 0.1, 0, 0, 0, 0])


def test_lines_in_one_plane_share_it_and_others_do_not():
    taken = np.array([1.0, 1.0, 1.0, 1.0])
    covariance = errors_under_clouds(lines([70.0, -70.0, 70.0, 0.0]), taken)
    # Components of 99 m/s: mean square along the lines 3675, a mean square of their horizontal parts of 3/16.
    one = 3675.0 / (2 * 3 / 16)
    # The vertical wind, of 5 m/s, is in all of them.
    each = 0.5 * one + 0.5 * 25.0
    np.testing.assert_allclose(np.diag(covariance), [each, each, each, 25.0])
    np.testing.assert_allclose(covariance[0, 1], (0.5 * 25.0 - 0.5 * one) * np.exp(-600 / 3600))
    np.testing.assert_allclose(covariance[[0, 1], 2], 0.5 * 25.0 * np.exp(np.array([-1200, -600]) / 3600))


def test_a_clear_night_has_none_and_a_calm_one_has_that_of_usual_winds():
    calm = lines([0.1, 0.1, 0.1, 0.0])
    assert not errors_under_clouds(calm, np.zeros(4)).any()
    covariance = errors_under_clouds(calm, np.array([1.0, 0.0, 0.0, 0.0]))
    np.testing.assert_allclose(covariance[0, 0], 0.5 * 50.0**2 + 0.5 * 5.0**2)
    assert not covariance[1:].any()
