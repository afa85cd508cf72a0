"""Linear amplitudes of a profile's model: fringes, continuum and bias, solved exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from airglow.etalon.airy import relative_illumination
from airglow.model.instrument import InstrumentParameters
from airglow.rings import RingProfile

_RIDGE = 1e-11  # of the squared length of a template


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


def fit_linear(profile: RingProfile, templates: Sequence[np.ndarray]) -> LinearFit:
    """Fit amplitudes of templates to a profile.

    Parameters
    ----------
    profile
        The profile.
    templates
        Each (m,). Templates that the profile cannot tell apart share the amplitude.

    Returns
    -------
    LinearFit
    """
    matrix = np.stack(templates, axis=1) / profile.sigma[:, None]
    scale = np.sqrt(np.einsum("ij,ij->j", matrix, matrix))
    matrix /= scale
    # The ridge is below rounding for templates that differ at all, and shares between those that do not.
    gram = matrix.T @ matrix
    gram[np.diag_indices_from(gram)] += _RIDGE
    lower = np.linalg.cholesky(gram)
    inverse = np.linalg.inv(lower)
    basis = matrix @ inverse.T
    projected = basis.T @ (profile.counts / profile.sigma)
    return LinearFit(
        amplitudes=(inverse.T @ projected) / scale,
        covariance=(inverse.T @ inverse) / np.outer(scale, scale),
        model=(basis @ projected) * profile.sigma,
        basis=basis,
    )


def flat_templates(profile: RingProfile, parameters: InstrumentParameters) -> tuple[np.ndarray, np.ndarray]:
    """Continuum under the instrument's illumination, and a bias.

    Parameters
    ----------
    profile
        The profile, of m annuli.
    parameters
        Parameters of the instrument.

    Returns
    -------
    continuum, bias : ndarray
        Shape (m,).
    """
    return relative_illumination(parameters, profile.radius_squared_px2), np.ones(len(profile))
