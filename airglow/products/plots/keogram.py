"""Ring profiles side by side: numbers per frame and annulus as pictures over time and squared radius."""

from __future__ import annotations

import matplotlib.dates as mdates
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.image import PcolorImage

from airglow.model.result import LaserSamples, RingProfiles, SkySamples

_ROWS = 170  # that a panel has room for
_TOO_NARROW = 1 / 400  # of what is shown: nobody sees a laser frame of 30 s in a night of nine hours
_WIDENED = 1 / 110  # what such a column gets
_NO_GAP = 1 / 1000  # a shorter pause is the camera's own, and would flicker between columns
_FULLEST = 0.8  # of the time to the nearest neighbour, for a column that is wider than its exposure
_DIMMEST, _BRIGHTEST = 5, 95  # percentiles of a profile without a fit


def scaled_rings(profiles: RingProfiles) -> np.ndarray:
    """Counts of each frame between the least (0) and the most (1) of its fit, (n, m).

    A frame that was not fitted goes by the 5th and the 95th percentile of its own counts.
    """
    low, height = _low_and_height(profiles)
    return (profiles.counts - low[:, None]) / height[:, None]


def changes(profiles: RingProfiles) -> np.ndarray:
    """What is left of each frame when the night's mean rings are fitted to it, in standard errors, (n, m).

    The fit takes out what makes the rings brighter or dimmer: a factor and a constant, and a slope with
    squared radius of each. Rings that are wider, narrower or elsewhere than the mean ones stay.
    """
    n, m = profiles.counts.shape
    left = np.full((n, m), np.nan)
    scaled = scaled_rings(profiles)
    _, height = _low_and_height(profiles)
    weight = (height[:, None] / profiles.sigma) ** 2
    known = np.isfinite(scaled) & np.isfinite(weight)
    total = np.where(known, weight, 0.0).sum(axis=0)
    weighted = np.where(known, weight * scaled, 0.0).sum(axis=0)
    mean = np.divide(weighted, total, out=np.full(m, np.nan), where=total > 0)
    for k in range(n):
        used = known[k] & np.isfinite(mean)
        if used.sum() <= 4:
            continue
        s = profiles.radius_squared_px2[k, used] / profiles.radius_squared_px2[k, used].max()
        terms = np.stack([np.ones_like(s), s, mean[used], s * mean[used]], axis=1)
        counts, sigma = profiles.counts[k, used], profiles.sigma[k, used]
        best = np.linalg.lstsq(terms / sigma[:, None], counts / sigma, rcond=None)[0]
        left[k, used] = (counts - terms @ best) / sigma
    return left


def residuals(profiles: RingProfiles) -> np.ndarray:
    """What the fits leave, in standard errors, (n, m)."""
    return (profiles.counts - profiles.model) / profiles.sigma


def _low_and_height(profiles: RingProfiles) -> tuple[np.ndarray, np.ndarray]:
    """Least of each frame's fit and how far the most is above it, (n,); NaN for a frame without counts."""
    low, height = np.full(len(profiles.counts), np.nan), np.full(len(profiles.counts), np.nan)
    for k, (counts, model) in enumerate(zip(profiles.counts, profiles.model, strict=True)):
        fitted, seen = model[np.isfinite(model)], counts[np.isfinite(counts)]
        if fitted.size:
            span = fitted.min(), fitted.max()
        elif seen.size:
            span = tuple(np.percentile(seen, [_DIMMEST, _BRIGHTEST]))
        else:
            continue
        if span[1] > span[0]:
            low[k], height[k] = span[0], span[1] - span[0]
    return low, height


