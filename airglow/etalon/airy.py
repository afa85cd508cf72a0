"""Fringes of an etalon on a ring profile, as a series in the order of interference.

The Airy function is 1 + 2 sum_k R^k cos(k phi) (times a constant), with the phase phi between beams.
Everything that broadens a fringe has a closed form for each term k. With beta = -dphi/ds, s = r^2, and
a = k beta the term's frequency in s:

- a two-dimensional Gaussian blur of variance w turns exp(i k phi) into
  exp(i k phi - 2 a^2 w s / d) / d with d = 1 + 2 i a w (the characteristic function of a non-central
  chi-square with two degrees of freedom; right at the centre too);
- the mean over an annulus of width ds multiplies by sin(a ds / 2) / (a ds / 2);
- gaps that differ from place to place on the plates multiply it by the characteristic function of their
  distribution: exp(-k^2 m2 / 2 - i k^3 m3 / 6) with the second and third central moments of the gap's
  relative departure, times the central phase to that power (real lasers ask for both: `METHOD.md`);
- a thermal line multiplies by exp(-(k phi)^2 kB T / (2 m c^2)), a Doppler shift v by
  exp(-i k phi v / c) (see `airglow.spectra`).

Instrument model after Harding, Gehrels & Makela (2014), Applied Optics 53, 666: falloff and blur are
short series in r / r_max. There the blur acts along r by numerical integration; here in two dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from airglow.model.instrument import InstrumentParameters

PIXEL_VARIANCE_PX2 = 1.0 / 12.0  # of a square pixel, along each axis
_SMALLEST_TERM = 3e-6
_FEWEST_TERMS, _MOST_TERMS = 8, 120


@dataclass(frozen=True)
class Fringes:
    """Terms of the series at the m annuli of a profile: only those that are not negligible.

    Blur takes the higher terms away except near the centre, so that a fifth of all terms or fewer remain.
    They stand in one row of n, term by term. ``phase`` and ``beta`` belong to the wavelength for which the
    terms were made.

    Parameters
    ----------
    central
        Central phase in rad.
    phase
        Phase at the annuli in rad, shape (m,).
    beta
        Rate at which the phase falls with r^2 there, shape (m,).
    order
        Order k of each term, shape (n,).
    annulus
        Index of the annulus of each term, shape (n,).
    terms
        Value R^k W_k exp(z_k), with W_k of the annulus width; complex, shape (n,).
    """

    central: float
    phase: np.ndarray
    beta: np.ndarray
    order: np.ndarray
    annulus: np.ndarray
    terms: np.ndarray

    def summed(self, per_term: np.ndarray) -> np.ndarray:
        """Sum over the terms of each annulus.

        Parameters
        ----------
        per_term
            A value per term, shape (n,).

        Returns
        -------
        ndarray
            Shape (m,).
        """
        return np.bincount(self.annulus, per_term, self.phase.size)

    def airy(self) -> np.ndarray:
        """The blurred Airy function of a monochromatic line, of mean 1 over an order.

        Returns
        -------
        ndarray
            Shape (m,).
        """
        return 1.0 + 2.0 * self.summed(self.terms.real)

    def shifted(self, by_rad: float) -> Fringes:
        """The same at another gap: the central phase greater by a few radians at the most.

        Blur and annulus width change with the gap by its relative change, 1e-5 or less, which is left out.

        Parameters
        ----------
        by_rad
            Added to the central phase.

        Returns
        -------
        Fringes
        """
        grows = self.phase / self.central
        return replace(
            self,
            central=self.central + by_rad,
            phase=self.phase + by_rad * grows,
            terms=self.terms * _on_circle(by_rad * self.order * grows[self.annulus]),
        )

    def nudged(self, by_rad: float) -> Fringes:
        """As `shifted` by a tenth of a radian or so: fast, since the phase is turned alike in all annuli.

        Parameters
        ----------
        by_rad
            Added to the central phase.

        Returns
        -------
        Fringes
        """
        turn = np.exp((1j * by_rad) * np.arange(self.order.max() + 1))
        return replace(self, terms=self.terms * turn[self.order])


def terms_needed(reflectivity: float) -> int:
    """Number of terms beyond which the series of this reflectivity is negligible.

    Parameters
    ----------
    reflectivity
        Reflectivity of the plates.

    Returns
    -------
    int
    """
    needed = int(np.ceil(np.log(_SMALLEST_TERM) / np.log(reflectivity)))
    return int(np.clip(needed, _FEWEST_TERMS, _MOST_TERMS))


def blur_basis(s_px2: np.ndarray, max_radius_px: float) -> np.ndarray:
    """1, sin(pi rho) and cos(pi rho) as columns, rho = r / r_max."""
    rho = np.sqrt(s_px2) / max_radius_px
    return np.stack([np.ones_like(rho), np.sin(np.pi * rho), np.cos(np.pi * rho)], axis=1)


def blur_width_px(parameters: InstrumentParameters, s_px2: np.ndarray) -> np.ndarray:
    """Width (px) of the optical blur at r^2; its sign has no meaning."""
    return blur_basis(s_px2, parameters.max_radius_px) @ np.asarray(parameters.blur_px)


def relative_illumination(parameters: InstrumentParameters, s_px2: np.ndarray) -> np.ndarray:
    """Illumination at r^2 over that at the centre.

    Parameters
    ----------
    parameters
        Parameters of the instrument.
    s_px2
        r^2, any shape.

    Returns
    -------
    ndarray
        Of the same shape.
    """
    rho = np.sqrt(s_px2) / parameters.max_radius_px
    return 1.0 + parameters.falloff[0] * rho + parameters.falloff[1] * rho**2


def central_phase(gap_m: float, wavelength_m: float) -> float:
    """Phase between beams (rad) along the axis: 4 pi t / lambda, the refractive index taken as 1.

    Parameters
    ----------
    gap_m
        Gap between the plates.
    wavelength_m
        Wavelength.

    Returns
    -------
    float
    """
    return 4.0 * np.pi * gap_m / wavelength_m


def phase_and_beta(s_px2: np.ndarray, central: float, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """Phase at r^2 and its rate of fall with r^2: phi0 / sqrt(1 + alpha^2 s).

    Parameters
    ----------
    s_px2
        r^2, shape (m,).
    central
        Central phase in rad.
    alpha
        Plate scale in rad per pixel.

    Returns
    -------
    phase, beta : ndarray
        Shape (m,).
    """
    cosine = 1.0 / np.sqrt(1.0 + alpha**2 * s_px2)
    return central * cosine, 0.5 * central * alpha**2 * cosine**3


def fringes(
    s_px2: np.ndarray, width_px2: float, central: float, parameters: InstrumentParameters, count: int
) -> Fringes:
    """Terms of the fringe series on annuli.

    Parameters
    ----------
    s_px2
        (m,) mean of r^2 over each annulus.
    width_px2
        Width of the annuli in r^2.
    central
        Phase along the axis, as of `central_phase`.
    parameters
        Of the instrument.
    count
        Number of terms that may matter, as of `terms_needed`.

    Returns
    -------
    Fringes
    """
    phase, beta = phase_and_beta(s_px2, central, parameters.plate_scale_rad_per_pixel)
    variance = blur_width_px(parameters, s_px2) ** 2 + PIXEL_VARIANCE_PX2
    # Size of a term: R^k exp(-2 a^2 w s / |d|^2), |d|^2 = 1 + 4 a^2 w^2.
    k = np.arange(1, count + 1)[:, None]
    a_squared = (k * beta) ** 2
    decay = 2.0 * a_squared * (variance * s_px2) / (1.0 + 4.0 * a_squared * variance**2)
    row, annulus = np.nonzero(decay - k * np.log(parameters.reflectivity) < -np.log(_SMALLEST_TERM))
    order = row + 1
    a, w, s = order * beta[annulus], variance[annulus], s_px2[annulus]
    d = 1.0 + 2j * a * w
    blur = -2.0 * a**2 * (w * s) / d
    size = blur.real + order * np.log(parameters.reflectivity)
    size += (-0.5 * central**2 * parameters.gap_variance) * order**2
    angle = blur.imag + order * np.mod(phase, 2 * np.pi)[annulus]
    angle += (-1.0 / 6.0 * central**3 * parameters.gap_third_moment) * order**3
    terms = np.sinc(a * (width_px2 / (2.0 * np.pi))) * np.exp(size) * _on_circle(angle) / d
    return Fringes(central=central, phase=phase, beta=beta, order=order, annulus=annulus, terms=terms)


def _on_circle(angle: np.ndarray) -> np.ndarray:
    """exp(i angle), several times faster than by the exponential of a complex number."""
    result = np.empty(angle.shape, complex)
    result.real, result.imag = np.cos(angle), np.sin(angle)
    return result
