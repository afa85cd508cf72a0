"""What all plots of a night share: their look, their head and foot, and how they become files.

Figures are drawn through objects, never through pyplot, under settings of their own, so neither the reader's
matplotlibrc nor what was drawn before changes them.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image

from airglow.model.errors import BadInput
from airglow.model.files import written_whole
from airglow.model.result import CAUTION, GOOD, NightResult
from airglow.products.colors import GREY, INK
from airglow.products.plots.looks import FADE
from airglow.products.plots.ticks import join_ticks

DPI = 120
_IMAGE_DPI = 300  # of pictures within a vector file
LABEL_BELOW_IN = 0.27  # from an axis to the label under it, with the tick labels between them
_BAR_LABEL_IN = 0.46  # from a colour bar to its label
_PNG_LEVEL = 3  # of zlib: higher ones take several times as long for a few per cent
_UNDATED = {  # neither date nor version of anything: the same night gives the same bytes
    ".png": {},
    ".pdf": {"Creator": None, "Producer": None, "CreationDate": None},
    ".svg": {"Creator": None, "Date": None},
}

_SETTINGS = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.labelsize": 9.0,
    "axes.linewidth": 0.7,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.formatter.useoffset": False,
    "axes.titley": 1.0,  # else every panel's ticks are laid out once more, to see whether its title is free
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.6,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.direction": "out",
    "ytick.direction": "out",
    "text.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.markersize": 4.2,
    "pdf.fonttype": 42,  # TrueType, which journals ask for
    "svg.fonttype": "path",
    "svg.hashsalt": "airglow",
    "figure.facecolor": "white",
}


@contextmanager
def drawing() -> Iterator[None]:
    """Draw under the settings of this package, whatever those of the user are."""
    with matplotlib.style.context(["default", _SETTINGS]):
        yield


def new_figure(width_in: float, height_in: float) -> Figure:
    """A figure on its own canvas, unknown to pyplot."""
    figure = Figure(figsize=(width_in, height_in), dpi=DPI)
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, path: Path | str) -> Path:
    """Write a figure whole or not at all, and the same bytes for the same figure.

    Parameters
    ----------
    figure
        Drawn within `drawing`.
    path
        Its suffix decides: ``.png`` for screens, ``.pdf`` or ``.svg`` for papers.

    Returns
    -------
    Path
        ``path``.

    Raises
    ------
    BadInput
        If it ends in none of these.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in _UNDATED:
        raise BadInput(path.name, f"is no plot: it ends in none of {', '.join(_UNDATED)}")
    with written_whole(path) as temporary:
        if suffix == ".png":
            _save_png(figure, temporary)
        else:
            # In memory first: on a full disk the writer of PDFs raises what has nothing to do with the disk.
            drawn = io.BytesIO()
            figure.savefig(drawn, format=suffix[1:], dpi=_IMAGE_DPI, metadata=_UNDATED[suffix])
            temporary.write_bytes(drawn.getbuffer())
    return path


def _save_png(figure: Figure, path: Path) -> None:
    """Without transparency, which is nowhere: smaller, and quicker, than what `savefig` writes."""
    join_ticks(figure)
    figure.canvas.draw()
    image = Image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("RGB")
    image.save(path, "PNG", compress_level=_PNG_LEVEL, dpi=(DPI, DPI))


def color_bar(figure: Figure, mappable: ScalarMappable, place: tuple[float, float, float, float]) -> Axes:
    """A colour bar whose colours are one picture, as in every format a picture is what costs least.

    Parameters
    ----------
    figure
        Where.
    mappable
        What has the colours.
    place
        Left, bottom, width and height in the figure.

    Returns
    -------
    Axes
        Of the bar.
    """
    bar = figure.add_axes(place)
    colors = figure.colorbar(mappable, cax=bar, extend="both")
    colors.solids.remove()
    low, high = mappable.get_clim()
    bar.imshow(
        np.linspace(low, high, 256)[:, None],
        cmap=mappable.get_cmap(),
        norm=mappable.norm,
        extent=(0, 1, low, high),
        origin="lower",
        aspect="auto",
        zorder=0.5,
    )
    bar.grid(visible=False)
    bar.tick_params(labelsize=8)
    label_at(bar, 0.0)
    bar.yaxis.set_label_coords(1 + _BAR_LABEL_IN * figure.dpi / bar.bbox.width, 0.5)
    return bar


