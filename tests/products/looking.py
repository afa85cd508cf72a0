"""What a reader of a plot would stumble over: text cut off or written over, and keys that hide samples.

All of it is asked of a figure that was drawn on its canvas: drawing takes most of the time.
"""

from __future__ import annotations

import itertools

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text
from matplotlib.transforms import Bbox

_TOUCH_PX = 1.0


def texts(figure: Figure) -> list[Text]:
    """All texts that can be seen, tick labels and keys as well."""
    found = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    shown = {id(text) for text in itertools.chain.from_iterable(map(_tick_texts, _all_axes(figure)))}
    ticks = {id(text) for axes in _all_axes(figure) for text in _tick_texts(axes, every=True)}
    return [text for text in found if id(text) not in ticks or id(text) in shown]


def _all_axes(figure: Figure) -> list[Axes]:
    return [each for axes in figure.axes for each in (axes, *axes.child_axes)]


def _tick_texts(axes: Axes, every: bool = False) -> list[Text]:
    """Labels of the ticks within an axis's limits, or of every tick."""
    found = []
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
            if every or low <= tick.get_loc() <= high:
                found += [tick.label1, tick.label2]
    return found


def cut_off(figure: Figure) -> list[str]:
    """Texts that reach beyond the figure."""
    page = figure.bbox
    return [
        text.get_text()
        for text in texts(figure)
        if not (page.x0 <= text.get_window_extent().x0 and text.get_window_extent().x1 <= page.x1)
        or not (page.y0 <= text.get_window_extent().y0 and text.get_window_extent().y1 <= page.y1)
    ]


def written_over(figure: Figure) -> list[tuple[str, str]]:
    """Pairs of texts that overlap."""
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts(figure)]
    return [(a, b) for (a, one), (b, other) in itertools.combinations(boxes, 2) if _overlap(one, other)]


def _overlap(one: Bbox, other: Bbox) -> bool:
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return width > _TOUCH_PX and height > _TOUCH_PX


def hidden_by_keys(figure: Figure) -> int:
    """How many drawn points lie behind a key."""
    keys = [key.get_window_extent() for key in figure.findobj(Legend)]
    points = np.concatenate([_drawn_points(axes) for axes in figure.axes] or [np.empty((0, 2))])
    return sum(
        int(((points > (key.x0, key.y0)) & (points < (key.x1, key.y1))).all(axis=1).sum()) for key in keys
    )


def _drawn_points(axes: Axes) -> np.ndarray:
    """Points of lines, markers and error bars within the axes, in pixels."""
    paths = [
        line.get_transform().transform(
            np.stack([line.get_xdata(orig=False), line.get_ydata(orig=False)], axis=1)
        )
        for line in axes.lines
        if len(line.get_xdata()) > 2 or line.get_marker() not in ("None", None, "")
    ]
    paths += [
        collection.get_transform().transform(segment)
        for collection in axes.collections
        if isinstance(collection, LineCollection)
        for segment in collection.get_segments()
    ]
    points = np.concatenate([np.asarray(path, float).reshape(-1, 2) for path in paths] or [np.empty((0, 2))])
    box = axes.bbox
    return points[((points >= (box.x0, box.y0)) & (points <= (box.x1, box.y1))).all(axis=1)]
