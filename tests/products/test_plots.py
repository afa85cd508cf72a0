"""Plots: that they are the same each time, that one can read them, and that odd nights do not stop them."""

from __future__ import annotations

import dataclasses
import os
import struct
import subprocess
import sys
import warnings
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.dates import num2date
from results import empty_night, example_result

from airglow.model.errors import BadInput
from airglow.model.result import BAD, CAUTION, GOOD
from airglow.products import (
    FRAMES,
    plot_diagnostics,
    plot_profiles,
    plot_temperature,
    plot_winds,
    write_products,
)
from airglow.products.plots import diagnostics, looks, profiles, style, temperature, timeaxis, winds
from products import looking

IMPORTED_FROM = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, sys.path)])
PLOTS = (plot_winds, plot_temperature, plot_diagnostics, plot_profiles)
MODULES = (winds, temperature, diagnostics, profiles)
(NO_ANALYSIS,) = empty_night().notes


def night_of_many_directions():
    """As many as a site of the registry has."""
    result = example_result()
    others = [f"CV_EKU_PAR_{k}" for k in range(19)]
    names = [*others, "Zenith", "North", "East", "South", "West"]
    direction = tuple(names[k % len(names)] for k in range(len(result.sky)))
    return dataclasses.replace(result, sky=dataclasses.replace(result.sky, direction=direction))


def size_of(path: Path) -> tuple[int, int]:
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", data[16:24])


@pytest.mark.parametrize(
    ("plot", "size"),
    list(zip(PLOTS, ((1200, 1191), (1200, 672), (1440, 1740), (1320, 1613)), strict=True)),
)
def test_the_same_night_always_looks_the_same(plot, size, tmp_path):
    result = example_result(40, 8)
    first = plot(result, tmp_path / "first.png")
    with matplotlib.rc_context({"font.size": 22, "axes.facecolor": "red", "lines.linewidth": 9}):
        second = plot(result, tmp_path / "second.png")
    assert size_of(first) == size
    assert first.read_bytes() == second.read_bytes()
    assert b"tEXt" not in first.read_bytes()  # neither date nor version of anything


def draw_each_format(directory=Path()):
    for suffix in ("png", "pdf", "svg"):
        plot_winds(example_result(12, 3), directory / f"winds.{suffix}")
    plot_profiles(example_result(12, 3), directory / "profiles.png")


def test_every_format_is_the_same_in_every_process(tmp_path):
    """Whatever was drawn before, the order is in which Python keeps its sets, and whenever it was."""
    code = "from products.test_plots import draw_each_format; draw_each_format()"
    (tmp_path / "another").mkdir()
    environment = {**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": IMPORTED_FROM}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path / "another", env=environment)
    (tmp_path / "this").mkdir()
    draw_each_format(tmp_path / "this")
    this, another = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("this", "another")
    )
    assert len(this) == 4
    assert this == another


@pytest.mark.parametrize("plot", PLOTS)
def test_a_pdf_is_fit_for_a_paper(plot, tmp_path):
    data = plot(example_result(180, 60, annuli=500), tmp_path / "night.pdf").read_bytes()
    assert data.startswith(b"%PDF")
    assert b"/FontFile2" in data  # TrueType within the file
    assert b"/Type3" not in data
    assert b"Date" not in data
    assert b"Producer" not in data
    assert len(data) < 1e6


@pytest.mark.parametrize("plot", PLOTS)
def test_an_svg_is_vectors_without_a_date(plot, tmp_path):
    text = plot(example_result(40, 8), tmp_path / "night.svg").read_text()
    assert "<path" in text
    assert "<dc:date>" not in text
    assert "<dc:creator>" not in text


def test_a_suffix_that_is_no_plot_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"night\.txt: is no plot: it ends in none of \.png, \.pdf, \.svg"):
        plot_winds(example_result(4, 0), tmp_path / "night.txt")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
@pytest.mark.parametrize(
    "result",
    [
        example_result(),
        empty_night(),
        example_result(40, 0),
        example_result(1, 1),
        night_of_many_directions(),
    ],
    ids=["night", "empty", "no laser", "one of each", "many directions"],
)
def test_nothing_is_cut_off_or_written_over_or_behind_a_key(module, result):
    """Nor does a night stop a plot, or make it warn."""
    with style.drawing(), warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = module._figure(result)
        figure.canvas.draw()
        assert looking.cut_off(figure) == []
        assert looking.written_over(figure) == []
        assert looking.hidden_by_keys(figure) == 0


def test_what_a_reader_would_stumble_over_is_found():
    """Of a bad figure: so that the test above can fail."""
    with style.drawing():
        figure = style.new_figure(4, 3)
        panel = figure.add_axes((0.02, 0.2, 0.9, 0.6))
        panel.plot(np.arange(30), label="a line right below its key")
        panel.set_ylim(0, 30)
        panel.legend(loc="upper right")
        panel.set_ylabel("too far to the left")
        panel.text(5, 10, "one")
        panel.text(5, 10, "other")
        figure.canvas.draw()
        assert "too far to the left" in looking.cut_off(figure)
        assert ("one", "other") in looking.written_over(figure)
        assert looking.hidden_by_keys(figure) > 0


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_an_empty_plot_says_why_it_is_empty(module):
    def texts_of(result):
        with style.drawing():
            return [" ".join(text.get_text().split()) for text in looking.texts(module._figure(result))]

    assert NO_ANALYSIS in texts_of(empty_night())
    assert NO_ANALYSIS not in texts_of(dataclasses.replace(example_result(), notes=(NO_ANALYSIS,)))


def test_no_two_directions_look_alike():
    others = [f"Aux{k}" for k in range(19)]
    found = [*looks.LOOKS.values(), *(looks.look_of(name, others) for name in others)]
    assert len({(look.marker, look.hollow) for look in found}) == len(found)


@pytest.mark.parametrize("plot", PLOTS)
@pytest.mark.parametrize(
    "result",
    [
        example_result(0, 5),
        # Few samples, and a zone that nobody knows.
        dataclasses.replace(example_result(7, 3, site="bdr", tag="XG"), site_timezone="Not/AZone"),
    ],
    ids=["no sky", "few"],
)
def test_odd_nights_are_drawn_without_a_warning(plot, result, tmp_path):
    """Beside those above."""
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
    empty = style.limits(np.array([np.nan]), None, np.array([GOOD]), 60.0, zero=True)
    assert empty == pytest.approx((-34.2, 34.2))


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


def test_frames_are_no_must(tmp_path):
    (only,) = write_products(example_result(7, 3), tmp_path, kinds=["log", FRAMES])
    assert [path.name for path in tmp_path.iterdir()] == [only.name]  # no plot of raw frames
