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
_GEOMETRIES_KEPT = 12  # of about 5 MB each


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
    """Pixels of a frame in a table with a row per annulus.

    Annuli of equal area hold nearly equal numbers of pixels. The rows of those that hold fewer than the most,
    q, end in empty places. Annuli without a pixel have no row, pixels beyond the last annulus no place.
    """

    center_px: tuple[float, float]
    order: np.ndarray  # (a, q) indices into the flattened frame; any at empty places
    empty: np.ndarray  # empty places of the flattened table
    annulus: np.ndarray  # (a,) number of the annulus of each row
    pixels: np.ndarray  # (a,) how many it has
    x_px: np.ndarray  # (a, q) float32 from the centre; 0 at empty places, as in the next two
    y_px: np.ndarray  # (a, q) float32, in pixel widths
    s_px2: np.ndarray  # (a, q) float32, r squared less its mean over the annulus
    mean_s_px2: np.ndarray  # (a,)
    x_squared: np.ndarray  # (a,) sums over the annulus
    y_squared: np.ndarray  # (a,)
    whole: np.ndarray  # (a,) bool: the annulus lies wholly on the frame

    def clear(self, table: np.ndarray) -> np.ndarray:
        """Put zeros into the empty places of a table (a, q), and return it."""
        table.reshape(-1)[self.empty] = 0.0
        return table


def sum_of_products(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Sum over each row of the products of two tables (a, q), in double precision: (a,)."""
    return np.einsum("aq,aq->a", one, other).astype(float)


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
    s = ((dy**2)[:, None] + (dx**2)[None, :]).ravel()
    width = max_radius_px**2 / count
    number = s / width
    number = np.minimum(number, count, out=number).astype(np.int16 if count < 2**15 else np.int32)
    pixels = np.bincount(number, minlength=count + 1)[:count]
    if not pixels.any():
        raise ValueError(f"centre {center} leaves no pixel of the frame in the annuli")
    annulus = np.flatnonzero(pixels)
    pixels = pixels[annulus]
    taken = np.arange(pixels.max()) < pixels[:, None]
    order = np.zeros(taken.shape, np.intp)  # as numpy indexes: no conversion for each frame
    order[taken] = np.argsort(number, kind="stable")[: pixels.sum()]  # a radix sort on small integers
    empty = np.flatnonzero(~taken)
    row, column = np.divmod(order, columns)
    x, y, s = dx.astype(np.float32)[column], dy.astype(np.float32)[row], s[order]
    for table in (x, y, s):
        table.reshape(-1)[empty] = 0.0
    mean_s = s.sum(axis=1) / pixels
    s -= mean_s[:, None]
    s.reshape(-1)[empty] = 0.0
    edge = min(
        center[0] + 0.5,
        columns - 0.5 - center[0],
        (center[1] + 0.5) * aspect,
        (rows - 0.5 - center[1]) * aspect,
    )
    return Geometry(
        center_px=center,
        order=order,
        empty=empty.astype(np.int32),
        annulus=annulus,
        pixels=pixels,
        x_px=x,
        y_px=y,
        s_px2=s.astype(np.float32),
        mean_s_px2=mean_s,
        x_squared=sum_of_products(x, x),
        y_squared=sum_of_products(y, y),
        whole=np.sqrt((annulus + 1) * width) <= edge,
    )
