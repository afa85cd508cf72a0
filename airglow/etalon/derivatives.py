"""Derivatives of the fringe series of `airglow.etalon.airy` by the parameters of the instrument."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from airglow.etalon.airy import PIXEL_VARIANCE_PX2, Fringes, blur_basis, blur_width_px
from airglow.model.instrument import InstrumentParameters


@dataclass(frozen=True)
class AiryDerivatives:
    """Derivatives of `Fringes.airy`, each (m,) (blur: (m, 3))."""

    central: np.ndarray
    alpha: np.ndarray
    log_reflectivity: np.ndarray
    blur: np.ndarray
    phase_variance: np.ndarray  # by gap_variance times the central phase squared
    phase_third_moment: np.ndarray  # by gap_third_moment times the central phase cubed


@dataclass(frozen=True)
class TermRates:
    """Derivatives of the logarithm of each of n terms, whatever line they are in the light of.

    Parameters
    ----------
    by_frequency
        By the term's frequency in r^2, complex, shape (n,).
    by_variance
        By the variance of the blur, complex, shape (n,).
    """

    by_frequency: np.ndarray
    by_variance: np.ndarray


def term_rates(
    made: Fringes, s_px2: np.ndarray, width_px2: float, parameters: InstrumentParameters
) -> TermRates:
    """Derivatives of the terms by what blur and the annuli's width do to them.

    Parameters
    ----------
    made
        Result of `fringes` for the other arguments.
    s_px2, width_px2, parameters
        As for `fringes`.

    Returns
    -------
    TermRates
    """
    at = made.annulus
    w, s = (blur_width_px(parameters, s_px2) ** 2 + PIXEL_VARIANCE_PX2)[at], s_px2[at]
    a = made.order * made.beta[at]
    d = 1.0 + 2j * a * w
    # z = i k phi - 2 a^2 w s / d - log d
    by_a = -4.0 * a * (w * s) / d + 4j * a**2 * (w**2 * s) / d**2 - 2j * w / d
    x = a * (width_px2 / 2.0)
    sine = np.sin(x)
    with np.errstate(divide="ignore", invalid="ignore"):
        # d log(sin x / x); where sin x vanishes so does the term, and next to it the two balance
        by_a += (width_px2 / 2.0) * np.where(np.abs(sine) > 1e-9, np.cos(x) / sine - 1.0 / x, 0.0)
    by_variance = -2.0 * a**2 * s / d + 4j * a**3 * (w * s) / d**2 - 2j * a / d
    return TermRates(by_a, by_variance)


def airy_derivatives(
    made: Fringes,
    s_px2: np.ndarray,
    width_px2: float,
    central: float,
    parameters: InstrumentParameters,
    rates: TermRates | None = None,
) -> AiryDerivatives:
    """Derivatives of the blurred Airy function by the parameters of the instrument.

    Parameters
    ----------
    made
        Result of `fringes` for the other arguments, perhaps in the light of a line.
    s_px2, width_px2, central, parameters
        As for `fringes`.
    rates
        As of `term_rates`, where they are known.

    Returns
    -------
    AiryDerivatives
        By central phase, plate scale, log of reflectivity, the blur's coefficients, and the moments of the
        gap over the plates.
    """
    alpha = parameters.plate_scale_rad_per_pixel
    k, at = made.order, made.annulus
    if rates is None:
        rates = term_rates(made, s_px2, width_px2, parameters)
    cosine_squared = 1.0 / (1.0 + alpha**2 * s_px2)
    phase_by_alpha = -made.phase * alpha * s_px2 * cosine_squared
    beta_by_alpha = made.beta * (2.0 / alpha - 3.0 * alpha * s_px2 * cosine_squared)
    weighted = made.terms * k

    def summed(values: np.ndarray) -> np.ndarray:
        return 2.0 * made.summed(values)

    by_frequency = (weighted * rates.by_frequency).real
    by_width = summed((made.terms * rates.by_variance).real) * 2.0 * blur_width_px(parameters, s_px2)
    return AiryDerivatives(
        central=summed(
            -weighted.imag * (made.phase / central)[at] + by_frequency * (made.beta / central)[at]
        ),
        alpha=summed(-weighted.imag * phase_by_alpha[at] + by_frequency * beta_by_alpha[at]),
        log_reflectivity=summed(weighted.real),
        blur=by_width[:, None] * blur_basis(s_px2, parameters.max_radius_px),
        phase_variance=summed(-0.5 * k * weighted.real),
        phase_third_moment=summed(k**2 / 6.0 * weighted.imag),
    )
