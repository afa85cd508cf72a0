"""A frame reduced to its ring profile: the mean over annuli of equal area about the centre.

The fringes of an etalon are evenly spaced in s = r^2, and annuli of equal area have equal width in s. A
profile carries the true mean of s of the pixels in each annulus: the mid-radius of an annulus is not the
mean position of the pixels that happen to lie in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CLIP_SIGMA = 5.0
_CLIP_ROUNDS = 4
_FEWEST_PIXELS = 20  # in an annulus, for a mean and a scatter worth having


@dataclass(frozen=True)
class AnnulusGrid:
    """Annuli of equal area: how many, and the outer radius of the last one in pixels.

    ``first`` and ``stop`` bound the annuli that are used.
    """

    count: int
    max_radius_px: float
    first: int = 0
    stop: int | None = None

    @property
    def width_px2(self) -> float:
        """Width of an annulus in r squared."""
        return self.max_radius_px**2 / self.count


@dataclass(frozen=True)
class RingProfile:
    """Mean counts over annuli; annuli without enough pixels are NaN.

    ``variance`` is the scatter of the pixels within an annulus about the local slope of the profile.
    ``cosine`` and ``sine`` are the amplitudes of the first azimuthal harmonic over r, counts per px: they
    measure a displaced centre. They are NaN where an annulus leaves the frame.
    """

    grid: AnnulusGrid
    center_px: tuple[float, float]  # x (column), y (row)
    radius_squared_px2: np.ndarray  # (count,) true mean over the pixels
    counts: np.ndarray  # (count,)
    variance: np.ndarray  # (count,) counts^2 per pixel
    pixels: np.ndarray  # (count,) pixels that took part
    cosine: np.ndarray  # (count,)
    sine: np.ndarray  # (count,)
    clipped: int  # pixels left out as cosmic rays, stars or hot pixels


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
        Column and row of the centre.
    grid
        The annuli.
    aspect
        Height of a pixel over its width; radii are in pixel widths.

    Returns
    -------
    RingProfile
    """
    image = np.asarray(image)
    rows, columns = image.shape
    dx = np.arange(columns) - center_px[0]
    dy = (np.arange(rows) - center_px[1]) * aspect
    # Only the bounding box of the outermost annulus has pixels to offer.
    inside_x = np.flatnonzero(np.abs(dx) < grid.max_radius_px)
    inside_y = np.flatnonzero(np.abs(dy) < grid.max_radius_px)
    if not inside_x.size or not inside_y.size:
        raise ValueError(f"centre {center_px} leaves no pixel of the frame in the annuli")
    box = np.s_[inside_y[0] : inside_y[-1] + 1, inside_x[0] : inside_x[-1] + 1]
    dx, dy = dx[box[1]], dy[box[0]]
    squared = (dx**2)[None, :] + (dy**2)[:, None]
    annulus = (squared * (1.0 / grid.width_px2)).astype(np.intp).ravel()
    np.minimum(annulus, grid.count, out=annulus)  # one bin beyond the last collects the rest
    squared = squared.ravel()
    values = image[box].astype(float).ravel()

    size = grid.count + 1
    number = np.bincount(annulus, minlength=size).astype(float)
    total = np.bincount(annulus, values, size)
    total_s = np.bincount(annulus, squared, size)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean, mean_s = total / number, total_s / number
        slope = _slope(mean, mean_s, grid.count)
        residual = values - (mean - slope * mean_s)[annulus] - slope[annulus] * squared
        keep = np.ones(values.size, bool)
        for _ in range(_CLIP_ROUNDS):
            residual_squared = residual**2
            scatter = np.bincount(annulus, residual_squared * keep, size)
            limit = CLIP_SIGMA**2 * scatter / number
            out = np.flatnonzero(keep & (residual_squared > limit[annulus]))
            out = out[annulus[out] < grid.count]
            if not out.size:
                break
            keep[out] = False
            bins = annulus[out]
            number -= np.bincount(bins, minlength=size)
            total -= np.bincount(bins, values[out], size)
            total_s -= np.bincount(bins, squared[out], size)
            # The line through an annulus passes its mean, which the clipped pixels had pulled.
            shift = total / number - mean - slope * (total_s / number - mean_s)
            mean = mean + shift
            residual -= np.where(np.isfinite(shift), shift, 0.0)[annulus]
        counts = total / number
        radius_squared = total_s / number
        variance = np.bincount(annulus, residual**2 * keep, size) / (number - 2.0)
    deviation = np.where(keep, values - np.where(np.isfinite(counts), counts, 0.0)[annulus], 0.0)
    cosine, sine = _first_harmonic(deviation.reshape(dy.size, dx.size), annulus, dx, dy, squared * keep, size)
    whole = _whole_annuli(image.shape, center_px, grid, aspect)
    used = number[:-1] >= _FEWEST_PIXELS

    def clean(array: np.ndarray, where: np.ndarray = used) -> np.ndarray:
        return np.where(where, array[:-1], np.nan)

    return RingProfile(
        grid=grid,
        center_px=(float(center_px[0]), float(center_px[1])),
        radius_squared_px2=clean(radius_squared),
        counts=clean(counts),
        variance=clean(variance),
        pixels=number[:-1],
        cosine=clean(cosine, used & whole),
        sine=clean(sine, used & whole),
        clipped=int((~keep).sum()),
    )


def _slope(mean: np.ndarray, mean_s: np.ndarray, count: int) -> np.ndarray:
    """Slope of the profile in s in each annulus, 0 beyond the last and where it is not known."""
    slope = np.zeros(count + 1)
    slope[:count] = np.gradient(mean[:count], mean_s[:count])
    return np.where(np.isfinite(slope), slope, 0.0)


def _first_harmonic(
    deviation: np.ndarray,
    annulus: np.ndarray,
    dx: np.ndarray,
    dy: np.ndarray,
    kept_squared: np.ndarray,
    size: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Least-squares amplitudes of x and y in the deviations from the annulus means."""
    norm = np.bincount(annulus, kept_squared, size) / 2.0
    along_x = np.bincount(annulus, (deviation * dx[None, :]).ravel(), size)
    along_y = np.bincount(annulus, (deviation * dy[:, None]).ravel(), size)
    with np.errstate(invalid="ignore", divide="ignore"):
        return along_x / norm, along_y / norm


def _whole_annuli(
    shape: tuple[int, int], center_px: tuple[float, float], grid: AnnulusGrid, aspect: float
) -> np.ndarray:
    """Which annuli lie wholly on the frame."""
    rows, columns = shape
    edge = min(
        center_px[0] + 0.5,
        columns - 0.5 - center_px[0],
        (center_px[1] + 0.5) * aspect,
        (rows - 0.5 - center_px[1]) * aspect,
    )
    outer = np.sqrt(np.arange(1, grid.count + 1) * grid.width_px2)
    return outer <= edge
