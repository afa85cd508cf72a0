"""Is this frame of this night, and can it be? One gate between reading and analysis, for all frames."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

import numpy as np

from airglow.frames import Frame, FrameHeader, find_starts, saved_of_name, total_counts
from airglow.model.result import Rejection
from airglow.model.tags import LASER_TAG
from airglow.night.request import NightRequest
from airglow.registry import Site

LOWEST_LOOK_DEG = 85.0
"""Zenith angle beyond which a look is not used: the scanner was parked, or on its way to the laser."""

_HALF_DAY = dt.timedelta(hours=12)
_AT_MOST_AWAY = dt.timedelta(days=3)  # from the date, in any zone: what is further off is of no use to clocks
_CLOCKS_AGREE_S = 120.0
_NAMES_AGREE_S = 300.0
_MOST_DISPUTED = 0.2  # of the frames; where more are at odds with the rest, the rest is no measure
_OVERLAP_S = 2.0  # by which exposures may seem to overlap: clocks of header and shutter
_MOST_EXAMPLES = 3


@dataclass(frozen=True)
class TimedFrame:
    """A frame, or what is left of it, and when its exposure began.

    Parameters
    ----------
    frame
        The frame; its header alone where the image is gone.
    start
        Start of the exposure, datetime64[us] in UTC.
    in_doubt
        True if it was taken in an hour that the clock showed twice, and may be an hour off.
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


def admit(frames: Sequence[FrameHeader], request: NightRequest) -> Admitted:
    """Let through the frames that are of a night and can be.

    A frame is of the night if its exposure starts from local noon of the date to the next noon. The same
    exposure under two names counts once. A frame whose name tells another time than its header, where those
    of the night agree, has a wrong clock. Two exposures cannot be made at once: where two overlap, neither
    time is believed. A sky frame looks higher than `LOWEST_LOOK_DEG`; a laser's direction plays no part.

    Parameters
    ----------
    frames
        Frames of one camera, in any order; images are compared where they are there.
    request
        The night.

    Returns
    -------
    Admitted
    """
    clock = request.site.clock(request.date)
    rejections: list[Rejection] = []
    single = _without_copies(sorted(frames, key=partial(_standing, request)), rejections)
    near = _near_date(single, request, rejections)
    starts = find_starts(near, clock)
    timed = [
        TimedFrame(frame, np.datetime64(start.replace(tzinfo=None), "us"), doubt)
        for frame, start, doubt in zip(near, starts.utc, starts.in_doubt, strict=True)
    ]
    timed.sort(key=lambda each: (each.start, each.frame.name))
    timed = _of_the_night(timed, request, rejections)
    timed, disputed = _as_named(timed, rejections)
    timed, overlapping = _one_at_a_time(timed, rejections)
    kept = []
    for each in timed:
        if reason := _cannot_be(each):
            rejections.append(Rejection(each.frame.name, reason))
        else:
            kept.append(each)
    notes = (
        *_doubts(timed, clock),
        *_contradictions(timed, clock),
        *disputed,
        *overlapping,
        *_remarks(frames),
    )
    return Admitted(tuple(kept), tuple(rejections), notes)


def _standing(request: NightRequest, frame: FrameHeader) -> tuple[bool, bool, bool, str]:
    """Sorts copies of an exposure: first the one that can be used, sky before what is named as laser."""
    begins, ends = night_span(request.site, request.date)
    start = frame.utc_start
    if start is None and frame.local_start is not None and _is_near(frame.local_start, request):
        start = frame.local_start.replace(tzinfo=request.site.clock(request.date)).astimezone(dt.UTC)
    is_of_night = start is not None and begins <= start < ends
    is_laser = frame.tag == LASER_TAG
    return not is_of_night, not (is_laser or _looks_up(frame)), is_laser, frame.name


def _looks_up(frame: FrameHeader) -> bool:
    return abs(frame.zenith_deg) <= LOWEST_LOOK_DEG


def _without_copies(frames: list[FrameHeader], rejections: list[Rejection]) -> list[FrameHeader]:
    """Each exposure once: noise makes no image twice."""
    kept: list[FrameHeader] = []
    by_sum: dict[tuple, list[Frame]] = {}
    for frame in frames:
        if isinstance(frame, Frame):
            alike = by_sum.setdefault((frame.image.shape, total_counts(frame.image)), [])
            twin = next((other for other in alike if np.array_equal(other.image, frame.image)), None)
            if twin is not None and np.ptp(np.asarray(frame.image)) > 0:
                rejections.append(Rejection(frame.name, f"the same exposure as {twin.name}"))
                continue
            alike.append(frame)
        kept.append(frame)
    return kept


