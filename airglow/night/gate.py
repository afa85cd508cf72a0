"""Is this frame of this night, and can it be? One gate between reading and analysis, for all frames."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from airglow.frames import LASER_TAG, Frame, FrameHeader, find_starts
from airglow.night.which import WhichNight
from airglow.registry import Site
from airglow.result import Rejection

LOWEST_LOOK_DEG = 85.0
"""Zenith angle beyond which a look is not used: the scanner was parked, or on its way to the laser."""

_HALF_DAY = dt.timedelta(hours=12)
_AT_MOST_AWAY = dt.timedelta(days=3)  # from the date, in any zone: what is further off is of no use to clocks
_CLOCKS_AGREE_S = 120.0
_MOST_EXAMPLES = 3


@dataclass(frozen=True)
class TimedFrame:
    """A frame (or what is left of it) and the start of its exposure, datetime64[us] UTC.

    ``in_doubt``: it was taken in an hour that the clock showed twice, and may be an hour off.
    """

    frame: Frame | FrameHeader
    start: np.datetime64
    in_doubt: bool = False


@dataclass(frozen=True)
class Admitted:
    """The frames that are of the night, in the order of time, why the others are not, and what to tell."""

    frames: tuple[TimedFrame, ...]
    rejections: tuple[Rejection, ...]
    notes: tuple[str, ...]


def night_span(site: Site, date: dt.date) -> tuple[dt.datetime, dt.datetime]:
    """Local noon of a night's date, and of the next day (see `Site.noon`).

    Parameters
    ----------
    site
        The site.
    date
        Local date on which the night began.

    Returns
    -------
    tuple of datetime
        Aware, UTC; the second no longer belongs to the night.
    """
    noon = site.noon(date)
    return noon, noon + 2 * _HALF_DAY


def admit(frames: Sequence[FrameHeader], which: WhichNight) -> Admitted:
    """Let through the frames that are of a night and can be.

    A frame is of the night if its exposure starts from local noon of the date to the next noon. The same
    exposure under two names counts once. Two different exposures cannot start at the same moment: neither
    time is believed. A sky frame looks higher than `LOWEST_LOOK_DEG`; a laser's direction plays no part.

    Parameters
    ----------
    frames
        Frames of one camera, in any order; images are compared where they are there.
    which
        The night.

    Returns
    -------
    Admitted
    """
    clock = which.site.clock(which.date)
    rejections: list[Rejection] = []
    single = _without_copies(sorted(frames, key=lambda frame: frame.name), rejections)
    near = _near_date(single, which, rejections)
    starts = find_starts(near, clock)
    timed = [
        TimedFrame(frame, np.datetime64(start.replace(tzinfo=None), "us"), doubt)
        for frame, start, doubt in zip(near, starts.utc, starts.in_doubt, strict=True)
    ]
    timed.sort(key=lambda each: (each.start, each.frame.name))
    timed = _of_the_night(timed, which, rejections)
    timed = _at_their_own_time(timed, rejections)
    kept = []
    for each in timed:
        if reason := _cannot_be(each):
            rejections.append(Rejection(each.frame.name, reason))
        else:
            kept.append(each)
    notes = (*_doubts(timed, clock), *_contradictions(timed, clock), *_remarks(frames))
    return Admitted(tuple(kept), tuple(rejections), notes)


def _without_copies(frames: list[FrameHeader], rejections: list[Rejection]) -> list[FrameHeader]:
    """Each exposure once: noise makes no image twice."""
    kept: list[FrameHeader] = []
    by_sum: dict[tuple, list[Frame]] = {}
    for frame in frames:
        if isinstance(frame, Frame):
            alike = by_sum.setdefault((frame.image.shape, frame.image.sum(dtype=float)), [])
            twin = next((other for other in alike if np.array_equal(other.image, frame.image)), None)
            if twin is not None and np.ptp(frame.image) > 0:
                rejections.append(Rejection(frame.name, f"the same exposure as {twin.name}"))
                continue
            alike.append(frame)
        kept.append(frame)
    return kept


def _near_date(
    frames: list[FrameHeader], which: WhichNight, rejections: list[Rejection]
) -> list[FrameHeader]:
    """Without the frames of other years, whose times no clock need be asked about."""
    middle = dt.datetime.combine(which.date, dt.time(12)) + _HALF_DAY
    near = []
    for frame in frames:
        written = frame.utc_start.replace(tzinfo=None) if frame.utc_start else frame.local_start
        if written is None:
            rejections.append(Rejection(frame.name, "its start is not known"))
        elif abs(written - middle) > _AT_MOST_AWAY:
            rejections.append(Rejection(frame.name, _another_night(f"{written:%Y-%m-%d %H:%M}", which)))
        else:
            near.append(frame)
    return near


def _of_the_night(
    timed: list[TimedFrame], which: WhichNight, rejections: list[Rejection]
) -> list[TimedFrame]:
    begins, ends = (
        np.datetime64(noon.replace(tzinfo=None), "us") for noon in night_span(which.site, which.date)
    )
    kept = []
    for each in timed:
        if begins <= each.start < ends:
            kept.append(each)
        else:
            when = f"{each.start.item():%Y-%m-%d %H:%M} UTC"
            rejections.append(Rejection(each.frame.name, _another_night(when, which)))
    return kept


def _another_night(when: str, which: WhichNight) -> str:
    return f"starts {when}, not within the night of {which.date} (local noon to noon)"


def _at_their_own_time(timed: list[TimedFrame], rejections: list[Rejection]) -> list[TimedFrame]:
    """Without frames that start when another one does: a camera takes one exposure at a time."""
    at_once = {start: number for start, number in Counter(t.start for t in timed).items() if number > 1}
    for each in timed:
        if each.start in at_once:
            others = next(t.frame.name for t in timed if t.start == each.start and t is not each)
            reason = f"starts at the very moment of {others}, another exposure: its clock is wrong"
            rejections.append(Rejection(each.frame.name, reason))
    return [each for each in timed if each.start not in at_once]


def _cannot_be(timed: TimedFrame) -> str:
    """Why a frame of the night is not used; empty if it is."""
    frame = timed.frame
    if frame.tag == LASER_TAG:
        return "the clock showed its hour twice: its time may be an hour off" if timed.in_doubt else ""
    if not abs(frame.zenith_deg) <= LOWEST_LOOK_DEG:
        return f"zenith angle {frame.zenith_deg:g} degrees, beyond {LOWEST_LOOK_DEG:g}: no look at the sky"
    return ""


def _doubts(timed: list[TimedFrame], clock: ZoneInfo) -> Iterable[str]:
    doubtful = sum(each.in_doubt for each in timed)
    if doubtful:
        yield (
            f"{doubtful} frames were taken in the hour that the clock ({clock}) showed twice, and nothing "
            "tells in which pass: their times may be an hour off. Sky frames are flagged, laser frames are "
            "not used."
        )


def _contradictions(timed: list[TimedFrame], clock: ZoneInfo) -> Iterable[str]:
    """Tell of frames whose own UTC is not what the site's clock makes of their local time."""
    off: dict[float, list[str]] = {}
    for each in timed:
        frame = each.frame
        if frame.utc_start is None or frame.local_start is None:
            continue
        by_clock = [frame.local_start.replace(tzinfo=clock, fold=fold).astimezone(dt.UTC) for fold in (0, 1)]
        away_s = min(((t - frame.utc_start).total_seconds() for t in by_clock), key=abs)
        if abs(away_s) > _CLOCKS_AGREE_S:
            off.setdefault(round(away_s / 900.0) / 4.0, []).append(frame.name)
    for hours, names in sorted(off.items()):
        yield (
            f"LocalTime of {len(names)} frames, read by the clock of the site ({clock}), is {hours:+.2f} h "
            f"off the UTC that their headers tell, which decides: {_examples(names)}."
        )


