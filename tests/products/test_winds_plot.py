"""The plot of winds: which wind stands in which panel, and how it is flagged."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.dates import date2num
from results import example_result

from airglow.model.result import BAD, CAUTION, GOOD
from airglow.products.plots import looks, style, winds


def test_east_and_west_show_the_same_eastward_wind():
    result = example_result(4, 0)
    eastward, northward, zenith = 80.0, -30.0, np.radians([43.0, 43.0, 48.0, 38.0])  # at the layer
    azimuth = np.radians([90.0, 270.0, 0.0, 180.0])
    along = (eastward * np.sin(azimuth) + northward * np.cos(azimuth)) * np.sin(zenith)
    sky = dataclasses.replace(
        result.sky, direction=("East", "West", "North", "South"), pierce_zenith_deg=np.degrees(zenith)
    )
    everything = np.ones(4, bool)
    zonal = winds.ZONAL.factor(sky, everything) * along
    meridional = winds.MERIDIONAL.factor(sky, everything) * along
    np.testing.assert_allclose(zonal[:2], eastward)
    np.testing.assert_allclose(meridional[2:], northward)


def test_a_look_near_the_zenith_has_no_horizontal_wind():
    result = example_result(2, 0)
    sky = dataclasses.replace(result.sky, direction=("East", "East"), pierce_zenith_deg=np.array([0.1, 45.0]))
    np.testing.assert_array_equal(np.isnan(winds.ZONAL.factor(sky, np.ones(2, bool))), [True, False])


def test_a_component_without_samples_of_its_own_shows_the_smooth_wind():
    result = example_result()
    sky = dataclasses.replace(
        result.sky,
        direction=tuple("Aux" if name in ("North", "South") else name for name in result.sky.direction),
    )
    with style.drawing():
        panel = style.new_figure(8, 4).add_subplot()
        winds._draw(panel, dataclasses.replace(result, sky=sky), winds.MERIDIONAL, ["Aux"])
    low, high = panel.get_ylim()
    smooth = result.smooth_winds.meridional_wind_mps
    assert low < smooth.min() < smooth.max() < high
    assert [text.get_text() for text in panel.get_legend().get_texts()] == [
        "smooth ± σ",
        "doubtful",
        "cycle ± σ",
    ]
    assert len(panel.texts) == 0


def test_the_smooth_wind_is_dashed_where_it_is_doubtful():
    time = np.datetime64("2026-05-12T02:00", "us") + np.arange(6) * np.timedelta64(600, "s")
    value = np.arange(6.0)
    doubtful = np.array([False, False, True, True, False, False])
    with style.drawing():
        panel = style.new_figure(8, 4).add_subplot()
        entries = winds._draw_course(panel, winds.Course(time, value, (value - 1, value + 1), doubtful))
    assert [name for name, _ in entries] == ["smooth ± σ", "doubtful"]
    good, dashed = panel.get_lines()
    assert good.get_linestyle() == "-"
    assert dashed.get_linestyle() == "--"
    assert np.isfinite(good.get_ydata()).tolist() == [True, True, False, False, True, True]
    # The steps into and out of the stretch are doubtful as well.
    assert np.isfinite(dashed.get_ydata()).tolist() == [False, True, True, True, True, False]


def test_nothing_is_dashed_on_a_good_night():
    time = np.datetime64("2026-05-12T02:00", "us") + np.arange(3) * np.timedelta64(600, "s")
    with style.drawing():
        panel = style.new_figure(8, 4).add_subplot()
        course = winds.Course(time, np.zeros(3), (np.zeros(3), np.ones(3)), np.zeros(3, bool))
        assert [name for name, _ in winds._draw_course(panel, course)] == ["smooth ± σ"]


def bars(panel):
    """Horizontal and vertical lines of cycles by their alpha, as (n, 2, 2) each."""
    found = {}
    for collection in panel.collections:
        if isinstance(collection, LineCollection) and collection.get_zorder() < 2.5:
            level = next(
                k for k, fade in looks.FADE.items() if collection.get_alpha() == pytest.approx(0.8 * fade)
            )
            segments = np.array(collection.get_segments())
            level_kind = level, "over" if np.ptp(segments[0, :, 0]) else "error"
            found[level_kind] = segments
    return found


@pytest.mark.parametrize(
    ("component", "name"),
    [(winds.ZONAL, "zonal"), (winds.MERIDIONAL, "meridional"), (winds.VERTICAL, "vertical")],
    ids=["zonal", "meridional", "vertical"],
)
def test_winds_of_cycles_are_bars_with_their_errors(component, name):
    result = example_result()
    cycles = result.cycles
    flag = np.arange(len(cycles)).astype(np.int8) % 3
    result = dataclasses.replace(result, cycles=dataclasses.replace(cycles, flag=flag))
    with style.drawing():
        panel = style.new_figure(8, 4).add_subplot()
        winds._draw(panel, result, component, [])
    drawn = bars(panel)
    value, error = getattr(cycles, f"{name}_wind_mps"), getattr(cycles, f"{name}_wind_error_mps")
    for level in (GOOD, CAUTION, BAD):
        known = np.isfinite(value) & (flag == level)
        assert known.any()
        over = drawn[level, "over"]
        np.testing.assert_allclose(over[:, :, 1], np.stack([value[known]] * 2, axis=1))
        np.testing.assert_allclose(over[:, 0, 0], date2num(cycles.start_time[known]))
        np.testing.assert_allclose(over[:, 1, 0], date2num(cycles.stop_time[known]))
        if level == BAD:
            assert (BAD, "error") not in drawn
            continue
        upright = drawn[level, "error"]
        np.testing.assert_allclose(upright[:, 0, 0], date2num(getattr(cycles, f"{name}_time")[known]))
        np.testing.assert_allclose(upright[:, 0, 1], (value - error)[known])
        np.testing.assert_allclose(upright[:, 1, 1], (value + error)[known])


def test_a_good_cycle_is_within_the_axis_and_a_bad_one_is_counted():
    result = example_result()
    zonal, flag = result.cycles.zonal_wind_mps.copy(), np.full(len(result.cycles), GOOD, np.int8)
    zonal[2], zonal[3], flag[3] = 400.0, -900.0, BAD
    cycles = dataclasses.replace(result.cycles, zonal_wind_mps=zonal, flag=flag)
    with style.drawing():
        panel = style.new_figure(8, 4).add_subplot()
        winds._draw(panel, dataclasses.replace(result, cycles=cycles), winds.ZONAL, [])
    low, high = panel.get_ylim()
    assert high > 400
    assert low > -900
    assert "1 value\nbeyond axis" in [text.get_text() for text in panel.get_legend().get_texts()]
