"""Plots of an instrument's health: what is drawn is where its axes say."""

import datetime as dt
import re
from collections import Counter
from xml.etree import ElementTree

import numpy as np
import pytest

from airglow.pages.alarms import Watch
from airglow.pages.axes import date_ticks, value_ticks
from airglow.pages.formats import NARROW, WIDE
from airglow.pages.health import QUANTITIES, Series
from airglow.pages.instruments import InstrumentHealth
from airglow.pages.plots import recent_plot, whole_plot
from airglow.products.colors import BLUE

CCD = next(quantity for quantity in QUANTITIES if quantity.key == "ccd_temperature_c")
FIRST = dt.date(2025, 1, 20)


CLOUDY = next(quantity for quantity in QUANTITIES if quantity.key == "cloud_fraction")


def health(values, low=-75.0, high=-65.0, outside=(), days=1, quantity=CCD):
    """An instrument with one quantity, so many days between its nights."""
    values = np.array(values, float)
    dates = tuple(FIRST + dt.timedelta(days=days * k) for k in range(len(values)))
    out = np.isin(np.arange(len(values)), outside)
    watch = Watch(
        Series(quantity, "", values), np.full_like(values, low), np.full_like(values, high), out, (), "", None
    )
    nights = tuple(f"{date:%Y%m%d}" for date in dates)
    return InstrumentHealth("minime05", "uao", "Urbana", nights, Counter(), dates, (watch,))


def drawn(data):
    """Elements by name, without namespace."""
    found = {}
    for element in ElementTree.fromstring(data):
        found.setdefault(element.tag.rpartition("}")[2], []).append(element)
    return found


def dots(data):
    """Places of the dots of the panel: the last path of zero lengths before the key's."""
    paths = [one.get("d") for one in drawn(data)["path"] if "h0" in one.get("d")]
    return np.array(re.findall(r"M([\d.]+) ([\d.]+)h0", paths[0]), float)


def value_at(data, y):
    """What the value axis says of a height, by its labels."""
    labels = [one for one in drawn(data)["text"] if one.get("text-anchor") == "end"]
    marks = []
    for one in labels:
        try:
            marks.append((float(one.get("y")), float(one.text.replace("−", "-"))))
        except ValueError:
            continue  # of the key
    heights, values = np.array(sorted(marks)).T
    slope, at_zero = np.polyfit(heights - 0.36 * 9.0, values, 1)
    assert slope < 0  # greater values are higher up
    return slope * y + at_zero


@pytest.mark.parametrize("form", [WIDE, NARROW])
def test_a_night_is_where_the_axis_says(form):
    values = [-70.0, -69.0, np.nan, -71.5]
    data = recent_plot(health(values), form)
    places = dots(data)
    assert value_at(data, places[:, 1]) == pytest.approx([-70.0, -69.0, -71.5], abs=0.01)
    steps = np.diff(places[:, 0])
    assert steps[1] == pytest.approx(2 * steps[0], abs=0.02)  # the night between has no value


def test_months_are_drawn_by_median_and_quartiles():
    values = np.r_[np.linspace(-72, -68, 12), np.linspace(-71, -65, 28)]
    data = whole_plot(health(values), WIDE)
    assert value_at(data, dots(data)[:, 1]) == pytest.approx([-70.0, -68.0], abs=0.15)
    (bars,) = [one.get("d") for one in drawn(data)["path"] if one.get("stroke-width") == "2.2"][:1]
    ends = np.array(re.findall(r"[\d.]+ ([\d.]+)L[\d.]+ ([\d.]+)", bars), float)
    assert value_at(data, ends[0]) == pytest.approx([-71.0, -69.0], abs=0.01)


