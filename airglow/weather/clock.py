"""The site's clock: local times without a zone, in the order they were written, to UTC."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from zoneinfo import ZoneInfo

import numpy as np

Clock = ZoneInfo | Callable[[dt.date], ZoneInfo]
"""A time zone, or what gives the time zone of a local date (``Site.clock``)."""

# Zones change their offset at multiples of a quarter of an hour of local time.
_QUARTER = np.timedelta64(15 * 60, "s")


def local_to_utc(local: np.ndarray, clock: Clock) -> np.ndarray:
    """Turn local times into UTC, using the order in which they were written where a time occurs twice.

    When daylight saving ends an hour of local times occurs twice. In such an hour the times before a
    step back of the clock belong to its first pass and those after to its second. Without a step back, the
    whole run belongs to the pass that joins the lines around it best. Times that never occurred (daylight
    saving begins) are read as if the clock had not been put forward yet.

    Parameters
    ----------
    local
        datetime64, shape (n,), in the order of the file.
    clock
        Time zone, or a function of the local date that returns one.

    Returns
    -------
    ndarray
        datetime64[us], UTC, shape (n,), same order.
    """
    local = np.asarray(local, "datetime64[us]")
    if local.size == 0:
        return local
    first, second = _offsets(local, clock)
    utc = local - first
    twice = second < first  # a second pass has the smaller offset; in the gap of spring it is the larger
    for start, stop in _runs(twice):
        passed = _second_pass(local, utc, first, second, start, stop)
        utc[start:stop] = local[start:stop] - np.where(passed, second[start:stop], first[start:stop])
    return utc


def _offsets(local: np.ndarray, clock: Clock) -> tuple[np.ndarray, np.ndarray]:
    """UTC offsets (timedelta64[us]) of the first and the second pass of each local time."""
    quarters, place = np.unique(local.astype("datetime64[s]").astype("int64") // 900, return_inverse=True)
    first = np.empty(quarters.size, "timedelta64[us]")
    second = np.empty_like(first)
    for i, quarter in enumerate(quarters):
        moment = (np.datetime64(0, "s") + quarter * _QUARTER).item()
        zone = clock if isinstance(clock, ZoneInfo) else clock(moment.date())
        aware = moment.replace(tzinfo=zone)
        first[i] = np.timedelta64(aware.utcoffset())
        second[i] = np.timedelta64(aware.replace(fold=1).utcoffset())
    return first[place], second[place]


def _runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """Start and stop of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(np.int8), [0]))))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _second_pass(
    local: np.ndarray, utc: np.ndarray, first: np.ndarray, second: np.ndarray, start: int, stop: int
) -> np.ndarray:
    """Which times of an ambiguous run belong to the second pass (bool per time of the run)."""
    # Half of the repeated time: clocks set right by a few seconds also step back.
    enough = (first[start] - second[start]) / 2
    back = np.flatnonzero(local[start + 1 : stop] < local[start : stop - 1] - enough)
    passed = np.zeros(stop - start, bool)
    if back.size:
        passed[back[0] + 1 :] = True
        return passed
    gap_before = utc[start] - utc[start - 1] if start else None
    last_of_second = local[stop - 1] - second[stop - 1]
    gap_after = utc[stop] - last_of_second if stop < local.size else None
    if gap_after is None:
        return passed
    passed[:] = gap_before is None or abs(gap_after) < abs(gap_before)
    return passed
