"""The frames of a night: read, put in order of time, and sorted into what is used and what is not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from airglow.errors import BadInput, NotAnalysable
from airglow.frames import Frame, FrameHeader, frame_starts, read_frame, tag_of_name
from airglow.night.settings import AnalysisSettings
from airglow.result import Rejection

LASER_TAG = "L"
Progress = Callable[[str, int, int], None]  # stage, done, total


def no_progress(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class TimedFrame:
    """A frame (or what is left of it) and the start of its exposure, datetime64[us] UTC."""

    frame: Frame | FrameHeader
    start: np.datetime64


@dataclass(frozen=True)
class NightFrames:
    """The laser frames and the sky frames of one tag, each in the order of time."""

    laser: tuple[TimedFrame, ...]
    sky: tuple[TimedFrame, ...]
    rejections: tuple[Rejection, ...]
    input_hash: str  # SHA-256 over the names and SHA-256s of all files that were read


def read_night(
    directory: Path,
    tag: str,
    clock: ZoneInfo,
    settings: AnalysisSettings,
    progress: Progress = no_progress,
    sha256: Mapping[str, str] | None = None,
) -> NightFrames:
    """Read the laser frames and the sky frames of a tag.

    Parameters
    ----------
    directory
        Folder of the night's frames; frames of other tags are left alone.
    tag
        X, XR or XG.
    clock
        Time zone of the camera computer's clock.
    settings
        Which frames are not used.
    progress
        Told of each file.
    sha256
        Of the files by name, where they are known already (from a manifest).

    Returns
    -------
    NightFrames
        A file that cannot be read is a rejection with its reason; it never costs the others.

    Raises
    ------
    NotAnalysable
        ``no frames`` if there is no sky frame of the tag, ``camera off`` if nearly all are warm.
    """
    paths = sorted(p for p in Path(directory).iterdir() if tag_of_name(p.name) in (LASER_TAG, tag))
    if not any(tag_of_name(p.name) == tag for p in paths):
        raise NotAnalysable("no frames", f"no {tag} frame in this night")
    frames, rejections, hashes = [], [], []
    for done, path in enumerate(paths):
        progress("read", done, len(paths))
        try:
            known = (sha256 or {}).get(path.name)
            hashes.append(f"{path.name} {known or hashlib.sha256(path.read_bytes()).hexdigest()}")
            frames.append(read_frame(path))
        except (BadInput, OSError) as error:
            reason = error.reason if isinstance(error, BadInput) else f"cannot be read: {error.strerror}"
            rejections.append(Rejection(path.name, reason))
    frames, odd = _of_one_shape(frames)
    rejections += odd
    timed = [
        TimedFrame(frame, np.datetime64(start.replace(tzinfo=None), "us"))
        for frame, start in zip(frames, frame_starts(frames, clock), strict=True)
    ]
    timed.sort(key=lambda each: (each.start, each.frame.name))
    sky = [t for t in timed if t.frame.tag == tag]
    if not sky:
        raise NotAnalysable("no frames", f"none of the {tag} frames of this night can be read")
    _refuse_camera_off(sky, settings)
    laser = []
    for t in (t for t in timed if t.frame.tag == LASER_TAG):
        low, high = np.percentile(t.frame.image[::2, ::2], [5, 95])  # every fourth pixel tells
        if high - low < settings.dimmest_laser_range:
            reason = f"laser too dim: {high - low:.0f} counts between the 5th and 95th percentile"
            rejections.append(Rejection(t.frame.name, reason))
        else:
            laser.append(t)
    digest = hashlib.sha256("\n".join(sorted(hashes)).encode()).hexdigest()
    return NightFrames(tuple(laser), tuple(sky), tuple(rejections), digest)


def _of_one_shape(frames: list[Frame]) -> tuple[list[Frame], list[Rejection]]:
    """Keep the frames of the most common image size and binning: a night has one camera setting."""
    settings = [(frame.image.shape, frame.x_binning, frame.y_binning) for frame in frames]
    if not settings:
        return [], []
    common = max(set(settings), key=lambda each: (settings.count(each), each))
    kept = [f for f, each in zip(frames, settings, strict=True) if each == common]
    odd = [
        Rejection(
            f.name,
            f"{each[0][0]} x {each[0][1]} pixels with binning {each[1]} x {each[2]}, "
            f"unlike the night's {common[0][0]} x {common[0][1]} with {common[1]} x {common[2]}",
        )
        for f, each in zip(frames, settings, strict=True)
        if each != common
    ]
    return kept, odd


def _refuse_camera_off(sky: list[TimedFrame], settings: AnalysisSettings) -> None:
    known = [t.frame.ccd_temperature_c for t in sky if t.frame.ccd_temperature_c is not None]
    warm = sum(temperature > settings.camera_off_c for temperature in known)
    if known and warm > settings.camera_off_fraction * len(sky):
        raise NotAnalysable(
            "camera off",
            f"{warm} of {len(sky)} sky frames have the CCD warmer than {settings.camera_off_c:g} C",
        )
