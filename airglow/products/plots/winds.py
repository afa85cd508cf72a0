"""Winds of a night: zonal, meridional, vertical, and along the line of sight elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from airglow.products.plots import style
from airglow.products.plots.timeaxis import share_time
from airglow.result import NightResult, SkySamples, SmoothWinds

_MARGIN = 0.04  # of the axis, around the smooth wind
_LEAST_ZENITH_DEG = 10.0  # nearer to the zenith a line of sight says nothing of the horizontal wind


@dataclass(frozen=True)
class Component:
    """A panel: the directions in it, and what turns a wind along the line of sight into its wind."""

    title: str
    directions: tuple[str, ...]
    factor: Callable[[SkySamples, np.ndarray], np.ndarray]
    least_span_mps: float
    smooth: str | None = None  # the component of the smooth winds that goes with it


def _horizontal(away: str) -> Callable[[SkySamples, np.ndarray], np.ndarray]:
    """Factor 1/sin(zenith angle), positive for the direction ``away`` and negative for the opposite one.

    The angle is that at the airglow layer.
    """

    def factor(sky: SkySamples, chosen: np.ndarray) -> np.ndarray:
        zenith = sky.tangent_zenith_deg[chosen]
        usable = np.where(zenith >= _LEAST_ZENITH_DEG, zenith, np.nan)
        sign = np.where(np.array(sky.direction)[chosen] == away, 1.0, -1.0)
        return sign / np.sin(np.radians(usable))

    return factor


def _as_seen(sky: SkySamples, chosen: np.ndarray) -> np.ndarray:
    return np.ones(int(chosen.sum()))


ZONAL = Component("Zonal wind\n(eastward, m/s)", ("East", "West"), _horizontal("East"), 100.0, "zonal")
MERIDIONAL = Component(
    "Meridional wind\n(northward, m/s)", ("North", "South"), _horizontal("North"), 100.0, "meridional"
)
VERTICAL = Component("Vertical wind\n(upward, m/s)", ("Zenith",), _as_seen, 60.0, "vertical")


def other_directions(result: NightResult) -> list[str]:
    """Names of the directions beside zenith and the four winds, in the order they first occur."""
    return list(dict.fromkeys(name for name in result.sky.direction if name not in style.LOOKS))


def plot_winds(result: NightResult, path: Path | str) -> Path:
    """Plot the winds of a night by look direction.

    East and West are divided by the sine of the zenith angle, and West turned round, so that both show the
    eastward wind; North and South likewise show the northward wind. Their difference is real (or cloud).
    Flagged samples fade; bad ones do not stretch the axes. Behind the samples runs the smooth wind over the
    site, from all directions together, in a band of its standard error.

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
    others = other_directions(result)
    components = [ZONAL, MERIDIONAL, VERTICAL]
    if others:
        components.append(
            Component("Line of sight\n(away, m/s)", tuple(others), _as_seen, 100.0),
        )
    with style.drawing():
        height = 1.75 + 2.05 * len(components)
        figure = style.new_figure(10.0, height)
        grid = figure.add_gridspec(
            len(components),
            1,
            left=0.095,
            right=0.845,
            top=1 - 1.15 / height,
            bottom=0.72 / height,
            hspace=0.12,
        )
        panels = [figure.add_subplot(grid[k]) for k in range(len(components))]
        for panel, component in zip(panels, components, strict=True):
            _draw(panel, result, component, others)
        share_time(panels, result)
        figure.align_ylabels(panels)
        style.head_and_foot(figure, result, "Thermospheric winds", style.FLAG_NAMES_WITH_BARS)
        figure.text(
            0.98,
            0.10 / height,
            f"zero: {result.zero.method}, ± {result.zero.error_mps:.1f} m/s",
            fontsize=7,
            color=style.GREY,
            ha="right",
            va="bottom",
        )
        return style.save(figure, path)


def _draw(panel: Axes, result: NightResult, component: Component, others: list[str]) -> None:
    sky = result.sky
    direction = np.array(sky.direction, dtype=str).reshape(len(sky))
    mine = np.isin(direction, component.directions)
    factor = component.factor(sky, mine)
    value = sky.line_of_sight_wind_mps[mine] * factor
    error = sky.wind_error_mps[mine] * np.abs(factor)
    flag, time = sky.wind_flag[mine], sky.mid_time[mine]
    panel.axhline(0, color=style.GREY, linewidth=0.8, zorder=1)
    low, high = style.limits(value, error, flag, component.least_span_mps, zero=True)
    course = _course(result.smooth_winds, component.smooth)
    if course is not None:
        shown = course.value if np.isfinite(value).any() else np.concatenate(course.band)
        margin = _MARGIN * (high - low)
        low, high = min(low, np.nanmin(shown) - margin), max(high, np.nanmax(shown) + margin)
    panel.set_ylim(low, high)
    panel.set_ylabel(component.title)
    smooth = _draw_course(panel, course) if course is not None else []
    entries = []
    for name in component.directions:
        look = style.look_of(name, others)
        chosen = direction[mine] == name
        if chosen.any():
            style.draw_samples(panel, time[chosen], value[chosen], error[chosen], flag[chosen], look)
            entries.append((name, look))
    if not np.isfinite(value).any() and course is None:
        style.say_nothing_there(panel, f"no samples towards {' and '.join(component.directions)}")
    style.look_key(panel, entries, style.count_outside(panel, value), smooth)


@dataclass(frozen=True)
class Course:
    """A component of the smooth winds over the night."""

    time: np.ndarray
    value: np.ndarray
    band: tuple[np.ndarray, np.ndarray]


def _course(winds: SmoothWinds, name: str | None) -> Course | None:
    if name is None:
        return None
    value, error = getattr(winds, f"{name}_wind_mps"), getattr(winds, f"{name}_wind_error_mps")
    if not np.isfinite(value).any():
        return None
    return Course(winds.time, value, (value - error, value + error))


def _draw_course(panel: Axes, course: Course) -> list[tuple[str, tuple[Artist, ...]]]:
    """Line and band of a component; its entry in the key."""
    band = panel.fill_between(course.time, *course.band, color=style.BAND, linewidth=0, zorder=1.5)
    (line,) = panel.plot(course.time, course.value, color=style.GREY, linewidth=0.9, zorder=1.6)
    return [("smooth ± σ", (band, line))]
