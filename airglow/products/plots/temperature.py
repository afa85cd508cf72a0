"""Temperatures of a night by look direction."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from airglow.model.result import NightResult
from airglow.products.plots import looks, style
from airglow.products.plots.timeaxis import share_time, stack_panels
from airglow.products.plots.winds import other_directions


def plot_temperature(result: NightResult, path: Path | str) -> Path:
    """Plot the temperatures of a night; flagged samples fade, bad ones do not stretch the axis.

    Parameters
    ----------
    result
        The night.
    path
        PNG, PDF or SVG to be, by its suffix.

    Returns
    -------
    Path
        ``path``.
    """
    with style.drawing():
        return style.save(_figure(result), path)


def _figure(result: NightResult) -> Figure:
    sky = result.sky
    others = other_directions(result)
    direction = np.array(sky.direction, dtype=str).reshape(len(sky))
    names = [name for name in (*looks.LOOKS, *others) if (direction == name).any()]
    height = max(3.73, looks.key_height_in(len(names)))
    figure, (panel,) = stack_panels([height], width_in=10.0, left_in=0.95, right_in=1.55, gap_in=0.0)
    panel.set_ylim(style.limits(sky.temperature_k, sky.temperature_error_k, sky.temperature_flag, 200.0))
    panel.set_ylabel("Temperature (K)")
    entries = []
    for name in names:
        chosen = direction == name
        look = looks.look_of(name, others)
        looks.draw_samples(
            panel,
            sky.mid_time[chosen],
            sky.temperature_k[chosen],
            sky.temperature_error_k[chosen],
            sky.temperature_flag[chosen],
            look,
        )
        entries.append((name, look))
    if not np.isfinite(sky.temperature_k).any():
        style.say_nothing_there(panel, style.why_nothing(result, "no temperatures on this night"))
    looks.look_key(panel, entries, style.count_outside(panel, sky.temperature_k))
    share_time([panel], result)
    style.label_at(panel, 0.56)
    style.head_and_foot(figure, result, "Thermospheric temperatures", looks.FLAG_NAMES_WITH_BARS)
    return figure