def head_and_foot(
    figure: Figure, result: NightResult, title: str, flags: Mapping[int, str] | None = None
) -> None:
    """Title and night at the upper left, key of the flags at the upper right, provenance at the bottom."""
    width, height = figure.get_size_inches()
    left = 0.75 / width
    place = f"{result.site_name} ({result.site})" if result.site_name else result.site
    night = f"{result.instrument} at {place}   night of {result.date}   {result.wavelength_m * 1e9:.1f} nm"
    figure.text(left, 1 - 0.22 / height, title, fontsize=13, fontweight="bold", va="top")
    figure.text(left, 1 - 0.50 / height, night, fontsize=9.5, color=GREY, va="top")
    made = result.provenance
    foot = f"airglow {made.code_version}   input {made.input_hash[:12]}   settings {made.settings_hash[:12]}"
    figure.text(left, 0.10 / height, foot, fontsize=7, color=GREY, va="bottom")
    if flags:
        keys = [
            Line2D([], [], marker="o", linestyle="", color=INK, alpha=FADE[flag], label=name)
            for flag, name in flags.items()
        ]
        figure.legend(
            handles=keys,
            loc="upper right",
            bbox_to_anchor=(1 - 0.15 / width, 1 - 0.12 / height),
            ncols=3,
            handletextpad=0.1,
            columnspacing=1.2,
        )


def label_at(axes: Axes, left_in: float) -> None:
    """Put the labels of both axes at fixed places, so that those of panels in a column are in line.

    To find a place that is free, matplotlib lays out all ticks once more, even where there is no label.

    Parameters
    ----------
    axes
        Where they are.
    left_in
        From the value axis to the right side of its label.
    """
    axes.yaxis.set_label_coords(-left_in * axes.figure.dpi / axes.bbox.width, 0.5)
    axes.xaxis.set_label_coords(0.5, -LABEL_BELOW_IN * axes.figure.dpi / axes.bbox.height)


def key_row(panel: Axes) -> None:
    """Key in a row above the curves, within the panel's title line: nothing can be behind it."""
    handles, labels = panel.get_legend_handles_labels()
    if handles:
        low, high = panel.get_ylim()
        if panel.get_yscale() == "log":
            panel.set_ylim(low, high * (high / low) ** 0.25)
        else:
            panel.set_ylim(low, high + 0.25 * (high - low))
        panel.legend(
            handles,
            labels,
            loc="upper left",
            ncols=len(handles),
            borderaxespad=0.3,
            handletextpad=0.3,
            columnspacing=1.1,
        )


def limits(
    value: np.ndarray, error: np.ndarray | None, flag: np.ndarray, least_span: float, zero: bool = False
) -> tuple[float, float]:
    """Limits of a value axis that good samples fill.

    All good samples are within, with their error bars; samples of caution if they are not farther out than
    the good ones reach again. With fewer than three good ones those of caution count as good, and without
    these the middle 96 % of all.

    Parameters
    ----------
    value, error, flag
        Samples.
    least_span
        Never show less than this.
    zero
        Show zero, whatever the values are.

    Returns
    -------
    tuple of float
        Lower and upper limit.
    """
    finite = np.isfinite(value)
    bars = np.nan_to_num(error) if error is not None else np.zeros(value.shape)
    good, caution = finite & (flag == GOOD), finite & (flag == CAUTION)
    if good.sum() < 3:
        good, caution = good | caution, np.zeros_like(caution)
    if good.any():
        low, high = (value - bars)[good].min(), (value + bars)[good].max()
        reach = max(high - low, least_span)
        near = caution & (value > low - reach / 2) & (value < high + reach / 2)
        low, high = (value - bars)[near].min(initial=low), (value + bars)[near].max(initial=high)
    elif finite.any():
        low, high = np.percentile(value[finite], [2, 98])
    else:
        low, high = (-least_span / 2, least_span / 2) if zero else (0.0, least_span)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    middle, span = (low + high) / 2, max(high - low, least_span) * 1.14
    return float(middle - span / 2), float(middle + span / 2)


def count_outside(axes: Axes, value: np.ndarray) -> int:
    """How many values the limits of the axes leave out."""
    low, high = axes.get_ylim()
    finite = value[np.isfinite(value)]
    return int(((finite < low) | (finite > high)).sum())


def say_nothing_there(axes: Axes, text: str) -> None:
    """A word in an empty panel, so that nobody takes it for a fault of the plot; values at its axis go."""
    axes.set_yticks([])
    axes.text(
        0.5,
        0.5,
        text,
        transform=axes.transAxes,
        ha="center",
        va="center",
        color=GREY,
        bbox={"facecolor": "white", "edgecolor": "none"},
    )


def why_nothing(result: NightResult, otherwise: str, width: int = 90) -> str:
    """What an empty panel says: for a night of nothing at all what its log says, else ``otherwise``.

    Parameters
    ----------
    result
        The night.
    otherwise
        What this panel lacks.
    width
        Of the lines, in characters.

    Returns
    -------
    str
        Six lines at most.
    """
    if len(result.sky) or len(result.laser) or not result.notes:
        return otherwise
    lines = [line for note in result.notes for line in textwrap.wrap(note, width)]
    return "\n".join(lines if len(lines) <= 6 else [*lines[:5], "…"])
