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

    Of several profiles at once, each shape has the number of profiles in front.

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
    return fit_linear_together(profile.counts, profile.sigma, templates)


def fit_linear_together(counts: np.ndarray, sigma: np.ndarray, templates: Sequence[np.ndarray]) -> LinearFit:
    """Fit amplitudes of templates to profiles on the same annuli, as `fit_linear` does to one.

    Parameters
    ----------
    counts, sigma
        Of the profiles, each (p, m); or (m,) of one.
    templates
        Each (p, m), or (m,) if it is the same for all.

    Returns
    -------
    LinearFit
    """
    matrix = np.empty((*counts.shape, len(templates)))
    for place, template in enumerate(templates):
        matrix[..., place] = template / sigma
    scale = np.sqrt(np.sum(matrix**2, axis=-2))
    matrix /= scale[..., None, :]
    # The ridge is below rounding for templates that differ at all, and shares between those that do not.
    gram = matrix.mT @ matrix + _RIDGE * np.eye(len(templates))
    inverse = np.linalg.inv(np.linalg.cholesky(gram))
    basis = matrix @ inverse.mT
    projected = basis.mT @ (counts / sigma)[..., None]
    return LinearFit(
        amplitudes=(inverse.mT @ projected)[..., 0] / scale,
        covariance=(inverse.mT @ inverse) / (scale[..., :, None] * scale[..., None, :]),
        model=(basis @ projected)[..., 0] * sigma,
        basis=basis,
    )


def smooth_trend(profile: RingProfile) -> np.ndarray:
    """What of a profile is no fringe: the parabola over r^2 that fits it best.

    Parameters
    ----------
    profile
        The profile, of m annuli.

    Returns
    -------
    ndarray
        Counts, shape (m,).
    """
    s = profile.radius_squared_px2
    x = 2.0 * (s - s.min()) / max(np.ptp(s), np.finfo(float).tiny) - 1.0
    return fit_linear(profile, [np.ones_like(x), x, x**2]).model


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