def _remarks(frames: Sequence[FrameHeader]) -> Iterable[str]:
    """Tell of header values that were passed over."""
    by_remark: dict[str, list[str]] = {}
    for frame in frames:
        for remark in frame.remarks:
            by_remark.setdefault(remark, []).append(frame.name)
    for remark, names in sorted(by_remark.items()):
        yield f"{remark}: passed over in the header of {_examples(names)}."


def _examples(names: list[str]) -> str:
    shown = ", ".join(sorted(names)[:_MOST_EXAMPLES])
    return shown if len(names) <= _MOST_EXAMPLES else f"{shown} and {len(names) - _MOST_EXAMPLES} more"


def why_none(tag: str, rejections: Sequence[Rejection], names: Iterable[str]) -> str:
    """Say why no sky frame is left: the commonest reason, with an example.

    Parameters
    ----------
    tag
        Of the sky frames.
    rejections
        Of all frames.
    names
        Of the sky frames.

    Returns
    -------
    str
    """
    wanted = set(names)
    reasons = [each for each in rejections if each.name in wanted]
    if not reasons:
        return f"no {tag} frame of this night can be used"
    first = reasons[0]
    more = f", and {len(reasons) - 1} more" if len(reasons) > 1 else ""
    return f"no {tag} frame of this night can be used: {first.name} {first.reason}{more}"
