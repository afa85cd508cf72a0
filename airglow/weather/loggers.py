"""Temperature loggers: three kinds, told apart by their number of columns."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from airglow.model.errors import BadInput
from airglow.weather.clock import Clock, local_to_utc
from airglow.weather.lines import MAX_EXAMPLES, checked_time, example, number, read_lines
from airglow.weather.series import LineCounts, TemperatureSeries, in_order, rejection_remark
from airglow.weather.stuck import STUCK_AFTER, find_stuck, stuck_remarks

ETALON_BOX_OFFSET_C = 14.43
SENSIBLE_C = (-90.0, 120.0)

# A logger can really stand still: its steps may be whole degrees, and a room changes by hundredths in an
# hour. So only one counts as stuck that otherwise moves by many of its smallest steps in half an hour, and
# that shows no change for so long that the turn of a day's temperature is no reason. In doubt the data stay.
STANDING_STILL = np.timedelta64(2, "h")
STEPS_IN_HALF_AN_HOUR = 5
_ROUNDING_C = 1e-6

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
    UTC; of five columns the fourth, less 14.43, is the etalon box, with UTC. A value that is none costs only
    itself, and empty columns at the end do not count.

    Parameters
    ----------
    path
        The file.
    clock
        The site's time zone, or ``Site.clock``.

    Returns
    -------
    TemperatureSeries
        At least one sample; times UTC, temperatures C, NaN where a probe has none.

    Raises
    ------
    BadInput
        There is no such file, it is of none of the kinds, or has no usable line.
    MachineError
        The machine failed to read it.
    """
    return without_stuck_logger(read_log_as_logged(path, clock))


def read_log_as_logged(path: Path | str, clock: Clock) -> TemperatureSeries:
    """As `read_temperature_log`, with what a stuck logger repeats: files are joined before that is judged."""
    path = Path(path)
    lines = read_lines(path)
    table = [[cell.strip() for cell in line.text.split(",")] for line in lines]
    columns = Counter(count for row in table if (count := _columns(row)) in _KINDS and _time_or_none(row[0]))
    if not columns:
        raise BadInput(path.name, f"none of its {len(lines)} lines is one of a known temperature logger")
    usual = columns.most_common(1)[0][0]
    kind, values = _KINDS[usual]

    samples: list[tuple[dt.datetime, list[float], str]] = []
    rejected = ignored = 0
    examples: list[str] = []
    for line, row in zip(lines, table, strict=True):
        if not any(character.isdigit() for character in row[0]) or row[0].startswith("#"):
            ignored += 1  # titles
            continue
        try:
            cells = _cells(row, usual, line.ended)
            sample = [_temperature(cells[column]) - less for column, less in values.values()]
            if np.isnan(sample).all():
                raise ValueError("no probe has a value")
            samples.append((_time(row[0]), sample, " ".join(cells[1:])))
        except ValueError as error:
            rejected += 1
            if len(examples) < MAX_EXAMPLES:
                examples.append(example(line, str(error)))
    if not samples:
        such_as = f", such as {examples[0]}" if examples else ""
        raise BadInput(path.name, f"no usable line ({rejected} rejected{such_as})")

    local = np.array([time for time, _, _ in samples], "datetime64[us]")
    time = local_to_utc(local, clock if usual == 3 else ZoneInfo("UTC"))
    order = in_order(time)
    repeated = len(samples) - order.size
    array = np.array([sample for _, sample, _ in samples])[order]
    missing = np.isnan(array)
    counts = LineCounts(
        used=order.size,
        rejected=rejected,
        repeated=repeated,
        ignored=ignored,
        partial=int(missing.any(axis=1).sum()),
        examples=tuple(examples),
    )
    dead = {name: int(missing[:, k].sum()) for k, name in enumerate(values) if missing[:, k].any()}
    return TemperatureSeries(
        time=time[order],
        values_c={name: array[:, k] for k, name in enumerate(values)},
        kind=kind,
        files=(path.name,),
        lines=counts,
        remarks=(
            *rejection_remark(path.name, counts),
            *(
                f"{path.name}: {count} of {order.size} lines have no temperature {name}."
                for name, count in dead.items()
            ),
        ),
        answers=np.array([samples[k][2] for k in order], object),
    )


