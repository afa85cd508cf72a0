"""A night of which only ring profiles survive, as arrays in an ``.npz`` file."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import zipfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from airglow.frames import LONGEST_EXPOSURE_S, SHORTEST_EXPOSURE_S, FrameHeader
from airglow.model.errors import BadInput, MachineError, NotAnalysable
from airglow.model.result import Rejection
from airglow.model.tags import LASER_TAG
from airglow.night.by_hand import without_named, without_spans
from airglow.night.gate import TimedFrame, admit, why_none
from airglow.night.profile_noise import errors_of, estimate_gain, laser_offset, sky_offsets
from airglow.night.profiles import Profiles, mid_times_s
from airglow.night.reduce import ReducedNight, dark_frames
from airglow.night.request import NightRequest
from airglow.rings import AnnulusGrid, Center, RingProfile

_NEEDED = ("profile", "radius_px", "time_utc", "exposure_s")  # after sky_ and laser_
_NEEDED_OF_SKY = ("azimuth_deg", "zenith_deg")
_FEWEST_ANNULI = 50


def read_profiles(path: Path, request: NightRequest) -> ReducedNight:
    """Read a night of ring profiles.

    The file holds, for ``sky`` and for ``laser``: ``<kind>_profile`` (frames x annuli, counts),
    ``<kind>_radius_px`` (mid-radii of annuli of equal area), ``<kind>_time_utc`` (starts of the exposures),
    ``<kind>_exposure_s``; for the sky also ``sky_azimuth_deg`` and ``sky_zenith_deg``, and if known
    ``sky_ccd_temperature_C`` and ``center_px`` (column and row per laser frame). No laser at all is a night
    too. The noise is estimated from the profiles.

    Parameters
    ----------
    path
        The file.
    request
        The night.

    Returns
    -------
    ReducedNight

    Raises
    ------
    BadInput
        If the file is none, lacks an array, or the arrays do not fit together.
    MachineError
        If the operating system does not give it out.
    NotAnalysable
        If no sky profile is of the night, or none was taken in the dark.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MachineError.from_os(str(path), error) from error
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files if not name.startswith("ref_")}
    except (OSError, ValueError, zipfile.BadZipFile, EOFError, AttributeError) as error:
        raise BadInput(path.name, f"cannot be read as .npz: {error}") from error
    headers = {kind: _headers(path.name, kind, arrays, request.tag) for kind in ("sky", "laser")}
    unusable = [*_unusable("sky", arrays, headers["sky"]), *_unusable("laser", arrays, headers["laser"])]
    every = [header for kind in ("sky", "laser") for header in headers[kind]]
    left_out, not_named = without_named({header.name: header.tag for header in every}, request)
    gone = {rejection.name: rejection for rejection in (*unusable, *left_out)}
    admitted = admit([header for header in every if header.name not in gone], request)
    timed, in_spans, without_frames = without_spans(admitted.frames, request)
    rejections = (*gone.values(), *admitted.rejections, *in_spans)
    frames = {
        "sky": [t for t in timed if t.frame.tag != LASER_TAG],
        "laser": [t for t in timed if t.frame.tag == LASER_TAG],
    }
    if not frames["sky"]:
        names = [header.name for header in headers["sky"]]
        raise NotAnalysable("no frames", why_none(request.tag, rejections, names), rejections)
    sky_frames, sunlit = dark_frames(tuple(frames["sky"]), request)
    origin = min(timed.start for timed in (*frames["laser"], *sky_frames))
    kept = _places(headers["sky"], sky_frames)
    kept_lasers = _places(headers["laser"], frames["laser"])
    centers = arrays.get("center_px", np.empty((0, 2)))
    if len(centers) != len(headers["laser"]):
        centers = np.full((len(headers["laser"]), 2), np.nan)
    centers = centers[kept_lasers]
    laser_centers = [Center(float(x), float(y), np.inf) for x, y in centers]
    median = np.median(centers, axis=0) if len(centers) else (np.nan, np.nan)
    sky_centers = [Center(float(median[0]), float(median[1]), np.inf)] * len(sky_frames)
    sky = _profiles(arrays, "sky", kept, sky_frames, sky_centers, origin, request)
    lasers = _profiles(arrays, "laser", kept_lasers, frames["laser"], laser_centers, origin, request)
    sky_counts, laser_counts = ([rings.counts for rings in each.rings] for each in (sky, lasers))
    gain = estimate_gain(sky_counts)
    offsets = sky_offsets(sky_counts, gain)
    laser_offsets = np.full(len(lasers), laser_offset(laser_counts, gain) if laser_counts else np.nan)
    return ReducedNight(
        sky=_with_noise(sky, offsets, gain),
        lasers=_with_noise(lasers, laser_offsets, gain),
        rejections=(*rejections, *sunlit),
        notes=(
            f"{len(headers['sky'])} sky profiles and {len(headers['laser'])} laser profiles were read; "
            f"{len(sky_frames)} sky frames were taken in the dark.",
            f"Noise from the profiles themselves: variance of an annulus {offsets.min():.4g} to "
            f"{offsets.max():.4g} counts^2 at its frame's darkest, {gain:.4g} more per count above that.",
            *not_named,
            *without_frames,
            *admitted.notes,
        ),
        input_hash=hashlib.sha256(content).hexdigest(),
    )


