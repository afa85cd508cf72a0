"""Winds of a night: zonal, meridional, vertical, and along the line of sight elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from airglow.model.result import BAD, CAUTION, GOOD, NightResult, SkySamples
from airglow.model.winds import HorizontalWinds, SmoothWinds
from airglow.products.colors import BAND, GREY, INK
from airglow.products.plots import looks, style
from airglow.products.plots.timeaxis import share_time, stack_panels

_MARGIN = 0.04  # of the axis, around the smooth wind
_HEIGHT_IN = 1.85
_LEAST_ZENITH_DEG = 10.0  # nearer to the zenith a line of sight says nothing of the horizontal wind


@dataclass(frozen=True)
class Component:
    """A panel: the directions in it, and what turns a wind along the line of sight into its wind."""

    title: str
    directions: tuple[str, ...]
    factor: Callable[[SkySamples, np.ndarray], np.ndarray]
    least_span_mps: float
    name: str | None = None  # of the component of the winds over the site that goes with it


def _horizontal(away: str) -> Callable[[SkySamples, np.ndarray], np.ndarray]:
    """Factor 1/sin(zenith angle), positive for the direction ``away`` and negative for the opposite one.

    The angle is that at the airglow layer.
    """

    def factor(sky: SkySamples, chosen: np.ndarray) -> np.ndarray:
        zenith = sky.pierce_zenith_deg[chosen]
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
    return list(dict.fromkeys(name for name in result.sky.direction if name not in looks.LOOKS))


def plot_winds(result: NightResult, path: Path | str) -> Path:
    """Plot the winds of a night by look direction, and as zonal, meridional and vertical wind over the site.

    East and West are divided by the sine of the zenith angle, and West turned round, so that both show the
    eastward wind; North and South likewise show the northward wind. Their difference is real (or cloud).
    Flagged samples fade; bad ones do not stretch the axes. Behind the samples is the wind over the site, from
    all directions together: that of each cycle, a bar from its first exposure to its last with its standard
    error, and the smooth one in a band of its standard error, dashed where it rests on flagged samples.

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
    others = other_directions(result)
    components = [ZONAL, MERIDIONAL, VERTICAL]
    if others:
        components.append(
            Component("Line of sight\n(away, m/s)", tuple(others), _as_seen, 100.0),
        )
    heights = [max(_HEIGHT_IN, looks.key_height_in(len(each.directions))) for each in components]
    figure, panels = stack_panels(heights, width_in=10.0, left_in=0.95, right_in=1.55, gap_in=0.22)
    for panel, component in zip(panels, components, strict=True):
        _draw(panel, result, component, others)
    share_time(panels, result)
    for panel in panels:
        style.label_at(panel, 0.56)
    style.head_and_foot(figure, result, "Thermospheric winds", looks.FLAG_NAMES_WITH_BARS)
    reference = result.doppler_reference
    error = f", ± {reference.error_mps:.1f} m/s" if np.isfinite(reference.error_mps) else ""
    figure.text(
        0.98,
        0.10 / figure.get_figheight(),
        f"Doppler reference: {reference.method}{error}",
        fontsize=7,
        color=GREY,
        ha="right",
        va="bottom",
    )
    return figure


def _draw(panel: Axes, result: NightResult, component: Component, others: list[str]) -> None:
    sky = result.sky
    direction = np.array(sky.direction, dtype=str).reshape(len(sky))
    mine = np.isin(direction, component.directions)
    factor = component.factor(sky, mine)
    value = sky.line_of_sight_wind_mps[mine] * factor
    error = sky.wind_error_mps[mine] * np.abs(factor)
    flag, time = sky.wind_flag[mine], sky.mid_time[mine]
    low, high = style.limits(value, error, flag, component.least_span_mps, zero=True)
    cycles = _cycles(result.cycles, component.name)
    course = _course(result.smooth_winds, component.name)
    shown = []
    if course is not None:
        shown.append(course.value if np.isfinite(value).any() else np.concatenate(course.band))
    if cycles is not None:
        shown.append(np.array(style.limits(cycles.value, cycles.error, cycles.flag, 0.0)))
    margin = _MARGIN * (high - low)
    low = min([low, *(np.nanmin(values) - margin for values in shown)])
    high = max([high, *(np.nanmax(values) + margin for values in shown)])
    panel.set_ylim(low, high)
    panel.set_ylabel(component.title)
    over_site = _draw_course(panel, course) if course is not None else []
    if cycles is not None:
        over_site += _draw_cycles(panel, cycles)
    entries = []
    for name in component.directions:
        look = looks.look_of(name, others)
        chosen = direction[mine] == name
        if chosen.any():
            looks.draw_samples(panel, time[chosen], value[chosen], error[chosen], flag[chosen], look)
            entries.append((name, look))
    if np.isfinite(value).any() or over_site:
        panel.axhline(0, color=GREY, linewidth=0.8, zorder=1)
    else:
        style.say_nothing_there(panel, _why_nothing(result, component))
    drawn = value if cycles is None else np.concatenate([value, cycles.value])
    looks.look_key(panel, entries, style.count_outside(panel, drawn), over_site)


