"""A frame reduced to its ring profile: the mean over annuli of equal area about the centre.

The fringes of an etalon are evenly spaced in s = r^2, and annuli of equal area have equal width in s. A
profile carries the true mean of s of the pixels in each annulus: the mid-radius of an annulus is not the
mean position of the pixels that happen to lie in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from airglow.rings.ceiling import clipped_annuli, find_ceiling
from airglow.rings.geometry import AnnulusGrid, Geometry, geometry_near, sum_of_products

CLIP_SIGMA = 5.0
_CLIP_ROUNDS = 4
_FEWEST_PIXELS = 20  # in an annulus, for a mean and a scatter worth having


@dataclass(frozen=True)
class PixelStatistics:
    """What the pixels of a frame tell about m annuli besides their mean; NaN without enough pixels.

    ``cosine`` and ``sine`` are the amplitudes of the first azimuthal harmonic over r, in counts per pixel.
    They measure a displaced centre, and are NaN where an annulus leaves the frame.

    Parameters
    ----------
    center_px
        Column and row of the centre about which the annuli lie.
    number
        Number of pixels that took part, shape (m,).
    variance
        Scatter of the pixels of an annulus about the local slope of the profile, counts^2 per pixel, shape
        (m,).
    cosine
        Cosine amplitude, shape (m,).
    sine
        Sine amplitude, shape (m,).
    clipped
        Number of pixels left out as cosmic rays, stars or hot pixels.
    saturated
        Number of annuli left out because the converter's ceiling cuts their pixels off.
    """

    center_px: tuple[float, float]
    number: np.ndarray
    variance: np.ndarray
    cosine: np.ndarray
    sine: np.ndarray
    clipped: int
    saturated: int = 0


@dataclass(frozen=True)
class RingProfile:
    """Mean counts of one frame over m annuli of equal area about the centre of its rings.

    Annuli without enough pixels are NaN; `used_part` leaves them out. The profiles of a night with the models
    fitted to them are columns of `airglow.model.result.RingProfiles`.

    Parameters
    ----------
    radius_squared_px2
        Mean of r^2 over the pixels, those left out included, shape (m,).
    counts
        Counts at that r^2, on the line through the pixels that took part, shape (m,).
    sigma
        Standard error of the counts, shape (m,); NaN until the camera's noise is known.
    width_px2
        Width of the annuli in r^2.
    pixels
        What the pixels tell besides; None where no frame is at hand, or for a part of the annuli.
    """

    radius_squared_px2: np.ndarray
    counts: np.ndarray
    sigma: np.ndarray
    width_px2: float
    pixels: PixelStatistics | None = None

    def __len__(self) -> int:
        return self.counts.size


def is_used(profile: RingProfile, grid: AnnulusGrid) -> np.ndarray:
    """Which annuli of a profile take part in fits.

    Parameters
    ----------
    profile
        With its standard errors, on all annuli of the grid.
    grid
        Its annuli.

    Returns
    -------
    ndarray
        (m,) bool: from the grid's ``first`` up to its ``stop``, where there are counts with an error.
    """
    used = np.zeros(len(profile), bool)
    used[grid.first : grid.stop] = True
    for values in (profile.radius_squared_px2, profile.counts, profile.sigma):
        used &= np.isfinite(values)
    return used & (profile.sigma > 0)


def used_part(profile: RingProfile, grid: AnnulusGrid) -> RingProfile:
    """The annuli of a profile that take part in fits.

    Parameters
    ----------
    profile, grid
        As for `is_used`.

    Returns
    -------
    RingProfile
    """
    used = is_used(profile, grid)
    return RingProfile(
        radius_squared_px2=profile.radius_squared_px2[used],
        counts=profile.counts[used],
        sigma=profile.sigma[used],
        width_px2=profile.width_px2,
    )


def reduce_frame(
    image: np.ndarray, center_px: tuple[float, float], grid: AnnulusGrid, aspect: float = 1.0
) -> RingProfile:
    """Reduce a frame to its ring profile.

    Pixels further than `CLIP_SIGMA` from the profile's local straight line, in units of their annulus'
    own scatter, are left out in a few rounds. Annuli whose pixels reach the converter's ceiling
    (`airglow.rings.ceiling`) are left out altogether: what is below it is no fair sample of them.

    Parameters
    ----------
    image
        (rows, columns) counts.
    center_px
        Column and row of the centre; the profile is taken about the nearest of a fine grid of centres.
    grid
        The annuli.
    aspect
        Height of a pixel over its width; radii are in pixel widths.

    Returns
    -------
    RingProfile
        With the statistics of its pixels, and without standard errors.

    Raises
    ------
    ValueError
        If no pixel of the frame lies in the annuli.
    """
    image = np.asarray(image)
    where = geometry_near(image.shape, center_px, grid, aspect)
    residual, work = _work_tables(where.order.shape)
    residual[...] = np.take(image, where.order)
    pedestal = np.sort(residual[:, 0])[len(residual) // 2]
    residual -= pedestal  # single precision is for the deviations, not for the bias
    mean = where.clear(residual).sum(axis=1).astype(float) / where.pixels
    slope = slope_of(mean, where.mean_s_px2) if mean.size > 2 else np.zeros(mean.size)
    residual -= mean.astype(np.float32)[:, None]
    residual -= np.multiply(where.s_px2, slope.astype(np.float32)[:, None], out=work)
    kept = _clip(where.clear(residual), where)
    number = kept.number
    with np.errstate(invalid="ignore", divide="ignore"):
        # The line through an annulus passes the mean of the pixels that are kept.
        mean += kept.shift + residual.sum(axis=1) / number
        variance = kept.scatter / (number - 2.0)
        cosine = sum_of_products(residual, where.x_px) / kept.x_squared
        sine = sum_of_products(residual, where.y_px) / kept.y_squared
    ceiling = find_ceiling(image)
    saturated = np.zeros(mean.size, bool)
    if ceiling is not None:
        saturated = clipped_annuli(float(pedestal) + mean, variance, ceiling)
    used = (number >= _FEWEST_PIXELS) & ~saturated
    whole = used & where.whole

    def full(array: np.ndarray, valid: np.ndarray = used) -> np.ndarray:
        result = np.full(grid.count, np.nan)
        result[where.annulus[valid]] = array[valid]
        return result

    pixels = np.zeros(grid.count)
    pixels[where.annulus] = number
    return RingProfile(
        radius_squared_px2=full(where.mean_s_px2),
        counts=full(float(pedestal) + mean),
        sigma=np.full(grid.count, np.nan),
        width_px2=grid.width_px2,
        pixels=PixelStatistics(
            center_px=where.center_px,
            number=pixels,
            variance=full(variance),
            cosine=full(cosine, whole),
            sine=full(sine, whole),
            clipped=int(np.sum(where.pixels - number)),
            saturated=int(saturated.sum()),
        ),
    )


def slope_of(values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Derivative of values at uneven places: of the parabola through each and its neighbours.

    The same as `numpy.gradient`, in less time.

    Parameters
    ----------
    values, at
        Values and where they are, shape (m,); three at least.

    Returns
    -------
    ndarray
        Shape (m,); at the ends of the straight line to the neighbour.
    """
    step = np.diff(at)
    rise = np.diff(values) / step
    result = np.empty(values.shape)
    result[0], result[-1] = rise[0], rise[-1]
    before, after = step[:-1], step[1:]
    result[1:-1] = (rise[:-1] * after + rise[1:] * before) / (before + after)
    return result


