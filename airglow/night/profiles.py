"""From frames to ring profiles: laser frames first, since they show where the rings are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from airglow.etalon import ProfileData
from airglow.night.frames import Progress, TimedFrame
from airglow.registry import Instrument
from airglow.result import mid_exposure
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
)
from airglow.smooth import Smooth, smooth

REGISTRY_BINNING = 2  # pixels in the registry are pixels of this binning
_CENTER_RATE_PX_PER_H = 0.1
_SETTLED_CENTER_PX = 0.05  # an error of this much widens a fringe by less than a pixel's own width
_USABLE_CENTER_PX = 0.3  # largest error of a frame's own centre that beats the night's course


@dataclass(frozen=True)
class Profiles:
    """Ring profiles of a series of frames, with times in seconds since the night's first frame."""

    frames: tuple[TimedFrame, ...]
    rings: tuple[RingProfile, ...]
    centers: tuple[Center, ...]
    mid_time_s: np.ndarray

    def data(self, index: int, noise: NoiseModel) -> ProfileData:
        """One profile as fits see it."""
        rings = self.rings[index]
        return ProfileData.select(
            rings.radius_squared_px2,
            rings.counts,
            noise.standard_error(rings),
            rings.grid.width_px2,
            rings.grid.first,
            rings.grid.stop,
        )


def annulus_grid(shape: tuple[int, int], instrument: Instrument) -> AnnulusGrid:
    """The registry's annuli on frames of this shape: out to half of the shorter side."""
    annuli = instrument.annuli
    return AnnulusGrid(annuli.count, min(shape) / 2.0, annuli.first, annuli.stop)


def seconds_since(origin: np.datetime64, times: np.ndarray) -> np.ndarray:
    """Times as seconds since an origin."""
    return (times - origin) / np.timedelta64(1, "us") * 1e-6


def reduce_lasers(
    frames: Sequence[TimedFrame], grid: AnnulusGrid, origin: np.datetime64, progress: Progress
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

    Returns
    -------
    Profiles
    """
    rings, centers = [], []
    guess: tuple[float, float] | None = None
    for done, timed in enumerate(frames):
        progress("reduce laser", done, len(frames))
        if guess is None:
            found = find_center(timed.frame.image, grid)
            guess = found.xy if np.isfinite(found.error_px) else None
        start = guess or _middle(timed.frame.image.shape)
        center, profile = refine_center(timed.frame.image, start, grid)
        if np.isfinite(center.error_px) and center.error_px < _USABLE_CENTER_PX:
            guess = center.xy
        rings.append(profile)
        centers.append(center)
    return Profiles(tuple(frames), tuple(rings), tuple(centers), _mid_times(frames, origin))


def reduce_skies(
    frames: Sequence[TimedFrame],
    grid: AnnulusGrid,
    origin: np.datetime64,
    lasers: Profiles,
    expected_center_px: tuple[float, float],
    progress: Progress,
) -> Profiles:
    """Reduce sky frames, each about its own centre where it shows one, else about the lasers' course.

    Parameters
    ----------
    frames, grid, origin, progress
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
    mid_time_s = _mid_times(frames, origin)
    rings, centers = [], []
    for done, (timed, time_s) in enumerate(zip(frames, mid_time_s, strict=True)):
        progress("reduce sky", done, len(frames))
        guess = _course_at(course, time_s) if course else expected_center_px
        profile = reduce_frame(timed.frame.image, guess, grid)
        center = measure_center(profile)
        distance = np.hypot(center.x_px - guess[0], center.y_px - guess[1])
        if not center.error_px < _USABLE_CENTER_PX or distance > max(5.0, 10.0 * center.error_px):
            center = Center(*guess, np.inf)
        elif distance > _SETTLED_CENTER_PX:
            profile = reduce_frame(timed.frame.image, center.xy, grid)
        rings.append(profile)
        centers.append(center)
    return Profiles(tuple(frames), tuple(rings), tuple(centers), mid_time_s)


def night_noise(sky: Profiles, laser: Profiles) -> NoiseModel:
    """The camera's noise from all profiles of the night.

    Laser frames reach further up in counts, but light scattered unevenly over them scatters the pixels of
    an annulus too; the sky frames decide when the two disagree, since `fit_noise` drops what lies off.
    """
    return fit_noise([*sky.rings, *laser.rings])


def center_course(profiles: Profiles) -> tuple[Smooth, Smooth] | None:
    """Column and row of the centre over the night; None when no frame shows it."""
    error = np.array([center.error_px for center in profiles.centers])
    usable = error < _USABLE_CENTER_PX
    if not usable.any():
        return None
    error = np.where(usable, error, np.nan)

    def course(values: list[float]) -> Smooth:
        return smooth(
            profiles.mid_time_s, np.array(values), error, natural_rate=_CENTER_RATE_PX_PER_H, find_jumps=True
        )

    return course([c.x_px for c in profiles.centers]), course([c.y_px for c in profiles.centers])


def _course_at(course: tuple[Smooth, Smooth], time_s: float) -> tuple[float, float]:
    return float(course[0].at(time_s)[0][0]), float(course[1].at(time_s)[0][0])


def _course_from_sky(
    frames: Sequence[TimedFrame], grid: AnnulusGrid, origin: np.datetime64
) -> tuple[Smooth, Smooth] | None:
    """Centre from a few sky frames over the night, when there are no lasers."""
    few = [frames[k] for k in sorted(set(np.linspace(0, len(frames) - 1, 7).astype(int)))]
    centers, rings = [], []
    for timed in few:
        center = find_center(timed.frame.image, grid)
        centers.append(center)
        rings.append(reduce_frame(timed.frame.image, center.xy, grid))
    return center_course(Profiles(tuple(few), tuple(rings), tuple(centers), _mid_times(few, origin)))


def _mid_times(frames: Sequence[TimedFrame], origin: np.datetime64) -> np.ndarray:
    starts = np.array([timed.start for timed in frames], "datetime64[us]")
    exposures = np.array([timed.frame.exposure_s for timed in frames])
    return seconds_since(origin, mid_exposure(starts, exposures))


def _middle(shape: tuple[int, int]) -> tuple[float, float]:
    return (shape[1] - 1) / 2.0, (shape[0] - 1) / 2.0