def join_logs(series: Iterable[TemperatureSeries]) -> tuple[TemperatureSeries, ...]:
    """Join the files of each logger, as long as they are of one kind.

    Parameters
    ----------
    series
        As `read_log_as_logged` has read them.

    Returns
    -------
    tuple of TemperatureSeries
        One per logger and kind, by name of the logger; what a stuck one repeats is still there.
    """
    groups: dict[tuple[str, str], list[TemperatureSeries]] = {}
    for each in series:
        groups.setdefault((each.logger.lower(), each.kind), []).append(each)
    return tuple(_joined(groups[key]) for key in sorted(groups))


def _joined(parts: list[TemperatureSeries]) -> TemperatureSeries:
    """Files of one logger as one series; of equal times the first file's wins."""
    time = np.concatenate([part.time for part in parts])
    order = in_order(time)
    answers = [np.full(len(part), None, object) if part.answers is None else part.answers for part in parts]
    return TemperatureSeries(
        time=time[order],
        values_c={
            name: np.concatenate([part.values_c[name] for part in parts])[order] for name in parts[0].values_c
        },
        kind=parts[0].kind,
        files=tuple(name for part in parts for name in part.files),
        lines=LineCounts.of_all(part.lines for part in parts),
        remarks=tuple(text for part in parts for text in part.remarks),
        answers=np.concatenate(answers)[order],
    )


def without_stuck_logger(series: TemperatureSeries) -> TemperatureSeries:
    """Leave out what a stuck logger repeats, and say so in the remarks.

    Parameters
    ----------
    series
        With the ``answers`` of its lines; without them nothing is left out.

    Returns
    -------
    TemperatureSeries
    """
    if series.answers is None:
        return series
    stuck, stretches = _stuck(series.time, np.stack([*series.values_c.values()], axis=1), series.answers)
    if not stretches:
        return series
    values_c = {name: values[~stuck] for name, values in series.values_c.items()}
    return replace(
        series,
        time=series.time[~stuck],
        values_c=values_c,
        answers=series.answers[~stuck],
        lines=replace(
            series.lines,
            used=series.lines.used - int(stuck.sum()),
            partial=int(np.isnan(np.stack([*values_c.values()])).any(axis=0).sum()),
            stuck=series.lines.stuck + int(stuck.sum()),
        ),
        remarks=(
            *series.remarks,
            *stuck_remarks(f"The logger of {' and '.join(series.files)}", stretches),
        ),
    )


def _columns(row: list[str]) -> int:
    """How many columns a row has, without empty ones that only a comma at its end makes."""
    count = len(row)
    while count not in _KINDS and count > 1 and not row[count - 1]:
        count -= 1
    # Commas behind fewer values look like more columns with dead probes: the way of the date tells.
    if count == 5 and not (row[3] or row[4]) and _MONTH_FIRST.fullmatch(row[0]):
        return 3
    if count == 3 and not row[2] and _YEAR_FIRST.fullmatch(row[0]):
        return 2
    return count


def _cells(row: list[str], usual: int, ended: bool) -> list[str]:
    """Cells of a row in the file's usual columns; ValueError if it has others."""
    extra = row[usual:]
    if len(row) < usual or any(extra):
        raise ValueError(f"{len(row)} columns where {usual} are usual")
    cells = row[:usual]
    if not ended and not extra:
        cells[-1] = ""  # it may have lost its end
    return cells


def _stuck(
    time: np.ndarray, values_c: np.ndarray, answers: np.ndarray
) -> tuple[np.ndarray, list[tuple[np.datetime64, np.datetime64, int]]]:
    """What a logger only repeats, as `find_stuck`: nothing, if its steps are too coarse for its moves."""
    later = np.searchsorted(time, time + STUCK_AFTER)
    within = later < time.size
    for column in values_c.T:
        steps = np.abs(np.diff(column))
        moves = np.abs(column[later[within]] - column[within])
        steps, moves = steps[steps > _ROUNDING_C], moves[moves > _ROUNDING_C]  # also drops NaN
        if moves.size and np.median(moves) > STEPS_IN_HALF_AN_HOUR * steps.min() - _ROUNDING_C:
            return find_stuck(time, answers, STANDING_STILL)
    return np.zeros(time.size, bool), []


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
    """A temperature, C; NaN if a probe has none (no number, or one that is not possible here)."""
    try:
        value = number(text)
    except ValueError:
        return float("nan")
    return value if SENSIBLE_C[0] <= value <= SENSIBLE_C[1] else float("nan")
