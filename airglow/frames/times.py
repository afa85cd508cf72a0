"""From the camera computer's clock to UTC.

When daylight saving ends, an hour of the clock happens twice, and a header does not say which pass it is of.
`airglow.frames.passes` tells that from the order and the cadence of the frames.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from airglow.frames.frame import FrameHeader
from airglow.frames.passes import Exposure, tell_passes


@dataclass(frozen=True)
class Starts:
    """When the exposures of n frames began.

    Parameters
    ----------
    utc
        Starts in UTC, aware.
    in_doubt
        True for frames whose start may as well be another hour.
    """

    utc: tuple[dt.datetime, ...]
    in_doubt: tuple[bool, ...]


def find_starts(frames: Sequence[FrameHeader], clock: ZoneInfo) -> Starts:
    """UTC starts of the exposures of a night.

    Parameters
    ----------
    frames
        Of one camera, in any order. Where the header tells UTC, that is the start.
    clock
        Time zone of the camera computer's clock. Times that it never showed (when daylight saving begins)
        are read as if it had not been put forward yet.

    Returns
    -------
    Starts
        In the order of ``frames``.
    """
    first = [frame.utc_start or _utc(frame.local_start, clock, 0) for frame in frames]
    second = [frame.utc_start or _utc(frame.local_start, clock, 1) for frame in frames]
    twice = [k for k in range(len(frames)) if first[k] < second[k]]
    if not twice:
        return Starts(tuple(first), (False,) * len(frames))

    def exposure(k: int) -> Exposure:
        return Exposure(first[k].timestamp(), frames[k].exposure_s, frames[k].tag, frames[k].name)

    # The hour that happens twice, and the same hour once more, hold no frame whose time is certain.
    begins, repeats_after = min(first[k] for k in twice), second[twice[0]] - first[twice[0]]
    certain = [k for k in range(len(frames)) if k not in set(twice)]
    passes = tell_passes(
        [exposure(k) for k in certain if first[k] < begins],
        [exposure(k) for k in twice],
        [exposure(k) for k in certain if first[k] >= begins],
        repeats_after.total_seconds(),
    )
    utc, in_doubt = list(first), [False] * len(frames)
    for k, is_second, doubtful in zip(twice, passes.is_second, passes.in_doubt, strict=True):
        utc[k] = second[k] if is_second else first[k]
        in_doubt[k] = doubtful
    return Starts(tuple(utc), tuple(in_doubt))


def _utc(moment: dt.datetime, clock: ZoneInfo, fold: int) -> dt.datetime:
    return moment.replace(tzinfo=clock, fold=fold).astimezone(dt.UTC)
