"""Errors of a line fit: by the noise, and by residuals that hang together."""

from __future__ import annotations

import numpy as np

from airglow.etalon import fringes
from airglow.model.errors import NotAnalysable
from airglow.model.instrument import InstrumentParameters
from airglow.rings import RingProfile
from airglow.spectra.line_model import LineModel, LinePoints
from airglow.spectra.sky_line import SkyLine


def cramer_rao_bound(
    profile: RingProfile,
    central_phase: float,
    parameters: InstrumentParameters,
    line: SkyLine,
    velocity_mps: float,
    temperature_k: float,
) -> tuple[float, float]:
    """Least standard errors of velocity and temperature that the noise of a profile allows.

    The inverse of the Fisher information of Gaussian noise, with intensity, continuum and bias free and the
    instrument known. An unbiased estimate cannot do better (Kay 1993, Fundamentals of Statistical Signal
    Processing: Estimation Theory, section 3.9).

    Parameters
    ----------
    profile
        The profile; its counts set the intensity, its ``sigma`` the noise.
    central_phase, parameters, line
        As for `fit_line`.
    velocity_mps, temperature_k
        Of the line, as fitted or as true.

    Returns
    -------
    velocity_bound_mps, temperature_bound_k : float

    Raises
    ------
    NotAnalysable
        If the profile says nothing of the line.
    """
    count = line.terms_needed(central_phase, parameters.reflectivity)
    instrument = fringes(profile.radius_squared_px2, profile.width_px2, central_phase, parameters, count)
    model = LineModel([profile], instrument, parameters, line)
    at = model.evaluate(np.arange(1), np.array([velocity_mps]), np.array([temperature_k]))
    inverse, why_none = inverse_of_two(at.projected.mT @ at.projected)
    if why_none[0]:
        raise NotAnalysable("line fit failed", str(why_none[0]))
    errors = np.sqrt(np.diag(inverse[0]))
    return float(errors[0]), float(errors[1])


def excess_by_scatter(at: LinePoints, covariance: np.ndarray, phase: np.ndarray) -> np.ndarray:
    """Squared error of velocity and temperature by the scatter between half fringes, over that by the noise.

    Residuals that hang together over several annuli (a star's halo, a cloud's edge, what the model lacks)
    pull a fit further than their size tells. Each half fringe's own pull is squared and summed (the sandwich
    estimator with clusters: Liang & Zeger 1986, Biometrika 73, 13), and compared with what white noise of the
    same size would give, the residuals' loss of freedom included. One frame's answer is uncertain by a
    third: it is meant to be averaged over a night.

    Parameters
    ----------
    at
        Where p fits ended.
    covariance
        Of velocity and temperature, shape (p, 2, 2).
    phase
        At the m annuli, shape (m,).

    Returns
    -------
    ndarray
        (p, 2) of velocity and temperature.
    """
    half_fringe = np.floor(phase / np.pi)
    is_in = (np.unique(half_fringe)[:, None] == half_fringe).astype(float)  # (half fringes, m)
    spanned = np.concatenate([at.basis, np.linalg.qr(at.projected)[0]], axis=-1)
    answers = np.empty((len(at.cost), 2))
    for column in range(2):
        linear_response = at.projected @ covariance[:, :, column, None]
        seen = is_in @ (linear_response * at.residual[..., None])
        lost = is_in @ (linear_response * spanned)
        expected = np.sum(linear_response**2, axis=(1, 2)) - np.sum(lost**2, axis=(1, 2))
        answers[:, column] = np.sum(seen**2, axis=(1, 2)) / np.maximum(expected, 1e-300)
    return answers


def inverse_of_two(normal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Inverses of matrices of two unknowns, whose rows may be of very different size.

    Parameters
    ----------
    normal
        (p, 2, 2) for p fits.

    Returns
    -------
    inverse : ndarray
        (p, 2, 2).
    why_none : ndarray
        (p,) text: empty where there is an inverse.
    """
    size = np.sqrt(np.diagonal(normal, axis1=1, axis2=2))
    seen = np.all((size > 0) & np.isfinite(size), axis=1)
    size = np.where(seen[:, None], size, 1.0)
    mixed = normal[:, 0, 1] / (size[:, 0] * size[:, 1])
    apart = 1.0 - mixed**2  # determinant of the matrix in units of its rows and columns
    why_none = np.where(apart > 1e-12, "", "velocity and temperature cannot be told apart")
    why_none = np.where(seen, why_none, "no line in the profile")
    apart = np.where(why_none == "", apart, 1.0)
    inverse = np.empty_like(normal)
    inverse[:, 0, 0] = 1.0 / (apart * size[:, 0] ** 2)
    inverse[:, 1, 1] = 1.0 / (apart * size[:, 1] ** 2)
    inverse[:, 0, 1] = inverse[:, 1, 0] = -mixed / (apart * size[:, 0] * size[:, 1])
    return inverse, why_none
