"""A frame reduced to its ring profile: the mean over annuli of equal area about the centre.

The fringes of an etalon are evenly spaced in s = r^2, and annuli of equal area have equal width in s. A
profile carries the true mean of s of the pixels in each annulus: the mid-radius of an annulus is not the
mean position of the pixels that happen to lie in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from airglow.rings.geometry import AnnulusGrid, Geometry, geometry_near

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
    """

    center_px: tuple[float, float]
    number: np.ndarray
    variance: np.ndarray
    cosine: np.ndarray
    sine: np.ndarray
    clipped: int


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
    own scatter, are left out in a few rounds.

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
    values = np.take(image, where.order).astype(np.float32)
    pedestal = float(np.median(values[:: max(values.size // 1000, 1)]))
    values -= np.float32(pedestal)  # single precision is for the deviations, not for the bias
    number = where.pixels.astype(float)
    mean = where.total(values) / number
    slope = np.gradient(mean, where.mean_s_px2) if mean.size > 2 else np.zeros(mean.size)
    residual = values - where.spread(mean.astype(np.float32))
    residual -= where.spread(slope.astype(np.float32)) * where.s_px2
    out = np.array([], int)  # pixels that are left out; their residual is kept at zero
    with np.errstate(invalid="ignore", divide="ignore"):
        for _ in range(_CLIP_ROUNDS):
            squared = residual**2
            scatter = where.total(squared)
            limit = where.spread((CLIP_SIGMA**2 * scatter / number).astype(np.float32))
            more = np.flatnonzero(squared > limit)
            if not more.size:
                break
            out = np.concatenate([out, more])
            number -= _sum_at(where, more, np.ones(more.size))
            residual[more] = 0.0
            # The line through an annulus passes the mean of the pixels that are kept.
            shift = where.total(residual) / number
            mean = mean + shift
            residual -= where.spread(shift.astype(np.float32))
            residual[out] = 0.0
        variance = scatter / (number - 2.0)
        cosine, sine = (
            where.total(residual * axis) / (whole - _sum_at(where, out, axis[out] ** 2))
            for axis, whole in ((where.x_px, where.x_squared), (where.y_px, where.y_squared))
        )
    used = number >= _FEWEST_PIXELS
    whole = used & where.whole

    def full(array: np.ndarray, valid: np.ndarray = used) -> np.ndarray:
        result = np.full(grid.count, np.nan)
        result[where.annulus[valid]] = array[valid]
        return result

    pixels = np.zeros(grid.count)
    pixels[where.annulus] = number
    return RingProfile(
        radius_squared_px2=full(where.mean_s_px2),
        counts=full(pedestal + mean),
        sigma=np.full(grid.count, np.nan),
        width_px2=grid.width_px2,
        pixels=PixelStatistics(
            center_px=where.center_px,
            number=pixels,
            variance=full(variance),
            cosine=full(cosine, whole),
            sine=full(sine, whole),
            clipped=out.size,
        ),
    )


def _sum_at(where: Geometry, pixels: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Sum over each annulus of values that a few pixels have."""
    annulus = np.searchsorted(where.begin, pixels, "right") - 1
    return np.bincount(annulus, values, where.begin.size)
