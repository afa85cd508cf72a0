"""The health of an instrument over months as a picture, in the look of the plots of a night."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Sequence

import matplotlib.dates as mdates
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from airglow.model.tags import GREEN_TAG, RED_TAGS
from airglow.pages.alarms import Watch
from airglow.pages.formats import RECENT_DAYS, TOP_IN, Format
from airglow.pages.instruments import InstrumentHealth
from airglow.products.plots import style

_TAG_COLORS = {**dict.fromkeys(RED_TAGS, style.VERMILLION), GREEN_TAG: style.GREEN}
_OUTSIDE = {"color": style.INK, "markerfacecolor": "none", "markersize": 6.5, "markeredgewidth": 1.0}
# What hardly moves beside its size is drawn from its median: the gap is 15 mm and moves by nanometres.
_FROM_MEDIAN = ("gap_m", "center_x_px", "center_y_px")

Draw = Callable[[Axes, Watch, str, float], None]


_SPREADS_OF_AXIS = 8.0  # of a quantity's least spread, that an axis shows at least
_RIGHT_IN = 0.15


def recent_plot(health: InstrumentHealth, form: Format) -> bytes:
    """Draw the latest `RECENT_DAYS` days, a point for each night, with the usual bands.

    Returns
    -------
    bytes
        PNG, the same for the same nights.
    """
    first = health.dates[-1] - dt.timedelta(days=RECENT_DAYS)
    chosen = np.array([date >= first for date in health.dates])
    time = np.array(health.dates, "datetime64[D]")[chosen]

    def draw(panel: Axes, watch: Watch, color: str, zero: float) -> None:
        value, low, high = (
            (part[chosen] - zero) * watch.series.quantity.scale
            for part in (watch.series.values, watch.low, watch.high)
        )
        outside = watch.outside[chosen]
        panel.fill_between(time, low, high, color=color, alpha=0.13, linewidth=0, step="mid")
        panel.plot(time, value, "o", color=color, markersize=2.6)
        panel.plot(time[outside], value[outside], "o", **_OUTSIDE)
        panel.set_ylim(*_limits(value, low, high, _least_span(watch)))

    keys = [
        Line2D([], [], marker="o", linestyle="", color=style.BLUE, markersize=3, label="a night"),
        Patch(color=style.BLUE, alpha=0.2, linewidth=0, label="usual band"),
        Line2D([], [], marker="o", linestyle="", label="outside", **_OUTSIDE),
    ]
    return _picture(health, form, chosen, time, draw, keys)


def whole_plot(health: InstrumentHealth, form: Format) -> bytes:
    """Draw the whole record, the median of each month with the middle half of its nights.

    Returns
    -------
    bytes
        PNG, the same for the same nights.
    """
    months = np.array(health.dates, "datetime64[M]")
    there = np.unique(months)
    time = there.astype("datetime64[D]") + np.timedelta64(14, "D")

    def draw(panel: Axes, watch: Watch, color: str, zero: float) -> None:
        value = (watch.series.values - zero) * watch.series.quantity.scale
        parts = np.array([_quartiles(value[months == month]) for month in there])
        panel.vlines(time, parts[:, 0], parts[:, 2], color=color, alpha=0.45, linewidth=2.2)
        panel.plot(time, parts[:, 1], "o", color=color, markersize=3.0)
        panel.set_ylim(*_limits(parts.ravel(), parts[:, 0], parts[:, 2], _least_span(watch)))

    keys = [
        Line2D([], [], marker="o", linestyle="", color=style.BLUE, markersize=3, label="month's median"),
        Line2D([], [], color=style.BLUE, alpha=0.45, linewidth=2.2, label="middle half of its nights"),
    ]
    return _picture(health, form, np.ones(len(health.dates), bool), time, draw, keys)


def _picture(
    health: InstrumentHealth,
    form: Format,
    chosen: np.ndarray,
    time: np.ndarray,
    draw: Draw,
    keys: Sequence[Artist],
) -> bytes:
    """A panel for each quantity, one below the other, over the same time."""
    width, height = form.width_in, form.height_in(len(health.watches))
    with style.drawing():
        figure = style.new_figure(width, height)
        panels: list[Axes] = []
        for number, watch in enumerate(health.watches, 1):
            lower = height - TOP_IN - number * (form.panel_in + form.above_in)
            inner = width - form.left_in - _RIGHT_IN
            place = (form.left_in / width, lower / height, inner / width, form.panel_in / height)
            panel = figure.add_axes(place, sharex=panels[0] if panels else None)
            panels.append(panel)
            values = watch.series.values[chosen]
            finite = values[np.isfinite(values)]
            from_median = finite.size and watch.series.quantity.key in _FROM_MEDIAN
            zero = float(np.median(finite)) if from_median else 0.0
            _name(panel, watch, zero, form)
            if finite.size:
                draw(panel, watch, _TAG_COLORS.get(watch.series.tag, style.BLUE), zero)
                panel.yaxis.set_major_locator(MaxNLocator(nbins=4))
            else:
                style.say_nothing_there(panel, "no values")
            panel.tick_params(labelbottom=number == len(health.watches))
        _date_axis(panels[-1], time)
        figure.legend(
            handles=list(keys),
            loc="upper right",
            bbox_to_anchor=(1 - _RIGHT_IN / width, 1 - 0.04 / height),
            ncols=len(keys),
            handletextpad=0.4,
            columnspacing=1.2,
            borderaxespad=0,
        )
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=form.dots_per_inch, metadata={"Software": None})
    return file.getvalue()


def _name(panel: Axes, watch: Watch, zero: float, form: Format) -> None:
    quantity = watch.series.quantity
    title = watch.series.title + (f" ({quantity.unit})" if quantity.unit else "")
    origin = f"from {zero * quantity.scale:,.{quantity.digits}f}" if zero else ""
    if form.titles_above:
        panel.set_title(", ".join(filter(None, (title, origin))), fontsize=8.5, loc="left", pad=3)
        return
    left = -(form.left_in - 0.1) / (form.width_in - form.left_in - _RIGHT_IN)
    panel.text(left, 1.0, title, transform=panel.transAxes, va="top")
    panel.text(left, 0.78, origin, transform=panel.transAxes, va="top", color=style.GREY, fontsize=8)


def _date_axis(panel: Axes, time: np.ndarray) -> None:
    days = int((time[-1] - time[0]).astype(int))
    margin = np.timedelta64(max(2, round(0.015 * days)), "D")
    panel.set_xlim(time[0] - margin, time[-1] + margin)
    locator = mdates.AutoDateLocator(minticks=3, maxticks=7)
    panel.xaxis.set_major_locator(locator)
    panel.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator, show_offset=False))


def _quartiles(values: np.ndarray) -> Sequence[float]:
    finite = values[np.isfinite(values)]
    return np.percentile(finite, [25, 50, 75]) if finite.size else (np.nan, np.nan, np.nan)


def _least_span(watch: Watch) -> float:
    """Height that an axis has at least: what nights always differ by shall not fill it."""
    quantity, finite = watch.series.quantity, watch.series.values[np.isfinite(watch.series.values)]
    size = abs(float(np.median(finite))) if quantity.relative and finite.size else 1.0
    return _SPREADS_OF_AXIS * quantity.least_spread * size * quantity.scale


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
