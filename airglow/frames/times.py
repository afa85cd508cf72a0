"""From the camera computer's clock to UTC."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence
from zoneinfo import ZoneInfo

_BACKWARD_COST_S2 = 1e12  # more than any night's gaps squared: time does not run backwards


def utc_starts(local: Sequence[dt.datetime], clock: ZoneInfo) -> list[dt.datetime]:
    """UTC of local times, given in the order in which they happened.

    When daylight saving ends, one hour of the clock happens twice, so each of its times has two readings.
    Of all readings of the night the one is taken in which time never runs backwards and the gaps between
    frames are the most even (least sum of squares; shortest path over the readings).

    Parameters
    ----------
    local
        Naive times of the clock, in the order in which the frames were taken.
    clock
        The clock's time zone.

    Returns
    -------
    list of datetime
        Aware, UTC.
    """
    if not local:
        return []
    readings = [sorted({_utc(moment, clock, 0), _utc(moment, clock, 1)}) for moment in local]
    costs = [0.0] * len(readings[0])
    came_from: list[list[int]] = []
    for previous, current in itertools.pairwise(readings):
        steps = [
            [costs[k] + _step_cost(earlier, now) for k, earlier in enumerate(previous)] for now in current
        ]
        came_from.append([row.index(min(row)) for row in steps])
        costs = [min(row) for row in steps]
    choice = costs.index(min(costs))
    path = [readings[-1][choice]]
    for index in range(len(readings) - 2, -1, -1):
        choice = came_from[index][choice]
        path.append(readings[index][choice])
    return path[::-1]


def _utc(moment: dt.datetime, clock: ZoneInfo, fold: int) -> dt.datetime:
    return moment.replace(tzinfo=clock, fold=fold).astimezone(dt.UTC)


def _step_cost(earlier: dt.datetime, later: dt.datetime) -> float:
    gap_s = (later - earlier).total_seconds()
    return gap_s**2 + (_BACKWARD_COST_S2 if gap_s < 0 else 0.0)
