"""A ring profile as a fit sees it: the annuli that are used, their counts and their weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from airglow.etalon.airy import Shape

_RIDGE = 1e-11  # of the squared length of a template


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
        Each (m,). Templates that the profile cannot tell apart share the amplitude.

    Returns
    -------
    LinearFit
    """
    matrix = np.stack(templates, axis=1) / data.sigma[:, None]
    scale = np.sqrt(np.einsum("ij,ij->j", matrix, matrix))
    matrix /= scale
    # The ridge is below rounding for templates that differ at all, and shares between those that do not.
    gram = matrix.T @ matrix
    gram[np.diag_indices_from(gram)] += _RIDGE
    lower = np.linalg.cholesky(gram)
    inverse = np.linalg.inv(lower)
    basis = matrix @ inverse.T
    projected = basis.T @ (data.counts / data.sigma)
    return LinearFit(
        amplitudes=(inverse.T @ projected) / scale,
        covariance=(inverse.T @ inverse) / np.outer(scale, scale),
        model=(basis @ projected) * data.sigma,
        basis=basis,
    )


def flat_templates(data: ProfileData, shape: Shape) -> tuple[np.ndarray, np.ndarray]:
    """Continuum under the instrument's illumination, and a bias."""
    return shape.illumination(data.radius_squared_px2), np.ones(len(data))
