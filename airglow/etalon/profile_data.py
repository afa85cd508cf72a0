"""A ring profile as a fit sees it: the annuli that are used, their counts and their weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from airglow.etalon.airy import Shape

_RIDGE = 1e-11  # of the squared length of a template


@dataclass(frozen=True)
class ProfileData:
    """The m annuli of a profile that take part in a fit.

    Parameters
    ----------
    radius_squared_px2
        r^2 of the annuli, shape (m,).
    counts
        Mean counts, shape (m,).
    sigma
        Standard error of the counts, shape (m,).
    width_px2
        Width of the annuli in r^2.
    """

    radius_squared_px2: np.ndarray
    counts: np.ndarray
    sigma: np.ndarray
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
        """Take the annuli from ``first`` up to ``stop`` that have finite values.

        Parameters
        ----------
        radius_squared_px2
            r^2 of all annuli, shape (n,).
        counts
            Mean counts, shape (n,).
        sigma
            Standard error of the counts, shape (n,).
        width_px2
            Width of the annuli in r^2.
        first
            Index of the first annulus to take.
        stop
            Index one past the last annulus to take; None takes all.

        Returns
        -------
        ProfileData
        """
        window = slice(first, stop)
        s, c, e = radius_squared_px2[window], counts[window], sigma[window]
        ok = np.isfinite(s) & np.isfinite(c) & np.isfinite(e) & (e > 0)
        return cls(s[ok], c[ok], e[ok], width_px2)

    def __len__(self) -> int:
        return self.counts.size


@dataclass(frozen=True)
class LinearFit:
    """Least-squares amplitudes of k templates at m annuli, and what they leave.

    Parameters
    ----------
    amplitudes
        Amplitudes, shape (k,).
    covariance
        Their covariance, shape (k, k).
    model
        Sum of the templates, shape (m,).
    basis
        Orthonormal vectors that span the weighted templates, shape (m, k).
    """

    amplitudes: np.ndarray
    covariance: np.ndarray
    model: np.ndarray
    basis: np.ndarray


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
    """Continuum under the instrument's illumination, and a bias.

    Parameters
    ----------
    data
        The profile, of m annuli.
    shape
        Shape of the instrument.

    Returns
    -------
    continuum, bias : ndarray
        Shape (m,).
    """
    return shape.illumination(data.radius_squared_px2), np.ones(len(data))
