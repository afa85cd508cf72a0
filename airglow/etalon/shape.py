"""How well lasers tell the shape of the instrument's fringes: the covariance of its parameters.

Two things leave the shape open. Noise does, as the inverse of the normal matrix says. And a model that does
not fit quite draws its parameters along: a misfit of the shape repeats from fringe to fringe and from frame
to frame, so that it does not average out over annuli as noise does. The covariance that it makes is the
sandwich H^-1 M H^-1 of White (1980, Econometrica 48, 817), where the residuals' pull on the parameters is
summed over all annuli of like phase before it is squared (clusters: Liang & Zeger 1986, Biometrika 73, 13).
Frames that ask for unlike shapes add their own: the pull of each frame, squared. Of both that part is taken
which chi-square has beyond noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from airglow.etalon.airy import phase_and_beta
from airglow.etalon.joint_fit import JointProblem
from airglow.model.instrument import InstrumentParameters

# Of an order, within which a misfit hangs together. Chosen: about a fringe's width; with 12 to 32 the errors
# of temperatures on ten simulated nights are the same within a fifth.
_CLUSTERS = 16
# Places in the vector of a shape, as of `ShapeCovariance`.
PLATE_SCALE, LOG_REFLECTIVITY, GAP_VARIANCE, GAP_THIRD_MOMENT = range(4)
FALLOFF, BLUR = slice(4, 6), slice(6, 9)
SHAPE_SIZE = BLUR.stop


@dataclass(frozen=True)
class ShapeCovariance:
    """Covariance of the parameters that lasers were fitted with.

    The vector holds the relative change of the plate scale, that of the reflectivity, the gap's variance and
    third moment (relative to powers of the nominal gap), two coefficients of the falloff and three of the
    blur (px).

    Parameters
    ----------
    noise
        What noise leaves open, shape (9, 9).
    misfit
        What a model that does not fit leaves open, shape (9, 9).
    """

    noise: np.ndarray
    misfit: np.ndarray

    @property
    def blur_error_px(self) -> float:
        """Standard error of the blur that is the same at all radii."""
        return float(np.sqrt((self.noise + self.misfit)[BLUR.start, BLUR.start]))


def shape_vector(parameters: InstrumentParameters) -> np.ndarray:
    """Parameters as the vector of which `ShapeCovariance` is the covariance.

    Parameters
    ----------
    parameters
        Of an instrument.

    Returns
    -------
    ndarray
        (9,), with the logarithms of plate scale and reflectivity.
    """
    return np.array(
        [
            np.log(parameters.plate_scale_rad_per_pixel),
            np.log(parameters.reflectivity),
            parameters.gap_variance,
            parameters.gap_third_moment,
            *parameters.falloff,
            *parameters.blur_px,
        ]
    )


def shape_covariance(
    problem: JointProblem, answer: optimize.OptimizeResult, reduced_chi_square: float
) -> ShapeCovariance:
    """Covariance of the shape from a fit of laser profiles.

    Parameters
    ----------
    problem, answer
        The fit.
    reduced_chi_square
        Of the fit.

    Returns
    -------
    ShapeCovariance
    """
    inverse = np.linalg.pinv(answer.jac.T @ answer.jac, hermitian=True)
    cluster = np.floor(_phase_in_order(problem, answer.x) * _CLUSTERS).astype(int)
    pull = answer.jac[: cluster.size] * answer.fun[: cluster.size, None]
    together = np.array([pull[cluster == k].sum(axis=0) for k in range(_CLUSTERS)])
    ends = np.cumsum([len(profile) for profile in problem.profiles])
    of_frames = np.array([each.sum(axis=0) for each in np.split(pull, ends[:-1])])
    spare = max(len(of_frames) - 1, 1) / len(of_frames)  # pulls of all frames add up to nothing
    pulls = together.T @ together + of_frames.T @ of_frames / spare
    beyond_noise = max(0.0, 1.0 - 1.0 / reduced_chi_square)
    misfit = beyond_noise * inverse @ pulls @ inverse
    return ShapeCovariance(*(_of_shape(problem, answer.x, each) for each in (inverse, misfit)))


def _phase_in_order(problem: JointProblem, x: np.ndarray) -> np.ndarray:
    """Phase of each annulus of all profiles, as a part of an order."""
    alpha = problem.parameters(x).plate_scale_rad_per_pixel
    central = problem.phases + x[problem.shared : problem.shared + len(problem.profiles)]
    phases = [
        phase_and_beta(profile.radius_squared_px2, each, alpha)[0]
        for profile, each in zip(problem.profiles, central, strict=True)
    ]
    return np.mod(np.concatenate(phases) / (2.0 * np.pi), 1.0)


def _of_shape(problem: JointProblem, x: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Of the vector that is stepped to that of the shape; a blur that was not fitted has none."""
    units = problem.shape_units(x)
    result = np.zeros((SHAPE_SIZE, SHAPE_SIZE))
    shared = slice(0, problem.shared)
    result[shared, shared] = covariance[shared, shared] * np.outer(units, units)
    return result
