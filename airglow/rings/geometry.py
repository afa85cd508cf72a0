"""Which pixels lie in which annulus, worked out once for many frames.

The rings of a night move by a few tenths of a pixel. Membership of annuli is computed for centres on a
grid of `CENTER_STEP_PX` and kept; a frame whose centre lies between is reduced about the nearest of them.
The offset, at most 0.035 px, widens a fringe as a blur of half its square would: 0.0006 px^2, where the
optics have one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

CENTER_STEP_PX = 0.05
_GEOMETRIES_KEPT = 24  # of about 5 MB each


@dataclass(frozen=True)
class AnnulusGrid:
    """Annuli of equal area about a centre.

    Parameters
    ----------
    count
        Number of annuli.
    max_radius_px
        Outer radius of the last annulus.
    first
        Index of the first annulus that is used.
    stop
        Index one past the last annulus that is used; None uses all.
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
class Geometry:
    """Pixels of a frame in the order of their annuli.

    ``order`` are indices into the flattened frame, ``begin`` where each annulus begins among them (those
    without a pixel are absent from ``annulus``). Pixels beyond the last annulus are left out.
    """

    center_px: tuple[float, float]
    order: np.ndarray  # (p,) int32
    begin: np.ndarray  # (a,) first pixel of each annulus that has any
    annulus: np.ndarray  # (a,) their numbers
    pixels: np.ndarray  # (a,) how many
    x_px: np.ndarray  # (p,) float32 from the centre
    y_px: np.ndarray  # (p,) float32, in pixel widths
    s_px2: np.ndarray  # (p,) float32, r squared less its mean over the annulus
    mean_s_px2: np.ndarray  # (a,)
    x_squared: np.ndarray  # (a,) sums over the annulus
    y_squared: np.ndarray  # (a,)
    whole: np.ndarray  # (a,) bool: the annulus lies wholly on the frame

    def total(self, values: np.ndarray) -> np.ndarray:
        """Sum over each annulus of values in the order of the pixels."""
        return np.add.reduceat(values, self.begin)

    def spread(self, per_annulus: np.ndarray) -> np.ndarray:
        """One value per annulus, repeated for each of its pixels."""
        return np.repeat(per_annulus, self.pixels)


def geometry_near(
    shape: tuple[int, int], center_px: tuple[float, float], grid: AnnulusGrid, aspect: float
) -> Geometry:
    """Geometry of the kept centre nearest to this one.

    Parameters
    ----------
    shape
        Rows and columns of the frame.
    center_px
        Column and row.
    grid
        The annuli.
    aspect
        Height of a pixel over its width.

    Returns
    -------
    Geometry

    Raises
    ------
    ValueError
        If no pixel of the frame lies in the annuli.
    """
    column, row = (round(c / CENTER_STEP_PX) for c in center_px)
    return _geometry(shape, column, row, grid.count, grid.max_radius_px, aspect)


@lru_cache(maxsize=_GEOMETRIES_KEPT)
def _geometry(
    shape: tuple[int, int], column: int, row: int, count: int, max_radius_px: float, aspect: float
) -> Geometry:
    center = column * CENTER_STEP_PX, row * CENTER_STEP_PX
    rows, columns = shape
    dx = np.arange(columns) - center[0]
    dy = (np.arange(rows) - center[1]) * aspect
    s = ((dx**2)[None, :] + (dy**2)[:, None]).ravel()
    width = max_radius_px**2 / count
    number = np.minimum(s / width, count).astype(np.int16 if count < 2**15 else np.int32)
    order = np.argsort(number, kind="stable")  # a radix sort on small integers
    pixels = np.bincount(number, minlength=count + 1)[:count]
    order = order[: pixels.sum()].astype(np.int32)
    if not order.size:
        raise ValueError(f"centre {center} leaves no pixel of the frame in the annuli")
    annulus = np.flatnonzero(pixels)
    pixels = pixels[annulus]
    begin = np.concatenate([[0], np.cumsum(pixels)[:-1]])
    s = s[order]
    mean_s = np.add.reduceat(s, begin) / pixels
    x, y = dx[order % columns].astype(np.float32), dy[order // columns].astype(np.float32)
    edge = min(
        center[0] + 0.5,
        columns - 0.5 - center[0],
        (center[1] + 0.5) * aspect,
        (rows - 0.5 - center[1]) * aspect,
    )
    return Geometry(
        center_px=center,
        order=order,
        begin=begin,
        annulus=annulus,
        pixels=pixels,
        x_px=x,
        y_px=y,
        s_px2=(s - np.repeat(mean_s, pixels)).astype(np.float32),
        mean_s_px2=mean_s,
        x_squared=np.add.reduceat(x.astype(float) ** 2, begin),
        y_squared=np.add.reduceat(y.astype(float) ** 2, begin),
        whole=np.sqrt((annulus + 1) * width) <= edge,
    )
