"""How samples are drawn, by their direction and flag, and the keys that say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from airglow.model.result import BAD, CAUTION, GOOD
from airglow.products.colors import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, SKY, VERMILLION

FADE = {GOOD: 1.0, CAUTION: 0.5, BAD: 0.25}
FLAG_NAMES = {GOOD: "good", CAUTION: "caution", BAD: "bad"}
FLAG_NAMES_WITH_BARS = {**FLAG_NAMES, BAD: "bad (no error bar)"}


@dataclass(frozen=True)
class Look:
    """How the samples of a direction are drawn: told apart by colour, and without colour by marker."""

    color: str
    marker: str
    hollow: bool = False


LOOKS = {
    "Zenith": Look(INK, "o"),
    "North": Look(BLUE, "^"),
    "South": Look(VERMILLION, "v", hollow=True),
    "East": Look(BLUE, ">"),
    "West": Look(VERMILLION, "<", hollow=True),
}
_OTHER_LOOKS = (  # as many as a site has directions beside these, no two of them alike in black and white
    Look(GREEN, "s"),
    Look(PURPLE, "D", hollow=True),
    Look(ORANGE, "P"),
    Look(SKY, "X", hollow=True),
    Look(GREY, "h"),
    Look(GREEN, "p", hollow=True),
    Look(PURPLE, "d"),
    Look(ORANGE, "s", hollow=True),
    Look(SKY, "D"),
    Look(GREY, "P", hollow=True),
    Look(GREEN, "*"),
    Look(PURPLE, "8", hollow=True),
    Look(ORANGE, "X"),
    Look(SKY, "x", hollow=True),
    Look(GREY, "p"),
    Look(GREEN, "d", hollow=True),
    Look(PURPLE, "*", hollow=True),
    Look(ORANGE, "1", hollow=True),
    Look(SKY, "2", hollow=True),
    Look(GREY, "+", hollow=True),
)


def look_of(direction: str, others: list[str]) -> Look:
    """Look of a direction; those beyond zenith and the four winds by their place in ``others``."""
    return LOOKS.get(direction) or _OTHER_LOOKS[others.index(direction) % len(_OTHER_LOOKS)]


def draw_samples(
    axes: Axes,
    time: np.ndarray,
    value: np.ndarray,
    error: np.ndarray | None,
    flag: np.ndarray,
    look: Look,
) -> None:
    """Samples with error bars, faded by their flag; bad ones without error bars."""
    for level in (BAD, CAUTION, GOOD):
        chosen = (flag == level) & np.isfinite(value)
        if not chosen.any():
            continue
        bars = error[chosen] if error is not None and level != BAD else None
        axes.errorbar(
            time[chosen],
            value[chosen],
            yerr=bars,
            linestyle="",
            marker=look.marker,
            color=look.color,
            markerfacecolor="white" if look.hollow else look.color,
            markeredgewidth=1.0 if look.hollow else 0.0,
            markersize=4.6 if look.hollow else 5.0,
            elinewidth=0.8,
            alpha=FADE[level],
            zorder=3 + (BAD - level),
        )


def key_height_in(entries: int) -> float:
    """Height of a key of so many directions, with room for what else it may say."""
    return 0.175 * (entries + 2) + 0.1


def look_key(
    axes: Axes,
    entries: list[tuple[str, Look]],
    outside: int = 0,
    more: Sequence[tuple[str, tuple[Artist, ...]]] = (),
) -> None:
    """Key of the directions to the right of the axes, where nothing is behind it.

    Parameters
    ----------
    axes
        Where they are.
    entries
        Name and look of each direction.
    outside
        Values beyond the axes.
    more
        Text and artists, one drawn over the other, of further entries.
    """
    handles: list[Artist | tuple[Artist, ...]] = [
        Line2D(
            [],
            [],
            linestyle="",
            marker=look.marker,
            color=look.color,
            markerfacecolor="white" if look.hollow else look.color,
            markeredgewidth=1.0 if look.hollow else 0.0,
            markersize=5.5,
        )
        for _, look in entries
    ]
    labels = [name for name, _ in entries]
    for text, artists in more:
        handles.append(artists)
        labels.append(text)
    if outside:
        values = "value" if outside == 1 else "values"
        handles.append(Line2D([], [], linestyle=""))
        labels.append(f"{outside} {values}\nbeyond axis")
    if not handles:
        return
    axes.legend(
        handles=handles,
        labels=labels,
        loc="upper left",
        bbox_to_anchor=(1.0, 1.02),
        borderaxespad=0.4,
        handletextpad=0.3,
        handlelength=1.2,
    )