def _unusable(kind: str, arrays: dict[str, np.ndarray], headers: list[FrameHeader]) -> Iterable[Rejection]:
    """Profiles that are none: too few counts, radii that do not ascend, no exposure time."""
    for k, header in enumerate(headers):
        counts, radii = arrays[f"{kind}_profile"][k], arrays[f"{kind}_radius_px"][k]
        finite = np.count_nonzero(np.isfinite(counts))
        if finite < _FEWEST_ANNULI:
            yield Rejection(header.name, f"only {finite} of its {counts.size} annuli have counts")
        elif not (np.isfinite(radii).all() and radii[0] > 0 and (np.diff(radii) > 0).all()):
            yield Rejection(header.name, "the radii of its annuli do not ascend from above 0")
        elif not SHORTEST_EXPOSURE_S <= header.exposure_s <= LONGEST_EXPOSURE_S:
            yield Rejection(header.name, f"exposure time {header.exposure_s} s cannot be")


def _places(headers: list[FrameHeader], frames: list[TimedFrame]) -> np.ndarray:
    """Where in the file the profiles of these frames are."""
    place = {header.name: k for k, header in enumerate(headers)}
    return np.array([place[timed.frame.name] for timed in frames], int)


def _headers(name: str, kind: str, arrays: dict[str, np.ndarray], tag: str) -> list[FrameHeader]:
    """Headers of the profiles of a kind, in the order of the file."""
    needed = [f"{kind}_{quantity}" for quantity in _NEEDED + (_NEEDED_OF_SKY if kind == "sky" else ())]
    missing = [key for key in needed if key not in arrays]
    if missing and kind == "laser" and len(missing) == len(needed):
        for key, shape in zip(needed, ((0, 1), (0, 1), (0,), (0,)), strict=True):
            arrays[key] = np.empty(shape, "datetime64[ms]" if key.endswith("utc") else float)
    elif missing:
        raise BadInput(name, f"lacks {', '.join(missing)}", "See airglow.night.profile_input for the arrays")
    number = len(arrays[f"{kind}_profile"])
    for key in needed:
        if len(arrays[key]) != number:
            raise BadInput(name, f"{key} has {len(arrays[key])} entries, {kind}_profile {number}")
    if arrays[f"{kind}_radius_px"].shape != arrays[f"{kind}_profile"].shape:
        raise BadInput(name, f"{kind}_radius_px and {kind}_profile differ in shape")
    starts = arrays[f"{kind}_time_utc"].astype("datetime64[us]")
    ccd = arrays.get(f"{kind}_ccd_temperature_C", np.full(number, np.nan))
    headers = []
    for k in range(number):
        start = starts[k].astype(dt.datetime)  # None for a time that is none
        header = FrameHeader(
            name=f"{kind} profile {k + 1:04d}",
            tag=tag if kind == "sky" else LASER_TAG,
            exposure_s=float(arrays[f"{kind}_exposure_s"][k]),
            azimuth_deg=float(arrays["sky_azimuth_deg"][k]) if kind == "sky" else 0.0,
            zenith_deg=float(arrays["sky_zenith_deg"][k]) if kind == "sky" else 180.0,
            local_start=None,
            utc_start=start and start.replace(tzinfo=dt.UTC),
            ccd_temperature_c=float(ccd[k]) if np.isfinite(ccd[k]) else None,
        )
        headers.append(header)
    return headers


def mean_radius_squared(mid_radius_px: np.ndarray) -> tuple[np.ndarray, float]:
    """Mean of r squared over annuli of equal area, from their mid-radii.

    An annulus of mid-radius m and area pi w has the width w / (2 m), so that the mean of r squared over it
    is m^2 + (w / 4 m)^2: exact, and half an annulus away from m^2 at the centre.

    Parameters
    ----------
    mid_radius_px
        (m,) ascending.

    Returns
    -------
    s_px2 : ndarray
        Mean of r squared over each annulus.
    width_px2 : float
        Width of the annuli in r squared.
    """
    squared = np.asarray(mid_radius_px, float) ** 2
    width = float(np.median(np.diff(squared)))
    return squared + width**2 / (16.0 * squared), width


def _profiles(
    arrays: dict[str, np.ndarray],
    kind: str,
    kept: np.ndarray,
    frames: list[TimedFrame],
    centers: list[Center],
    origin: np.datetime64,
    request: NightRequest,
) -> Profiles:
    counts = arrays[f"{kind}_profile"][kept].astype(float)
    radii = arrays[f"{kind}_radius_px"][kept].astype(float)
    # Every frame has its own annuli, about its own centre; their width differs by next to nothing.
    pairs = [mean_radius_squared(radius) for radius in radii]
    widths = [width for _, width in pairs] or [1.0]
    annuli = request.instrument.annuli
    size = counts.shape[1] if counts.size else annuli.count
    grid = AnnulusGrid(size, float(np.sqrt(np.median(widths) * size)), annuli.first, min(annuli.stop, size))
    return Profiles(
        frames=tuple(frames),
        centers=tuple(centers),
        mid_time_s=mid_times_s(frames, origin),
        grid=grid,
        rings=tuple(
            RingProfile(s, row, np.full(row.shape, np.nan), grid.width_px2)
            for (s, _), row in zip(pairs, counts, strict=True)
        ),
    )


def _with_noise(profiles: Profiles, offsets: np.ndarray, gain: float) -> Profiles:
    """Profiles with the standard errors of this noise; an offset per frame."""
    pairs = zip(profiles.rings, offsets, strict=True)
    return replace(
        profiles, rings=tuple(replace(each, sigma=errors_of(each, offset, gain)) for each, offset in pairs)
    )
