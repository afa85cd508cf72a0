"""What the analysis of a night is: plain values that every product reads, and nothing else.

Arrays of a table have one entry per frame, in the order of time. Times are UTC (``datetime64[us]``),
velocities are positive away from the instrument, intensities are counts per second of exposure, and a
value that does not exist is NaN.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from airglow.model.inputs import InputFile
from airglow.model.instrument import InstrumentParameters
from airglow.model.products import product_stem
from airglow.model.temperatures import ProbeTemperatures
from airglow.model.winds import HorizontalWinds, SmoothWinds

if TYPE_CHECKING:
    import numpy as np

GOOD, CAUTION, BAD = 0, 1, 2
ANALYSED = "analysed"  # the state of a night and tag with a result; other states say why there is none


class Cause(Enum):
    """Why a sample is flagged: its bit in the mask, the flags it raises, and what it means.

    ``wind`` and ``temperature`` are the legacy levels (0 good, 1 caution, 2 bad) that the cause raises.
    """

    DIM_LINE = (0, 1, 1, "line intensity below the caution limit")
    VERY_DIM_LINE = (1, 2, 2, "line intensity below the bad limit")
    BRIGHT_BACKGROUND = (2, 1, 1, "spectral background above the limit")
    ZENITH_REFERENCE = (3, 1, 1, "the zenith alone is the reference: no usable laser, or by hand")
    LASER_DRIFTING = (4, 1, 0, "laser drifting over the night")
    NO_CLOUD_DATA = (5, 1, 1, "no cloud sensor data")
    CLOUDY = (6, 1, 1, "sky minus ambient temperature above -22 C")
    OVERCAST = (7, 2, 1, "sky minus ambient temperature above -10 C")
    WARM_CCD = (8, 1, 1, "CCD warmer than -60 C")
    LARGE_WIND_ERROR = (9, 2, 2, "fit error of the wind over 100 m/s")
    LARGE_TEMPERATURE_ERROR = (10, 2, 2, "fit error of the temperature over 100 K")
    WIND_CAUTION_BY_HAND = (11, 1, 0, "manual entry: wind, caution")
    WIND_BAD_BY_HAND = (12, 2, 0, "manual entry: wind, bad")
    TEMPERATURE_CAUTION_BY_HAND = (13, 0, 1, "manual entry: temperature, caution")
    TEMPERATURE_BAD_BY_HAND = (14, 0, 2, "manual entry: temperature, bad")
    POOR_FIT = (15, 1, 1, "the line fit leaves much more than noise")
    DEFAULT_INSTRUMENT = (16, 1, 1, "instrument parameters from the registry, refined on the sky")
    FIT_FAILED = (17, 2, 2, "the line fit did not converge")
    NEAR_MOON = (18, 1, 1, "bright moon close to the look direction")
    GAP_JUMP = (19, 1, 0, "etalon gap or ring centre jumped near this sample")
    LASER_FAR = (20, 1, 0, "far from the nearest laser frame")
    NO_ZENITH = (21, 1, 0, "no usable zenith sample: the Doppler reference of the wind is assumed")
    UNKNOWN_WIDTH = (22, 0, 2, "instrument's own width not known: temperature not to be used")
    TIME_IN_DOUBT = (23, 2, 2, "clock showed this hour twice: the time may be an hour off")
    CONTAMINATED_LINE = (24, 1, 1, "light of a hydroxyl line among the fringes, taken out by the fit")
    LASER_SATURATED = (25, 0, 1, "laser frames at the camera's ceiling, the clipped annuli left out")
    POOR_LASER_FIT = (26, 0, 1, "the fit of the laser frames leaves too much of their fringes")
    FEW_LASERS = (27, 1, 0, "too few laser frames to tell how fast the gap moves")
    CLOUD_BY_THE_DATA = (28, 1, 1, "clouds, by the winds and the brightness")
    COMMON_DRIFT = (29, 1, 0, "all directions drift together over the night, against the lasers")
    BRIGHT_TWILIGHT = (30, 1, 1, "twilight so bright that an absorption line in it may move the fit")
    LASER_JUMP = (31, 2, 0, "the laser jumped, not the gap: all directions have its step in their velocities")

    def __init__(self, bit: int, wind: int, temperature: int, meaning: str) -> None:
        self.bit = bit
        self.wind = wind
        self.temperature = temperature
        self.meaning = meaning

    @property
    def mask(self) -> int:
        """The cause as a one-bit mask."""
        return 1 << self.bit


def causes_in(mask: int) -> tuple[Cause, ...]:
    """Name the causes that are set in a bit mask.

    Parameters
    ----------
    mask
        Sum of `Cause.mask` values.

    Returns
    -------
    tuple of Cause
        In the order of their bits.
    """
    return tuple(cause for cause in Cause if int(mask) & cause.mask)


@dataclass(frozen=True)
class RingProfiles:
    """Ring profiles of n frames over m annuli, and the models fitted to them.

    It is the columns of what `airglow.rings.RingProfile` is for one frame. Annuli that are not used are NaN.

    Parameters
    ----------
    radius_squared_px2
        (n, m) true mean of r squared over the pixels of the annulus.
    counts
        (n, m) mean counts per pixel.
    sigma
        (n, m) their standard errors.
    model
        (n, m) counts per pixel of the fitted model.
    """

    radius_squared_px2: np.ndarray
    counts: np.ndarray
    sigma: np.ndarray
    model: np.ndarray


@dataclass(frozen=True)
class SkySamples:
    """One entry per sky frame that was analysed (n entries).

    Each field is an array or tuple of n values; `airglow.model.columns` has the unit and meaning of each.
    """

    name: tuple[str, ...]  # frame file
    start_time: np.ndarray  # datetime64[us], start of the exposure
    exposure_s: np.ndarray
    azimuth_deg: np.ndarray  # 0 to 360, east of north
    zenith_deg: np.ndarray  # 0 to 90
    pierce_latitude_deg: np.ndarray  # where the line of sight meets the airglow layer, geodetic
    pierce_longitude_deg: np.ndarray  # -180 to 180, east positive
    pierce_height_m: np.ndarray  # of the layer, above the ellipsoid
    pierce_azimuth_deg: np.ndarray  # of the line of sight onward, east of north at that point
    pierce_zenith_deg: np.ndarray  # of the line of sight, from the vertical at that point
    direction: tuple[str, ...]  # name of the look direction, "Unknown" if none is close
    line_of_sight_wind_mps: np.ndarray  # Doppler reference removed
    wind_fit_error_mps: np.ndarray
    wind_calibration_error_mps: np.ndarray
    wind_reference_error_mps: np.ndarray
    wind_error_mps: np.ndarray  # all three in quadrature
    temperature_k: np.ndarray
    temperature_error_k: np.ndarray
    wind_bound_mps: np.ndarray  # Cramér-Rao bound: what the camera's noise alone allows of the fit
    temperature_bound_k: np.ndarray
    intensity: np.ndarray  # line, per second, in the network's unit (airglow.spectra.network_intensity_scale)
    intensity_error: np.ndarray
    background: np.ndarray  # spectral continuum, counts per pixel per second
    background_error: np.ndarray
    ccd_bias: np.ndarray  # counts per pixel
    ccd_bias_error: np.ndarray
    reduced_chi_square: np.ndarray
    doppler_reference_mps: np.ndarray  # what was subtracted to make the zenith wind vanish
    gap_m: np.ndarray  # etalon gap at mid-exposure
    center_x_px: np.ndarray
    center_y_px: np.ndarray
    ccd_temperature_c: np.ndarray
    sky_minus_ambient_mean_c: np.ndarray
    sky_minus_ambient_max_c: np.ndarray
    sky_minus_ambient_min_c: np.ndarray
    sun_elevation_deg: np.ndarray
    moon_elevation_deg: np.ndarray
    moon_separation_deg: np.ndarray
    moon_illumination: np.ndarray  # 0 new to 1 full
    wind_flag: np.ndarray  # int8: 0 good, 1 caution, 2 bad
    temperature_flag: np.ndarray  # int8
    causes: np.ndarray  # uint32 mask of Cause

    def __len__(self) -> int:
        return len(self.name)

    @property
    def mid_time(self) -> np.ndarray:
        """Middle of each exposure, datetime64[us]."""
        return mid_exposure(self.start_time, self.exposure_s)


@dataclass(frozen=True)
class LaserSamples:
    """One entry per laser frame that was read and bright enough to fit (m entries).

    Each field is an array or tuple of m values; `airglow.model.columns` has the unit and meaning of each.
    """

    name: tuple[str, ...]
    start_time: np.ndarray  # datetime64[us], start of the exposure
    exposure_s: np.ndarray
    gap_m: np.ndarray
    gap_error_m: np.ndarray
    intensity: np.ndarray  # counts per pixel per second
    background: np.ndarray  # counts per pixel
    reduced_chi_square: np.ndarray
    center_x_px: np.ndarray
    center_y_px: np.ndarray
    ccd_temperature_c: np.ndarray
    used: np.ndarray  # bool: took part in the gap over the night

    def __len__(self) -> int:
        return len(self.name)

    @property
    def mid_time(self) -> np.ndarray:
        """Middle of each exposure, datetime64[us]."""
        return mid_exposure(self.start_time, self.exposure_s)


@dataclass(frozen=True)
class DopplerReference:
    """The velocity that the line shows where the wind is zero, over the night, and where it comes from.

    It sums up what `airglow.winds.SampleReference` has for each sample.

    Parameters
    ----------
    method
        ``zenith mean over laser gap``, ``zenith in time``, ...
    value_mps
        Mean over the night of what was subtracted, m/s.
    error_mps
        Its standard error, m/s, the natural spread of the vertical wind included.
    vertical_wind_spread_mps
        Standard deviation of the vertical wind, m/s, as found or assumed.
    zenith_samples
        Number of those that took part.
    """

    method: str
    value_mps: float
    error_mps: float
    vertical_wind_spread_mps: float
    zenith_samples: int


@dataclass(frozen=True)
class Rejection:
    """A frame that took no part, and why.

    Parameters
    ----------
    name
        Name of the frame's file.
    reason
        Why, in words.
    """

    name: str
    reason: str


@dataclass(frozen=True)
class Provenance:
    """What made this result.

    Parameters
    ----------
    code_version
        Version of airglow.
    settings_hash
        SHA-256 of the settings that the analysis was given, and of the overrides if there are any.
    registry_epoch
        ``always``, or the date from which the instrument's entry in the registry holds.
    input_hash
        SHA-256 over names and SHA-256s of the frames and weather files that were read.
    weather_files
        The weather files that were read.
    manifest_hash
        SHA-256 of the manifest in the archive that lists the frames; empty without one.
    overrides
        What was decided by hand for this night, each with its reason.
    """

    code_version: str
    settings_hash: str
    registry_epoch: str
    input_hash: str
    weather_files: tuple[InputFile, ...]
    manifest_hash: str = ""
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True)
class NightResult:
    """The analysis of one night of one instrument with one tag.

    Parameters
    ----------
    instrument
        Key of the instrument.
    site
        Key of the site.
    date
        Local date on which the night began.
    tag
        ``X``, ``XR`` or ``XG``.
    wavelength_m
        Rest wavelength of the line.
    site_name
        Name of the site in words.
    site_latitude_deg, site_longitude_deg
        Geodetic latitude, north positive, and longitude, east positive.
    site_altitude_m
        Height above sea level.
    site_timezone
        Time zone of the camera computer's clock on that date.
    sky
        Samples of the sky frames (n entries).
    laser
        Samples of the laser frames (m entries).
    instrument_parameters
        With which the sky frames were fitted.
    doppler_reference
        The reference over the night.
    cycles
        Horizontal winds by cycle of look directions.
    smooth_winds
        Horizontal winds on a regular grid of times.
    sky_profiles, laser_profiles
        Ring profiles in the order of ``sky`` and ``laser``.
    rejections
        Frames that took no part.
    notes
        The log of the analysis, a sentence each.
    provenance
        What made the result.
    temperatures
        Of the site's temperature loggers, noon to noon, one entry per probe; no name is there twice.
    """

    instrument: str
    site: str
    date: dt.date
    tag: str
    wavelength_m: float
    site_name: str
    site_latitude_deg: float
    site_longitude_deg: float
    site_altitude_m: float
    site_timezone: str
    sky: SkySamples
    laser: LaserSamples
    instrument_parameters: InstrumentParameters
    doppler_reference: DopplerReference
    cycles: HorizontalWinds
    smooth_winds: SmoothWinds
    sky_profiles: RingProfiles
    laser_profiles: RingProfiles
    rejections: tuple[Rejection, ...]
    notes: tuple[str, ...]
    provenance: Provenance
    temperatures: tuple[ProbeTemperatures, ...] = ()

    @property
    def stem(self) -> str:
        """Base of the products' file names: ``minime05_uao_20250429_xr``."""
        return product_stem(self.instrument, self.site, self.date, self.tag)


def end_exposure(start_time: np.ndarray, exposure_s: np.ndarray) -> np.ndarray:
    """End of exposures.

    Parameters
    ----------
    start_time
        (n,) starts, datetime64.
    exposure_s
        (n,) lengths in seconds.

    Returns
    -------
    ndarray
        (n,) datetime64[us].
    """
    import numpy as np

    length_us = np.round(np.asarray(exposure_s, float) * 1e6).astype("int64").astype("timedelta64[us]")
    return np.asarray(start_time, "datetime64[us]") + length_us


def mid_exposure(start_time: np.ndarray, exposure_s: np.ndarray) -> np.ndarray:
    """Middle of exposures.

    Parameters
    ----------
    start_time
        (n,) starts, datetime64.
    exposure_s
        (n,) lengths in seconds.

    Returns
    -------
    ndarray
        (n,) datetime64[us].
    """
    import numpy as np

    half_us = np.round(np.asarray(exposure_s, float) * 5e5).astype("int64").astype("timedelta64[us]")
    return np.asarray(start_time, "datetime64[us]") + half_us
