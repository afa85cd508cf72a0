"""Derivatives of the model of a sky frame by the parameters of the instrument, about the fit of its line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from airglow.etalon import FringeTables, airy_derivatives
from airglow.etalon.shape import (
    BLUR,
    FALLOFF,
    GAP_THIRD_MOMENT,
    GAP_VARIANCE,
    LOG_REFLECTIVITY,
    PLATE_SCALE,
    SHAPE_SIZE,
)
from airglow.rings import RingProfile
from airglow.spectra.line import LineFit
from airglow.spectra.line_model import LineModel
from airglow.spectra.sky_line import SkyLine


@dataclass(frozen=True)
class SkyDerivatives:
    """Derivatives of one frame's model at its fit, over the errors of the counts, on m annuli.

    Parameters
    ----------
    by_shape
        By the parameters in the order of `airglow.etalon.ShapeCovariance`, shape (m, 9).
    line_light
        Counts of the line at the centre, over the blurred Airy function.
    residual
        Counts less the model, over their errors, shape (m,).
    phase
        At the annuli, rad, shape (m,).
    projected
        By velocity and temperature, less what the linear amplitudes take up, shape (m, 2).
    spanned
        Orthonormal vectors that span all that the fit of the line can take up, shape (m, n).
    """

    by_shape: np.ndarray
    line_light: float
    residual: np.ndarray
    phase: np.ndarray
    projected: np.ndarray
    spanned: np.ndarray

    def left_by_line(self, columns: np.ndarray) -> np.ndarray:
        """What no line can be of changes of the model.

        Parameters
        ----------
        columns
            Changes over the errors of the counts, shape (m, k).

        Returns
        -------
        ndarray
            Shape (m, k).
        """
        return columns - self.spanned @ (self.spanned.T @ columns)

    def taken_up(self, columns: np.ndarray) -> np.ndarray:
        """Velocity and temperature that the fit of the line takes for changes of the model.

        Parameters
        ----------
        columns
            Changes over the errors of the counts, shape (m, k).

        Returns
        -------
        ndarray
            m/s and K, shape (2, k).
        """
        return np.linalg.lstsq(self.projected, columns)[0]


def sky_derivatives(
    profile: RingProfile,
    fit: LineFit,
    tables: FringeTables,
    line: SkyLine,
    foreign: np.ndarray | None = None,
) -> SkyDerivatives:
    """Derivatives of the model of a frame by the parameters of the instrument.

    Parameters
    ----------
    profile
        The frame, on m annuli.
    fit
        Of the line in it; its velocity is that at the phase of the tables.
    tables
        Fringe terms of the instrument.
    line
        The sky line.
    foreign
        Light of the f foreign lines of unit brightness that the fit has, (f, m); none if not given.

    Returns
    -------
    SkyDerivatives
    """
    s, parameters = profile.radius_squared_px2, tables.parameters
    shining = None if foreign is None else foreign[None]
    model = LineModel([profile], tables.at(s, profile.width_px2), parameters, line, shining)
    at = model.evaluate(np.arange(1), np.array([fit.velocity_mps]), np.array([fit.temperature_k]))
    made = model.with_line(fit.velocity_mps, fit.temperature_k)
    rates = tables.rates_at(s, profile.width_px2)
    by = airy_derivatives(made, s, profile.width_px2, tables.central, parameters, rates)
    line_light, continuum = at.amplitudes[0, :2]
    light = line_light * model.illumination
    per_illumination = line_light * made.airy() + continuum
    rho = np.sqrt(s) / parameters.max_radius_px
    columns = np.empty((len(profile), SHAPE_SIZE))
    columns[:, PLATE_SCALE] = light * by.alpha * parameters.plate_scale_rad_per_pixel
    columns[:, LOG_REFLECTIVITY] = light * by.log_reflectivity
    columns[:, GAP_VARIANCE] = light * by.phase_variance * tables.central**2
    columns[:, GAP_THIRD_MOMENT] = light * by.phase_third_moment * tables.central**3
    columns[:, FALLOFF] = per_illumination[:, None] * np.stack([rho, rho**2], axis=1)
    columns[:, BLUR] = light[:, None] * by.blur
    projected = at.projected[0]
    return SkyDerivatives(
        by_shape=columns / profile.sigma[:, None],
        line_light=float(line_light),
        residual=at.residual[0],
        phase=made.phase,
        projected=projected,
        spanned=np.column_stack([at.basis[0], np.linalg.qr(projected)[0]]),
    )
