"""Plots: what they show, that they are the same each time, and that odd nights do not stop them."""

from __future__ import annotations

import dataclasses
import struct
import subprocess
import sys
import time
import warnings
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.dates import num2date
from results import example_result

from airglow.products import plot_diagnostics, plot_temperature, plot_winds, product_names, write_products
from airglow.products.plots import style, timeaxis, winds
from airglow.result import BAD, CAUTION, GOOD

PLOTS = (plot_winds, plot_temperature, plot_diagnostics)


def size_of(path: Path) -> tuple[int, int]:
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", data[16:24])


@pytest.mark.parametrize(
    ("plot", "size"), list(zip(PLOTS, ((1200, 1194), (1200, 672), (1440, 1512)), strict=True))
)
def test_the_same_night_always_looks_the_same(plot, size, tmp_path):
    result = example_result()
    first = plot(result, tmp_path / "first.png")
    with matplotlib.rc_context({"font.size": 22, "axes.facecolor": "red", "lines.linewidth": 9}):
        second = plot(result, tmp_path / "second.png")
    assert size_of(first) == size
    assert first.read_bytes() == second.read_bytes()
    assert b"tEXt" not in first.read_bytes()  # neither date nor version of anything


@pytest.mark.parametrize("plot", PLOTS)
@pytest.mark.parametrize(
    "result",
    [
        example_result(40, 0),
        example_result(0, 5),
        example_result(0, 0),
        example_result(1, 1),
        example_result(7, 3, site="bdr", tag="XG"),
        dataclasses.replace(example_result(7, 3), site_timezone="Not/AZone"),
    ],
    ids=["no laser", "no sky", "nothing", "one of each", "few", "unknown zone"],
)
def test_odd_nights_are_drawn_without_a_warning(plot, result, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert size_of(plot(result, tmp_path / "night.png"))[0] >= 1200


@pytest.mark.parametrize("plot", PLOTS)
def test_a_night_of_nothing_but_failures_is_drawn(plot, tmp_path):
    result = example_result(12, 2)
    lost = np.full(12, np.nan)
    sky = dataclasses.replace(
        result.sky,
        **{
            field.name: lost
            for field in dataclasses.fields(result.sky)
            if getattr(result.sky, field.name).__class__ is np.ndarray
            and getattr(result.sky, field.name).dtype == float
            and field.name != "exposure_s"
        },
        wind_flag=np.full(12, BAD, np.int8),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plot(dataclasses.replace(result, sky=sky), tmp_path / "night.png")


def test_pyplot_is_never_used(tmp_path):
    code = (
        "import sys; from results import example_result; from airglow.products import write_products;"
        f"write_products(example_result(7, 3), {str(tmp_path)!r});"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1])


def test_east_and_west_show_the_same_eastward_wind():
    result = example_result(4, 0)
    eastward, northward, zenith = 80.0, -30.0, np.radians([43.0, 43.0, 48.0, 38.0])  # at the layer
    azimuth = np.radians([90.0, 270.0, 0.0, 180.0])
    along = (eastward * np.sin(azimuth) + northward * np.cos(azimuth)) * np.sin(zenith)
    sky = dataclasses.replace(
        result.sky, direction=("East", "West", "North", "South"), tangent_zenith_deg=np.degrees(zenith)
    )
    everything = np.ones(4, bool)
    zonal = winds.ZONAL.factor(sky, everything) * along
    meridional = winds.MERIDIONAL.factor(sky, everything) * along
    np.testing.assert_allclose(zonal[:2], eastward)
    np.testing.assert_allclose(meridional[2:], northward)


def test_a_look_near_the_zenith_has_no_horizontal_wind():
    result = example_result(2, 0)
    sky = dataclasses.replace(
        result.sky, direction=("East", "East"), tangent_zenith_deg=np.array([0.1, 45.0])
    )
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
    assert [text.get_text() for text in panel.get_legend().get_texts()] == ["smooth ± σ"]
    assert len(panel.texts) == 0


def test_limits_follow_the_good_samples():
    value = np.array([10.0, 20.0, 30.0, 35.0, 900.0, -4000.0, np.nan])
    flag = np.array([GOOD, GOOD, GOOD, CAUTION, CAUTION, BAD, GOOD])
    low, high = style.limits(value, np.full(7, 1.0), flag, 5.0)
    assert low < 9
    assert 36 < high < 60
    low, high = style.limits(value, None, flag, 5.0, zero=True)
    assert low < 0
    low, high = style.limits(value, None, np.full(7, BAD), 5.0)
    assert high > 35
    nothing = style.limits(np.array([np.nan]), None, np.array([GOOD]), 60.0, zero=True)
    assert nothing == pytest.approx((-34.2, 34.2))


@pytest.mark.parametrize(
    ("zone", "label", "hours"),
    [
        ("America/Chicago", "Local time (America/Chicago)", 5.0),
        ("UTC", "Local mean solar time", 88.159 / 15),
        ("Asia/Kolkata", "Local time (Asia/Kolkata)", -5.5),
    ],
)
def test_local_time_stands_above_utc(zone, label, hours):
    result = dataclasses.replace(example_result(), site_timezone=zone)
    with style.drawing():
        figure = style.new_figure(8, 4)
        panel = figure.add_subplot()
        timeaxis.share_time([panel], result)
        figure.canvas.draw()
        (top,) = panel.child_axes
        assert top.get_xlabel() == label
        assert panel.get_xlabel() == "UTC, 2025-04-30"
        shown = [text.get_text() for text in top.get_xticklabels()]
        for x, text in zip(top.get_xticks(), shown, strict=True):
            assert text.endswith(":00")
            utc = num2date(x)
            local = (utc.hour + utc.minute / 60 + utc.second / 3600 - hours) % 24
            assert abs((local - int(text[:2]) + 12) % 24 - 12) < 0.02


def test_a_night_over_midnight_names_both_dates():
    result = example_result(0, 0, site="bdr")
    with style.drawing():
        panel = style.new_figure(8, 4).add_subplot()
        timeaxis.share_time([panel], result)
    assert panel.get_xlabel() == "UTC, 2025-04-29 to 2025-04-30"


def test_all_products_under_their_names_in_a_few_seconds(tmp_path):
    begin = time.process_time()
    paths = write_products(example_result(180, 60), tmp_path / "products")
    assert time.process_time() - begin < 8
    assert [path.name for path in paths] == [
        "minime05_uao_20250429_xr.nc",
        "minime05_uao_20250429_xr.txt",
        "minime05_uao_20250429_xr.hdf5",
        "minime05_uao_20250429_xr.npz",
        "minime05_uao_20250429_xr_samples.csv",
        "minime05_uao_20250429_xr_winds.csv",
        "minime05_uao_20250429_xr.log",
        "minime05_uao_20250429_xr_winds.png",
        "minime05_uao_20250429_xr_temperature.png",
        "minime05_uao_20250429_xr_diagnostics.png",
    ]
    assert sorted(path.name for path in (tmp_path / "products").iterdir()) == sorted(
        product_names("minime05_uao_20250429_xr").values()
    )
