"""The parameters of an instrument: what its fringes are made of, but for the gap, which moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class InstrumentParameters:
    """Parameters of an instrument that hold for a whole night, with standard errors where there are any.

    The registry has them as last known, fits measure them, and a result says which ones were used. Falloff
    and blur are short series in r/r_max after Harding, Gehrels & Makela (2014), Applied Optics 53, 666.
    Moments are those of the gap over the plates, relative to the nominal gap.
    """

    plate_scale_rad_per_pixel: float
    reflectivity: float
    falloff: tuple[float, float]  # coefficients of r/r_max and (r/r_max)^2 in the illumination
    blur_px: tuple[float, float, float]  # of 1, sin(pi r/r_max), cos(pi r/r_max) in the blur's Gaussian width
    max_radius_px: float  # r_max; NaN in the registry, since it is the frame's
    nominal_gap_m: float  # resolves the order of interference
    gap_variance: float = 0.0  # over the nominal gap squared
    gap_third_moment: float = 0.0  # central, over the nominal gap cubed
    plate_scale_error_rad_per_pixel: float = np.nan
    reflectivity_error: float = np.nan
    source: str = ""  # "laser frames of the night", "registry, refined on sky frames"; "" before it is used

    @property
    def gap_variance_m2(self) -> float:
        """Variance of the gap over the plates."""
        return self.gap_variance * self.nominal_gap_m**2

    @property
    def gap_third_moment_m3(self) -> float:
        """Third central moment of the gap over the plates."""
        return self.gap_third_moment * self.nominal_gap_m**3
