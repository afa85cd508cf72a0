"""A raw laser frame and a raw sky frame of a night, with the rings where the fits have them."""

from __future__ import annotations

import textwrap
from pathlib import Path

import matplotlib.patheffects
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from airglow.frames import Frame, read_frame
from airglow.model.errors import BadInput, MachineError
from airglow.model.result import LaserSamples, NightResult, RingProfiles, SkySamples
from airglow.products.colors import INK, ORANGE, SKY, VERMILLION
from airglow.products.plots import style
from airglow.products.plots.typical import draw_profile, ring_maxima, typical_laser, typical_sky

_DARKEST, _BRIGHTEST = 1.0, 99.5  # percentiles of the counts: a few hot pixels do not darken the rest
_LINE = 56  # characters that have room in a picture
_HALF_CIRCLE = np.radians(np.linspace(-90, 90, 181))
# Bright dashes on a dark line: seen on whatever is behind them, in colour and without.
_RING = {"color": INK, "linewidth": 1.3, "linestyle": "solid"}
_DASHES = {"color": ORANGE, "linewidth": 1.0, "linestyle": (0, (4, 4))}
_LIMIT = {"color": SKY, "linewidth": 1.2, "linestyle": (0, (9, 3, 1.5, 3))}
_CENTER = {
    "color": VERMILLION,
    "marker": "+",
    "markersize": 11,
    "markeredgewidth": 1.4,
    "linestyle": "",
}


def plot_frames(result: NightResult, frames_directory: Path | str, path: Path | str) -> Path:
    """Plot a typical laser frame and a typical sky frame as the camera saw them, with the fitted rings.

    The rings are the maxima of the fit, drawn on the right half alone: on the left one sees what they
    ought to lie on. Below are the ring profile and what the fit leaves. The frames are those of the
    diagnostics, whose reduced chi-square is the median. Instead of a frame that cannot be read stands why.

    Parameters
    ----------
    result
        The night.
    frames_directory
        Where the night's frames are; two of them are read.
    path
        PNG, PDF or SVG to be, by its suffix.

    Returns
    -------
    Path
        ``path``.
    """
    with style.drawing():
        return style.save(_figure(result, Path(frames_directory)), path)


def _figure(result: NightResult, frames_directory: Path) -> Figure:
    height = 9.15
    figure = style.new_figure(12.0, height)
    for left, kind, table, profiles, k in (
        (0.075, "Laser frame", result.laser, result.laser_profiles, typical_laser(result)),
        (0.565, "Sky frame", result.sky, result.sky_profiles, typical_sky(result)),
    ):
        picture = figure.add_axes((left, 3.35 / height, 4.6 / 12.0, 4.6 / height))
        upper = figure.add_axes((left, 1.45 / height, 4.6 / 12.0, 1.25 / height))
        lower = figure.add_axes((left, 0.75 / height, 4.6 / 12.0, 0.62 / height))
        why_empty = f"no {kind.lower()} was fitted"
        draw_profile(upper, lower, profiles, k, why_empty)
        if k is None:
            _say(picture, style.why_nothing(result, why_empty, _LINE))
            continue
        maxima = ring_maxima(profiles.radius_squared_px2[k], profiles.model[k])
        upper.add_collection(_marks(upper, maxima / 1000), autolim=False)
        _title(picture, kind, table, k)
        try:
            frame = read_frame(frames_directory / table.name[k])
        except (BadInput, MachineError) as error:  # there is a result: a picture of a frame can be missing
            _say(picture, textwrap.fill(f"{table.name[k]}: {error.reason}", _LINE))
            continue
        _draw_frame(figure, picture, frame)
        center = float(table.center_x_px[k]), float(table.center_y_px[k])
        _draw_rings(picture, center, frame.y_binning / frame.x_binning, maxima, profiles, k)
    _key(figure)
    style.head_and_foot(figure, result, "Frames with their fitted rings")
    return figure


def _marks(upper: Axes, maxima: np.ndarray) -> LineCollection:
    """Where the rings are in the profile, at the foot of its panel."""
    lines = [((ring, 0.0), (ring, 0.06)) for ring in maxima]
    return LineCollection(lines, colors=VERMILLION, linewidths=1.0, transform=upper.get_xaxis_transform())


