"""Winds over the site of a whole simulated night."""

import numpy as np
import pytest


def over_the_site(night, times):
    """The winds that were simulated straight above the site, shape (n, 3): east, north, up."""
    midnight = np.datetime64(night.simulated.midnight.replace(tzinfo=None))
    layer = night.simulated.atmosphere.layers["red"]
    return np.array([layer.wind_mps(hours) for hours in (times - midnight) / np.timedelta64(1, "h")])


def test_winds_of_cycles_and_smooth_winds_are_those_over_the_site(nominal):
    """In the layer winds differ from place to place by up to 15 m/s, since they follow the sun."""
    night, result = nominal
    cycles, smooth = result.cycles, result.smooth_winds
    assert len(cycles) == 6
    assert cycles.reason == ("",) * 6
    assert smooth.reason == ""
    assert smooth.left_out == ()
    true, true_cycles = over_the_site(night, smooth.time), over_the_site(night, cycles.mid_time)
    for k, component in enumerate(("zonal", "meridional")):
        winds, errors = (getattr(smooth, f"{component}_wind{end}_mps") for end in ("", "_error"))
        assert np.sqrt(np.mean((winds - true[:, k]) ** 2)) < 4.0
        assert 0.3 < np.sqrt(np.mean(((winds - true[:, k]) / errors) ** 2)) < 1.4
        assert np.std(true[:, k]) > 20.0
        # On a flat Earth they would be 4 % off; what one night leaves open is 1 %.
        assert (winds @ true[:, k]) / (true[:, k] @ true[:, k]) == pytest.approx(1.0, abs=0.025)
        winds, errors = (getattr(cycles, f"{component}_wind{end}_mps") for end in ("", "_error"))
        assert 0.5 < np.sqrt(np.mean(((winds - true_cycles[:, k]) / errors) ** 2)) < 1.6
    vertical_errors = (smooth.vertical_wind_mps - true[:, 2]) / smooth.vertical_wind_error_mps
    assert np.sqrt(np.mean(vertical_errors**2)) < 1.6


def test_lines_of_sight_meet_the_red_layer_two_degrees_of_latitude_away(nominal):
    night, result = nominal
    sky = result.sky
    north = np.array(sky.direction) == "North"
    assert np.all(sky.pierce_height_m == 250e3)
    np.testing.assert_allclose(sky.pierce_latitude_deg[north] - night.site.latitude_deg, 2.1, atol=0.1)
    np.testing.assert_allclose(sky.pierce_zenith_deg[north], 42.9, atol=0.1)
