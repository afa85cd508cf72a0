"""From the camera computer's clock to UTC.

When daylight saving ends, an hour of the clock happens twice. Running numbers in the frames' names say
which pass a frame belongs to; without them the exposures do, since a camera takes one at a time.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from airglow.frames.frame import FrameHeader
from airglow.frames.names import number_of_name

_BACKWARD_COST_S2 = 1e12  # more than any night's gaps squared: time does not run backwards
_OVERLAP_S = 2.0  # by which exposures may seem to overlap: clocks of header and shutter


def frame_starts(frames: Sequence[FrameHeader], clock: ZoneInfo) -> list[dt.datetime]:
    """UTC starts of the exposures of a night.

    Parameters
    ----------
    frames
        Of one camera, in any order.
    clock
        Time zone of its computer's clock.

    Returns
    -------
    list of datetime
        Aware, UTC, one for each frame.
    """
    if not any(_is_ambiguous(frame.local_start, clock) for frame in frames):
        return [_utc(frame.local_start, clock, 0) for frame in frames]
    if all(number_of_name(frame.name) is not None for frame in frames):
        return _by_number(frames, clock)
    return _by_exposure(frames, clock)


def utc_starts(local: Sequence[dt.datetime], clock: ZoneInfo) -> list[dt.datetime]:
    """UTC of local times, given in the order in which they happened.

    Of all readings of ambiguous times the one is taken in which time never runs backwards and the gaps
    between frames are the most even (least sum of squares; shortest path over the readings).

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


def _by_number(frames: Sequence[FrameHeader], clock: ZoneInfo) -> list[dt.datetime]:
    """Each tag counts its own frames."""
    starts: dict[int, dt.datetime] = {}
    for tag in {frame.tag for frame in frames}:
        order = sorted(
            (k for k, frame in enumerate(frames) if frame.tag == tag),
            key=lambda k: number_of_name(frames[k].name),
        )
        for k, start in zip(order, utc_starts([frames[k].local_start for k in order], clock), strict=True):
            starts[k] = start
    return [starts[k] for k in range(len(frames))]


def _by_exposure(frames: Sequence[FrameHeader], clock: ZoneInfo) -> list[dt.datetime]:
    """Put each frame of the double hour in the pass that makes the gaps of the night the most even.

    Single frames change passes as long as that helps, from a few beginnings.
    """
    first = [_utc(frame.local_start, clock, 0).timestamp() for frame in frames]
    second = [_utc(frame.local_start, clock, 1).timestamp() for frame in frames]
    exposures = [frame.exposure_s for frame in frames]
    double = sorted((k for k in range(len(frames)) if second[k] > first[k]), key=lambda k: first[k])
    beginnings = ((0, 0), (1, 1), (0, 1), (1, 0))
    best: tuple[float, list[int]] | None = None
    for pair in beginnings:
        fold = [0] * len(frames)
        for place, k in enumerate(double):
            fold[k] = pair[place % 2]
        cost = _unevenness(first, second, fold, exposures)
        improved = True
        while improved:
            improved = False
            for k in double:
                fold[k] = 1 - fold[k]
                trial = _unevenness(first, second, fold, exposures)
                if trial < cost:
                    cost, improved = trial, True
                else:
                    fold[k] = 1 - fold[k]
        if best is None or cost < best[0]:
            best = cost, fold
    return [_utc(frame.local_start, clock, turn) for frame, turn in zip(frames, best[1], strict=True)]


def _unevenness(
    first: Sequence[float], second: Sequence[float], fold: Sequence[int], exposures_s: Sequence[float]
) -> float:
    """Sum of squared gaps between the frames' starts; an exposure within another is as good as forbidden."""
    timeline = sorted(
        (b if turn else a, length)
        for a, b, turn, length in zip(first, second, fold, exposures_s, strict=True)
    )
    total = 0.0
    for (start, length), (following, _) in itertools.pairwise(timeline):
        overlap = length - (following - start) - _OVERLAP_S
        total += (following - start) ** 2 + (_BACKWARD_COST_S2 + overlap**2 if overlap > 0 else 0.0)
    return total


def _is_ambiguous(moment: dt.datetime, clock: ZoneInfo) -> bool:
    return _utc(moment, clock, 0) < _utc(moment, clock, 1)


def _utc(moment: dt.datetime, clock: ZoneInfo, fold: int) -> dt.datetime:
    return moment.replace(tzinfo=clock, fold=fold).astimezone(dt.UTC)


def _step_cost(earlier: dt.datetime, later: dt.datetime) -> float:
    gap_s = (later - earlier).total_seconds()
    return gap_s**2 + (_BACKWARD_COST_S2 if gap_s < 0 else 0.0)
