"""From a night's frames to ring profiles with errors."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from airglow.model.errors import NotAnalysable
from airglow.model.result import Rejection, mid_exposure
from airglow.night.frames import NightFrames, Progress, no_progress
from airglow.night.gate import TimedFrame, why_none
from airglow.night.profiles import (
    REGISTRY_BINNING,
    Profiles,
    annulus_grid,
    night_noise,
    pixel_aspect,
    reduce_lasers,
    reduce_skies,
    reduce_unclear_lasers,
    without_saturated,
    without_scattered,
)
from airglow.night.request import NightRequest
from airglow.night.samples import sun_and_moon_over
from airglow.rings import NoiseModel, column_offsets, with_noise, without_offsets


@dataclass(frozen=True)
class ReducedNight:
    """Ring profiles of a night, all that the fits need.

    Parameters
    ----------
    sky
        Profiles of the sky frames.
    lasers
        Profiles of the laser frames.
    rejections
        Frames that are not used, with the reason.
    notes
        Sentences for the log of the night.
    input_hash
        SHA-256 over the names and SHA-256s of all files that were read.
    """

    sky: Profiles
    lasers: Profiles
    rejections: tuple[Rejection, ...]
    notes: tuple[str, ...]
    input_hash: str


def reduce_night(
    request: NightRequest, frames: NightFrames, progress: Progress = no_progress
) -> ReducedNight:
    """Reduce the laser frames and the sky frames that were taken in the dark.

    Parameters
    ----------
    request
        The night.
    frames
        As of `airglow.night.read_night`.
    progress
        Told of each frame.

    Returns
    -------
    ReducedNight

    Raises
    ------
    NotAnalysable
        If no sky frame was taken in the dark, or none can be reduced.
    """
    sky_frames, sunlit = dark_frames(frames.sky, request)
    rejections = [*frames.rejections, *sunlit]
    grid = annulus_grid(sky_frames[0].frame, request.instrument)
    origin = min(timed.start for timed in (*frames.laser, *sky_frames))
    lasers = reduce_lasers(frames.laser, grid, origin, progress, rejections)
    expected_center = _expected_center(request, sky_frames[0])
    sky = reduce_skies(sky_frames, grid, origin, lasers, expected_center, progress, rejections)
    lasers = reduce_unclear_lasers(lasers, sky, rejections)
    saturated = [sum(rings.pixels.saturated > 0 for rings in each.rings) for each in (lasers, sky)]
    sky, lasers = (without_saturated(each, rejections) for each in (sky, lasers))
    if len(sky):
        noise = night_noise(sky, lasers)
        sky, lasers = (without_scattered(each, noise, rejections) for each in (sky, lasers))
    if not len(sky):
        names = [timed.frame.name for timed in sky_frames]
        raise NotAnalysable("no frames", why_none(request.tag, rejections, names), rejections)
    sky, lasers, of_columns = _without_columns(sky, lasers)
    clipped = sum(rings.pixels.clipped for rings in (*sky.rings, *lasers.rings))
    notes = (
        f"{len(frames.sky)} sky frames and {len(frames.laser)} laser frames were read; "
        f"{len(sky_frames)} sky frames were taken in the dark.",
        f"Camera gain from the scatter of the pixels: {noise.gain:.2f} counts per electron.",
        f"{clipped} pixels were left out as cosmic rays, stars or hot pixels.",
        *of_columns,
        *_of_saturated(*saturated),
        *frames.notes,
    )
    return ReducedNight(
        sky=_with_errors(sky, noise),
        lasers=_with_errors(lasers, noise),
        rejections=tuple(rejections),
        notes=notes,
        input_hash=frames.input_hash,
    )


def _of_saturated(lasers: int, skies: int) -> list[str]:
    """A sentence on frames that reach the converter's ceiling, if there are any."""
    if not lasers and not skies:
        return []
    return [
        f"{lasers} laser frames and {skies} sky frames reach the ceiling of the camera's converter: "
        "the annuli in which they do were left out."
    ]


def _without_columns(sky: Profiles, lasers: Profiles) -> tuple[Profiles, Profiles, list[str]]:
    """Profiles less the offsets of the columns that sky frames show, and a sentence on them.

    Laser frames do not take part in finding them: a light that is uneven around bright rings leaves more.
    """
    aspect = pixel_aspect(sky.frames[0].frame)
    images = [timed.frame.image for timed in sky.frames]
    offsets = column_offsets(images, sky.rings, sky.grid, aspect)
    if offsets is None:
        return sky, lasers, []

    def without(profiles: Profiles) -> Profiles:
        shapes = [timed.frame.image.shape for timed in profiles.frames]
        rings = [
            without_offsets(each, shape, offsets, profiles.grid, aspect) if shape[1] == offsets.size else each
            for each, shape in zip(profiles.rings, shapes, strict=True)
        ]
        return replace(profiles, rings=tuple(rings))

    size = float(np.sqrt(np.mean(offsets**2)))
    note = (
        f"Columns of the camera differ by {size:.3f} counts, the same in all sky frames; this is taken out."
    )
    return without(sky), without(lasers), [note]


def _with_errors(profiles: Profiles, noise: NoiseModel) -> Profiles:
    """Profiles with the standard errors that the camera's noise makes."""
    return replace(profiles, rings=tuple(with_noise(rings, noise) for rings in profiles.rings))


def _expected_center(request: NightRequest, timed: TimedFrame) -> tuple[float, float]:
    """The registry's centre in pixels of the frames' binning."""
    x, y = request.instrument.default_center_px
    frame = timed.frame
    return x * REGISTRY_BINNING / frame.x_binning, y * REGISTRY_BINNING / frame.y_binning


def dark_frames(
    frames: tuple[TimedFrame, ...], request: NightRequest
) -> tuple[list[TimedFrame], list[Rejection]]:
    """Frames with the sun low enough at mid-exposure, and why the others are not used.

    Raises
    ------
    NotAnalysable
        If there is no such frame.
    """
    highest = request.settings.highest_sun_deg
    starts = np.array([timed.start for timed in frames], "datetime64[us]")
    middle = mid_exposure(starts, np.array([timed.frame.exposure_s for timed in frames]))
    elevation = sun_and_moon_over(middle, request.site).sun_elevation_deg
    dark = [timed for timed, angle in zip(frames, elevation, strict=True) if angle <= highest]
    sunlit = [
        Rejection(timed.frame.name, f"sun at {angle:.1f} degrees, above {highest:g}")
        for timed, angle in zip(frames, elevation, strict=True)
        if angle > highest
    ]
    if not dark:
        raise NotAnalysable(
            "no frames", f"none of the {len(frames)} {request.tag} frames was taken in the dark", sunlit
        )
    return dark, sunlit
