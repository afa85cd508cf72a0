"""The plot of ring profiles: what is in which cell, and where nothing is."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from matplotlib.dates import date2num
from matplotlib.image import PcolorImage
from results import example_result

from airglow.model.result import BAD, CAUTION, GOOD
from airglow.products.plots import keogram, looks, profiles, style

SIX = ("sky rings", "sky changes", "sky residuals", "laser rings", "laser changes", "laser residuals")


def cells(result):
    """Values of each picture as (frame, row), by `SIX`; its sides in days and its edges in 1000 px²."""
    with style.drawing():
        figure = profiles._figure(result)
    images = [
        image
        for axes in figure.axes
        if axes.get_ylabel().startswith("Squared radius")
        for image in axes.images
        if isinstance(image, PcolorImage)
    ]
    found = {}
    for name, image in zip(SIX, images, strict=True):
        values = np.ma.filled(image.get_array(), np.nan)
        found[name] = values[:, ::2].T, image._Ax, image._Ay
        assert np.isnan(values[:, 1::2]).all()  # between exposures
    return found


def with_profiles(result, **changes):
    return dataclasses.replace(result, sky_profiles=dataclasses.replace(result.sky_profiles, **changes))


def test_a_residual_is_where_the_fit_left_it():
    result = example_result(30, 8, annuli=500)
    counts = result.sky_profiles.model.copy()
    counts[12, 300:303] += 5.0 * result.sky_profiles.sigma[12, 300:303]
    residual, _, edges = cells(with_profiles(result, counts=counts))["sky residuals"]
    frame, row = np.unravel_index(np.nanargmax(residual), residual.shape)
    assert frame == 12
    assert edges[row] < result.sky_profiles.radius_squared_px2[12, 301] / 1000 < edges[row + 1]
    assert residual[frame, row] == pytest.approx(5.0 * np.sqrt(3))  # of three annuli together
    assert np.nanmax(np.abs(np.delete(residual, 12, axis=0))) < 1e-9


def test_noise_alone_has_residuals_of_one():
    residual, *_ = cells(example_result(annuli=500))["sky residuals"]
    assert np.nanstd(residual) == pytest.approx(1.0, abs=0.02)


def test_lasers_and_sky_are_not_mixed_up():
    result = example_result(30, 8)
    drawn = cells(result)
    for name, table in (("sky", result.sky_profiles), ("laser", result.laser_profiles)):
        np.testing.assert_allclose(drawn[f"{name} residuals"][0], (table.counts - table.model) / table.sigma)
        low, high = np.nanmin(table.model, axis=1)[:, None], np.nanmax(table.model, axis=1)[:, None]
        np.testing.assert_allclose(drawn[f"{name} rings"][0], (table.counts - low) / (high - low))


def test_a_frame_that_moved_is_seen_and_one_that_is_brighter_is_not():
    still = example_result(30, 0).sky_profiles
    counts = np.tile(still.model[:1], (30, 1))
    counts[5] = 40.0 + 3.0 * counts[5]  # brighter, on a brighter sky
    counts[9] *= 1 + 1e-6 * still.radius_squared_px2[9]  # lit unevenly
    counts[20] = np.roll(still.model[0], 1)
    counts[20, 0] = np.nan
    profile = dataclasses.replace(still, counts=counts, model=counts)
    change = keogram.changes(profile)
    spread = np.sqrt(np.nanmean(change**2, axis=1))
    assert spread[20] > 10 * np.delete(spread, 20).max()  # of which the mean has a thirtieth


def test_a_laser_frame_without_a_fit_is_scaled_by_its_counts():
    result = example_result(4, 4)
    model = result.laser_profiles.model.copy()
    model[2] = np.nan
    drawn = keogram.scaled_rings(dataclasses.replace(result.laser_profiles, model=model))
    assert np.nanpercentile(drawn[2], [5, 95]) == pytest.approx([0, 1])
    with_laser = dataclasses.replace(result.laser_profiles, model=model)
    residual = cells(dataclasses.replace(result, laser_profiles=with_laser))["laser residuals"][0]
    assert np.isnan(residual[2]).all()
    assert np.isfinite(residual[3]).any()


def test_columns_of_the_sky_are_as_wide_as_the_exposures_and_bridge_short_pauses():
    result = example_result()
    sky = result.sky
    exposure = np.where(np.arange(len(sky)) % 10 == 4, 120.0, 180.0)
    exposure[60] = 245.0  # the next begins 4 s later
    _, sides, _ = cells(dataclasses.replace(result, sky=dataclasses.replace(sky, exposure_s=exposure)))[
        "sky rings"
    ]
    begin = date2num(sky.start_time)
    end = begin + exposure / 86400
    pause_s = (begin[1:] - end[:-1]) * 86400
    assert (pause_s < 5).sum() == 1
    end[60] = begin[61] = (end[60] + begin[61]) / 2
    np.testing.assert_allclose(sides[::2], begin, atol=1e-9, rtol=0)
    np.testing.assert_allclose(sides[1::2], end, atol=1e-9, rtol=0)


def test_short_exposures_become_wider_but_never_overlap():
    result = example_result()
    start = result.laser.start_time.copy()
    start[11] = start[10] + np.timedelta64(60, "s")
    laser = dataclasses.replace(result.laser, start_time=start)
    _, sides, _ = cells(dataclasses.replace(result, laser=laser))["laser rings"]
    width = sides[1::2] - sides[::2]
    assert (sides[2::2] >= sides[1:-1:2]).all()
    assert (sides[2:20:2] > sides[1:19:2]).all()
    assert width.min() * 86400 > laser.exposure_s[0]
    assert width[0] * 86400 > 2 * laser.exposure_s[0]
    middle = ((sides[1::2] + sides[::2]) / 2)[:10]
    np.testing.assert_allclose(middle, date2num(laser.mid_time)[:10], atol=1e-9, rtol=0)


def test_exposures_that_overlap_meet_half_way():
    result = example_result(5, 0)
    start = result.sky.start_time.copy()
    start[3] = start[2] + np.timedelta64(40, "s")
    sky = dataclasses.replace(result.sky, start_time=start)
    sides = keogram._sides(sky, (start[0], start[-1]))
    assert (np.diff(sides) >= 0).all()
    half_way = (date2num(start[3]) + date2num(start[2]) + sky.exposure_s[2] / 86400) / 2
    assert sides[5] == sides[6] == pytest.approx(half_way, abs=1e-9)


def test_rows_cover_the_annuli_also_where_some_are_not_used():
    squared = np.tile((np.arange(500) + 0.5) * 126.0, (3, 1))
    squared[:, :40] = np.nan
    np.testing.assert_allclose(keogram._edges(squared, 3), np.arange(168) * 3 * 126.0, atol=1e-6)


def test_each_frame_is_marked_in_the_row_of_its_direction_and_fades_with_its_flag():
    result = example_result()
    with style.drawing():
        panel = profiles._figure(result).axes[0]
        names = [text.get_text() for text in panel.get_yticklabels()]
    marks = {
        (round(float(time), 6), names[int(row)]): line.get_alpha()
        for line in panel.lines
        for time, row in zip(date2num(line.get_xdata()), line.get_ydata(), strict=True)
    }
    sky, laser = result.sky, result.laser
    fade = [looks.FADE[int(flag)] for flag in sky.wind_flag]
    assert set(fade) == {looks.FADE[level] for level in (GOOD, CAUTION, BAD)}
    expected = marked(sky.mid_time, sky.direction, fade)
    expected |= marked(
        laser.mid_time, ["Laser"] * len(laser), [looks.FADE[GOOD if used else BAD] for used in laser.used]
    )
    assert marks == expected


def marked(times, rows, fade):
    days = [round(float(day), 6) for day in date2num(times)]
    return dict(zip(zip(days, rows, strict=True), fade, strict=True))
