"""What falls on the sensor, by brute force: the true Airy function, a numerical blur, pixels with an area.

Nothing here is shared with the retrieval, and nothing is expanded in a series: the Airy function is
evaluated as it stands on a fine radial grid, multiplied by a numerical spectrum and summed over wavelength,
convolved with a two-dimensional Gaussian by quadrature, and integrated over each square pixel.

Radii are in pixels of the registry, which belong to 2 x 2 binning of the sensor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.sparse import csr_array
from scipy.special import i0e

SPEED_OF_LIGHT_MPS = 299_792_458.0
BOLTZMANN_J_PER_K = 1.380_649e-23
OXYGEN_MASS_KG = 15.999 * 1.660_539_067e-27

FINE_STEP_PX = 1 / 16  # a laser fringe at the corner is 0.3 px wide; the blur's quadrature sums over it
COARSE_STEP_PX = 1 / 8  # what is blurred is smooth on this step
TABLE_STEP_PX = 1 / 64  # looked up linearly: the error is a few 1e-5 of the height of a fringe
BLUR_REACH_SIGMAS = 6.5
FAINTEST_FALLOFF = 0.02  # a parabola that fits within r_max need not make sense in the corners
SMALLEST_BLUR_PX = 0.35  # below this the coarse step would no longer be fine enough
LINE_REACH_SIGMAS = 5.5
LINE_SAMPLES = 101  # so fine that no harmonic of a sharp Airy function passes for a coarser one


@dataclass(frozen=True)
class Optics:
    """The shape of an instrument on one night: what does not change from frame to frame.

    Parameters
    ----------
    reflectivity
        Of the etalon plates (R).
    plate_scale_rad_per_pixel
        Angle per pixel; light at radius r crossed the etalon at arctan(plate scale times r).
    falloff
        f0, f1 of the illumination 1 + f0 r / r_max + f1 (r / r_max)^2.
    blur_px
        b0, b1, b2 of the Gaussian width b0 + b1 sin(pi r / r_max) + b2 cos(pi r / r_max), the width at
        the place where the light lands.
    max_radius_px
        r_max.
    corner_radius_px
        How far out profiles are needed.
    """

    reflectivity: float
    plate_scale_rad_per_pixel: float
    falloff: tuple[float, float]
    blur_px: tuple[float, float, float]
    max_radius_px: float
    corner_radius_px: float

    @property
    def contrast(self) -> float:
        """F of the Airy function 1 / (1 + F sin^2(phi / 2))."""
        return 4 * self.reflectivity / (1 - self.reflectivity) ** 2

    def falloff_at(self, radius_px: np.ndarray) -> np.ndarray:
        """Relative illumination at a radius, 1 in the centre."""
        x = np.asarray(radius_px) / self.max_radius_px
        return np.maximum(1 + self.falloff[0] * x + self.falloff[1] * x**2, FAINTEST_FALLOFF)

    def blur_at(self, radius_px: np.ndarray) -> np.ndarray:
        """Width (standard deviation per axis, px) of the Gaussian blur at a radius."""
        x = np.pi * np.asarray(radius_px) / self.max_radius_px
        width = self.blur_px[0] + self.blur_px[1] * np.sin(x) + self.blur_px[2] * np.cos(x)
        return np.maximum(width, SMALLEST_BLUR_PX)

    @cached_property
    def _fine_radius_px(self) -> np.ndarray:
        reach = self.corner_radius_px + BLUR_REACH_SIGMAS * float(self.blur_at(self._coarse_radius_px).max())
        return np.arange(math.ceil(reach / FINE_STEP_PX) + 2) * FINE_STEP_PX

    @cached_property
    def _coarse_radius_px(self) -> np.ndarray:
        return np.arange(math.ceil(self.corner_radius_px / COARSE_STEP_PX) + 2) * COARSE_STEP_PX

    @cached_property
    def _blur(self) -> csr_array:
        """The blur as a matrix from fine radii to coarse radii.

        A ring of radius q seen through a Gaussian of width s is, at radius r,
        (q / s^2) exp(-(r - q)^2 / 2 s^2) exp(-r q / s^2) I0(r q / s^2): the two-dimensional convolution of
        a pattern that has circular symmetry (the density of the Rice distribution).
        """
        r = self._coarse_radius_px[:, None]
        width = self.blur_at(r)
        half = math.ceil(BLUR_REACH_SIGMAS * float(width.max()) / FINE_STEP_PX)
        first = np.maximum(np.rint(r[:, 0] / FINE_STEP_PX).astype(int) - half, 0)
        index = np.minimum(first[:, None] + np.arange(2 * half + 1), self._fine_radius_px.size - 1)
        q = index * FINE_STEP_PX
        weight = q * np.exp(-0.5 * ((r - q) / width) ** 2) * i0e(r * q / width**2)
        weight /= weight.sum(axis=1, keepdims=True)
        start = np.arange(r.size + 1) * index.shape[1]
        return csr_array((weight.ravel(), index.ravel(), start), shape=(r.size, self._fine_radius_px.size))

    def airy(self, radius_px: np.ndarray, wavelength_m: np.ndarray, gap_m: float) -> np.ndarray:
        """Transmission of the etalon, scaled to a mean of one over a fringe order.

        Parameters
        ----------
        radius_px, wavelength_m
            Arrays that broadcast.
        gap_m
            Optical gap n t.

        Returns
        -------
        ndarray
            (1 + R) / (1 - R) / (1 + F sin^2(phi / 2)), phi = 4 pi n t cos(theta) / wavelength.
        """
        return self._airy(self._cos_theta(np.asarray(radius_px)), np.asarray(wavelength_m), gap_m)

    def _airy(self, cos_theta: np.ndarray, wavelength_m: np.ndarray | float, gap_m: float) -> np.ndarray:
        half_phase = 2 * np.pi * gap_m * cos_theta / wavelength_m
        scale = (1 + self.reflectivity) / (1 - self.reflectivity)
        return scale / (1 + self.contrast * np.sin(half_phase) ** 2)

    def _cos_theta(self, radius_px: np.ndarray) -> np.ndarray:
        return np.cos(np.arctan(self.plate_scale_rad_per_pixel * radius_px))

    @cached_property
    def _fine_cos_theta(self) -> np.ndarray:
        return self._cos_theta(self._fine_radius_px)

    def profile(self, spectrum: Spectrum, gap_m: float) -> np.ndarray:
        """Light per pixel against radius, blurred, before the pixel's own area is taken into account.

        Parameters
        ----------
        spectrum
            What shines through the etalon.
        gap_m
            Optical gap.

        Returns
        -------
        ndarray
            On radii 0, `TABLE_STEP_PX`, 2 `TABLE_STEP_PX` ...; the unit is that of the spectrum.
        """
        light = np.full(self._fine_radius_px.shape, float(spectrum.continuum))
        for wavelength_m, weight in zip(spectrum.wavelength_m, spectrum.weight, strict=True):
            light += weight * self._airy(self._fine_cos_theta, wavelength_m, gap_m)
        light *= self.falloff_at(self._fine_radius_px)
        blurred = self._blur @ light
        table = np.arange(math.ceil(self.corner_radius_px / TABLE_STEP_PX) + 2) * TABLE_STEP_PX
        return CubicSpline(self._coarse_radius_px, blurred)(table)


@dataclass(frozen=True)
class Spectrum:
    """Light as samples in wavelength, plus a continuum much wider than a fringe order.

    ``weight`` (counts per pixel per second, averaged over a fringe order at the centre) belongs to
    ``wavelength_m``; the continuum, in the same unit, passes the etalon without fringes.
    """

    wavelength_m: np.ndarray
    weight: np.ndarray
    continuum: float = 0.0

    def plus(self, other: Spectrum) -> Spectrum:
        """Both together."""
        return Spectrum(
            np.concatenate([self.wavelength_m, other.wavelength_m]),
            np.concatenate([self.weight, other.weight]),
            self.continuum + other.continuum,
        )

    def times(self, factor: float) -> Spectrum:
        """The same light, brighter or fainter."""
        return Spectrum(self.wavelength_m, self.weight * factor, self.continuum * factor)


def monochromatic(wavelength_m: float, intensity: float, continuum: float = 0.0) -> Spectrum:
    """A laser: one wavelength."""
    return Spectrum(np.array([wavelength_m]), np.array([intensity]), continuum)


def thermal_line(
    rest_wavelength_m: float,
    wind_mps: float,
    temperature_k: float,
    intensity: float,
    continuum: float = 0.0,
) -> Spectrum:
    """A Doppler-broadened line of atomic oxygen, sampled in wavelength.

    Parameters
    ----------
    rest_wavelength_m
        Wavelength at rest.
    wind_mps
        Velocity along the line of sight, positive away from the instrument: towards the red.
    temperature_k
        Kinetic temperature: the line is a Gaussian of standard deviation lambda sqrt(k T / m c^2).
    intensity
        Whole line, averaged over a fringe order.
    continuum
        Background beside the line.

    Returns
    -------
    Spectrum
        Equidistant samples whose weights add up to the intensity.
    """
    center = rest_wavelength_m * (1 + wind_mps / SPEED_OF_LIGHT_MPS)
    width = center * math.sqrt(BOLTZMANN_J_PER_K * temperature_k / OXYGEN_MASS_KG) / SPEED_OF_LIGHT_MPS
    x = np.linspace(-LINE_REACH_SIGMAS, LINE_REACH_SIGMAS, LINE_SAMPLES)
    weight = np.exp(-0.5 * x**2)
    return Spectrum(center + width * x, intensity * weight / weight.sum(), continuum)


def pixel_image(
    profile: np.ndarray,
    shape: tuple[int, int],
    center_px: tuple[float, float],
    pixel_scale: tuple[float, float] = (1.0, 1.0),
) -> np.ndarray:
    """Integrate a circular pattern over square (or oblong) pixels.

    Each pixel is sampled at 3 x 3 Gauss-Legendre nodes, exact to the fifth power of the distance; the
    pattern is smooth over a pixel because it is blurred.

    Parameters
    ----------
    profile
        Values at radii 0, `TABLE_STEP_PX`, ... as `Optics.profile` returns them.
    shape
        Rows and columns.
    center_px
        x (column), y (row) of the centre; the middle of the first pixel is (0, 0).
    pixel_scale
        Width and height of a pixel of this frame in the pixels that radii are measured in.

    Returns
    -------
    ndarray
        rows x columns, mean of the pattern over the pixel.
    """
    nodes, weights = np.polynomial.legendre.leggauss(3)
    nodes, weights = nodes / 2, weights / 2
    rows, columns = np.arange(shape[0]), np.arange(shape[1])
    rise = np.append(np.diff(profile), 0.0)
    image = np.zeros(shape)
    for v, row_weight in zip(nodes, weights, strict=True):
        y2 = ((rows + v - center_px[1]) * pixel_scale[1] / TABLE_STEP_PX) ** 2
        for u, column_weight in zip(nodes, weights, strict=True):
            x2 = ((columns + u - center_px[0]) * pixel_scale[0] / TABLE_STEP_PX) ** 2
            position = np.sqrt(y2[:, None] + x2[None, :])
            index = position.astype(np.int32)
            position -= index
            image += (row_weight * column_weight) * (profile[index] + position * rise[index])
    return image