def test_nights_outside_have_a_ring_and_the_band_ends_where_it_is_not_known():
    found = drawn(recent_plot(health([-70.0, -60.0, -70.0], outside=[1]), WIDE))
    assert len(found["circle"]) == 2  # and one of the key
    one = health([-70.0] * 5)
    one.watches[0].low[2] = np.nan
    (band,) = [path.get("d") for path in drawn(recent_plot(one, WIDE))["path"] if path.get("fill") == BLUE]
    assert band.count("M") == band.count("Z") == 2


@pytest.mark.parametrize("share", [0.0, 1.0])
@pytest.mark.parametrize("plot", [recent_plot, whole_plot])
def test_an_axis_ends_where_a_share_does(plot, share):
    data = plot(health([share] * 4, share, share, quantity=CLOUDY), WIDE)
    (panel,) = [one for one in drawn(data)["rect"] if one.get("stroke-width") == "0.7"]
    top = float(panel.get("y"))
    low, high = value_at(data, np.array([top + float(panel.get("height")), top]))
    assert low >= -5
    assert high <= 105
    assert value_at(data, dots(data)[0, 1]) == pytest.approx(100 * share, abs=0.1)


def test_a_quantity_without_values_says_so():
    assert "no values" in [one.text for one in drawn(recent_plot(health([np.nan] * 3), WIDE))["text"]]


@pytest.mark.parametrize("form", [WIDE, NARROW])
def test_no_date_leaves_the_picture(form):
    data = recent_plot(health([-70.0]), form)
    width = float(ElementTree.fromstring(data).get("viewBox").split()[2])
    ends = [
        float(one.get("x")) + 0.3 * float(one.get("font-size")) * len(one.text)
        for one in drawn(data)["text"]
        if one.get("text-anchor") == "middle"
    ]
    assert len(ends) > 2
    assert max(ends) <= width


def test_words_of_a_picture_are_escaped():
    data = recent_plot(health([-70.0]), WIDE).decode()
    assert "°C" in data
    assert not re.search(r"&(?!amp;|lt;|gt;)", data)


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (-0.4, 0.4, ["−0.4", "−0.2", "0.0", "0.2", "0.4"]),
        (-30.0, 55.0, ["−20", "0", "20", "40"]),
        (0.7, 1.5, ["0.8", "1.0", "1.2", "1.4"]),
        (0.0, 1.0, ["0.00", "0.25", "0.50", "0.75", "1.00"]),
        (-8.0, 33.0, ["0", "10", "20", "30"]),
        (148.0, 222.0, ["160", "180", "200", "220"]),
    ],
)
def test_values_of_an_axis_are_round(low, high, labels):
    ticks = value_ticks(low, high)
    assert [label for _, label in ticks] == labels
    assert [float(label.replace("−", "-")) for label in labels] == pytest.approx(
        [value for value, _ in ticks]
    )


@pytest.mark.parametrize(
    ("first", "last", "labels"),
    [
        ((2023, 11, 1), (2023, 11, 5), ["1 Nov", "2 Nov", "3 Nov", "4 Nov", "5 Nov"]),
        ((2024, 11, 2), (2025, 5, 1), ["Dec", "2025", "Feb", "Mar", "Apr", "May"]),
        ((2024, 12, 1), (2025, 3, 1), ["Dec", "2025", "Feb", "Mar"]),
        ((2012, 3, 5), (2025, 10, 1), ["2014", "2016", "2018", "2020", "2022", "2024"]),
    ],
)
def test_dates_of_an_axis_are_round(first, last, labels):
    ticks = date_ticks(dt.date(*first), dt.date(*last))
    assert [label for _, label in ticks] == labels
    assert all(dt.date(*first) <= date <= dt.date(*last) for date, _ in ticks)


@pytest.mark.parametrize("days", [0, 1, 6, 13, 40, 80, 150, 400, 1000, 5000, 15000])
def test_an_axis_of_any_length_has_a_few_dates(days):
    first = dt.date(2009, 12, 31)
    ticks = date_ticks(first, first + dt.timedelta(days=days), most=5)
    assert len(ticks) <= 5
    assert len(ticks) >= min(2, days + 1)
