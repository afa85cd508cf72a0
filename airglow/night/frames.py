"""The frames of a night: read, put in order of time, and sorted into what is used and what is not."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from airglow.frames import (
    Frame,
    KeptImages,
    is_frame_name,
    read_apart,
    read_bytes,
    read_frame,
    tag_of_name,
)
from airglow.model.errors import AirglowError, BadInput, MachineError, NotAnalysable
from airglow.model.result import Rejection
from airglow.model.tags import LASER_TAG
from airglow.night.by_hand import without_named, without_spans
from airglow.night.gate import TimedFrame, admit, why_none
from airglow.night.request import NightRequest
from airglow.night.settings import AnalysisSettings

Progress = Callable[[str, int, int], None]  # stage, done, total


def no_progress(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class NightFrames:
    """The laser frames and the sky frames of one tag.

    Parameters
    ----------
    laser
        Laser frames in the order of time.
    sky
        Sky frames in the order of time.
    rejections
        Frames that are not used, with the reason.
    notes
        Sentences for the log of the night.
    input_hash
        SHA-256 over the names and SHA-256s of all files that were read.
    """

    laser: tuple[TimedFrame, ...]
    sky: tuple[TimedFrame, ...]
    rejections: tuple[Rejection, ...]
    notes: tuple[str, ...]
    input_hash: str


def list_frames(directory: Path) -> list[Path]:
    """Files of a folder that are named like frames, by name.

    Raises
    ------
    MachineError
        If the folder cannot be read.
    """
    try:
        return sorted(path for path in Path(directory).iterdir() if is_frame_name(path.name))
    except OSError as error:
        raise MachineError.from_os(str(directory), error) from error


def read_night(
    directory: Path,
    request: NightRequest,
    progress: Progress = no_progress,
    sha256: Mapping[str, str] | None = None,
) -> NightFrames:
    """Read the laser frames and the sky frames of a night and tag.

    Parameters
    ----------
    directory
        Folder of the night's frames; frames of other lines are left alone.
    request
        The night. X and XR are the same line, whichever of them it names.
    progress
        Told of each file.
    sha256
        Of the files by name, where they are known already (from a manifest).

    Returns
    -------
    NightFrames
        A file that is no frame of this night, whatever is wrong with it, is a rejection with its reason; it
        never costs the others.

    Raises
    ------
    NotAnalysable
        ``no frames`` if there is no sky frame of the tag, ``camera off`` if nearly all are warm.
    MachineError
        If a file cannot be read for a reason that is not its own, or there is no room to keep the images.
    """
    every = list_frames(directory)
    tags = {path.name: tag_of_name(path.name) for path in every}
    paths = [path for path in every if tags[path.name] in (LASER_TAG, *request.frame_tags)]
    skies = [path.name for path in paths if tag_of_name(path.name) != LASER_TAG]
    if not skies:
        raise NotAnalysable("no frames", f"no {request.tag} frame in this night: {_what_is_there(every)}")
    left_out, not_named = without_named(tags, request)
    named = {rejection.name for rejection in left_out}
    paths = [path for path in paths if path.name not in named]
    frames, rejections, hashes = [], list(left_out), []
    images = KeptImages()
    read = partial(_read, images=images, sha256=sha256 or {})
    for done, (path, answer) in enumerate(read_apart(paths, read)):
        progress("read", done, len(paths))
        # The child died of this file, or had no answer for a reason that is not the file's.
        digest, frame = ("unknown", answer) if isinstance(answer, AirglowError) else answer
        hashes.append(f"{path.name} {digest}")
        if isinstance(frame, Frame):
            frames.append(replace(frame, image=images.opened(frame.image)))
        elif isinstance(frame, BadInput):
            rejections.append(Rejection(path.name, frame.reason))
        else:
            raise frame
    admitted = admit(frames, request)
    rejections += admitted.rejections
    kept, in_spans, without_frames = without_spans(admitted.frames, request)
    rejections += in_spans
    timed, odd = _of_one_shape(kept)
    rejections += odd
    sky = [t for t in timed if t.frame.tag != LASER_TAG]
    if not sky:
        raise NotAnalysable("no frames", why_none(request.tag, rejections, skies), rejections)
    _refuse_camera_off(sky, request.settings, rejections)
    laser = []
    for t in (t for t in timed if t.frame.tag == LASER_TAG):
        image = np.asarray(t.frame.image)
        low, high = np.percentile(image[::2, ::2], [5, 95])  # every fourth pixel tells
        if high - low < request.settings.dimmest_laser_range:
            reason = f"laser too dim: {high - low:.0f} counts between the 5th and 95th percentile"
            rejections.append(Rejection(t.frame.name, reason))
        else:
            laser.append(t)
    digest = hashlib.sha256("\n".join(sorted(hashes)).encode()).hexdigest()
    notes = (*not_named, *without_frames, *_other_tags(sky, request), *admitted.notes)
    return NightFrames(tuple(laser), tuple(sky), tuple(rejections), notes, digest)


def _read(path: Path, images: KeptImages, sha256: Mapping[str, str]) -> tuple[str, Frame | BadInput]:
    """The hash of a file, and the frame in it with its image kept, or why there is none."""
    data = read_bytes(path)
    digest = sha256.get(path.name) or hashlib.sha256(data).hexdigest()
    try:
        frame = read_frame(path, data)
    except BadInput as error:
        return digest, error
    return digest, replace(frame, image=images.put(frame.image))


def _what_is_there(paths: list[Path]) -> str:
    """Frames by tag, in words."""
    counts = Counter(tag_of_name(path.name) for path in paths)
    if not counts:
        return "there is no frame at all"
    return "there are " + ", ".join(f"{number} of {tag}" for tag, number in sorted(counts.items()))


def _other_tags(sky: Sequence[TimedFrame], request: NightRequest) -> list[str]:
    others = Counter(t.frame.tag for t in sky if t.frame.tag != request.tag)
    return [f"{number} {tag} frames count as {request.tag}: the same line." for tag, number in others.items()]


def _of_one_shape(frames: Sequence[TimedFrame]) -> tuple[list[TimedFrame], list[Rejection]]:
    """Keep the frames of the most common image size and binning: a night has one camera setting."""
    settings = [(t.frame.image.shape, t.frame.x_binning, t.frame.y_binning) for t in frames]
    if not settings:
        return [], []
    common = max(set(settings), key=lambda each: (settings.count(each), each))
    kept = [t for t, each in zip(frames, settings, strict=True) if each == common]
    odd = [
        Rejection(
            t.frame.name,
            f"{each[0][0]} x {each[0][1]} pixels with binning {each[1]} x {each[2]}, "
            f"unlike the night's {common[0][0]} x {common[0][1]} with {common[1]} x {common[2]}",
        )
        for t, each in zip(frames, settings, strict=True)
        if each != common
    ]
    return kept, odd


def _refuse_camera_off(
    sky: list[TimedFrame], settings: AnalysisSettings, rejections: list[Rejection]
) -> None:
    known = [t.frame.ccd_temperature_c for t in sky if t.frame.ccd_temperature_c is not None]
    warm = sum(temperature > settings.camera_off_c for temperature in known)
    if known and warm > settings.camera_off_fraction * len(sky):
        raise NotAnalysable(
            "camera off",
            f"{warm} of {len(sky)} sky frames have the CCD warmer than {settings.camera_off_c:g} C",
            rejections,
        )
