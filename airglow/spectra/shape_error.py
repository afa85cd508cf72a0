"""What an instrument's shape that lasers do not tell exactly leaves in all temperatures of a night alike.

A fringe that is broader than the lasers say passes for a hotter line. Each parameter of the shape shifts the
temperature of a sky frame by the least-squares response of the line's fit to the change of the model. Plate
scale and illumination are the sky's own, and its reflectivity may be: these follow the others, as the normal
equations of all frames together say.
"""

from __future__ import annotations

import numpy as np

from airglow.etalon import ShapeCovariance
from airglow.etalon.shape import BLUR, FALLOFF, LOG_REFLECTIVITY, PLATE_SCALE, SHAPE_SIZE
from airglow.spectra.fitted_sky import FittedSky

_MOST_PROFILES = 12  # of a night: the response hardly differs between them


def shape_errors_k(
    night: FittedSky,
    covariance: ShapeCovariance,
    *,
    own_illumination: bool,
    own_reflectivity: bool,
    own_blur: bool,
) -> tuple[float, float]:
    """Standard error of all temperatures of a night by the shape of the instrument.

    Parameters
    ----------
    night
        Its sky frames with their fits.
    covariance
        Of the parameters, by the lasers.
    own_illumination
        Whether plate scale and illumination were fitted on the sky.
    own_reflectivity, own_blur
        Whether the reflectivity was, and the blur.

    Returns
    -------
    noise_k, misfit_k : float
        By the lasers' noise, and by what the model of their fringes lacks.
    """
    response = temperature_response(
        night,
        own_illumination=own_illumination,
        own_reflectivity=own_reflectivity,
        own_blur=own_blur,
    )
    noise, misfit = (
        float(np.sqrt(max(response @ each @ response, 0.0))) for each in (covariance.noise, covariance.misfit)
    )
    return noise, misfit


def temperature_response(
    night: FittedSky,
    *,
    own_illumination: bool,
    own_reflectivity: bool,
    own_blur: bool,
) -> np.ndarray:
    """What a unit of each parameter that is too small by it adds to temperatures, in the median of frames.

    Parameters
    ----------
    night, own_illumination, own_reflectivity, own_blur
        As for `shape_errors_k`.

    Returns
    -------
    ndarray
        (9,) K, in the order of `airglow.etalon.ShapeCovariance`; 0 for what the sky tells itself.
    """
    normal, responses = np.zeros((SHAPE_SIZE, SHAPE_SIZE)), []
    for k in night.clearest(_MOST_PROFILES):
        by = night.derivatives(k)
        left = by.left_by_line(by.by_shape)
        normal += left.T @ left
        responses.append(by.taken_up(by.by_shape)[1])
    result = np.median(responses, axis=0)
    own = np.zeros(SHAPE_SIZE, bool)
    own[[PLATE_SCALE, *range(SHAPE_SIZE)[FALLOFF]]] = own_illumination
    own[LOG_REFLECTIVITY] = own_reflectivity
    own[BLUR.start] = own_blur
    if own.any():
        follows = np.linalg.lstsq(normal[np.ix_(own, own)], normal[np.ix_(own, ~own)])[0]
        result[~own] -= result[own] @ follows
        result[own] = 0.0
    return result