def _near_date(
    frames: list[FrameHeader], request: NightRequest, rejections: list[Rejection]
) -> list[FrameHeader]:
    """Without the frames of other years, whose times no clock need be asked about."""
    near = []
    for frame in frames:
        written = frame.utc_start.replace(tzinfo=None) if frame.utc_start else frame.local_start
        if written is None:
            rejections.append(Rejection(frame.name, "its start is not known"))
        elif not _is_near(written, request):
            rejections.append(Rejection(frame.name, _another_night(f"{written:%Y-%m-%d %H:%M}", request)))
        else:
            near.append(frame)
    return near


def _is_near(moment: dt.datetime, request: NightRequest) -> bool:
    middle = dt.datetime.combine(request.date, dt.time(12)) + _HALF_DAY
    return abs(moment - middle) <= _AT_MOST_AWAY


def _of_the_night(
    timed: list[TimedFrame], request: NightRequest, rejections: list[Rejection]
) -> list[TimedFrame]:
    begins, ends = (
        np.datetime64(noon.replace(tzinfo=None), "us") for noon in night_span(request.site, request.date)
    )
    kept = []
    for each in timed:
        if begins <= each.start < ends:
            kept.append(each)
        else:
            when = f"{each.start.item():%Y-%m-%d %H:%M} UTC"
            rejections.append(Rejection(each.frame.name, _another_night(when, request)))
    return kept


def _another_night(when: str, request: NightRequest) -> str:
    return f"starts {when}, not within the night of {request.date} (local noon to noon)"


def _as_named(timed: list[TimedFrame], rejections: list[Rejection]) -> tuple[list[TimedFrame], Iterable[str]]:
    """Without frames whose name, where names agree with headers, tells a time that is minutes off.

    Names are given by another clock reading, and perhaps in another zone: what counts is how far a frame is
    from the others of its kind. An hour more or less is a clock that was put back or forward on the way.
    """
    off_s: dict[tuple[bool, bool], dict[str, float]] = {}
    for each in timed:
        saved = saved_of_name(each.frame.name)
        if saved is not None:
            utc = each.start.item() + dt.timedelta(seconds=each.frame.exposure_s)
            kind = each.frame.tag == LASER_TAG, each.frame.utc_start is None
            off_s.setdefault(kind, {})[each.frame.name] = (saved - utc).total_seconds()
    reasons, notes = {}, []
    for away in off_s.values():
        usual = float(np.median(list(away.values())))
        longest_s = max(each.frame.exposure_s for each in timed)  # some names tell the start
        within = max(_NAMES_AGREE_S, 2.0 * longest_s)
        odd = {
            name: value - usual
            for name, value in away.items()
            if min(abs(value - usual - hour) for hour in (0.0, 3600.0, -3600.0)) > within
        }
        if odd and len(odd) > _MOST_DISPUTED * len(away):
            notes.append(
                f"Names and headers of {len(odd)} of {len(away)} frames tell different times; the headers' "
                f"are used ({_examples(list(odd))})."
            )
        elif odd:
            reasons |= {
                name: f"its name tells a time {abs(value) / 60:.0f} minutes "
                f"{'after' if value > 0 else 'before'} its header's, unlike the other frames'"
                for name, value in odd.items()
            }
    rejections += [Rejection(t.frame.name, reasons[t.frame.name]) for t in timed if t.frame.name in reasons]
    return [each for each in timed if each.frame.name not in reasons], notes


def _one_at_a_time(
    timed: list[TimedFrame], rejections: list[Rejection]
) -> tuple[list[TimedFrame], Iterable[str]]:
    """Without frames that overlap: a camera makes one exposure at a time, so a clock is wrong."""
    against: dict[str, str] = {}
    for k, each in enumerate(timed):
        end = each.start + np.timedelta64(round(1e6 * (each.frame.exposure_s - _OVERLAP_S)), "us")
        for other in timed[k + 1 :]:
            if other.start >= end and other.start != each.start:
                break
            against.setdefault(each.frame.name, other.frame.name)
            against.setdefault(other.frame.name, each.frame.name)
    if len(against) > max(2, _MOST_DISPUTED * len(timed)):
        example = next(iter(against.items()))
        return timed, [
            f"{len(against)} of {len(timed)} frames overlap by their headers, such as {example[0]} and "
            f"{example[1]}: exposure times or clocks of this night are not to be relied on."
        ]
    for name, other in against.items():
        rejections.append(Rejection(name, f"overlaps with {other}: one of their clocks is wrong"))
    return [each for each in timed if each.frame.name not in against], []


def _cannot_be(timed: TimedFrame) -> str:
    """Why a frame of the night is not used; empty if it is."""
    frame = timed.frame
    if frame.tag == LASER_TAG:
        return "the clock showed its hour twice: its time may be an hour off" if timed.in_doubt else ""
    if not _looks_up(frame):
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
    of_sky = set(names)
    reasons = [each for each in rejections if each.name in of_sky]
    if not reasons:
        return f"no {tag} frame of this night can be used"
    first = reasons[0]
    more = f", and {len(reasons) - 1} more" if len(reasons) > 1 else ""
    return f"no {tag} frame of this night can be used: {first.name} {first.reason}{more}"
