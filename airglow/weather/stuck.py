"""A sensor that is gone and whose last answer the controller repeats: from half an hour on it is no data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from airglow.weather.series import CloudSeries

STUCK_AFTER = np.timedelta64(30, "m")
MAX_STRETCHES_TOLD = 5
_UNREADABLE = "\ufffd"  # what bytes become that are not text


def without_stuck(series: CloudSeries) -> CloudSeries:
    """Leave out what a stuck cloud sensor repeats, and say so in the remarks.

    A line repeats another one if every digit is the same but for times and running numbers. What comes 30 min
    or more after the first of such lines, until one differs, is left out. A gap between lines is no change.

    Parameters
    ----------
    series
        With the ``answers`` of its lines; without them nothing is left out.

    Returns
    -------
    CloudSeries
    """
    if series.answers is None:
        return series
    stuck, stretches = find_stuck(series.time, series.answers)
    if not stretches:
        return series
    keep = ~stuck
    return replace(
        series,
        time=series.time[keep],
        sky_minus_ambient_c=series.sky_minus_ambient_c[keep],
        ambient_c=series.ambient_c[keep],
        answers=series.answers[keep],
        lines=replace(
            series.lines,
            used=series.lines.used - int(stuck.sum()),
            stuck=series.lines.stuck + int(stuck.sum()),
        ),
        remarks=(*series.remarks, *stuck_remarks("The cloud sensor", stretches)),
    )


def find_stuck(
    time: np.ndarray, answers: Sequence[str | None], lasting: np.timedelta64 = STUCK_AFTER
) -> tuple[np.ndarray, list[tuple[np.datetime64, np.datetime64, int]]]:
    """Which samples are only repeated.

    Parameters
    ----------
    time
        datetime64, sorted, shape (n,).
    answers
        Text of each sample's line apart from times and running numbers; None where it is not known.
    lasting
        Only stretches of at least this length count.

    Returns
    -------
    stuck : ndarray
        bool, shape (n,).
    stretches : list
        Of each stretch that has such samples: times of its first and last line, and how many are stuck.
    """
    stuck = np.zeros(time.size, bool)
    stretches = []
    runs = np.array(_runs_alike(answers), int).reshape(-1, 2)
    long = time[runs[:, 1] - 1] - time[runs[:, 0]] >= max(lasting, STUCK_AFTER)
    for start, stop in runs[long]:
        late = time[start:stop] - time[start] >= STUCK_AFTER
        stuck[start:stop] = late
        stretches.append((time[start], time[stop - 1], int(late.sum())))
    return stuck, stretches


def stuck_remarks(
    sensor: str, stretches: Sequence[tuple[np.datetime64, np.datetime64, int]]
) -> tuple[str, ...]:
    """A sentence for people about each stretch, but not without end."""
    remarks = [
        f"{sensor} was stuck: every digit stayed alike from {_minute(first)} to {_minute(last)} UTC; "
        f"{count} lines from {_minute(first + STUCK_AFTER)} on are no data. Check the sensor and its cable."
        for first, last, count in stretches[:MAX_STRETCHES_TOLD]
    ]
    others = stretches[MAX_STRETCHES_TOLD:]
    if others:
        count = sum(count for _, _, count in others)
        remarks.append(f"{sensor} was stuck {len(others)} more times, with {count} lines that are no data.")
    return tuple(remarks)


def _runs_alike(answers: Sequence[str | None]) -> list[tuple[int, int]]:
    """Start and stop of each run of lines that repeat one answer."""
    runs = []
    start, first = 0, None
    for i, answer in enumerate(answers):
        if i and first is not None and answer is not None and _alike(first, answer):
            if _UNREADABLE not in answer and (_UNREADABLE in first or len(answer) > len(first)):
                first = answer  # a damaged line is a poor one to compare with
            continue
        if i:
            runs.append((start, i))
        start, first = i, answer
    if len(answers):
        runs.append((start, len(answers)))
    return runs


def _alike(one: str, other: str) -> bool:
    """Whether two answers are the same as far as both can be read.

    A broken line must not pass for a change: with one every few minutes no sensor would ever be stuck.
    """
    if one == other:
        return True
    if _UNREADABLE not in one and _UNREADABLE not in other:
        short, long = sorted((one, other), key=len)
        return long.startswith(f"{short} ")
    return all(
        a == b or _UNREADABLE in a or _UNREADABLE in b
        for a, b in zip(one.split(" "), other.split(" "), strict=False)
    )


def _minute(moment: np.datetime64) -> str:
    return str(moment.astype("datetime64[m]")).replace("T", " ")
