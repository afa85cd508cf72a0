"""From frames to ring profiles: laser frames first, since they show where the rings are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import numpy as np

from airglow.frames import Frame, FrameHeader
from airglow.gp import Course, fit_course
from airglow.model.errors import MachineError
from airglow.model.result import Rejection, mid_exposure
from airglow.night.frames import Progress
from airglow.night.gate import TimedFrame
from airglow.registry import Instrument
from airglow.rings import (
    AnnulusGrid,
    Center,
    NoiseModel,
    RingProfile,
    find_center,
    fit_noise,
    measure_center,
    reduce_frame,
    refine_center,
    used_part,
)

REGISTRY_BINNING = 2  # pixels in the registry are pixels of this binning
# Natural rate of the ring centre, binned pixels per hour: chosen, above the 0.02 by which it moved on the
# whole over three nights of minime90 (0.16 to 0.22 pixels in 11 hours).
_CENTER_RATE_PX_PER_H = 0.1
_SETTLED_CENTER_PX = 0.05  # an error of this much widens a fringe by less than a pixel's own width
_USABLE_CENTER_PX = 0.3  # largest error of a frame's own centre that beats the night's course
# Part of the annuli that the converter's ceiling may cut off. Chosen: with more, what is left are the troughs
# between fringes.
_MOST_SATURATED = 0.5
_LARGEST_SCATTER = 50.0  # of the pixels' variance about rings, in units of the camera's noise
_T = TypeVar("_T")


@dataclass(frozen=True)
class Profiles:
    """Ring profiles of a series of n frames, with times in seconds since the night's first frame."""

    frames: tuple[TimedFrame, ...]
    centers: tuple[Center, ...]
    mid_time_s: np.ndarray  # (n,)
    grid: AnnulusGrid
    rings: tuple[RingProfile, ...]  # on all annuli of the grid

    def __len__(self) -> int:
        return len(self.frames)


def used_parts(profiles: Profiles) -> list[RingProfile]:
    """Profiles as fits see them: the annuli that take part, one entry per frame."""
    return [used_part(rings, profiles.grid) for rings in profiles.rings]


def _profiles(
    frames: Sequence[TimedFrame],
    centers: Sequence[Center],
    rings: Sequence[RingProfile],
    grid: AnnulusGrid,
    origin: np.datetime64,
) -> Profiles:
    return Profiles(tuple(frames), tuple(centers), mid_times_s(frames, origin), grid, tuple(rings))


def _subset(profiles: Profiles, places: Sequence[int]) -> Profiles:
    """The frames at some places."""

    def at(values: Sequence) -> tuple:
        return tuple(values[k] for k in places)

    return replace(
        profiles,
        frames=at(profiles.frames),
        centers=at(profiles.centers),
        mid_time_s=profiles.mid_time_s[list(places)],
        rings=at(profiles.rings),
    )


def _in_order(first: Profiles, second: Profiles) -> Profiles:
    """The frames of two series, in the order of time."""
    together = replace(
        first,
        frames=first.frames + second.frames,
        centers=first.centers + second.centers,
        mid_time_s=np.concatenate([first.mid_time_s, second.mid_time_s]),
        rings=first.rings + second.rings,
    )
    return _subset(together, np.argsort(together.mid_time_s, kind="stable").tolist())


def annulus_grid(frame: Frame, instrument: Instrument) -> AnnulusGrid:
    """The registry's annuli on frames like this: out to half of the shorter side, in pixel widths."""
    annuli = instrument.annuli
    rows, columns = frame.image.shape
    radius = min(columns, rows * pixel_aspect(frame)) / 2.0
    return AnnulusGrid(annuli.count, radius, annuli.first, annuli.stop)


def pixel_aspect(frame: FrameHeader) -> float:
    """Height of a binned pixel over its width; the sensor's own pixels are square."""
    return frame.y_binning / frame.x_binning


def seconds_since(origin: np.datetime64, times: np.ndarray) -> np.ndarray:
    """Times as seconds since an origin."""
    return (times - origin) / np.timedelta64(1, "us") * 1e-6


def _attempt(timed: TimedFrame, rejections: list[Rejection], reduce: Callable[[], _T]) -> _T | None:
    """Do something with one frame. Whatever goes wrong rejects that frame, and costs no other."""
    try:
        return reduce()
    except MachineError:
        raise
    except MemoryError as error:
        raise MachineError.from_os(timed.frame.name, error) from error
    except Exception as error:
        reason = f"cannot be reduced to a ring profile: {type(error).__name__}: {error}"
        rejections.append(Rejection(timed.frame.name, reason))
        return None


