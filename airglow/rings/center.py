"""Where the centre of a ring pattern is.

Roughly from the pattern's symmetry: an image correlated with itself turned by 180 degrees peaks at twice
the centre. Finely from the first azimuthal harmonic of the annuli: a centre that is off by d changes the
counts by -2 d.x f'(s), with f the profile in s = r^2, x the pixel relative to the assumed centre.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft, ndimage

from airglow.rings.geometry import AnnulusGrid
from airglow.rings.profile import RingProfile, reduce_frame, slope_of

_SMOOTHING_PX = 1.5
_BACKGROUND_PX = 25.0
_EXTREME_PERCENT = 0.1  # brightest and faintest pixels that are clamped before correlating
_REFINEMENTS = 4
_SETTLED_PX = 0.02
_WEAKEST_RINGS = 0.3  # of the slope's power must be more than noise


@dataclass(frozen=True)
class Center:
    """Centre of a ring pattern.

    Parameters
    ----------
    x_px
        Column.
    y_px
        Row.
    error_px
        Standard error of column and row alike.
    """

    x_px: float
    y_px: float
    error_px: float

    @property
    def xy(self) -> tuple[float, float]:
        """Column and row."""
        return self.x_px, self.y_px


def find_center(image: np.ndarray, grid: AnnulusGrid, aspect: float = 1.0) -> Center:
    """Find the centre without knowing where to look.

    Parameters
    ----------
    image
        (rows, columns) counts.
    grid
        The annuli with which the centre is refined.
    aspect
        Height of a pixel over its width.

    Returns
    -------
    Center
        With an infinite error when there are no rings to be seen.
    """
    guess = _center_of_symmetry(np.asarray(image, float))
    rows, columns = image.shape
    if not (0.2 * columns < guess[0] < 0.8 * columns and 0.2 * rows < guess[1] < 0.8 * rows):
        guess = ((columns - 1) / 2.0, (rows - 1) / 2.0)
    return refine_center(image, guess, grid, aspect)[0]


def refine_center(
    image: np.ndarray, guess_px: tuple[float, float], grid: AnnulusGrid, aspect: float = 1.0
) -> tuple[Center, RingProfile]:
    """Refine a centre that is known to a few pixels, and reduce the frame about it.

    Parameters
    ----------
    image
        (rows, columns) counts.
    guess_px
        Column and row to begin with.
    grid, aspect
        As for `airglow.rings.reduce_frame`.

    Returns
    -------
    Center
        Where the centre is.
    RingProfile
        About a centre within a few hundredths of a pixel of it.
    """
    position = guess_px
    center, profile = Center(*guess_px, np.inf), reduce_frame(image, guess_px, grid, aspect)
    for _ in range(_REFINEMENTS):
        center = measure_center(profile, grid, aspect)
        step = np.hypot(center.x_px - position[0], center.y_px - position[1])
        if not np.isfinite(center.error_px) or step < max(_SETTLED_PX, 0.1 * center.error_px):
            break
        position = center.xy
        profile = reduce_frame(image, position, grid, aspect)
    return center, profile


def measure_center(profile: RingProfile, grid: AnnulusGrid, aspect: float = 1.0) -> Center:
    """Measure the centre from the first harmonic of a profile.

    A gradient of the illumination and one of the background also make a first harmonic; they are fitted
    together with the displacement, so that they do not pull the centre.

    Parameters
    ----------
    profile
        With the statistics of its pixels, reduced about a centre within a fraction of a fringe's width of
        the true one.
    grid
        Its annuli.
    aspect
        Height of a pixel over its width.

    Returns
    -------
    Center
        With an infinite error when the profile has no rings.
    """
    pixels = profile.pixels
    slope = slope_of(profile.counts, profile.radius_squared_px2)
    used = np.isfinite(slope) & np.isfinite(pixels.cosine) & np.isfinite(pixels.variance)
    used[: grid.first] = False
    if grid.stop is not None:
        used[grid.stop :] = False
    x0, y0 = pixels.center_px
    if used.sum() < 10:
        return Center(x0, y0, np.inf)
    s, counts = profile.radius_squared_px2[used], profile.counts[used]
    # Error of an amplitude over r: sqrt(2 variance / (pixels r^2)); a fringe is never noiseless.
    variance = np.maximum(pixels.variance[used], 1e-6 * max(float(np.ptp(counts)), 1.0) ** 2)
    weight = np.sqrt(pixels.number[used] * s / (2.0 * variance))
    level = counts - counts.mean()
    templates = np.stack([-2.0 * slope[used], level, np.ones_like(level)], axis=1) * weight[:, None]
    scale = np.linalg.norm(templates, axis=0)
    scale[scale == 0] = 1.0
    templates /= scale
    # The slope is itself noisy: its noise power would pass for rings, and would draw the shift to zero.
    own_noise = 4.0 * weight**2 * _slope_variance(profile)[used]
    rings = 1.0 - float(np.nansum(own_noise)) / scale[0] ** 2
    if rings < _WEAKEST_RINGS:
        return Center(x0, y0, np.inf)
    covariance = np.linalg.pinv(templates.T @ templates, rcond=1e-10, hermitian=True)
    shift = []
    misfit = 0.0
    for harmonic in (pixels.cosine, pixels.sine):
        observed = harmonic[used] * weight
        solution = covariance @ (templates.T @ observed)
        shift.append(solution[0] / scale[0] / rings)
        misfit += float(np.sum((observed - templates @ solution) ** 2))
    reduced = misfit / (2 * (used.sum() - 3))
    error = float(np.sqrt(covariance[0, 0] * max(reduced, 1.0)) / scale[0] / rings)
    if not np.isfinite(error) or error == 0.0:
        return Center(x0, y0, np.inf)
    return Center(float(x0 + shift[0]), float(y0 + shift[1] / aspect), error)


def _slope_variance(profile: RingProfile) -> np.ndarray:
    """Variance of the central differences that make a profile's slope."""
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_variance = profile.pixels.variance / profile.pixels.number
    result = np.full(mean_variance.shape, np.nan)
    result[1:-1] = (mean_variance[:-2] + mean_variance[2:]) / (2.0 * profile.width_px2) ** 2
    return result


def _center_of_symmetry(image: np.ndarray) -> tuple[float, float]:
    low, high = np.percentile(image, [_EXTREME_PERCENT, 100.0 - _EXTREME_PERCENT])
    image = np.clip(image, low, high)
    image = ndimage.gaussian_filter(image, _SMOOTHING_PX) - ndimage.gaussian_filter(image, _BACKGROUND_PX)
    shape = [fft.next_fast_len(2 * n, real=True) for n in image.shape]
    spectrum = fft.rfft2(image, shape)
    turned = fft.irfft2(spectrum**2, shape)
    row, column = np.unravel_index(np.argmax(turned), turned.shape)
    return column / 2.0, row / 2.0
