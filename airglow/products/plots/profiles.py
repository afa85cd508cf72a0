"""The rings of a night at a glance: all ring profiles over time, what changed, and what the fits left."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import PcolorImage

from airglow.model.result import BAD, CAUTION, GOOD, LaserSamples, NightResult, RingProfiles, SkySamples
from airglow.products.colors import INK
from airglow.products.plots import keogram, looks, style
from airglow.products.plots.timeaxis import night_span, share_time, stack_panels
from airglow.products.plots.winds import other_directions

_COLORS = "cividis"  # even steps to the eye, for the colour-blind too, and from dark to light in grey
_RESIDUAL_REACH = 4.0  # standard errors: one in 16,000 is farther out by chance
_LASER = "Laser"
_SKY_HEIGHTS_IN, _LASER_HEIGHTS_IN = (1.7,) * 3, (1.15,) * 3


def plot_profiles(result: NightResult, path: Path | str) -> Path:
    """Plot the ring profiles of a night as pictures over time and squared radius.

    On top the look direction of each frame. Below, for the sky and for the laser: the counts, each frame
    scaled to its own fit, in which rings are level bands; what changed in them against the night's mean
    rings, which is the wind and the gap; and what the fits left, which ought to be noise. A column is as wide
    as its exposure is long; where nothing was exposed, nothing is.

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
    rows = _directions(result)
    heights = (0.25 + 0.165 * max(len(rows), 2), *_SKY_HEIGHTS_IN, *_LASER_HEIGHTS_IN)
    figure, panels = stack_panels(heights, width_in=11.0, left_in=1.3, right_in=1.1, gap_in=0.27)
    _draw_directions(panels[0], result, rows)
    sky, laser = result.sky, result.laser
    _draw_series(figure, panels[1:4], result, sky, result.sky_profiles, "sky")
    _draw_series(figure, panels[4:], result, laser, result.laser_profiles, "laser")
    share_time(panels, result)
    for panel in panels:
        style.label_at(panel, 0.42)
    style.head_and_foot(figure, result, "Ring profiles", looks.FLAG_NAMES)
    return figure


def _directions(result: NightResult) -> list[str]:
    """Directions that occur, zenith and the four winds first."""
    known = [name for name in looks.LOOKS if name in result.sky.direction]
    return known + other_directions(result)


def _draw_directions(panel: Axes, result: NightResult, names: list[str]) -> None:
    """A row for each direction, and one for the laser."""
    sky, laser = result.sky, result.laser
    if not len(sky) and not len(laser):
        style.say_nothing_there(panel, style.why_nothing(result, "no frames were analysed"))
        return
    others = other_directions(result)
    direction = np.array(sky.direction, dtype=str).reshape(len(sky))
    for row, name in enumerate(names):
        look = looks.look_of(name, others)
        for flag in (BAD, CAUTION, GOOD):
            chosen = (direction == name) & (sky.wind_flag == flag)
            _mark(panel, sky.mid_time[chosen], row, look, flag)
    if len(laser):
        names = [*names, _LASER]
        row = len(names) - 1
        _mark(panel, laser.mid_time[laser.used], row, looks.Look(INK, "|"), GOOD)
        _mark(panel, laser.mid_time[~laser.used], row, looks.Look(INK, "x"), BAD)
    panel.set_ylim(len(names) - 0.4, -0.6)
    panel.set_yticks(range(len(names)), names, fontsize=8)


def _mark(panel: Axes, time: np.ndarray, row: int, look: looks.Look, flag: int) -> None:
    if not time.size:
        return
    line_only = look.marker in "|x"
    panel.plot(
        time,
        np.full(time.size, row),
        linestyle="",
        marker=look.marker,
        color=look.color,
        markerfacecolor="white" if look.hollow else look.color,
        markeredgewidth=0.8 if look.hollow or line_only else 0.0,
        markersize=4.2,
        alpha=looks.FADE[flag],
    )


def _draw_series(
    figure: Figure,
    panels: list[Axes],
    result: NightResult,
    table: SkySamples | LaserSamples,
    profiles: RingProfiles,
    kind: str,
) -> None:
    """Rings, changes and residuals of the sky frames or of the laser frames."""
    for panel in panels:
        panel.set_ylabel("Squared radius\n(1000 px²)")
    if not np.isfinite(profiles.counts).any():
        for panel in panels:
            style.say_nothing_there(panel, f"no {kind} profiles")
        return
    change = keogram.changes(profiles)
    reach = _reach(change)
    span = night_span(result)
    wide = " (columns wider than exposures)" if keogram.is_widened(table, span) else ""
    for panel, values, limits, errors, title, unit in (
        (
            panels[0],
            keogram.scaled_rings(profiles),
            (0.0, 1.0),
            False,
            f"Rings of the {kind}: counts{wide}",
            "counts, scaled\nto each fit",
        ),
        (panels[1], change, (-reach, reach), True, "Change from the night's mean rings", "change (σ)"),
        (
            panels[2],
            keogram.residuals(profiles),
            (-_RESIDUAL_REACH, _RESIDUAL_REACH),
            True,
            "Residual of the fits",
            "residual (σ)",
        ),
    ):
        panel.set_title(title, fontsize=8.5, loc="left", pad=3)
        if not np.isfinite(values).any():
            style.say_nothing_there(panel, f"no {kind} frame was fitted")
            continue
        cells = keogram.draw_cells(
            panel,
            table,
            profiles.radius_squared_px2,
            values,
            span,
            limits,
            errors=errors,
            colors=_COLORS,
        )
        _color_bar(figure, panel, cells, unit)


def _reach(change: np.ndarray) -> float:
    """Limit of the colours of changes: all but the largest two in a hundred."""
    finite = np.abs(change[np.isfinite(change)])
    return max(_RESIDUAL_REACH, float(np.percentile(finite, 98))) if finite.size else _RESIDUAL_REACH


def _color_bar(figure: Figure, panel: Axes, cells: PcolorImage, unit: str) -> None:
    """Beside the panel, and as high."""
    place = panel.get_position()
    bar = style.color_bar(figure, cells, (place.x1 + 0.012, place.y0, 0.012, place.height))
    bar.set_ylabel(unit, fontsize=8)
