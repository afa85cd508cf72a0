"""Temperatures of a night by look direction."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from airglow.products.plots import style
from airglow.products.plots.timeaxis import share_time
from airglow.products.plots.winds import other_directions
from airglow.result import NightResult


def plot_temperature(result: NightResult, path: Path | str) -> Path:
    """Plot the temperatures of a night; flagged samples fade, bad ones do not stretch the axis.

    Parameters
    ----------
    result
        The night.
    path
        PNG to be.

    Returns
    -------
    Path
        ``path``.
    """
    sky = result.sky
    others = other_directions(result)
    direction = np.array(sky.direction, dtype=str).reshape(len(sky))
    with style.drawing():
        height = 5.6
        figure = style.new_figure(10.0, height)
        panel = figure.add_axes(
            (0.095, 0.72 / height, 0.845 - 0.095, 1 - (1.15 + 0.72) / height),
        )
        panel.set_ylim(style.limits(sky.temperature_k, sky.temperature_error_k, sky.temperature_flag, 200.0))
        panel.set_ylabel("Temperature (K)")
        entries = []
        for name in (*style.LOOKS, *others):
            chosen = direction == name
            if not chosen.any():
                continue
            look = style.look_of(name, others)
            style.draw_samples(
                panel,
                sky.mid_time[chosen],
                sky.temperature_k[chosen],
                sky.temperature_error_k[chosen],
                sky.temperature_flag[chosen],
                look,
            )
            entries.append((name, look))
        if not np.isfinite(sky.temperature_k).any():
            style.say_nothing_there(panel, "no temperatures on this night")
        style.look_key(panel, entries, style.count_outside(panel, sky.temperature_k))
        share_time([panel], result)
        style.head_and_foot(figure, result, "Thermospheric temperatures", style.FLAG_NAMES_WITH_BARS)
        return style.save(figure, path)
