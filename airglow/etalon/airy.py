"""Fringes of an etalon on a ring profile, as a series in the order of interference.

The Airy function is 1 + 2 sum_k R^k cos(k phi) (times a constant), with the phase phi between beams.
Everything that broadens a fringe has a closed form for each term k. With beta = -dphi/ds, s = r^2, and
a = k beta the term's frequency in s:

- a two-dimensional Gaussian blur of variance w turns exp(i k phi) into
  exp(i k phi - 2 a^2 w s / d) / d with d = 1 + 2 i a w (the characteristic function of a non-central
  chi-square with two degrees of freedom; right at the centre too);
- the mean over an annulus of width ds multiplies by sin(a ds / 2) / (a ds / 2);
- a thermal line multiplies by exp(-(k phi)^2 kB T / (2 m c^2)), a Doppler shift v by
  exp(-i k phi v / c) (see `airglow.spectra`).

Instrument model after Harding, Gehrels & Makela (2014), Applied Optics 53, 666: falloff and blur are
short series in r / r_max. There the blur acts along r by numerical integration; here in two dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PIXEL_VARIANCE_PX2 = 1.0 / 12.0  # of a square pixel, along each axis
_SMALLEST_TERM = 3e-6
_FEWEST_TERMS, _MOST_TERMS = 8, 120


@dataclass(frozen=True)
class Shape:
    """What shapes the fringes, but for the gap.

    ``falloff``: coefficients of r/r_max and its square in the illumination; ``blur_px``: coefficients of
    1, sin(pi r/r_max) and cos(pi r/r_max) in the width of the blur.
    """

    magnification_rad_per_pixel: float
    reflectivity: float
    falloff: tuple[float, float]
    blur_px: tuple[float, float, float]
    max_radius_px: float

    def illumination(self, s_px2: np.ndarray) -> np.ndarray:
        """Relative illumination at r^2, 1 at the centre."""
        rho = np.sqrt(s_px2) / self.max_radius_px
        return 1.0 + self.falloff[0] * rho + self.falloff[1] * rho**2

    def blur_width_px(self, s_px2: np.ndarray) -> np.ndarray:
        """Width of the optical blur at r^2; its sign has no meaning."""
        return blur_basis(s_px2, self.max_radius_px) @ np.asarray(self.blur_px)


@dataclass(frozen=True)
class Fringes:
    """Terms of the series at the annuli of a profile, and what its derivatives need.

    ``terms[k - 1]`` is R^k W_k exp(z_k), W_k of the annulus width; ``phase`` and ``beta`` belong to the
    wavelength for which the terms were made.
    """

    phase: np.ndarray  # (m,)
    beta: np.ndarray  # (m,)
    terms: np.ndarray  # (k, m) complex

    @property
    def order(self) -> np.ndarray:
        """k as a column."""
        return np.arange(1, self.terms.shape[0] + 1)[:, None]

    def airy(self) -> np.ndarray:
        """The blurred Airy function of a monochromatic line, of mean 1 over an order."""
        return 1.0 + 2.0 * self.terms.real.sum(axis=0)


def terms_needed(reflectivity: float) -> int:
    """Number of terms beyond which the series of this reflectivity is negligible."""
    needed = int(np.ceil(np.log(_SMALLEST_TERM) / np.log(reflectivity)))
    return int(np.clip(needed, _FEWEST_TERMS, _MOST_TERMS))


def blur_basis(s_px2: np.ndarray, max_radius_px: float) -> np.ndarray:
    """1, sin(pi rho) and cos(pi rho) as columns, rho = r / r_max."""
    rho = np.sqrt(s_px2) / max_radius_px
    return np.stack([np.ones_like(rho), np.sin(np.pi * rho), np.cos(np.pi * rho)], axis=1)


def central_phase(gap_m: float, wavelength_m: float) -> float:
    """Phase between beams (rad) along the axis: 4 pi t / lambda, the refractive index taken as 1."""
    return 4.0 * np.pi * gap_m / wavelength_m


def phase_and_beta(s_px2: np.ndarray, central: float, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """Phase at r^2 and its rate of fall with r^2: phi0 / sqrt(1 + alpha^2 s)."""
    cosine = 1.0 / np.sqrt(1.0 + alpha**2 * s_px2)
    return central * cosine, 0.5 * central * alpha**2 * cosine**3


def fringes(s_px2: np.ndarray, width_px2: float, central: float, shape: Shape, count: int) -> Fringes:
    """Terms of the fringe series on annuli.

    Parameters
    ----------
    s_px2
        (m,) mean of r^2 over each annulus.
    width_px2
        Width of the annuli in r^2.
    central
        Phase along the axis, as of `central_phase`.
    shape
        The instrument.
    count
        Number of terms.

    Returns
    -------
    Fringes
    """
    phase, beta = phase_and_beta(s_px2, central, shape.magnification_rad_per_pixel)
    k = np.arange(1, count + 1)[:, None]
    variance = shape.blur_width_px(s_px2) ** 2 + PIXEL_VARIANCE_PX2
    a = k * beta
    d = 1.0 + 2j * a * variance
    exponent = 1j * k * np.mod(phase, 2 * np.pi) - 2.0 * a**2 * (variance * s_px2) / d
    exponent += k * np.log(shape.reflectivity)
    width = np.sinc(a * (width_px2 / (2.0 * np.pi)))
    return Fringes(phase=phase, beta=beta, terms=width * np.exp(exponent) / d)


@dataclass(frozen=True)
class AiryDerivatives:
    """Derivatives of `Fringes.airy`, each (m,) (blur: (m, 3))."""

    central: np.ndarray
    alpha: np.ndarray
    log_reflectivity: np.ndarray
    blur: np.ndarray


def airy_derivatives(
    made: Fringes, s_px2: np.ndarray, width_px2: float, central: float, shape: Shape
) -> AiryDerivatives:
    """Derivatives of the blurred Airy function by the parameters of the instrument.

    Parameters
    ----------
    made
        Result of `fringes` for the other arguments.
    s_px2, width_px2, central, shape
        As for `fringes`.

    Returns
    -------
    AiryDerivatives
        By central phase, magnification, log of reflectivity and the blur's coefficients.
    """
    alpha = shape.magnification_rad_per_pixel
    k = made.order
    blur_width = shape.blur_width_px(s_px2)
    variance = blur_width**2 + PIXEL_VARIANCE_PX2
    a = k * made.beta
    d = 1.0 + 2j * a * variance
    sa = s_px2 * a
    # z = i k phi - 2 a^2 w s / d - log d
    by_a = -4.0 * sa * variance / d + 4j * (a * variance) * (sa * variance) / d**2 - 2j * variance / d
    x = a * (width_px2 / 2.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        # d log(sin x / x); where the term itself vanishes the product below is restored by its limit
        by_a = by_a + (width_px2 / 2.0) * np.where(np.abs(np.sin(x)) > 1e-9, 1.0 / np.tan(x) - 1.0 / x, 0.0)
    by_variance = -2.0 * a * sa / d + 4j * a * (a * variance) * sa / d**2 - 2j * a / d
    cosine_squared = 1.0 / (1.0 + alpha**2 * s_px2)
    phase_by_alpha = -made.phase * alpha * s_px2 * cosine_squared
    beta_by_alpha = made.beta * (2.0 / alpha - 3.0 * alpha * s_px2 * cosine_squared)

    def summed(factor: np.ndarray) -> np.ndarray:
        return 2.0 * np.real(made.terms * factor).sum(axis=0)

    by_width = summed(by_variance) * 2.0 * blur_width
    return AiryDerivatives(
        central=summed(1j * k * (made.phase / central) + by_a * k * (made.beta / central)),
        alpha=summed(1j * k * phase_by_alpha + by_a * k * beta_by_alpha),
        log_reflectivity=summed(k.astype(complex)),
        blur=by_width[:, None] * blur_basis(s_px2, shape.max_radius_px),
    )
