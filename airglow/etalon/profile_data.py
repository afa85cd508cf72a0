"""A ring profile as a fit sees it: the annuli that are used, their counts and their weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from airglow.etalon.airy import Shape


@dataclass(frozen=True)
class ProfileData:
    """Annuli that take part in a fit (m of them)."""

    radius_squared_px2: np.ndarray
    counts: np.ndarray
    sigma: np.ndarray  # standard error of the counts
    width_px2: float

    @classmethod
    def select(
        cls,
        radius_squared_px2: np.ndarray,
        counts: np.ndarray,
        sigma: np.ndarray,
        width_px2: float,
        first: int = 0,
        stop: int | None = None,
    ) -> ProfileData:
        """Take the annuli from ``first`` up to ``stop`` that have finite values."""
        window = slice(first, stop)
        s, c, e = radius_squared_px2[window], counts[window], sigma[window]
        ok = np.isfinite(s) & np.isfinite(c) & np.isfinite(e) & (e > 0)
        return cls(s[ok], c[ok], e[ok], width_px2)

    def __len__(self) -> int:
        return self.counts.size


@dataclass(frozen=True)
class LinearFit:
    """Least-squares amplitudes of templates, and what they leave."""

    amplitudes: np.ndarray
    covariance: np.ndarray
    model: np.ndarray
    basis: np.ndarray  # orthonormal, weighted: spans the templates


def fit_linear(data: ProfileData, templates: Sequence[np.ndarray]) -> LinearFit:
    """Fit amplitudes of templates to a profile.

    Parameters
    ----------
    data
        The profile.
    templates
        Each (m,). Templates that the profile cannot tell apart share the amplitude (minimum norm).

    Returns
    -------
    LinearFit
    """
    matrix = np.stack(templates, axis=1) / data.sigma[:, None]
    scale = np.linalg.norm(matrix, axis=0)
    u, singular, vt = np.linalg.svd(matrix / scale, full_matrices=False)
    good = singular > 1e-7 * singular[0]
    u, singular, vt = u[:, good], singular[good], vt[good]
    projected = u.T @ (data.counts / data.sigma)
    amplitudes = (vt.T @ (projected / singular)) / scale
    covariance = (vt.T / singular**2) @ vt / np.outer(scale, scale)
    return LinearFit(amplitudes, covariance, (u @ projected) * data.sigma, u)


def flat_templates(data: ProfileData, shape: Shape) -> tuple[np.ndarray, np.ndarray]:
    """Continuum under the instrument's illumination, and a bias."""
    return shape.illumination(data.radius_squared_px2), np.ones(len(data))
