"""The health of an instrument over months as a picture, in the look of the plots of a night.

Drawn as SVG without Matplotlib, with which two pictures take a third of the time of a run with one night.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from airglow.model.tags import GREEN_TAG, RED_TAGS
from airglow.pages.alarms import Watch
from airglow.pages.axes import date_ticks, value_ticks
from airglow.pages.formats import RECENT_DAYS, TOP_IN, Format
from airglow.pages.instruments import InstrumentHealth
from airglow.pages.svg import FONT_PT, Drawing
from airglow.products.colors import BLUE, GREEN, GREY, INK, VERMILLION

_TAG_COLORS = {**dict.fromkeys(RED_TAGS, VERMILLION), GREEN_TAG: GREEN}
_GRID = "#e6e6e6"
# What hardly moves beside its size is drawn from its median: the gap is 15 mm and moves by nanometres.
_FROM_MEDIAN = ("gap_m", "center_x_px", "center_y_px")

_SPREADS_OF_AXIS = 8.0  # of a quantity's least spread, that an axis shows at least
_BEYOND_ENDS = 0.08  # of an axis' height, beyond what a quantity can be: a dot at the end stays whole
_PT_PER_IN = 72.0
_RIGHT_PT = 0.15 * _PT_PER_IN
_TICK_PT = 3.5
_LETTER = 0.65  # width of a letter or digit, on the average, over the size of the font
_UNDER_MIDDLE_PT = 0.36 * FONT_PT  # from the middle of a figure to the base line under it
_NIGHT_PT, _MONTH_PT, _OUTSIDE_PT = 3.4, 3.8, 6.5  # sizes of dots and circles
_BAND = {"fill_opacity": 0.13}
_HALF = {"stroke_opacity": 0.45, "stroke_width": 2.2}
_KEY_PT, _KEY_LETTER_PT, _KEY_MARK_PT = (
    8.5,
    4.9,
    18.0,
)  # of a key: its letters, about how wide one is, its mark


@dataclass(frozen=True)
class _Panel:
    """Where a quantity is drawn over time, in points; ``drawing`` has n panels, one below the other."""

    drawing: Drawing
    left: float
    top: float
    width: float
    height: float
    days: tuple[float, float]  # limits of the time axis, since 1970
    values: tuple[float, float] = (0.0, 1.0)  # limits of the value axis

    def x(self, days: np.ndarray | float) -> np.ndarray | float:
        """Of days since 1970."""
        return self.left + (days - self.days[0]) / (self.days[1] - self.days[0]) * self.width

    def y(self, values: np.ndarray | float) -> np.ndarray | float:
        """Of values; those beyond the limits at the edge."""
        part = (values - self.values[0]) / (self.values[1] - self.values[0])
        return self.top + (1 - np.clip(part, 0, 1)) * self.height


# Draws a quantity into a panel: with its colour, and what its values are drawn from.
_Draw = Callable[[_Panel, Watch, str, float], None]
_Limits = Callable[[Watch, float], tuple[float, float]]


def recent_plot(health: InstrumentHealth, form: Format) -> bytes:
    """Draw the latest `RECENT_DAYS` days, a point for each night, with the usual bands.

    Parameters
    ----------
    health
        Of an instrument of which one night at least was analysed.
    form
        The size of the picture.

    Returns
    -------
    bytes
        SVG, the same for the same nights.
    """
    first = health.dates[-1] - dt.timedelta(days=RECENT_DAYS)
    chosen = np.array([date >= first for date in health.dates])
    days = _days(health.dates)[chosen]
    edges = np.r_[days[:1], (days[1:] + days[:-1]) / 2, days[-1:]]

    def shown(watch: Watch, zero: float) -> tuple[np.ndarray, ...]:
        parts = (watch.series.values, watch.low, watch.high)
        return tuple((part[chosen] - zero) * watch.series.quantity.scale for part in parts)

    def limits(watch: Watch, zero: float) -> tuple[float, float]:
        return _limits(*shown(watch, zero), _least_span(watch))

    def draw(panel: _Panel, watch: Watch, color: str, zero: float) -> None:
        value, low, high = shown(watch, zero)
        there, outside = np.isfinite(value), watch.outside[chosen] & np.isfinite(value)
        panel.drawing.band(panel.x(edges), panel.y(high), panel.y(low), fill=color, **_BAND)
        panel.drawing.dots(panel.x(days[there]), panel.y(value[there]), _NIGHT_PT, color)
        panel.drawing.rings(panel.x(days[outside]), panel.y(value[outside]), _OUTSIDE_PT, INK)

    drawing = _picture(health, form, chosen, days, limits, draw)
    _keys(drawing, ["outside", "usual band", "a night"])
    return drawing.file()


def whole_plot(health: InstrumentHealth, form: Format) -> bytes:
    """Draw the whole record, the median of each month with the middle half of its nights.

    Parameters
    ----------
    health
        Of an instrument of which one night at least was analysed.
    form
        The size of the picture.

    Returns
    -------
    bytes
        SVG, the same for the same nights.
    """
    months = np.array(health.dates, "datetime64[M]")
    there = np.unique(months)
    days = there.astype("datetime64[D]").astype(float) + 14

    def shown(watch: Watch, zero: float) -> np.ndarray:
        value = (watch.series.values - zero) * watch.series.quantity.scale
        return np.array([_quartiles(value[months == month]) for month in there])

    def limits(watch: Watch, zero: float) -> tuple[float, float]:
        parts = shown(watch, zero)
        return _limits(parts.ravel(), parts[:, 0], parts[:, 2], _least_span(watch))

    def draw(panel: _Panel, watch: Watch, color: str, zero: float) -> None:
        parts = shown(watch, zero)
        known = np.isfinite(parts[:, 1])
        x, y = panel.x(days[known]), panel.y(parts[known])
        panel.drawing.lines(zip(x, y[:, 0], x, y[:, 2], strict=True), stroke=color, **_HALF)
        panel.drawing.dots(x, y[:, 1], _MONTH_PT, color)

    drawing = _picture(health, form, np.ones(len(health.dates), bool), days, limits, draw)
    _keys(drawing, ["middle half of its nights", "month's median"])
    return drawing.file()


def _picture(
    health: InstrumentHealth,
    form: Format,
    chosen: np.ndarray,
    days: np.ndarray,
    limits: _Limits,
    draw: _Draw,
) -> Drawing:
    """A panel for each quantity, one below the other, over the same time."""
    width, height = form.width_in * _PT_PER_IN, form.height_in(len(health.watches)) * _PT_PER_IN
    drawing = Drawing(width, height)
    drawing.rectangle(0, 0, width, height, fill="white")
    margin = max(2.0, round(0.015 * (days[-1] - days[0])))
    span = float(days[0] - margin), float(days[-1] + margin)
    first, last = (dt.date(1970, 1, 1) + dt.timedelta(days=round(day)) for day in span)
    dates = date_ticks(first, last, most=5 if form.titles_above else 7)
    left = form.left_in * _PT_PER_IN
    for number, watch in enumerate(health.watches, 1):
        top = (TOP_IN + number * (form.panel_in + form.above_in) - form.panel_in) * _PT_PER_IN
        values = watch.series.values[chosen]
        finite = values[np.isfinite(values)]
        from_median = finite.size and watch.series.quantity.key in _FROM_MEDIAN
        zero = float(np.median(finite)) if from_median else 0.0
        between = _within_ends(watch, zero, limits(watch, zero)) if finite.size else (0.0, 1.0)
        panel = _Panel(
            drawing, left, top, width - left - _RIGHT_PT, form.panel_in * _PT_PER_IN, span, between
        )
        _name(panel, watch, zero, form)
        _axes(panel, value_ticks(*between) if finite.size else [], dates, number == len(health.watches))
        if finite.size:
            draw(panel, watch, _TAG_COLORS.get(watch.series.tag, BLUE), zero)
        else:
            drawing.text(left + panel.width / 2, top + panel.height / 2, "no values", "middle", color=GREY)
        drawing.rectangle(left, top, panel.width, panel.height, fill="none", stroke=GREY, stroke_width=0.7)
    return drawing


def _axes(
    panel: _Panel, values: list[tuple[float, str]], dates: list[tuple[dt.date, str]], is_last: bool
) -> None:
    """The grid of a panel, its ticks, and their labels; those of the time below the last panel."""
    drawing, right, bottom = panel.drawing, panel.left + panel.width, panel.top + panel.height
    y = [float(panel.y(value)) for value, _ in values]
    x = [float(panel.x(days)) for days in _days([date for date, _ in dates])]
    grid = [(panel.left, at, right, at) for at in y]
    grid += [(at, panel.top, at, bottom) for at in x if values]
    drawing.lines(grid, stroke=_GRID, stroke_width=0.6)
    ticks = [(panel.left - _TICK_PT, at, panel.left, at) for at in y]
    ticks += [(at, bottom, at, bottom + _TICK_PT) for at in x]
    drawing.lines(ticks, stroke=GREY, stroke_width=0.8)
    for at, (_, label) in zip(y, values, strict=True):
        drawing.text(panel.left - 2 * _TICK_PT, at + _UNDER_MIDDLE_PT, label, "end")
    if not is_last:
        return
    for at, (_, label) in zip(x, dates, strict=True):
        half = _LETTER * FONT_PT * len(label) / 2
        within = min(at, drawing.width - half)  # that of the right edge would be cut off
        drawing.text(within, bottom + _TICK_PT + 1.2 * FONT_PT, label, "middle")
    if dates and not dates[0][1].isdigit():  # else it is the year itself
        year = f"{dates[0][0].year}"
        drawing.text(x[0], bottom + _TICK_PT + 2.3 * FONT_PT, year, "middle", size=8, color=GREY)


def _keys(drawing: Drawing, words: Sequence[str]) -> None:
    """What the marks mean, from the right side of the head of the picture to its left."""
    right, base = drawing.width - _RIGHT_PT, 0.15 * _PT_PER_IN
    for label in words:
        drawing.text(right, base, label, "end", _KEY_PT)
        right -= _KEY_LETTER_PT * len(label) + _KEY_MARK_PT
        at, middle = right + _KEY_MARK_PT / 2, base - _KEY_PT * 0.36
        x, y = np.array([at]), np.array([middle])
        match label:
            case "outside":
                drawing.rings(x, y, _OUTSIDE_PT, INK)
            case "usual band":
                drawing.rectangle(right, middle - 3, _KEY_MARK_PT - 4, 6, fill=BLUE, fill_opacity=0.2)
            case "middle half of its nights":
                drawing.lines([(right, middle, right + _KEY_MARK_PT - 4, middle)], stroke=BLUE, **_HALF)
            case _:
                drawing.dots(x, y, _MONTH_PT, BLUE)
        right -= 1.2 * FONT_PT


def _name(panel: _Panel, watch: Watch, zero: float, form: Format) -> None:
    quantity = watch.series.quantity
    title = watch.series.title + (f" ({quantity.unit})" if quantity.unit else "")
    origin = f"from {zero * quantity.scale:,.{quantity.digits}f}" if zero else ""
    if form.titles_above:
        title = ", ".join(filter(None, (title, origin)))
        panel.drawing.text(panel.left, panel.top - 3, title, size=8.5)
        return
    left = 0.1 * _PT_PER_IN
    panel.drawing.text(left, panel.top + FONT_PT, title)
    if origin:
        panel.drawing.text(left, panel.top + 2.6 * FONT_PT, origin, size=8, color=GREY)


def _days(dates: Sequence[dt.date]) -> np.ndarray:
    """Days since 1970."""
    return np.array(dates, "datetime64[D]").astype(float)


def _quartiles(values: np.ndarray) -> Sequence[float]:
    finite = values[np.isfinite(values)]
    return np.percentile(finite, [25, 50, 75]) if finite.size else (np.nan, np.nan, np.nan)


def _least_span(watch: Watch) -> float:
    """Height that an axis has at least: what nights always differ by shall not fill it."""
    quantity, finite = watch.series.quantity, watch.series.values[np.isfinite(watch.series.values)]
    size = abs(float(np.median(finite))) if quantity.relative and finite.size else 1.0
    return _SPREADS_OF_AXIS * quantity.least_spread * size * quantity.scale


def _within_ends(watch: Watch, zero: float, between: tuple[float, float]) -> tuple[float, float]:
    """Limits of the same height, moved to where the quantity can be: a share of samples is not below 0 %."""
    low, high = between
    least, most = ((end - zero) * watch.series.quantity.scale for end in watch.series.quantity.ends)
    beyond = _BEYOND_ENDS * (high - low)
    shift = max(0.0, least - beyond - low) - max(0.0, high - most - beyond)
    return low + shift, high + shift


def _limits(value: np.ndarray, low: np.ndarray, high: np.ndarray, least_span: float) -> tuple[float, float]:
    """Limits that hold all values, and of the band what is not much farther out than these."""
    finite = value[np.isfinite(value)]
    least, most = float(finite.min()), float(finite.max())
    span = most - least
    band = np.concatenate([low, high])
    band = band[np.isfinite(band)]
    if band.size:
        least = min(least, max(float(band.min()), least - 2 * span))
        most = max(most, min(float(band.max()), most + 2 * span))
    middle, span = 0.5 * (least + most), max(1.16 * (most - least), least_span)
    return middle - 0.5 * span, middle + 0.5 * span