def _say(picture: Axes, text: str) -> None:
    style.say_nothing_there(picture, text)
    picture.set_xticks([])


def _title(picture: Axes, kind: str, table: SkySamples | LaserSamples, k: int) -> None:
    """Name of the frame, and what there is to know of it."""
    look = f"{table.direction[k]}, " if isinstance(table, SkySamples) else ""
    about = (
        f"{look}{table.mid_time[k].astype('datetime64[s]').item():%H:%M} UTC, {table.exposure_s[k]:.0f} s, "
        f"centre {table.center_x_px[k]:.2f}, {table.center_y_px[k]:.2f} px, "
        f"reduced χ² {table.reduced_chi_square[k]:.2f}"
    )
    picture.set_title(f"{kind} {table.name[k]}\n{about}", fontsize=8.5, loc="left", linespacing=1.4)


def _draw_frame(figure: Figure, picture: Axes, frame: Frame) -> None:
    """The image in grey, and the counts of its greys."""
    low, high = np.percentile(frame.image, [_DARKEST, _BRIGHTEST])
    drawn = picture.imshow(
        frame.image,
        cmap="gray",
        vmin=low,
        vmax=high,
        aspect=frame.y_binning / frame.x_binning,
        interpolation="none",
    )
    picture.grid(visible=False)
    picture.set_xlabel("Column (px)")
    picture.set_ylabel("Row (px)")
    picture.apply_aspect()
    style.label_at(picture, 0.4)
    place = picture.get_position()
    bar = style.color_bar(figure, drawn, (place.x1 + 0.008, place.y0, 0.01, place.height))
    bar.set_title("counts", fontsize=8, loc="left", pad=24)  # above the tip of the bar


def _draw_rings(
    picture: Axes,
    center_px: tuple[float, float],
    aspect: float,
    maxima_px2: np.ndarray,
    profiles: RingProfiles,
    k: int,
) -> None:
    """Half-circles of the maxima and of the annuli that were fitted, and the centre.

    Parameters
    ----------
    picture
        Shows the frame.
    center_px
        Column and row.
    aspect
        Height of a pixel over its width: radii are in widths.
    maxima_px2
        Squared radii of the rings.
    profiles, k
        Of the frame.
    """
    if not np.isfinite(center_px).all():
        return
    half_circle = np.stack([np.cos(_HALF_CIRCLE), np.sin(_HALF_CIRCLE) / aspect], axis=1)
    for squared, look in (
        (maxima_px2, _RING),
        (maxima_px2, _DASHES),
        (_limits_px2(profiles, k), _LIMIT),
    ):
        rings = LineCollection(
            [center_px + radius * half_circle for radius in np.sqrt(squared)],
            colors=look["color"],
            linewidths=look["linewidth"],
            linestyles=[look["linestyle"]],
            capstyle="butt",
        )
        picture.add_collection(rings, autolim=False)
    around = [matplotlib.patheffects.withStroke(linewidth=3.2, foreground="white")]
    picture.plot(*center_px, scalex=False, scaley=False, path_effects=around, **_CENTER)


def _limits_px2(profiles: RingProfiles, k: int) -> list[float]:
    """Squared radii of the inner side of the first annulus that was fitted and the outer side of the last.

    Without the inner one where the annuli begin at the centre.
    """
    fitted = np.flatnonzero(np.isfinite(profiles.model[k]))
    squared = profiles.radius_squared_px2[k, fitted]
    if fitted.size < 2:
        return []
    width = (squared[-1] - squared[0]) / (fitted[-1] - fitted[0])
    inner, outer = squared[0] - width / 2, squared[-1] + width / 2
    return [inner, outer] if inner > width / 2 else [outer]


def _key(figure: Figure) -> None:
    """Key of the lines over the frames, at the upper right of the figure."""
    width, height = figure.get_size_inches()
    figure.legend(
        handles=[
            (Line2D([], [], **_RING), Line2D([], [], **_DASHES)),
            Line2D([], [], **_LIMIT),
            Line2D([], [], **_CENTER),
        ],
        labels=["maxima of the fit", "limits of the annuli", "centre"],
        loc="upper right",
        bbox_to_anchor=(1 - 0.15 / width, 1 - 0.12 / height),
        ncols=3,
        columnspacing=1.4,
    )
