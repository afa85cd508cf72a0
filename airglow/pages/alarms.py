"""What is usual for an instrument, and when something is not.

The usual band of a night is the median of the nights before it, give or take a few times their scatter
(from the median absolute deviation, so that single bad nights do not widen it). When a quantity has left its
band and stays elsewhere, as after the etalon was tuned anew, that becomes the new usual level: the change is
on record, and the alarm ends.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from airglow.pages.health import Quantity, Series

WINDOW_NIGHTS = 60  # that say what is usual
LEAST_NIGHTS = 10  # with fewer, nothing is usual yet
BAND_WIDTH = 5.0  # standard deviations from the median to the edge of the band
SETTLED_NIGHTS = 5  # beyond the patience with a quantity: so long at a new level make it the usual one
MISSING_NIGHTS = 3  # without a value that other nights have, and it is missed
_MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True)
class Level:
    """A change of the usual level."""

    date: dt.date  # first night at the new level
    before: float
    after: float


@dataclass(frozen=True)
class Watch:
    """What became of a quantity over n nights."""

    series: Series
    low: np.ndarray  # (n,) the usual band, NaN where nothing is usual yet
    high: np.ndarray
    outside: np.ndarray  # (n,) bool: out of the band, or above the limit
    levels: tuple[Level, ...]
    alarm: str  # what is wrong as of the last night, as a sentence; empty if nothing is
    since: dt.date | None  # of the alarm


def watch(series: Series, dates: Sequence[dt.date]) -> Watch:
    """Go through the nights of an instrument, and say what is usual and what was not.

    Parameters
    ----------
    series
        A quantity over n nights.
    dates
        Of the nights, ascending.
    """
    quantity, values = series.quantity, series.values
    low, high = np.full(values.size, np.nan), np.full(values.size, np.nan)
    outside = values > quantity.limit
    usual: list[float] = []  # values at the present level
    away: list[int] = []  # nights outside the band, one after the other, up to now
    levels: list[Level] = []
    enough = quantity.patience + SETTLED_NIGHTS
    for night, value in enumerate(values):
        if len(usual) >= LEAST_NIGHTS:
            low[night], high[night] = _band(quantity, usual[-WINDOW_NIGHTS:])
        if np.isnan(value):
            continue
        usual.append(float(value))
        if np.isnan(low[night]) or low[night] <= value <= high[night]:
            away = []
            continue
        outside[night] = True
        away.append(night)
        latest = values[away[-enough:]]
        reach = (high[night] - low[night]) / 2
        if len(away) >= enough and np.all(np.abs(latest - np.median(latest)) <= reach):
            before = median(usual[-WINDOW_NIGHTS - len(away) : -len(away)])
            levels.append(Level(dates[away[-enough]], before, float(np.median(latest))))
            usual, away = [float(one) for one in latest], []
    alarm, since = _alarm(series, dates, low, high, away)
    return Watch(series, low, high, outside, tuple(levels), alarm, since)


def shown(quantity: Quantity, value: float) -> str:
    """A value as people read it, with its unit."""
    return f"{_number(quantity, value)} {quantity.unit}".strip()


def band_shown(quantity: Quantity, low: float, high: float) -> str:
    """The usual band as people read it."""
    return f"{_number(quantity, low)} to {shown(quantity, high)}"


def _number(quantity: Quantity, value: float) -> str:
    return f"{value * quantity.scale:,.{quantity.digits}f}".replace("-", "−")


def _band(quantity: Quantity, usual: Sequence[float]) -> tuple[float, float]:
    middle = median(usual)
    spread = _MAD_TO_SIGMA * median([abs(value - middle) for value in usual])
    least = quantity.least_spread * (abs(middle) if quantity.relative else 1.0)
    reach = BAND_WIDTH * max(spread, least)
    return max(middle - reach, quantity.ends[0]), min(middle + reach, quantity.ends[1])


def _alarm(
    series: Series, dates: Sequence[dt.date], low: np.ndarray, high: np.ndarray, away: list[int]
) -> tuple[str, dt.date | None]:
    quantity, values = series.quantity, series.values
    there = np.flatnonzero(np.isfinite(values))
    if there.size < LEAST_NIGHTS:
        return "", None
    missing = values.size - 1 - there[-1]
    if missing:
        # After so long without, having none is what is usual.
        if MISSING_NIGHTS <= missing <= WINDOW_NIGHTS:
            return f"no value on the last {missing} nights", dates[there[-1] + 1]
        return "", None
    value = shown(quantity, values[-1])
    if values[-1] > quantity.limit:
        first = _first_of_run(values > quantity.limit)
        return f"{value} is above {shown(quantity, quantity.limit)}", dates[first]
    if len(away) >= quantity.patience:
        nights = f" for {len(away)} nights" if len(away) > 1 else ""
        usual = band_shown(quantity, low[-1], high[-1])
        return f"{value} is outside the usual {usual}{nights}", dates[away[0]]
    return "", None


def _first_of_run(holds: np.ndarray) -> int:
    """Where the run of True that reaches the end begins."""
    no = np.flatnonzero(~holds)
    return int(no[-1]) + 1 if no.size else 0