def reduce_lasers(
    frames: Sequence[TimedFrame],
    grid: AnnulusGrid,
    origin: np.datetime64,
    progress: Progress,
    rejections: list[Rejection],
) -> Profiles:
    """Reduce laser frames, each about its own centre.

    Parameters
    ----------
    frames
        Laser frames in the order of time.
    grid
        The annuli.
    origin
        Where the night's seconds begin.
    progress
        Told of each frame.
    rejections
        Gets the frames that cannot be reduced.

    Returns
    -------
    Profiles
    """
    kept, rings, centers = [], [], []
    guess: tuple[float, float] | None = None

    def reduced(timed: TimedFrame) -> tuple[Center, RingProfile]:
        image, aspect = np.asarray(timed.frame.image), pixel_aspect(timed.frame)
        start = guess
        if start is None:
            found = find_center(image, grid, aspect)
            start = found.xy if np.isfinite(found.error_px) else _middle(image.shape)
        return refine_center(image, start, grid, aspect)

    for done, timed in enumerate(frames):
        progress("reduce laser", done, len(frames))
        pair = _attempt(timed, rejections, partial(reduced, timed))
        if pair is None:
            continue
        center, profile = pair
        if np.isfinite(center.error_px) and center.error_px < _USABLE_CENTER_PX:
            guess = center.xy
        kept.append(timed)
        rings.append(profile)
        centers.append(center)
    return _profiles(kept, centers, rings, grid, origin)


def reduce_skies(
    frames: Sequence[TimedFrame],
    grid: AnnulusGrid,
    origin: np.datetime64,
    lasers: Profiles,
    expected_center_px: tuple[float, float],
    progress: Progress,
    rejections: list[Rejection],
) -> Profiles:
    """Reduce sky frames, each about its own centre where it shows one, else about the lasers' course.

    Parameters
    ----------
    frames, grid, origin, progress, rejections
        As for `reduce_lasers`.
    lasers
        Reduced laser frames, perhaps none.
    expected_center_px
        From the registry, for nights whose frames show no centre.

    Returns
    -------
    Profiles
    """
    course = center_course(lasers) or _course_from_sky(frames, grid, origin)
    mid_time_s = mid_times_s(frames, origin)
    guesses = [expected_center_px] * len(frames)
    if course:
        x, y = (axis.at(mid_time_s)[0] for axis in course)
        guesses = list(zip(x.tolist(), y.tolist(), strict=True))
    kept, rings, centers = [], [], []
    for done, (timed, guess) in enumerate(zip(frames, guesses, strict=True)):
        progress("reduce sky", done, len(frames))
        pair = _attempt(timed, rejections, partial(_reduce_sky, timed, guess, grid))
        if pair is not None:
            kept.append(timed)
            centers.append(pair[0])
            rings.append(pair[1])
    return _profiles(kept, centers, rings, grid, origin)


def reduce_unclear_lasers(lasers: Profiles, sky: Profiles, rejections: list[Rejection]) -> Profiles:
    """Reduce laser frames that do not show their own centre again, about the course of frames that do.

    Rings averaged about a place that is half a pixel off are broader than they are, which makes all
    temperatures of the night too low.

    Parameters
    ----------
    lasers
        Laser frames, each about its own centre, or about a guess.
    sky
        Sky frames, whose rings have the same centre.
    rejections
        Gets the frames that cannot be reduced.

    Returns
    -------
    Profiles
        The same if all laser frames show their centre, or no frame of the night does.
    """
    unclear = [k for k, center in enumerate(lasers.centers) if not center.error_px < _USABLE_CENTER_PX]
    course = center_course(_in_order(lasers, sky)) if unclear else None
    if course is None:
        return lasers
    x, y = (axis.at(lasers.mid_time_s)[0] for axis in course)
    centers, rings = list(lasers.centers), list(lasers.rings)
    kept = list(range(len(lasers)))
    for k in unclear:
        timed = lasers.frames[k]
        center = Center(float(x[k]), float(y[k]), np.inf)
        image, aspect = np.asarray(timed.frame.image), pixel_aspect(timed.frame)
        profile = _attempt(timed, rejections, partial(reduce_frame, image, center.xy, lasers.grid, aspect))
        if profile is None:
            kept.remove(k)
            continue
        centers[k], rings[k] = center, profile
    return _subset(replace(lasers, centers=tuple(centers), rings=tuple(rings)), kept)


