"""Time axes: UTC below, local time above, and the same stretch of time in every plot of a night."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import matplotlib
import matplotlib.dates as mdates
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator

from airglow.model.result import NightResult
from airglow.products.plots import style

_MARGIN = np.timedelta64(12, "m")
_HEAD_IN, _FOOT_IN = 1.15, 0.72  # of a figure


def night_span(result: NightResult) -> tuple[np.datetime64, np.datetime64]:
    """First and last time to show: all frames of the night with a margin; six to six without frames."""
    times = np.concatenate([result.sky.mid_time, result.laser.mid_time])
    if times.size:
        return times.min() - _MARGIN, times.max() + _MARGIN
    solar_noon_h = 12 - result.site_longitude_deg / 15
    noon = np.datetime64(result.date, "us") + np.timedelta64(round(solar_noon_h * 3600), "s")
    return noon + np.timedelta64(6, "h"), noon + np.timedelta64(18, "h")


def stack_panels(
    height_in: Sequence[float], *, width_in: float, left_in: float, right_in: float, gap_in: float
) -> tuple[Figure, list[Axes]]:
    """A figure with panels one below the other, and room for head, foot and both time axes.

    Parameters
    ----------
    height_in
        Of each panel.
    width_in
        Of the figure.
    left_in, right_in
        From the edges of the figure to the panels.
    gap_in
        Between panels.

    Returns
    -------
    figure
        As high as it takes.
    panels
        From the top.
    """
    height = _HEAD_IN + sum(height_in) + gap_in * (len(height_in) - 1) + _FOOT_IN
    figure = style.new_figure(width_in, height)
    panels, top = [], height - _HEAD_IN
    width = (width_in - left_in - right_in) / width_in
    for each in height_in:
        panels.append(figure.add_axes((left_in / width_in, (top - each) / height, width, each / height)))
        top -= each + gap_in
    return figure, panels


def share_time(panels: list[Axes], result: NightResult) -> None:
    """Give stacked panels one time axis: UTC under the last, local time above the first."""
    begin, end = night_span(result)
    marks = _clock_times(begin, end, dt.UTC)
    days = [mdates.date2num(moment) for moment, _ in marks]
    for panel in panels:
        panel.set_xlim(mdates.date2num(begin), mdates.date2num(end))
    for panel in panels[:-1]:
        _mark_times(panel, days)
    bottom = panels[-1]
    bottom.xaxis.set_major_locator(FixedLocator(days))
    bottom.xaxis.set_major_formatter(FixedFormatter([text for _, text in marks]))
    dates = sorted({str(moment.astype("datetime64[D]")) for moment in (begin + _MARGIN, end - _MARGIN)})
    bottom.set_xlabel(f"UTC, {' to '.join(dates)}")
    name, zone = _local_clock(result)
    marks = _clock_times(begin, end, zone)
    top = panels[0].secondary_xaxis("top")
    top.xaxis.set_major_locator(FixedLocator([mdates.date2num(moment) for moment, _ in marks]))
    top.xaxis.set_major_formatter(FixedFormatter([text for _, text in marks]))
    top.set_xlim(panels[0].get_xlim())  # else it gets them only as it is drawn
    top.set_xlabel(name)
    above = 1 + style.LABEL_BELOW_IN * panels[0].figure.dpi / panels[0].bbox.height
    top.xaxis.set_label_coords(0.5, above, transform=panels[0].transAxes)


def _mark_times(panel: Axes, days: Sequence[float]) -> None:
    """Lines and marks at some times without labels: two collections cost much less than an axis of ticks."""
    if panel.xaxis.get_tick_params()["gridOn"]:
        _add_lines(panel, days, 0.0, 1.0, "grid.color", "grid.linewidth", zorder=0.5)
    length_pt = matplotlib.rcParams["xtick.major.size"]
    below = length_pt / 72 * panel.figure.dpi / panel.bbox.height
    _add_lines(panel, days, -below, 0.0, "xtick.color", "xtick.major.width", zorder=2.0)
    panel.xaxis.set_visible(False)


def _add_lines(
    panel: Axes, days: Sequence[float], low: float, high: float, color: str, width: str, zorder: float
) -> None:
    """Upright lines between two fractions of the panel's height; look as in matplotlib's settings."""
    lines = LineCollection(
        [((day, low), (day, high)) for day in days],
        colors=matplotlib.rcParams[color],
        linewidths=matplotlib.rcParams[width],
        zorder=zorder,
        transform=panel.get_xaxis_transform(),
    )
    panel.add_collection(lines, autolim=False)
    lines.set_clip_on(low >= 0)


def _clock_times(
    begin: np.datetime64, end: np.datetime64, zone: dt.tzinfo
) -> list[tuple[np.datetime64, str]]:
    """Whole hours of a zone's clock, or shorter steps in a short night, and what it shows then."""
    hours = (end - begin) / np.timedelta64(1, "h")
    steps_min = ((1.0, 10), (2.5, 15), (5.5, 30), (11.0, 60))
    step = next((minutes for longest, minutes in steps_min if hours <= longest), 120)
    first = begin.astype("datetime64[m]") + np.timedelta64(1, "m")
    marks = []
    for moment in np.arange(first, end, np.timedelta64(1, "m")):
        clock = moment.item().replace(tzinfo=dt.UTC).astimezone(zone)
        if (clock.hour * 60 + clock.minute) % step == 0:
            marks.append((moment, f"{clock:%H:%M}"))
    return marks


def _local_clock(result: NightResult) -> tuple[str, dt.tzinfo]:
    """Name and zone of the local time of a site.

    The clock of the camera is the local time, unless it shows UTC: then the mean sun's is.
    """
    try:
        zone = ZoneInfo(result.site_timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zone = ZoneInfo("UTC")
    middle = dt.datetime.combine(result.date, dt.time(23))
    if zone.utcoffset(middle):
        return f"Local time ({result.site_timezone})", zone
    offset = dt.timedelta(minutes=round(result.site_longitude_deg * 4))
    return "Local mean solar time", dt.timezone(offset)