@lru_cache(maxsize=1)
def _work_tables(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Tables for the pixels of one frame after the other: to have fresh memory each time is slow."""
    return np.empty(shape, np.float32), np.empty(shape, np.float32)


@dataclass(frozen=True)
class _Kept:
    """What is left of a annuli when odd pixels are taken out of their residuals, each (a,)."""

    number: np.ndarray  # of pixels
    shift: np.ndarray  # of the residuals' mean, that was taken from those that are kept
    scatter: np.ndarray  # sum of squared residuals
    x_squared: np.ndarray  # sums over the pixels
    y_squared: np.ndarray


def _clip(residual: np.ndarray, where: Geometry) -> _Kept:
    """Put zeros in place of residuals that are far off, and let the others scatter about zero again.

    Annuli do not depend on each other: only the rows of those with such a pixel are gone through.
    """
    number, shift = where.pixels.astype(float), np.zeros(len(residual))
    scatter = sum_of_products(residual, residual)
    x_squared, y_squared = where.x_squared.copy(), where.y_squared.copy()
    largest = np.maximum(residual.max(axis=1), -residual.min(axis=1)).astype(float)
    rows = np.flatnonzero(largest**2 > CLIP_SIGMA**2 * scatter / number)
    part = residual[rows]
    absent = np.arange(part.shape[1]) >= where.pixels[rows, None]
    for _ in range(_CLIP_ROUNDS):
        squared = part**2
        scatter[rows] = squared.sum(axis=1)
        more = squared > (CLIP_SIGMA**2 * scatter[rows] / number[rows])[:, None]
        if not more.any():
            break
        absent |= more
        number[rows] -= more.sum(axis=1)
        part[absent] = 0.0
        off = part.sum(axis=1) / number[rows]
        shift[rows] += off
        part -= off.astype(np.float32)[:, None]
        part[absent] = 0.0
    residual[rows] = part
    x_squared[rows] = np.sum(where.x_px[rows] ** 2, axis=1, where=~absent)
    y_squared[rows] = np.sum(where.y_px[rows] ** 2, axis=1, where=~absent)
    return _Kept(number, shift, scatter, x_squared, y_squared)
