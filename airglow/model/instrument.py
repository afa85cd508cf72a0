"""The parameters of an instrument: what its fringes are made of, but for the gap, which moves."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class InstrumentParameters:
    """Parameters of an instrument that hold for a whole night, with standard errors where there are any.

    The registry has them as last known, fits measure them, and a result says which ones were used. Falloff
    and blur are short series in r/r_max after Harding, Gehrels & Makela (2014), Applied Optics 53, 666.
    Moments are those of the gap over the plates, relative to the nominal gap.

    Parameters
    ----------
    plate_scale_rad_per_pixel
        Angle per pixel.
    reflectivity
        Reflectivity of the plates.
    falloff
        Coefficients of r/r_max and of its square in the illumination.
    blur_px
        Coefficients of 1, sin(pi r/r_max) and cos(pi r/r_max) in the Gaussian width of the blur.
    max_radius_px
        r_max; NaN in the registry, since it is the frame's.
    nominal_gap_m
        Nominal gap, which resolves the order of interference.
    gap_variance
        Variance of the gap over the plates, relative to the nominal gap squared.
    gap_third_moment
        Third central moment of the gap over the plates, relative to the nominal gap cubed.
    plate_scale_error_rad_per_pixel
        Standard error of the plate scale; NaN where none is known.
    reflectivity_error
        Standard error of the reflectivity; NaN where none is known.
    source
        ``laser frames of the night`` or ``registry, refined on sky frames``; empty before it is used.
    """

    plate_scale_rad_per_pixel: float
    reflectivity: float
    falloff: tuple[float, float]
    blur_px: tuple[float, float, float]
    max_radius_px: float
    nominal_gap_m: float
    gap_variance: float = 0.0
    gap_third_moment: float = 0.0
    plate_scale_error_rad_per_pixel: float = math.nan
    reflectivity_error: float = math.nan
    source: str = ""

    @property
    def gap_variance_m2(self) -> float:
        """Variance of the gap over the plates."""
        return self.gap_variance * self.nominal_gap_m**2

    @property
    def gap_third_moment_m3(self) -> float:
        """Third central moment of the gap over the plates."""
        return self.gap_third_moment * self.nominal_gap_m**3
