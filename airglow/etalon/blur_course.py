"""The blur over a night: a lens whose focus drifts broadens fringes, which passes for hotter lines.

All lasers of a night are fitted with one blur. Where it changes, each laser's residuals say by how much: the
least-squares step of the blur that is the same at all radii, beside amplitude, background and gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from airglow.etalon.airy import central_phase, terms_needed
from airglow.etalon.laser import LaserFit, laser_model
from airglow.model.instrument import InstrumentParameters
from airglow.rings import RingProfile

# Lasers that tell a course, at least. Chosen: fewer leave nothing to tell a drift from chance by.
_FEWEST = 5
# Chi-square beyond its mean, in its standard deviations, from which steps are no chance. Chosen, rare: what
# is taken for a drift changes temperatures.
_LEAST_SIGMAS = 5.0
# Part of the variance of the steps that the mean of three neighbours may leave. Chosen: steps with nothing
# in common leave two thirds.
_MOST_LEFT = 0.25
# Part of a correction that is stated as its error: plates and lens broaden the laser and the sky not quite
# alike. Chosen.
_PART_UNSURE = 0.2


@dataclass(frozen=True)
class BlurCourse:
    """How the blur of a night departs from the one that its lasers were fitted with (n lasers).

    Parameters
    ----------
    time_s
        (n,) on the clock of the lasers, ascending, s.
    change_px
        (n,) departure of the blur that is the same at all radii, px.
    error_px
        (n,) its standard errors, px.
    """

    time_s: np.ndarray
    change_px: np.ndarray
    error_px: np.ndarray

    def at(self, time_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Departure and its standard error at some times.

        Parameters
        ----------
        time_s
            (m,) s.

        Returns
        -------
        change_px, error_px : ndarray
            (m,), between the lasers by straight lines, before the first and after the last as there.
        """
        change = np.interp(time_s, self.time_s, self.change_px)
        error = np.interp(time_s, self.time_s, self.error_px)
        return change, np.hypot(error, _PART_UNSURE * change)


def find_blur_course(
    lasers: Sequence[RingProfile],
    time_s: np.ndarray,
    fits: Sequence[LaserFit | None],
    used: np.ndarray,
    parameters: InstrumentParameters,
    wavelength_m: float,
) -> BlurCourse | None:
    """Find whether the blur drifts over the night.

    Parameters
    ----------
    lasers, time_s, fits
        Profiles of the night's lasers, less fixed patterns, middles of their exposures (s) and their fits.
    used
        (n,) bool, those that are what they should be.
    parameters
        That they were fitted with.
    wavelength_m
        Of the laser.

    Returns
    -------
    BlurCourse or None
        None where the blur stays, or where its changes are none that neighbours have in common.
    """
    index = [k for k in np.flatnonzero(used) if fits[k] is not None]
    if len(index) < _FEWEST:
        return None
    steps = np.array([_step(lasers[k], fits[k], parameters, wavelength_m) for k in index])
    change, error = steps.T
    weight = 1.0 / error**2
    about_mean = change - np.sum(weight * change) / np.sum(weight)
    chi_square, freedom = float(np.sum(weight * about_mean**2)), len(index) - 1
    smooth = np.convolve(np.pad(about_mean, 1, "edge"), np.ones(3) / 3.0, "valid")
    left = np.mean((about_mean - smooth) ** 2) / max(np.mean(about_mean**2), 1e-300)
    if chi_square < freedom + _LEAST_SIGMAS * np.sqrt(2.0 * freedom) or left > _MOST_LEFT:
        return None
    return BlurCourse(time_s[index], change, error)


def _step(
    profile: RingProfile, fit: LaserFit, parameters: InstrumentParameters, wavelength_m: float
) -> tuple[float, float]:
    """Least-squares step of the blur from a fit, and its standard error, px."""
    central = central_phase(fit.gap_m, wavelength_m)
    linear, by = laser_model(profile, central, parameters, terms_needed(parameters.reflectivity))
    columns = np.column_stack([by.airy.blur[:, 0], by.airy.central]) / profile.sigma[:, None]
    columns -= linear.basis @ (linear.basis.T @ columns)
    covariance = np.linalg.inv(columns.T @ columns)
    off = (profile.counts - linear.model) / profile.sigma
    step = covariance @ columns.T @ off
    left = np.mean((off - columns @ step) ** 2)
    return float(step[0]), float(np.sqrt(covariance[0, 0] * max(left, 1.0)))
