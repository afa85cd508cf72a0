"""Fitted parameters under their older names, in the older model's convention.

The older code's fringe at radius r, with x = pi r / r_max, is

    I (1 + a1 x + a2 x^2) / (1 + F sin^2(pi m)) + B

with F = 4 R / (1 - R)^2 and m = 2 n t cos(atan(alpha r)) / lam, blurred by exp(-(d / b)^2) over distances d,
with b = b0 + b1 cos x + b2 sin x. In this package falloff is a series in r / r_max, the blur's width is a
standard deviation with the sine before the cosine, and the laser's intensity is the mean over an order, not
the peak.
"""

from __future__ import annotations

import math

import numpy as np

from airglow.model.instrument import InstrumentParameters
from airglow.model.result import Cause, NightResult

_LIGHT_MPS = 299792458.0
HELIUM_NEON_M = 632.8e-9  # the laser of nearly every instrument
Parameters = dict[str, np.ndarray]


def reference_of(result: NightResult) -> str:
    """Where the Doppler reference comes from, as older code puts it: ``laser`` or ``zenith``."""
    by_zenith = (result.sky.causes & np.uint32(Cause.ZENITH_REFERENCE.mask)) != 0
    return "zenith" if by_zenith.any() or not result.laser.used.any() else "laser"


def older_parameters(parameters: InstrumentParameters) -> dict[str, float]:
    """Reflectivity, plate scale, falloff and blur in the older convention, as ``R`` to ``b2``."""
    constant, sine, cosine = (math.sqrt(2.0) * width for width in parameters.blur_px)
    return {
        "R": float(parameters.reflectivity),
        "alpha": float(parameters.plate_scale_rad_per_pixel),
        "a1": parameters.falloff[0] / math.pi,
        "a2": parameters.falloff[1] / math.pi**2,
        "b0": constant,
        "b1": cosine,
        "b2": sine,
    }


def laser_parameters(
    result: NightResult, index: np.ndarray, laser_m: float = HELIUM_NEON_M
) -> tuple[Parameters, Parameters]:
    """Parameters of laser frames.

    Parameters
    ----------
    result
        The night.
    index
        Which of its laser frames.
    laser_m
        Wavelength of the laser.

    Returns
    -------
    value, stderr : dict of ndarray
        By parameter; the error of what has none is NaN.
    """
    laser, parameters = result.laser, result.instrument_parameters
    n = index.size
    peak_per_mean = (1.0 + parameters.reflectivity) / (1.0 - parameters.reflectivity)
    value = {
        "n": 1.0,
        "t": laser.gap_m[index],
        "lam": laser_m,
        **older_parameters(parameters),
        "I": laser.intensity[index] * laser.exposure_s[index] * peak_per_mean,
        "B": laser.background[index],
    }
    return _columns(value, n), _columns(_errors(value, parameters, {"t": laser.gap_error_m[index]}), n)


def sky_parameters(result: NightResult) -> tuple[Parameters, Parameters]:
    """Parameters of the sky frames.

    Parameters
    ----------
    result
        The night.

    Returns
    -------
    value, stderr : dict of ndarray
        By parameter. ``lamc`` is the centre of the line before the Doppler reference was taken out; ``skyI``
        and ``skyB`` are for the whole exposure; ``I`` and ``B`` are the laser's at that time (1 and 0 without
        one).
    """
    sky, parameters, line_m = result.sky, result.instrument_parameters, result.wavelength_m
    n = len(sky)
    shift_mps = sky.line_of_sight_wind_mps + sky.doppler_reference_mps
    intensity, background = _laser_at_sky(result)
    value = {
        "n": 1.0,
        "t": sky.gap_m,
        "lam": line_m,
        **older_parameters(parameters),
        "I": intensity,
        "B": background,
        "lamc": line_m * (1.0 + shift_mps / _LIGHT_MPS),
        "T": sky.temperature_k,
        "skyI": sky.intensity * sky.exposure_s,
        "skyB": sky.background * sky.exposure_s,
        "skym": 0.0,
        "ccdB": sky.ccd_bias,
        "lam0": line_m,
    }
    errors = {
        "lamc": line_m * sky.wind_fit_error_mps / _LIGHT_MPS,
        "T": sky.temperature_error_k,
        "skyI": sky.intensity_error * sky.exposure_s,
        "skyB": sky.background_error * sky.exposure_s,
        "ccdB": sky.ccd_bias_error,
    }
    return _columns(value, n), _columns(_errors(value, parameters, errors), n)


def _laser_at_sky(result: NightResult) -> tuple[np.ndarray, np.ndarray]:
    sky, laser = result.sky, result.laser
    used = np.flatnonzero(laser.used & np.isfinite(laser.gap_m))
    if not used.size:
        return np.ones(len(sky)), np.zeros(len(sky))
    value, _ = laser_parameters(result, used)
    at, lasers = (times.astype("datetime64[us]").astype(float) for times in (sky.mid_time, laser.mid_time))
    return np.interp(at, lasers[used], value["I"]), np.interp(at, lasers[used], value["B"])


def _errors(value: dict, parameters: InstrumentParameters, errors: dict) -> dict:
    known = {
        "alpha": parameters.plate_scale_error_rad_per_pixel,
        "R": parameters.reflectivity_error,
        **errors,
    }
    return {name: known.get(name, np.nan) for name in value}


def _columns(values: dict, n: int) -> Parameters:
    return {name: np.array(np.broadcast_to(value, n), float) for name, value in values.items()}
