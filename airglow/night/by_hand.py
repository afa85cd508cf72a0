"""What was decided by hand for a night, applied: frames left out, flags raised, and what is told of both."""

from __future__ import annotations

import datetime as dt
import fnmatch
from collections.abc import Iterable, Sequence

import numpy as np

from airglow.model.result import Rejection, SkySamples, end_exposure
from airglow.model.tags import LASER_TAG
from airglow.night.gate import TimedFrame
from airglow.night.request import NightRequest
from airglow.registry.overrides import LeftOut, NightOverrides, Span


def without_named(
    tags: dict[str, str], request: NightRequest
) -> tuple[tuple[Rejection, ...], tuple[str, ...]]:
    """Frames that are left out by their names.

    Parameters
    ----------
    tags
        Tag of every frame of the night by its name, of other lines too: what names one of those is no error.
    request
        The night.

    Returns
    -------
    rejections : tuple of Rejection
        Of frames of this line and lasers.
    notes : tuple of str
        Of patterns that match no frame.
    """
    rejections: dict[str, Rejection] = {}
    notes = []
    for each, reason in request.overrides.left_out:
        if not each.frames:
            continue
        named = [n for n, tag in tags.items() if _is_meant(each, tag) and fnmatch.fnmatchcase(n, each.frames)]
        if not named:
            notes.append(f"No frame is named {each.frames}: {each} left none out ({reason}).")
        for name in named:
            if tags[name] in (LASER_TAG, *request.frame_tags):
                rejections.setdefault(name, _left_out(name, reason))
    return tuple(rejections.values()), tuple(notes)


def without_spans(
    frames: Sequence[TimedFrame], request: NightRequest
) -> tuple[list[TimedFrame], tuple[Rejection, ...], tuple[str, ...]]:
    """Leave out frames whose exposures share time with a span.

    Parameters
    ----------
    frames
        Of the night.
    request
        The night.

    Returns
    -------
    kept : list of TimedFrame
        The other frames.
    rejections : tuple of Rejection
        Of the frames that are left out.
    notes : tuple of str
        Of spans that hold no frame.
    """
    rejections: dict[str, Rejection] = {}
    notes = []
    for each, reason in request.overrides.left_out:
        if each.frames:
            continue
        here = [t for t in frames if _is_meant(each, t.frame.tag) and each.span.overlaps(*_exposure(t))]
        if not here:
            notes.append(f"No frame of this analysis is there to be left out: {each} ({reason}).")
        for timed in here:
            rejections.setdefault(timed.frame.name, _left_out(timed.frame.name, reason))
    kept = [timed for timed in frames if timed.frame.name not in rejections]
    return kept, tuple(rejections.values()), tuple(notes)


def _left_out(name: str, reason: str) -> Rejection:
    return Rejection(name, f"left out by hand: {reason}")


def _is_meant(each: LeftOut, tag: str) -> bool:
    return not each.only or (each.only == "laser") == (tag == LASER_TAG)


def _exposure(timed: TimedFrame) -> tuple[dt.datetime, dt.datetime]:
    begin = timed.start.item().replace(tzinfo=dt.UTC)
    return begin, begin + dt.timedelta(seconds=timed.frame.exposure_s)


def flags_by_hand(samples: SkySamples, overrides: NightOverrides) -> tuple[np.ndarray, np.ndarray]:
    """Least flags of samples by what was decided by hand.

    Parameters
    ----------
    samples
        Of the night.
    overrides
        Of the night.

    Returns
    -------
    wind, temperature : ndarray
        (n,) int, 0 where nothing was decided.
    """
    wind, temperature = (np.zeros(len(samples), int) for _ in range(2))
    for flag, _ in overrides.flags:
        here = _in_span(samples, flag.span) & _looks_to(samples, flag.direction)
        wind[here] = np.maximum(wind[here], flag.wind)
        temperature[here] = np.maximum(temperature[here], flag.temperature)
    return wind, temperature


def notes_by_hand(samples: SkySamples, overrides: NightOverrides) -> Iterable[str]:
    """What is told of a night's overrides, a sentence each, and of flags that concern no sample.

    Parameters
    ----------
    samples
        Of the night.
    overrides
        Of the night.

    Returns
    -------
    iterable of str
    """
    yield from (f"Decided by hand: {sentence}." for sentence in overrides.sentences)
    for flag, reason in overrides.flags:
        if not (_in_span(samples, flag.span) & _looks_to(samples, flag.direction)).any():
            yield f"No sample is there to be flagged: {flag} ({reason})."


def _in_span(samples: SkySamples, span: Span) -> np.ndarray:
    if span.start is None:
        return np.ones(len(samples), bool)
    start, stop = (np.datetime64(each.replace(tzinfo=None), "us") for each in (span.start, span.stop))
    begin = samples.start_time
    return (begin < stop) & (start < end_exposure(begin, samples.exposure_s))


def _looks_to(samples: SkySamples, direction: str) -> np.ndarray:
    return np.array([not direction or each == direction for each in samples.direction], bool)
