"""The diagnostics: each panel shows the values that its axis names."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from matplotlib.dates import date2num
from results import example_result

from airglow.model.result import BAD
from airglow.products.plots import diagnostics, looks, style, typical


def panel(result, label):
    with style.drawing():
        figure = diagnostics._figure(result)
    return next(axes for axes in figure.axes if axes.get_ylabel().startswith(label))


def drawn(axes):
    """All points that are drawn, in the order of time, as (n, 2)."""
    points = [
        np.stack([date2num(line.get_xdata()), line.get_ydata()], axis=1)
        for line in axes.lines
        if len(line.get_xdata()) and line.get_transform() == axes.transData
    ]
    points = np.concatenate(points)
    return points[np.lexsort((points[:, 1], points[:, 0]))]


def expected(*series):
    points = np.concatenate([np.stack([date2num(time), value], axis=1) for time, value in series])
    points = points[np.isfinite(points[:, 1])]
    return points[np.lexsort((points[:, 1], points[:, 0]))]


def both(result, name):
    sky, laser = result.sky, result.laser
    return (sky.mid_time, getattr(sky, name)), (laser.mid_time, getattr(laser, name))


def about_median(series):
    everything = np.concatenate([value for _, value in series])
    return [(time, value - np.nanmedian(everything)) for time, value in series]


def test_each_panel_shows_what_its_axis_names():
    result = example_result(40, 12)
    sky, laser = result.sky, result.laser
    used = laser.gap_m[laser.used]
    middle = np.median(np.concatenate([used, sky.gap_m]))
    cases = {
        "Gap": [(time, (gap - middle) * 1e9) for time, gap in both(result, "gap_m")],
        "Ring centre": [
            *about_median(both(result, "center_x_px")),
            *about_median(both(result, "center_y_px")),
        ],
        "Laser": [(laser.mid_time, laser.intensity)],
        "Reduced": [*both(result, "reduced_chi_square")],
        "Sky\n": [(sky.mid_time, sky.intensity), (sky.mid_time, sky.background)],
        "Sky − ambient": [(sky.mid_time, sky.sky_minus_ambient_mean_c)],
        "CCD": [*both(result, "ccd_temperature_c")],
    }
    for label, series in cases.items():
        np.testing.assert_allclose(drawn(panel(result, label)), expected(*series), rtol=1e-9, atol=1e-9)


def test_temperatures_of_loggers_have_panels_of_their_own():
    result = example_result(40, 12)
    etalon, *others = result.temperatures
    for label, probes in (("Etalon", [etalon]), ("Site", others)):
        axes = panel(result, label)
        begin, end = axes.get_xlim()
        lines = {line.get_label(): line for line in axes.lines}
        assert set(lines) == {probe.probe.replace("_", " ") for probe in probes}
        for probe in probes:
            line = lines[probe.probe.replace("_", " ")]
            time, value = date2num(line.get_xdata()), line.get_ydata()
            shown = (date2num(probe.time) >= begin - 1e-9) & (date2num(probe.time) <= end + 1e-9)
            np.testing.assert_array_equal(value[np.isfinite(value)], probe.temperature_c[shown])
            np.testing.assert_allclose(time[np.isfinite(value)], date2num(probe.time[shown]))
            low, high = axes.get_ylim()
            assert low < np.nanmin(value) < np.nanmax(value) < high


def test_a_hole_in_a_logger_is_one_in_its_line():
    axes = panel(example_result(120, 36), "Etalon")
    (line,) = axes.lines
    (hole,) = np.flatnonzero(np.isnan(line.get_ydata()))
    hours = 24 * np.diff(date2num(line.get_xdata()[[hole - 1, hole + 1]]))
    np.testing.assert_allclose(hours, 2, atol=0.04)


def test_without_loggers_there_is_no_panel_for_them():
    result = dataclasses.replace(example_result(40, 12), temperatures=())
    with style.drawing():
        labels = [axes.get_ylabel() for axes in diagnostics._figure(result).axes]
    assert not [label for label in labels if label.startswith(("Etalon", "Site"))]


def test_loggers_elsewhere_leave_a_word_in_the_panel_of_the_etalon():
    result = example_result(40, 12)
    axes = panel(dataclasses.replace(result, temperatures=result.temperatures[1:]), "Etalon")
    assert [text.get_text() for text in axes.texts] == ["no temperature logger at the etalon"]


def test_of_many_probes_the_panel_says_how_many_it_leaves_out():
    result = example_result(40, 12)
    dome = result.temperatures[1]
    many = tuple(dataclasses.replace(dome, probe=f"templ{k:02d}") for k in range(10, 16))
    axes = panel(dataclasses.replace(result, temperatures=many), "Site")
    assert [line.get_label() for line in axes.lines] == ["templ10", "templ11", "templ12", "templ13"]
    assert [text.get_text() for text in axes.texts] == ["2 more in the netCDF file"]


def test_wind_errors_are_those_of_samples_that_are_not_bad():
    result = example_result(80, 12)
    sky = result.sky
    kept = sky.wind_flag != BAD
    assert not kept.all()
    series = [
        (sky.mid_time[kept], value[kept])
        for value in (sky.wind_fit_error_mps, sky.wind_calibration_error_mps, sky.wind_reference_error_mps)
    ]
    np.testing.assert_allclose(drawn(panel(result, "Wind error")), expected(*series))


def test_residuals_are_those_of_the_typical_frames():
    result = example_result(20, 6)
    with style.drawing():
        lower = [axes for axes in diagnostics._figure(result).axes if axes.get_ylabel() == "Residual\n(σ)"]
    for axes, profiles, k in (
        (lower[0], result.laser_profiles, typical.typical_laser(result)),
        (lower[1], result.sky_profiles, typical.typical_sky(result)),
    ):
        shown = axes.lines[-1]
        np.testing.assert_allclose(shown.get_xdata(), profiles.radius_squared_px2[k] / 1000)
        residual = (profiles.counts[k] - profiles.model[k]) / profiles.sigma[k]
        np.testing.assert_allclose(shown.get_ydata(), residual)


@pytest.mark.parametrize("label", ["Reduced", "Sky\n", "Wind error"])
def test_flagged_samples_fade(label):
    result = example_result(40, 12)
    flag = (np.arange(40) % 3).astype(np.int8)
    axes = panel(dataclasses.replace(result, sky=dataclasses.replace(result.sky, wind_flag=flag)), label)
    for level, fade in looks.FADE.items():
        faded = [line for line in axes.lines if line.get_alpha() == fade and len(line.get_xdata())]
        times = set(np.concatenate([date2num(line.get_xdata()) for line in faded] or [[]]))
        level_times = set(date2num(result.sky.mid_time[flag == level]))
        assert times == (set() if label == "Wind error" and level == BAD else level_times)


@pytest.mark.parametrize("scale", [0.03, 1.0, 4000.0])
def test_the_axis_of_the_laser_fits_it(scale):
    result = example_result(4, 12)
    intensity = result.laser.intensity * scale
    axes = panel(
        dataclasses.replace(result, laser=dataclasses.replace(result.laser, intensity=intensity)), "Laser"
    )
    low, high = axes.get_ylim()
    assert low == 0
    assert intensity.max() < high < 2 * intensity.max()
