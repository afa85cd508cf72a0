"""Rounds of look directions: what each tells of the wind and of the brightness, whatever the vertical wind
is.

A round is the shortest run of samples that tells zonal and meridional wind beside a value that all directions
have in common. It needs no Doppler reference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Variance of a horizontal component, from samples of variance 1, from which a round is complete: four
# directions at a zenith angle of 45 degrees give 1.1.
_LARGEST_VARIANCE = 1.5
# Rounds of a night are no shorter than such a part of it: the effort grows as the fifth power of their
# number. Chosen.
_SHORTEST = 1 / 18
_LEAST_COSINE = 0.1  # of the angle to the vertical at the layer: chosen, no line of sight comes near it
_TELLS_CONTRAST = 0.05  # least singular value of the directions, to tell the contrast; chosen


@dataclass(frozen=True)
class Rounds:
    """Parts of a night (n rounds).

    Parameters
    ----------
    parts
        Samples of each, one after the other, all samples together.
    time_s
        (n,) mean times, s.
    wind_mps, error_mps
        (n, 2) zonal and meridional wind and their standard errors from the samples' noise, m/s.
    common_mps, common_error_mps
        (n,) value that all directions have in common and its standard error, m/s: Doppler reference and
        vertical wind.
    contrast
        (n,) slope of the logarithm of the brightness with that of the way through the layer: 1 under a
        clear sky whose layer is alike in all directions, 0 where all directions are equally bright; NaN
        where no two zenith angles are there.
    contrast_error
        (n,) its standard errors.
    """

    parts: tuple[slice, ...]
    time_s: np.ndarray
    wind_mps: np.ndarray
    error_mps: np.ndarray
    common_mps: np.ndarray
    common_error_mps: np.ndarray
    contrast: np.ndarray
    contrast_error: np.ndarray

    def __len__(self) -> int:
        return len(self.parts)

    @property
    def longest(self) -> int:
        """Number of samples of the longest round."""
        return max((part.stop - part.start for part in self.parts), default=0)


def cut_rounds(
    time_s: np.ndarray,
    components: np.ndarray,
    wind_mps: np.ndarray,
    noise_mps: np.ndarray,
    brightness: np.ndarray,
    brightness_error: np.ndarray,
) -> Rounds:
    """Cut a night into rounds.

    Parameters
    ----------
    time_s
        (n,) middles of the exposures, ascending, s.
    components
        (n, 3) of a wind of one towards east, north and up along the lines of sight.
    wind_mps, noise_mps
        (n,) velocities along them, with any Doppler reference, and their standard errors, m/s.
    brightness, brightness_error
        (n,) intensity of the line and its standard error, in any unit.

    Returns
    -------
    Rounds
        None if the night's directions tell no horizontal wind.
    """
    parts = _parts(time_s, components)
    n = len(parts)
    middle_s, wind, error = np.empty(n), np.empty((n, 3)), np.empty((n, 3))
    contrast, contrast_error = np.full(n, np.nan), np.full(n, np.nan)
    for k, part in enumerate(parts):
        a = _with_common(components[part])
        middle_s[k] = time_s[part].mean()
        wind[k], error[k] = _fit(a, wind_mps[part], noise_mps[part])
        # Linear gradients of the brightness go with the winds' directions, and are fitted beside the
        # contrast.
        way = -np.log(np.maximum(components[part, 2], _LEAST_COSINE))
        use = (brightness[part] > 0) & (brightness_error[part] > 0)
        design = np.column_stack([way, a])[use]
        if use.sum() >= 4 and np.linalg.svd(design, compute_uv=False)[-1] > _TELLS_CONTRAST:
            bright = brightness[part][use]
            value, sigma = _fit(design, np.log(bright), brightness_error[part][use] / bright)
            contrast[k], contrast_error[k] = value[0], sigma[0]
    return Rounds(
        tuple(parts),
        middle_s,
        wind[:, :2],
        error[:, :2],
        wind[:, 2],
        error[:, 2],
        contrast,
        contrast_error,
    )


def _with_common(components: np.ndarray) -> np.ndarray:
    return np.column_stack([components[:, :2], np.ones(len(components))])


def _fit(design: np.ndarray, value: np.ndarray, sigma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of a weighted linear fit, and their standard errors."""
    weighted = design / sigma[:, None] ** 2
    covariance = np.linalg.inv(weighted.T @ design)
    return covariance @ (weighted.T @ value), np.sqrt(np.diag(covariance))


def _parts(time_s: np.ndarray, components: np.ndarray) -> list[slice]:
    parts: list[slice] = []
    begin, a = 0, _with_common(components)
    shortest_s = _SHORTEST * (time_s[-1] - time_s[0]) if time_s.size else 0.0
    for end in range(3, len(a) + 1):
        if end - begin < 3 or time_s[end - 1] - time_s[begin] < shortest_s:
            continue
        normal = a[begin:end].T @ a[begin:end]
        if np.linalg.det(normal) < 1e-6:
            continue
        if np.diag(np.linalg.inv(normal))[:2].max() < _LARGEST_VARIANCE:
            parts.append(slice(begin, end))
            begin = end
    if parts:
        parts[-1] = slice(parts[-1].start, len(a))
    return parts
