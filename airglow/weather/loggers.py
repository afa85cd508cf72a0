"""Temperature loggers: three kinds, told apart by their number of columns."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from airglow.errors import BadInput
from airglow.weather.clock import Clock, local_to_utc
from airglow.weather.lines import MAX_EXAMPLES, checked_time, example, number, read_lines
from airglow.weather.series import LineCounts, TemperatureSeries, in_order

ETALON_BOX_OFFSET_C = 14.43
SENSIBLE_C = (-90.0, 120.0)

# By number of columns: name, and for each value its column and what is taken off it.
_KINDS: dict[int, tuple[str, dict[str, tuple[int, float]]]] = {
    2: ("single", {"value": (1, 0.0)}),
    3: ("dome and inside", {"dome": (1, 0.0), "inside": (2, 0.0)}),
    5: ("etalon box", {"etalon_box": (3, ETALON_BOX_OFFSET_C)}),
}
_MONTH_FIRST = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})\s+(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{0,9}))?")
_YEAR_FIRST = re.compile(
    r"(\d{4})[/-](\d{1,2})[/-](\d{1,2})[\sT]+(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{0,9}))?Z?"
)


def read_temperature_log(path: Path | str, clock: Clock) -> TemperatureSeries:
    """Read a temperature logger's file (``TempL…txt``).

    Three columns are the dome's and the inside temperature with the site's time; two columns one value with
    UTC; of five columns the fourth, less 14.43, is the etalon box, with UTC.

    Parameters
    ----------
    path
        The file.
    clock
        The site's time zone, or ``Site.clock``.

    Returns
    -------
    TemperatureSeries
        At least one sample; times UTC, temperatures C.

    Raises
    ------
    BadInput
        The file cannot be read, is of none of the kinds, or has no usable line.
    """
    path = Path(path)
    lines = read_lines(path)
    table = [[cell.strip() for cell in line.text.split(",")] for line in lines]
    columns = Counter(len(row) for row in table if len(row) in _KINDS and _time_or_none(row[0]))
    if not columns:
        raise BadInput(path.name, f"none of its {len(lines)} lines is one of a known temperature logger")
    usual = columns.most_common(1)[0][0]
    kind, values = _KINDS[usual]

    samples: list[tuple[dt.datetime, list[float]]] = []
    rejected = ignored = 0
    examples: list[str] = []
    for line, row in zip(lines, table, strict=True):
        if not any(character.isdigit() for character in row[0]) or row[0].startswith("#"):
            ignored += 1  # titles
            continue
        try:
            if len(row) != usual:
                raise ValueError(f"{len(row)} columns where {usual} are usual")
            if not line.ended and any(column == usual - 1 for column, _ in values.values()):
                raise ValueError("half a line")
            time = _time(row[0])
            sample = [_temperature(row[column]) - less for column, less in values.values()]
        except ValueError as error:
            rejected += 1
            if len(examples) < MAX_EXAMPLES:
                examples.append(example(line, str(error)))
            continue
        samples.append((time, sample))
    if not samples:
        raise BadInput(path.name, f"no usable line ({rejected} rejected)", "; ".join(examples[:2]))

    local = np.array([time for time, _ in samples], "datetime64[us]")
    time = local_to_utc(local, clock if usual == 3 else ZoneInfo("UTC"))
    order = in_order(time)
    array = np.array([sample for _, sample in samples])[order]
    return TemperatureSeries(
        time=time[order],
        values_c={name: array[:, k] for k, name in enumerate(values)},
        kind=kind,
        files=(path.name,),
        lines=LineCounts(
            used=order.size,
            rejected=rejected,
            repeated=len(samples) - order.size,
            ignored=ignored,
            examples=tuple(examples),
        ),
    )


def _time(text: str) -> dt.datetime:
    """Time of a row in either way of writing it; ValueError otherwise."""
    if match := _MONTH_FIRST.fullmatch(text):
        month, day, year, *rest = match.groups()
    elif match := _YEAR_FIRST.fullmatch(text):
        year, month, day, *rest = match.groups()
    else:
        raise ValueError(f"{text[:40]!r} is not a time")
    return checked_time(int(year), int(month), int(day), *(int(part) for part in rest[:3]), rest[3])


def _time_or_none(text: str) -> dt.datetime | None:
    try:
        return _time(text)
    except ValueError:
        return None


def _temperature(text: str) -> float:
    value = number(text)
    if not SENSIBLE_C[0] <= value <= SENSIBLE_C[1]:
        raise ValueError(f"{value:g} C is not a temperature here")
    return value
