"""Where the axes of a picture have their ticks, and what is written there."""

from __future__ import annotations

import datetime as dt
import math

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_STEP_DAYS = (1, 2, 5, 10)
_STEP_MONTHS = (1, 2, 3, 4, 6, 12, 24, 60, 120)


def value_ticks(low: float, high: float, most: int = 4) -> list[tuple[float, str]]:
    """Round values within limits, and their labels, alike in their digits.

    Parameters
    ----------
    low, high
        The limits, which differ.
    most
        How many steps there are at most.
    """
    power = math.floor(math.log10((high - low) / most))
    for factor in _STEPS:
        step = factor * 10.0**power
        numbers = range(math.ceil(low / step), math.floor(high / step) + 1)
        if len(numbers) <= most + 1:
            break
    digits = max(0, -power + (factor == 2.5) - (factor == 10.0))
    values = [round(number * step, digits) + 0.0 for number in numbers]  # + 0.0: no negative zero
    return [(value, f"{value:.{digits}f}".replace("-", "−")) for value in values]


def date_ticks(first: dt.date, last: dt.date, most: int = 7) -> list[tuple[dt.date, str]]:
    """Days or first days of months within limits, and their labels: a year in the place of its January.

    Parameters
    ----------
    first, last
        The limits.
    most
        How many there are at most.
    """
    for step in _STEP_DAYS:
        numbers = range(-(-first.toordinal() // step) * step, last.toordinal() + 1, step)
        if len(numbers) <= most:
            days = [dt.date.fromordinal(number) for number in numbers]
            return [(day, f"{day.day} {day:%b}") for day in days]
    start = 12 * first.year + first.month - (first.day == 1)  # of months, the first that begins within
    end = 12 * last.year + last.month
    months: range = range(0)
    for step in _STEP_MONTHS:
        months = range(-(-start // step) * step, end, step)
        if len(months) <= most:
            break
    days = [dt.date(month // 12, month % 12 + 1, 1) for month in months]
    return [(day, f"{day:%Y}" if day.month == 1 else f"{day:%b}") for day in days]