def draw_cells(
    panel: Axes,
    table: SkySamples | LaserSamples,
    radius_squared_px2: np.ndarray,
    values: np.ndarray,
    span: tuple[np.datetime64, np.datetime64],
    limits: tuple[float, float],
    *,
    errors: bool,
    colors: str,
) -> PcolorImage:
    """A column for each exposure, as wide as it is long; longer pauses between them stay empty.

    Parameters
    ----------
    panel
        Where.
    table
        For the times.
    radius_squared_px2, values
        (n, m).
    span
        First and last time that is shown: columns too narrow to be seen become wider (`is_widened`), as far
        as their neighbours leave room.
    limits
        Values of the first and the last colour.
    errors
        Whether the values are in standard errors: neighbouring annuli that share a row then join as those do.
    colors
        Name of the colour map.

    Returns
    -------
    PcolorImage
        For the colour bar.
    """
    together = max(1, round(values.shape[1] / _ROWS))
    cells = _joined(values, together, errors)
    columns = np.full((cells.shape[1], 2 * len(cells) - 1), np.nan)
    columns[:, ::2] = cells.T
    edges = _edges(radius_squared_px2, together) / 1000
    # A picture, in a vector file too: 30,000 cells would be too much for it, and of a mesh that is rasterised
    # matplotlib keeps a picture of the whole page in memory.
    image = PcolorImage(
        panel,
        _sides(table, span),
        edges,
        np.ma.masked_invalid(columns),
        cmap=colors,
        norm=Normalize(*limits),
    )
    panel.add_image(image)
    panel.set_ylim(0.0, edges[-1])
    panel.grid(visible=False)
    return image


def _joined(values: np.ndarray, together: int, errors: bool) -> np.ndarray:
    """Mean of so many neighbouring annuli; of values in standard errors that mean in its own."""
    n, m = values.shape
    rows = -(-m // together)
    padded = np.full((n, rows * together), np.nan)
    padded[:, :m] = values
    parts = padded.reshape(n, rows, together)
    count = np.isfinite(parts).sum(axis=2)
    divisor = np.sqrt(count) if errors else count
    return np.divide(np.nansum(parts, axis=2), divisor, out=np.full((n, rows), np.nan), where=count > 0)


def is_widened(table: SkySamples | LaserSamples, span: tuple[np.datetime64, np.datetime64]) -> bool:
    """Whether columns of most of these frames are wider than their exposures are long."""
    return bool(np.mean(table.exposure_s / 86400 < _TOO_NARROW * _days(span)) > 0.5) if len(table) else False


def _days(span: tuple[np.datetime64, np.datetime64]) -> float:
    return float((span[1] - span[0]) / np.timedelta64(1, "D"))


def _sides(table: SkySamples | LaserSamples, span: tuple[np.datetime64, np.datetime64]) -> np.ndarray:
    """Begin and end of each column in days, one after the other.

    Those that overlap, or all but touch, meet half-way.
    """
    middle = mdates.date2num(table.mid_time)
    exposure = table.exposure_s / 86400
    steps = np.concatenate([[np.inf], np.diff(middle), [np.inf]])
    room = _FULLEST * np.minimum(steps[:-1], steps[1:])
    wider = np.maximum(exposure, np.minimum(_WIDENED * _days(span), room))
    width = np.where(exposure < _TOO_NARROW * _days(span), wider, exposure)
    begin, end = middle - width / 2, middle + width / 2
    between = (end[:-1] + begin[1:]) / 2
    meet = begin[1:] - end[:-1] < _NO_GAP * _days(span)
    end[:-1] = np.where(meet, between, end[:-1])
    begin[1:] = np.where(meet, between, begin[1:])
    return np.maximum.accumulate(np.stack([begin, end], axis=1).ravel())


def _edges(radius_squared_px2: np.ndarray, together: int) -> np.ndarray:
    """Squared radii between the rows: annuli have equal areas, so a line goes through their means."""
    frame, annulus = np.nonzero(np.isfinite(radius_squared_px2))
    known = radius_squared_px2[frame, annulus]
    step, first = (
        np.polyfit(annulus, known, 1)
        if np.unique(annulus).size > 1
        else (1.0, known.mean() if known.size else 0.0)
    )
    rows = -(-radius_squared_px2.shape[1] // together)
    return first + step * (np.arange(rows + 1) * together - 0.5)