def _why_nothing(result: NightResult, component: Component) -> str:
    """What an empty panel says; the reason for an empty night stands in the first."""
    none = f"no samples towards {' and '.join(component.directions)}"
    return style.why_nothing(result, none) if component is ZONAL else none


@dataclass(frozen=True)
class Course:
    """A component of the smooth winds over the night."""

    time: np.ndarray
    value: np.ndarray
    band: tuple[np.ndarray, np.ndarray]
    doubtful: np.ndarray  # bool: the wind rests on flagged samples


def _course(winds: SmoothWinds, name: str | None) -> Course | None:
    if name is None:
        return None
    value, error = getattr(winds, f"{name}_wind_mps"), getattr(winds, f"{name}_wind_error_mps")
    if not np.isfinite(value).any():
        return None
    return Course(winds.time, value, (value - error, value + error), winds.flag > GOOD)


def _draw_course(panel: Axes, course: Course) -> list[tuple[str, tuple[Artist, ...]]]:
    """Line and band of a component, dashed and without a fill where doubtful; its entries in the key."""
    good = ~course.doubtful
    entries: list[tuple[str, tuple[Artist, ...]]] = []
    # A step from one time to the next is doubtful if either end is.
    for name, chosen in (("smooth ± σ", good), ("doubtful", ~_between(good))):
        if not chosen.any():
            continue
        look = {"color": GREY, "linewidth": 0.9, "zorder": 1.6}
        if name == "doubtful":
            look["linestyle"] = (0, (4, 2.5))
        (line,) = panel.plot(course.time, np.where(chosen, course.value, np.nan), **look)
        band = panel.fill_between(
            course.time,
            *course.band,
            where=chosen,
            color=BAND,
            alpha=0.4 if name == "doubtful" else 1.0,
            linewidth=0,
            zorder=1.5,
        )
        entries.append((name, (band, line)))
    return entries


def _between(good: np.ndarray) -> np.ndarray:
    """Good times of which both neighbours are good."""
    inner = good.copy()
    inner[1:] &= good[:-1]
    inner[:-1] &= good[1:]
    return inner


@dataclass(frozen=True)
class Cycles:
    """A component of the winds of cycles, those that tell it."""

    begin: np.ndarray
    middle: np.ndarray  # the component's own time
    end: np.ndarray
    value: np.ndarray
    error: np.ndarray
    flag: np.ndarray


def _cycles(winds: HorizontalWinds, name: str | None) -> Cycles | None:
    if name is None:
        return None
    value, error = getattr(winds, f"{name}_wind_mps"), getattr(winds, f"{name}_wind_error_mps")
    known = np.isfinite(value)
    if not known.any():
        return None
    return Cycles(
        winds.start_time[known],
        getattr(winds, f"{name}_time")[known],
        winds.stop_time[known],
        value[known],
        error[known],
        winds.flag[known],
    )


def _draw_cycles(panel: Axes, cycles: Cycles) -> list[tuple[str, tuple[Artist, ...]]]:
    """Bars over the cycles, faded by their flag, bad ones without error; their entry in the key."""
    for flag in (BAD, CAUTION, GOOD):
        chosen = cycles.flag == flag
        if not chosen.any():
            continue
        look = {
            "colors": INK,
            "alpha": 0.8 * looks.FADE[flag],
            "linewidth": 1.1,
            "zorder": 2 + 0.1 * (BAD - flag),
        }
        value, error = cycles.value[chosen], cycles.error[chosen]
        panel.hlines(value, cycles.begin[chosen], cycles.end[chosen], **look)
        if flag != BAD:
            panel.vlines(cycles.middle[chosen], value - error, value + error, **look)
    handle = Line2D([], [], marker="+", markersize=9, markeredgewidth=1.1, linestyle="", color=INK, alpha=0.8)
    return [("cycle ± σ", (handle,))]
