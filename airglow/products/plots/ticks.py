"""The ticks of a figure as few artists that look the same.

Each tick of matplotlib is five artists with a style of their own. A figure of a night has some hundreds of
ticks; to make and to draw them takes longer than all its data.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis, Tick, XAxis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import NullFormatter, NullLocator

_BEYOND = 1e-10  # of an axis's length: so far beyond its end a tick is still drawn, as matplotlib does


def join_ticks(figure: Figure) -> None:
    """Put a line for all grid lines of an axis, one for all its marks, and its labels in place of its ticks.

    Parameters
    ----------
    figure
        Complete: later changes of limits or labels have no effect on what stands for the ticks.
    """
    for axes in figure.axes:
        for each in (axes, *axes.child_axes):
            locator = each.get_axes_locator()  # what gives the axes its place as it is drawn
            each.apply_aspect(locator(each, None) if locator else None)
            for axis in (each.xaxis, each.yaxis):
                if axis.get_visible():
                    _join(each, axis)


def _join(axes: Axes, axis: Axis) -> None:
    """Replace the ticks of an axis, unless it shows a common factor or offset of its labels."""
    joined: list[Artist] = []
    for ticker, sample, places in (
        (axis.major, axis.get_major_ticks(1), axis.get_majorticklocs),
        (axis.minor, axis.get_minor_ticks(1), axis.get_minorticklocs),
    ):
        if isinstance(ticker.locator, NullLocator):
            continue
        values = np.asarray(places(), float)
        texts = ticker.formatter.format_ticks(values)
        if axis.major.formatter.get_offset():
            return
        shown = _is_shown(axis, values)
        labels = [text for text, each in zip(texts, shown, strict=True) if each]
        joined += _stand_ins(sample[0], values[shown], labels, isinstance(axis, XAxis))
    axis.set_major_locator(NullLocator())
    axis.set_major_formatter(NullFormatter())
    axis.set_minor_locator(NullLocator())
    for artist in joined:
        clipped = artist.get_clip_path() is not None
        artist.set_zorder(axis.get_zorder())
        axes.add_artist(artist)
        artist.set_clip_on(clipped)  # what it gets on its way in would cut off what lies beside the axes


def _is_shown(axis: Axis, values: np.ndarray) -> np.ndarray:
    """Which places of ticks lie within the limits of their axis."""
    transform = axis.get_transform()
    low, high = sorted(transform.transform(np.asarray(axis.get_view_interval(), float)))
    with np.errstate(invalid="ignore", divide="ignore"):
        at = transform.transform(values)
    return (at >= low - _BEYOND * (high - low)) & (at <= high + _BEYOND * (high - low))


def _stand_ins(sample: Tick, values: np.ndarray, labels: Sequence[str], along_x: bool) -> list[Artist]:
    """Lines and texts that look as ticks like the sample do at these places."""
    if not values.size:
        return []
    found: list[Artist] = []
    for line in (sample.gridline, sample.tick1line, sample.tick2line):
        if line.get_visible():
            across = line.get_ydata() if along_x else line.get_xdata()
            found.append(_line_like(line, values, np.asarray(across, float), along_x))
    for like in (sample.label1, sample.label2):
        if like.get_visible():
            found += [
                _text_like(like, value, text, along_x)
                for value, text in zip(values, labels, strict=True)
                if text
            ]
    return found


def _line_like(line: Line2D, values: np.ndarray, across: np.ndarray, along_x: bool) -> Line2D:
    """A line for all ticks: a mark at each, or pieces across the axes with gaps between them."""
    if across.size > 1:
        across = np.append(across, np.nan)
    along, across = np.repeat(values, across.size), np.tile(across, values.size)
    joined = Line2D(*((along, across) if along_x else (across, along)))
    joined.update_from(line)
    return joined


def _text_like(like: Text, value: float, text: str, along_x: bool) -> Text:
    x, y = like.get_position()
    label = Text(value if along_x else x, y if along_x else value, text)
    label.update_from(like)
    return label
