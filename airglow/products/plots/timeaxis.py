"""Time axes: UTC below, local time above, and the same stretch of time in every plot of a night."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import matplotlib.dates as mdates
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

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
    for panel in panels:
        panel.set_xlim(mdates.date2num(begin), mdates.date2num(end))
        panel.xaxis.set_major_locator(_locator(begin, end, dt.UTC))
        panel.xaxis.set_major_formatter(_clock_face(dt.UTC))
        panel.tick_params(labelbottom=panel is panels[-1])
    days = sorted({str(moment.astype("datetime64[D]")) for moment in (begin + _MARGIN, end - _MARGIN)})
    panels[-1].set_xlabel(f"UTC, {' to '.join(days)}")
    name, zone = _local_clock(result)
    top = panels[0].secondary_xaxis("top")
    top.xaxis.set_major_locator(_locator(begin, end, zone))
    top.xaxis.set_major_formatter(_clock_face(zone))
    top.set_xlabel(name)


def _locator(begin: np.datetime64, end: np.datetime64, zone: dt.tzinfo) -> mdates.DateLocator:
    """Ticks at whole hours of a zone, or more often on a short night."""
    hours = (end - begin) / np.timedelta64(1, "h")
    for longest, step in ((1.0, 10), (2.5, 15), (5.5, 30)):
        if hours <= longest:
            return mdates.MinuteLocator(byminute=range(0, 60, step), tz=zone)
    return mdates.HourLocator(byhour=range(0, 24, 1 if hours <= 11 else 2), tz=zone)


def _clock_face(zone: dt.tzinfo) -> FuncFormatter:
    # Ticks sit on whole minutes: half a minute more takes away what a float of days loses.
    half_a_minute = dt.timedelta(seconds=30)
    return FuncFormatter(lambda x, _: f"{mdates.num2date(x, tz=zone) + half_a_minute:%H:%M}")


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
