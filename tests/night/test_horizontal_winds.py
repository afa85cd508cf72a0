"""Winds over the site of a whole simulated night."""

import numpy as np


def test_winds_of_cycles_and_smooth_winds_explain_what_was_simulated(nominal):
    night, result = nominal
    sky, cycles, smooth = result.sky, result.cycles, result.smooth_winds
    assert len(cycles) == 6
    assert cycles.reason == ("",) * 6
    assert smooth.reason == ""
    assert smooth.left_out == ()
    grid, at = ((time - sky.mid_time[0]) / np.timedelta64(1, "s") for time in (smooth.time, sky.mid_time))
    zonal, meridional, vertical = (
        np.interp(at, grid, values)
        for values in (smooth.zonal_wind_mps, smooth.meridional_wind_mps, smooth.vertical_wind_mps)
    )
    azimuth, zenith = np.radians(sky.pierce_azimuth_deg), np.radians(sky.pierce_zenith_deg)
    along = zonal * np.sin(azimuth) + meridional * np.cos(azimuth)
    explained = along * np.sin(zenith) + vertical * np.cos(zenith)
    assert np.std(explained - night.truth(sky.name, "los_wind_mps")) < 2.0
    assert np.std(night.truth(sky.name, "los_wind_mps")) > 10.0


def test_lines_of_sight_meet_the_red_layer_two_degrees_of_latitude_away(nominal):
    night, result = nominal
    sky = result.sky
    north = np.array(sky.direction) == "North"
    assert np.all(sky.pierce_height_m == 250e3)
    np.testing.assert_allclose(sky.pierce_latitude_deg[north] - night.site.latitude_deg, 2.1, atol=0.1)
    np.testing.assert_allclose(sky.pierce_zenith_deg[north], 42.9, atol=0.1)
