"""Offsets of the columns of a camera, found from the frames of a night and taken out of their ring profiles.

Columns of unlike offset are the same in every frame. Where an annulus touches a column it has many pixels of
it, so that offsets do not average out over the annulus; and where fringes stay in their places all night,
what is left is the same in all temperatures. The deviations of pixels from the rings, averaged over rows and
frames, tell the offsets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from airglow.rings.geometry import AnnulusGrid, Geometry, geometry_near
from airglow.rings.profile import RingProfile, slope_of

_MOST_FRAMES = 12  # of a night: 0.25 counts are told to a tenth then, at a noise of 1 to 3 counts
_FEWEST_FRAMES = 8  # for a scatter between frames that tells the noise
_LARGEST_DEVIATION = 4.0  # in standard deviations of an annulus: stars and cosmic rays are no offset
# Columns over which offsets are compared. Chosen: about the distance of the outer fringes. Uneven light is
# smoother than that, and goes with the light.
_NEIGHBOURS = 31
_LEAST_PART_OF_COLUMN = 0.2  # in the annuli, for an offset worth having
_LEAST_SIGNAL = 0.5  # part of the offsets' variance that must be more than noise


def column_offsets(
    images: Sequence[np.ndarray], profiles: Sequence[RingProfile], grid: AnnulusGrid, aspect: float = 1.0
) -> np.ndarray | None:
    """Offsets of the columns that all frames of a night have in common.

    Parameters
    ----------
    images
        Sky frames (rows, columns), in the order of time; only those that are needed are made arrays.
    profiles
        Their ring profiles, on all annuli, with the statistics of their pixels.
    grid
        The annuli.
    aspect
        Height of a pixel over its width.

    Returns
    -------
    ndarray or None
        (columns,) counts, about the mean of the columns around and drawn to zero by their noise; None where
        there are too few frames, or nothing but noise.
    """
    shape = images[0].shape if images else ()
    alike = [
        k
        for k, image in enumerate(images)
        if image.shape == shape and np.any(profiles[k].pixels.variance > 0)  # an even picture shows no column
    ]
    if len(alike) < _FEWEST_FRAMES:
        return None
    chosen = [alike[k] for k in np.linspace(0, len(alike) - 1, min(_MOST_FRAMES, len(alike))).astype(int)]
    wheres = [geometry_near(shape, profiles[k].pixels.center_px, grid, aspect) for k in chosen]
    means, weights = zip(
        *(
            _mean_deviations(np.asarray(images[k]), profiles[k], where)
            for k, where in zip(chosen, wheres, strict=True)
        ),
        strict=True,
    )
    middle = wheres[len(wheres) // 2]
    seen = np.average(means, axis=0, weights=weights)
    share = np.array(weights)[:, None] / np.sum(weights)
    scatter = share * (np.array(means) - seen)
    told = _pixels_of_columns(middle, shape[1]) > _LEAST_PART_OF_COLUMN * shape[0]
    # Each profile has the offsets' own mean over its annuli in it already, and its harmonic their slope.
    matrix = np.eye(shape[1]) - _over_rings_and_back(middle, shape[1])
    matrix += 1.0 / shape[1]  # offsets that are all alike are the bias
    found = np.where(told, np.vstack([seen, scatter]), 0.0)
    found = np.where(told, _about_neighbours(np.linalg.solve(matrix, found.T).T), 0.0)
    offsets = found[0]
    noise = float(np.sum(found[1:] ** 2)) * len(chosen) / (len(chosen) - 1)
    signal = 1.0 - noise / max(float(np.sum(offsets**2)), np.finfo(float).tiny)
    return signal * offsets if signal > _LEAST_SIGNAL else None


def without_offsets(
    profile: RingProfile,
    shape: tuple[int, int],
    offsets: np.ndarray,
    grid: AnnulusGrid,
    aspect: float = 1.0,
) -> RingProfile:
    """A profile less what offsets of the columns add to it.

    Parameters
    ----------
    profile
        On all annuli of the grid, with the statistics of its pixels.
    shape
        Rows and columns of its frame.
    offsets
        (columns,) counts.
    grid
        The annuli.
    aspect
        Height of a pixel over its width.

    Returns
    -------
    RingProfile
    """
    where = geometry_near(shape, profile.pixels.center_px, grid, aspect)
    counts = profile.counts.copy()
    counts[where.annulus] -= where.clear(offsets[where.order % shape[1]]).sum(axis=1) / where.pixels
    return replace(profile, counts=counts)


def _mean_deviations(image: np.ndarray, profile: RingProfile, where: Geometry) -> tuple[np.ndarray, float]:
    """Mean deviation of each column's pixels from the rings, and the weight of the frame."""
    columns = image.shape[1]
    counts, at = profile.counts[where.annulus], profile.radius_squared_px2[where.annulus]
    variance = profile.pixels.variance[where.annulus]
    given = np.isfinite(counts) & np.isfinite(variance) & (variance > 0)
    slope = np.zeros(counts.size)
    if given.sum() > 2:
        slope[given] = slope_of(counts[given], at[given])
    deviation = image.reshape(-1)[where.order[given]] - counts[given, None]
    deviation -= slope[given, None] * where.s_px2[given]
    # Light that is uneven, or a centre that is off by a little, is the first harmonic around the rings.
    for harmonic, along in ((profile.pixels.cosine, where.x_px), (profile.pixels.sine, where.y_px)):
        deviation -= np.nan_to_num(harmonic[where.annulus[given], None]) * along[given]
    fair = np.abs(deviation) < _LARGEST_DEVIATION * np.sqrt(variance[given])[:, None]
    fair &= np.arange(fair.shape[1]) < where.pixels[given, None]
    column = where.order[given][fair] % columns
    number = np.bincount(column, minlength=columns)
    mean = np.bincount(column, deviation[fair], columns) / np.maximum(number, 1)
    return mean, 1.0 / float(np.median(variance[given]))


def _pixels_of_columns(where: Geometry, columns: int) -> np.ndarray:
    """Number of each column's pixels that lie in annuli."""
    taken = np.arange(where.order.shape[1]) < where.pixels[:, None]
    return np.bincount(where.order[taken] % columns, minlength=columns)


def _over_rings_and_back(where: Geometry, columns: int) -> np.ndarray:
    """What the mean and first harmonic over annuli, averaged over the columns, are of offsets: a matrix."""
    rows = np.repeat(np.arange(len(where.order)), where.pixels)
    taken = np.arange(where.order.shape[1]) < where.pixels[:, None]
    place = rows * columns + where.order[taken] % columns
    number = np.bincount(place, minlength=len(where.order) * columns).reshape(-1, columns).astype(float)
    number_times_x = number * (np.arange(columns) - where.center_px[0])
    harmonic = np.where(where.whole, 1.0 / where.x_squared, 0.0)[:, None] * number_times_x
    both = number.T @ (number / where.pixels[:, None]) + number_times_x.T @ harmonic
    return both / np.maximum(number.sum(axis=0), 1.0)[:, None]


def _about_neighbours(values: np.ndarray) -> np.ndarray:
    """Values less the mean of the columns around, along the last axis."""
    half = min(_NEIGHBOURS, values.shape[-1]) // 2
    padded = np.pad(values, [(0, 0)] * (values.ndim - 1) + [(half, half)], mode="reflect")
    return values - np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1, axis=-1).mean(axis=-1)
