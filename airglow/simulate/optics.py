"""What falls on the sensor, by brute force: uneven plates, a spread of light, pixels with an area.

Nothing here is shared with the retrieval, neither code nor the family of its model, and nothing is expanded
in a series: the plates' transmission is a sum over elements of their surface, multiplied by a numerical
spectrum and summed over wavelength on a fine radial grid, spread by a Moffat function by quadrature, and
integrated over each square pixel. (The retrieval has two moments of the gap, and a Gaussian whose width goes
with the radius otherwise.)

Radii are in pixels of the registry, which belong to 2 x 2 binning of the sensor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.sparse import csr_array

from airglow.simulate.plates import PHASES, Plates

SPEED_OF_LIGHT_MPS = 299_792_458.0
BOLTZMANN_J_PER_K = 1.380_649e-23
OXYGEN_MASS_KG = 15.999 * 1.660_539_067e-27

FINE_STEP_PX = 1 / 16  # a laser fringe at the corner is 0.3 px wide; the spread's quadrature sums over it
COARSE_STEP_PX = 1 / 8  # what is spread is smooth on this step
TABLE_STEP_PX = 1 / 64  # looked up linearly: the error is a few 1e-5 of the height of a fringe
SPREAD_REACH_WIDTHS = 10  # 6e-5 of the light lands further out, and is left out
LINE_REACH_SIGMAS = 5.5
LINE_SAMPLES = 101  # so fine that no harmonic of a sharp Airy function passes for a coarser one


@dataclass(frozen=True)
class Spread:
    """How the lens spreads the light of a point: a Moffat function of power 4.

    Intensity at distance p is (1 + (p / a)^2)^-4, wider in its wings than a Gaussian. Its standard deviation
    per axis, a / 2, is sqrt(focus^2 + (defocus (x - sharpest))^2) with x = (r / reach)^2: the surface of best
    focus is curved, and meets the sensor in one ring.

    Parameters
    ----------
    focus_px
        Standard deviation where the focus is best (px).
    defocus_px
        What the curved focus adds over x from 0 to 1, were it sharp at one end (px).
    sharpest
        x of the best focus.
    reach_px
        Radius at which x is 1; beyond `CURVED_TO` the width stays.
    """

    focus_px: float
    defocus_px: float
    sharpest: float
    reach_px: float

    CURVED_TO = 1.3

    def width_px(self, radius_px: np.ndarray | float) -> np.ndarray:
        """Standard deviation per axis (px) at a radius (px), the place where the light lands."""
        x = np.minimum((np.asarray(radius_px) / self.reach_px) ** 2, self.CURVED_TO)
        return np.hypot(self.focus_px, self.defocus_px * (x - self.sharpest))


@dataclass(frozen=True)
class Optics:
    """What of an instrument's fringes does not change from frame to frame on one night.

    Parameters
    ----------
    plates
        Of the etalon.
    plate_scale_rad_per_pixel
        Angle per pixel for light of the laser; light at radius r crossed the etalon at arctan(plate scale
        times r).
    sky_scale
        Plate scale for light of the sky over that of the laser, which fills the lens in another way.
    spread
        What the lens does to a point of light.
    max_radius_px
        Largest circle about the centre of the rings that the sensor holds.
    corner_radius_px
        How far out profiles are needed.
    sky_reflectivity_change
        Reflectivity of the plates for light of the sky less that for the laser's.
    """

    plates: Plates
    plate_scale_rad_per_pixel: float
    sky_scale: float
    spread: Spread
    max_radius_px: float
    corner_radius_px: float
    sky_reflectivity_change: float = 0.0

    @cached_property
    def sky_plates(self) -> Plates:
        """The plates as light of the sky sees them."""
        return replace(self.plates, reflectivity=self.plates.reflectivity + self.sky_reflectivity_change)

    @cached_property
    def _fine_radius_px(self) -> np.ndarray:
        widest = float(self.spread.width_px(self._coarse_radius_px).max())
        reach = self.corner_radius_px + SPREAD_REACH_WIDTHS * widest
        return np.arange(math.ceil(reach / FINE_STEP_PX) + 2) * FINE_STEP_PX

    @cached_property
    def _coarse_radius_px(self) -> np.ndarray:
        return np.arange(math.ceil(self.corner_radius_px / COARSE_STEP_PX) + 2) * COARSE_STEP_PX

    @cached_property
    def _blur(self) -> csr_array:
        """The spread as a matrix from fine radii to coarse radii: a two-dimensional convolution.

        A ring of radius q seen through a Moffat function of power 4 is, at radius r, the integral of
        (A - B cos t)^-4 over the angle t with A = 1 + (r^2 + q^2) / a^2, B = 2 r q / a^2, in closed form
        pi A (2 A^2 + 3 B^2) (A^2 - B^2)^(-7/2).
        """
        r = self._coarse_radius_px[:, None]
        width = self.spread.width_px(r)
        half = math.ceil(SPREAD_REACH_WIDTHS * float(width.max()) / FINE_STEP_PX)
        first = np.maximum(np.rint(r[:, 0] / FINE_STEP_PX).astype(np.int32) - half, 0)
        index = first[:, None] + np.arange(2 * half + 1, dtype=np.int32)
        np.minimum(index, self._fine_radius_px.size - 1, out=index)
        q = index * FINE_STEP_PX
        a2 = (2 * width) ** 2
        middle = 1 + (r**2 + q**2) / a2  # A
        squares = middle**2 - (2 * r * q / a2) ** 2  # A^2 - B^2
        # 2 A^2 + 3 B^2 = 5 A^2 - 3 (A^2 - B^2)
        weight = middle * (5 * middle**2 - 3 * squares) * q / (squares**3 * np.sqrt(squares))
        weight /= weight.sum(axis=1, keepdims=True)
        start = np.arange(r.size + 1) * index.shape[1]
        return csr_array((weight.ravel(), index.ravel(), start), shape=(r.size, self._fine_radius_px.size))

    def cos_theta(self, radius_px: np.ndarray, laser: bool) -> np.ndarray:
        """Cosine of the angle in the etalon, of light of the laser or the sky that lands at a radius (px)."""
        scale = self.plate_scale_rad_per_pixel * (1.0 if laser else self.sky_scale)
        return np.cos(np.arctan(scale * np.asarray(radius_px)))

    @cached_property
    def _fine_cos_theta(self) -> dict[bool, np.ndarray]:
        return {laser: self.cos_theta(self._fine_radius_px, laser) for laser in (False, True)}

    def profile(self, spectrum: Spectrum, gap_m: float) -> np.ndarray:
        """Light per pixel against radius under even illumination, at points: pixels have no area yet.

        Parameters
        ----------
        spectrum
            What shines through the etalon.
        gap_m
            Optical gap n t, its mean over the plates.

        Returns
        -------
        ndarray
            On radii 0, `TABLE_STEP_PX`, 2 `TABLE_STEP_PX` ...; the unit is that of the spectrum.
        """
        light = np.full(self._fine_radius_px.shape, float(spectrum.continuum))
        if spectrum.wavelength_m.size:
            plates = self.plates if spectrum.from_laser else self.sky_plates
            value, rise = plates.table(float(spectrum.wavelength_m.mean()))
            way = 2 * gap_m * PHASES * self._fine_cos_theta[spectrum.from_laser]
            mirrors = plates.mirror_phase_rad(spectrum.wavelength_m) * (PHASES / np.pi)
            for wavelength_m, weight, mirror in zip(
                spectrum.wavelength_m, spectrum.weight, mirrors, strict=True
            ):
                step = way / wavelength_m + mirror
                node = step.astype(np.int64)
                step -= node
                node &= PHASES - 1
                step *= rise[node]
                step += value[node]
                step *= weight
                light += step
        blurred = self._blur @ light
        table = np.arange(math.ceil(self.corner_radius_px / TABLE_STEP_PX) + 2) * TABLE_STEP_PX
        return CubicSpline(self._coarse_radius_px, blurred)(table)


@dataclass(frozen=True)
class Spectrum:
    """Light as samples in wavelength, plus a continuum much wider than a fringe order.

    ``weight`` (counts per pixel per second, averaged over a fringe order at the centre) belongs to
    ``wavelength_m``; the continuum, in the same unit, passes the etalon without fringes. Light of the laser
    comes another way than that of the sky (``from_laser``).
    """

    wavelength_m: np.ndarray
    weight: np.ndarray
    continuum: float = 0.0
    from_laser: bool = False

    def plus(self, other: Spectrum) -> Spectrum:
        """Both together."""
        return Spectrum(
            np.concatenate([self.wavelength_m, other.wavelength_m]),
            np.concatenate([self.weight, other.weight]),
            self.continuum + other.continuum,
            self.from_laser,
        )

    def times(self, factor: float) -> Spectrum:
        """The same light, brighter or fainter."""
        return replace(self, weight=self.weight * factor, continuum=self.continuum * factor)


def monochromatic(wavelength_m: float, intensity: float, continuum: float = 0.0) -> Spectrum:
    """A laser: one wavelength."""
    return Spectrum(np.array([wavelength_m]), np.array([intensity]), continuum, from_laser=True)


def thermal_line(
    rest_wavelength_m: float,
    wind_mps: float,
    temperature_k: float,
    intensity: float,
    continuum: float = 0.0,
    mass_kg: float = OXYGEN_MASS_KG,
) -> Spectrum:
    """A Doppler-broadened line, by default of atomic oxygen, sampled in wavelength.

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
    mass_kg
        Mass of what emits it.

    Returns
    -------
    Spectrum
        As of `gaussian_line`.
    """
    center = rest_wavelength_m * (1 + wind_mps / SPEED_OF_LIGHT_MPS)
    width = center * math.sqrt(BOLTZMANN_J_PER_K * temperature_k / mass_kg) / SPEED_OF_LIGHT_MPS
    return gaussian_line(center, width, intensity, continuum)


def gaussian_line(center: float, width: float, intensity: float, continuum: float = 0.0) -> Spectrum:
    """A line of Gaussian shape, sampled in wavelength.

    Parameters
    ----------
    center
        Wavelength of its middle (m).
    width
        Standard deviation (m).
    intensity
        Whole line, averaged over a fringe order; negative for a line of absorption.
    continuum
        Background beside the line.

    Returns
    -------
    Spectrum
        Equidistant samples whose weights add up to the intensity.
    """
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
