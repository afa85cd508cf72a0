"""Quality flags: which causes hold for a sample, and the levels that they raise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from airglow.model.limits import CLOUDY_C, OVERCAST_C, POOR_FIT_CHI_SQUARE, WARM_CCD_C
from airglow.model.result import Cause
from airglow.registry import QualityLimits

LARGE_WIND_ERROR_MPS = 100.0
LARGE_TEMPERATURE_ERROR_K = 100.0
UNKNOWN_WIDTH_K = 50.0
DRIFT_SAMPLES = 5  # zenith samples compared at both ends of the night
DRIFT_MPS = 30.0
ODD_LASER = 0.20  # relative distance of a laser's intensity from the median
ODD_LASERS = 2  # more than this many
NEAR_MOON_DEG = 37.0
BRIGHT_MOON = 0.25  # illuminated fraction from which a near moon matters


@dataclass(frozen=True)
class FlagInputs:
    """What the flags of n samples are made from.

    Parameters
    ----------
    wind_mps
        Line-of-sight wind, shape (n,).
    wind_fit_error_mps
        Its standard error by the fit, shape (n,).
    temperature_error_k
        Standard error of the temperature, shape (n,).
    intensity
        Intensity of the line per second, shape (n,).
    background
        Background per second, shape (n,).
    reduced_chi_square
        Chi-square per degree of freedom of the fit, shape (n,).
    fit_settled
        Bool, shape (n,): the fit converged.
    cloud_mean_c
        Temperature of the sky minus that of the air, NaN without data, shape (n,).
    ccd_temperature_c
        Temperature of the CCD, shape (n,).
    is_zenith
        Bool, shape (n,): the look direction is the zenith.
    near_bright_moon
        Bool, shape (n,): the look direction is near a bright moon.
    near_jump
        Bool, shape (n,): near a jump of the gap or of the ring centre.
    far_from_laser
        Bool, shape (n,): no laser frame is near in time.
    time_in_doubt
        Bool, shape (n,): the frame may be an hour off.
    under_clouds
        Bool, shape (n,): under clouds by the winds and the brightness of all directions; it is a cause of
        its own where no sensor sees clouds.
    bright_twilight
        Bool, shape (n,): in a twilight that is bright beside the line.
    common_drift
        True if all directions drift together.
    laser_jump
        True if a jump that lasers give was the laser's own, by all directions.
    is_red_line
        True for the red line.
    zenith_reference
        True if the zenith alone is the Doppler reference, for want of a usable laser or by hand.
    default_instrument
        True if the instrument's shape is the registry's, refined on the sky.
    width_error_k
        What the instrument's shape leaves open in every temperature, in kelvin.
    no_zenith
        True if there is no zenith sample to take the Doppler reference from.
    contaminated
        True if the light of a foreign line is in the frames, which the fits take out.
    of_lasers
        Causes that the laser frames give for all samples.
    laser_intensity
        Intensity of each laser frame, shape (m,).
    limits
        Limits of the registry that raise flags.
    wind_flag_by_hand
        Least flag of the winds by what was decided by hand, shape (n,) or one for all.
    temperature_flag_by_hand
        Least flag of the temperatures, likewise.
    """

    wind_mps: np.ndarray
    wind_fit_error_mps: np.ndarray
    temperature_error_k: np.ndarray
    intensity: np.ndarray
    background: np.ndarray
    reduced_chi_square: np.ndarray
    fit_settled: np.ndarray
    cloud_mean_c: np.ndarray
    ccd_temperature_c: np.ndarray
    is_zenith: np.ndarray
    near_bright_moon: np.ndarray
    near_jump: np.ndarray
    far_from_laser: np.ndarray
    time_in_doubt: np.ndarray
    under_clouds: np.ndarray
    bright_twilight: np.ndarray
    common_drift: bool
    laser_jump: bool
    is_red_line: bool
    zenith_reference: bool
    default_instrument: bool
    width_error_k: float  # what the instrument's parameters leave open in every temperature
    no_zenith: bool
    contaminated: bool
    of_lasers: tuple[Cause, ...]
    laser_intensity: np.ndarray
    limits: QualityLimits
    wind_flag_by_hand: np.ndarray | int
    temperature_flag_by_hand: np.ndarray | int


def flag_samples(given: FlagInputs) -> np.ndarray:
    """Causes that hold for each sample.

    Parameters
    ----------
    given
        The night's samples.

    Returns
    -------
    ndarray
        (n,) uint32, sums of `airglow.model.result.Cause.mask`.
    """
    mask = np.zeros(given.wind_mps.size, np.uint32)

    def raise_cause(cause: Cause, where: np.ndarray | bool) -> None:
        mask[np.broadcast_to(where, mask.shape)] |= np.uint32(cause.mask)

    limits = given.limits
    if given.is_red_line:  # the limits were found on the red line
        very_dim = _below(given.intensity, limits.sky_intensity_flag2)
        raise_cause(Cause.VERY_DIM_LINE, very_dim)
        raise_cause(Cause.DIM_LINE, _below(given.intensity, limits.sky_intensity_flag1) & ~very_dim)
    if limits.sky_background_flag1 is not None:
        raise_cause(Cause.BRIGHT_BACKGROUND, given.background > limits.sky_background_flag1)
    raise_cause(Cause.ZENITH_REFERENCE, given.zenith_reference)
    raise_cause(Cause.LASER_DRIFTING, laser_is_drifting(given))
    no_data = np.isnan(given.cloud_mean_c)
    raise_cause(Cause.NO_CLOUD_DATA, no_data)
    overcast = given.cloud_mean_c > OVERCAST_C
    raise_cause(Cause.OVERCAST, overcast)
    raise_cause(Cause.CLOUDY, (given.cloud_mean_c > CLOUDY_C) & ~overcast)
    raise_cause(Cause.WARM_CCD, given.ccd_temperature_c > WARM_CCD_C)
    raise_cause(Cause.LARGE_WIND_ERROR, ~(given.wind_fit_error_mps <= LARGE_WIND_ERROR_MPS))
    raise_cause(Cause.LARGE_TEMPERATURE_ERROR, ~(given.temperature_error_k <= LARGE_TEMPERATURE_ERROR_K))
    by_hand = (
        (given.wind_flag_by_hand, (Cause.WIND_CAUTION_BY_HAND, Cause.WIND_BAD_BY_HAND)),
        (
            given.temperature_flag_by_hand,
            (Cause.TEMPERATURE_CAUTION_BY_HAND, Cause.TEMPERATURE_BAD_BY_HAND),
        ),
    )
    for levels, causes in by_hand:
        for level, cause in enumerate(causes, start=1):
            raise_cause(cause, np.equal(levels, level))
    raise_cause(Cause.POOR_FIT, given.reduced_chi_square > POOR_FIT_CHI_SQUARE)
    raise_cause(Cause.DEFAULT_INSTRUMENT, given.default_instrument)
    raise_cause(Cause.UNKNOWN_WIDTH, given.width_error_k > UNKNOWN_WIDTH_K)
    raise_cause(Cause.FIT_FAILED, ~given.fit_settled)
    raise_cause(Cause.NEAR_MOON, given.near_bright_moon)
    raise_cause(Cause.GAP_JUMP, given.near_jump)
    raise_cause(Cause.LASER_FAR, given.far_from_laser)
    raise_cause(Cause.NO_ZENITH, given.no_zenith)
    raise_cause(Cause.CONTAMINATED_LINE, given.contaminated)
    for cause in given.of_lasers:
        raise_cause(cause, True)
    raise_cause(Cause.TIME_IN_DOUBT, given.time_in_doubt)
    raise_cause(Cause.CLOUD_BY_THE_DATA, given.under_clouds & ~(given.cloud_mean_c > CLOUDY_C))
    raise_cause(Cause.COMMON_DRIFT, given.common_drift)
    raise_cause(Cause.LASER_JUMP, given.laser_jump)
    raise_cause(Cause.BRIGHT_TWILIGHT, given.bright_twilight)
    return mask


def _below(value: np.ndarray, limit: float) -> np.ndarray:
    """Below a limit; an infinite limit has not been settled and flags nothing."""
    if not np.isfinite(limit):
        return np.zeros(value.shape, bool)
    return ~(value >= limit)


def laser_is_drifting(given: FlagInputs) -> bool:
    """Whether the zenith wind runs away over the night while the laser's intensity is unsteady."""
    if given.laser_intensity.size == 0:
        return False
    typical = np.median(given.laser_intensity)
    odd = np.count_nonzero(np.abs(given.laser_intensity - typical) > ODD_LASER * abs(typical))
    zenith = given.wind_mps[given.is_zenith & np.isfinite(given.wind_mps)]
    if zenith.size < 2 * DRIFT_SAMPLES or odd <= ODD_LASERS:
        return False
    return bool(abs(zenith[:DRIFT_SAMPLES].mean() - zenith[-DRIFT_SAMPLES:].mean()) > DRIFT_MPS)


def flag_levels(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Legacy flags of wind and temperature from the causes.

    Parameters
    ----------
    mask
        (n,) as of `flag_samples`.

    Returns
    -------
    wind_flag, temperature_flag : ndarray
        int8: 0 good, 1 caution, 2 bad; the highest level of all causes.
    """
    wind, temperature = np.zeros(mask.shape, np.int8), np.zeros(mask.shape, np.int8)
    for cause in Cause:
        holds = (mask & np.uint32(cause.mask)) != 0
        wind[holds] = np.maximum(wind[holds], cause.wind)
        temperature[holds] = np.maximum(temperature[holds], cause.temperature)
    return wind, temperature