def _reduce_sky(
    timed: TimedFrame, guess: tuple[float, float], grid: AnnulusGrid
) -> tuple[Center, RingProfile]:
    image, aspect = np.asarray(timed.frame.image), pixel_aspect(timed.frame)
    profile = reduce_frame(image, guess, grid, aspect)
    center = measure_center(profile, grid, aspect)
    distance = np.hypot(center.x_px - guess[0], center.y_px - guess[1])
    if not center.error_px < _USABLE_CENTER_PX or distance > max(5.0, 10.0 * center.error_px):
        center = Center(*guess, np.inf)
    elif distance > _SETTLED_CENTER_PX:
        profile = reduce_frame(image, center.xy, grid, aspect)
    return center, profile


def night_noise(sky: Profiles, laser: Profiles) -> NoiseModel:
    """The camera's noise from all profiles of the night.

    Laser frames reach further up in counts, but light scattered unevenly over them scatters the pixels of
    an annulus too; the sky frames decide when the two disagree, since `fit_noise` drops what lies off.
    """
    return fit_noise([*sky.rings, *laser.rings])


def without_saturated(profiles: Profiles, rejections: list[Rejection]) -> Profiles:
    """Leave out frames that the ceiling of the camera's converter cuts off in most annuli."""
    annuli = profiles.grid.count
    kept = []
    for k, rings in enumerate(profiles.rings):
        if rings.pixels.saturated > _MOST_SATURATED * annuli:
            reason = (
                "its pixels reach the ceiling of the camera's converter in "
                f"{rings.pixels.saturated} of {annuli} annuli"
            )
            rejections.append(Rejection(profiles.frames[k].frame.name, reason))
        else:
            kept.append(k)
    return profiles if len(kept) == len(profiles) else _subset(profiles, kept)


def without_scattered(profiles: Profiles, noise: NoiseModel, rejections: list[Rejection]) -> Profiles:
    """Leave out frames whose pixels scatter about their rings by far more than the camera's noise.

    Frames of a camera at work are within 10 % of its noise, moonlit ones and bright lasers too. What is off
    by `_LARGEST_SCATTER` is a broken read-out or another picture, and would spoil what is fitted to all
    frames together.
    """
    kept = []
    for k, rings in enumerate(profiles.rings):
        with np.errstate(invalid="ignore", divide="ignore"):
            scatter = float(np.nanmedian(rings.pixels.variance / noise.variance(rings.counts)))
        if scatter > _LARGEST_SCATTER:
            reason = (
                f"its pixels scatter about rings with {scatter:.3g} times the variance of the camera's noise"
            )
            rejections.append(Rejection(profiles.frames[k].frame.name, reason))
        else:
            kept.append(k)
    return profiles if len(kept) == len(profiles) else _subset(profiles, kept)


def center_course(profiles: Profiles) -> tuple[Course, Course] | None:
    """Column and row of the centre over the night; None when no frame shows it."""
    error = np.array([center.error_px for center in profiles.centers])
    usable = error < _USABLE_CENTER_PX
    if not usable.any():
        return None
    error = np.where(usable, error, np.nan)

    def course(values: list[float]) -> Course:
        return fit_course(
            profiles.mid_time_s, np.array(values), error, natural_rate=_CENTER_RATE_PX_PER_H, find_jumps=True
        )

    return course([c.x_px for c in profiles.centers]), course([c.y_px for c in profiles.centers])


def _course_from_sky(
    frames: Sequence[TimedFrame], grid: AnnulusGrid, origin: np.datetime64
) -> tuple[Course, Course] | None:
    """Centre from a few sky frames over the night, when there are no lasers."""
    kept, centers, rings = [], [], []

    def reduced(timed: TimedFrame) -> tuple[Center, RingProfile]:
        image, aspect = np.asarray(timed.frame.image), pixel_aspect(timed.frame)
        center = find_center(image, grid, aspect)
        return center, reduce_frame(image, center.xy, grid, aspect)

    for k in sorted(set(np.linspace(0, len(frames) - 1, 7).astype(int))):
        pair = _attempt(frames[k], [], partial(reduced, frames[k]))  # it is told when the frame's turn comes
        if pair is not None:
            kept.append(frames[k])
            centers.append(pair[0])
            rings.append(pair[1])
    return center_course(_profiles(kept, centers, rings, grid, origin))


def mid_times_s(frames: Sequence[TimedFrame], origin: np.datetime64) -> np.ndarray:
    """Middle of the exposures in seconds since an origin."""
    starts = np.array([timed.start for timed in frames], "datetime64[us]")
    exposures = np.array([timed.frame.exposure_s for timed in frames])
    return seconds_since(origin, mid_exposure(starts, exposures))


def _middle(shape: tuple[int, int]) -> tuple[float, float]:
    return (shape[1] - 1) / 2.0, (shape[0] - 1) / 2.0
