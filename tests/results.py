"""A night's result that never was, plausible in every field and always the same, for tests of its readers."""

from __future__ import annotations

import datetime as dt

import numpy as np

from airglow.geometry.ephemeris import moon_separation_deg, sun_and_moon
from airglow.geometry.lines_of_sight import pierce_points
from airglow.model.empty import empty_result
from airglow.model.inputs import InputFile
from airglow.model.instrument import InstrumentParameters
from airglow.model.result import (
    Cause,
    DopplerReference,
    LaserSamples,
    NightResult,
    Provenance,
    Rejection,
    RingProfiles,
    SkySamples,
)
from airglow.model.temperatures import ProbeTemperatures
from airglow.winds.horizontal import horizontal_winds

CYCLE = ("Zenith", "North", "East", "South", "West", "CV_ANN_UAO_1")
LOOK = {
    "Zenith": (0.0, 0.0),
    "North": (0.0, 45.0),
    "East": (90.0, 45.0),
    "South": (180.0, 45.0),
    "West": (270.0, 45.0),
    "CV_ANN_UAO_1": (11.08, 53.34),
}
SITES = {
    "uao": ("Urbana Atmospheric Observatory", 40.167, -88.159, 200.0, "America/Chicago"),
    "mrh": ("Merihill", -11.958256, -76.859012, 1090.0, "America/Lima"),
    "bdr": ("", 11.572, 37.394, 1791.0, "Africa/Addis_Ababa"),
}
PROVENANCE = Provenance(
    code_version="0.1.0",
    settings_hash="5f2c" * 16,
    registry_epoch="2022-10-20",
    input_hash="a91e" * 16,
    weather_files=(
        InputFile("Cloud_uao_20250429.txt", 81_344, "3d17" * 16),
        InputFile("Cloud_uao_20250430.txt", 80_012, "b0c2" * 16),
    ),
    manifest_hash="0c4d" * 16,
)
GAP_M = 1.5e-2
LASER_M = 6.328e-7


def example_result(
    sky_frames: int = 120,
    laser_frames: int = 36,
    *,
    instrument: str = "minime05",
    site: str = "uao",
    date: dt.date = dt.date(2025, 4, 29),
    tag: str = "XR",
    annuli: int = 200,
    seed: int = 1,
) -> NightResult:
    """A night with winds, clouds for an hour, a failed fit, a laser frame that was not used and a rejection.

    Parameters
    ----------
    sky_frames, laser_frames
        How many; none of either is a night too.
    instrument, site, date, tag
        Whose night.
    annuli
        Of the ring profiles.
    seed
        Of the noise.
    """
    random = np.random.default_rng(seed)
    name, latitude, longitude, altitude, timezone = SITES[site]
    wavelength = 5.577e-7 if tag == "XG" else 6.3e-7
    evening = np.datetime64(date, "us") + np.timedelta64(round((20.0 - longitude / 15) * 3600), "s")
    laser = _laser(laser_frames, evening, random)
    sky = _sky(sky_frames, evening, (latitude, longitude, altitude), tag, laser_frames > 0, random)
    cycles, smooth_winds = horizontal_winds(sky, laser.mid_time[laser.used], latitude, longitude, 600.0)
    return NightResult(
        instrument=instrument,
        site=site,
        date=date,
        tag=tag,
        wavelength_m=wavelength,
        site_name=name,
        site_latitude_deg=latitude,
        site_longitude_deg=longitude,
        site_altitude_m=altitude,
        site_timezone=timezone,
        sky=sky,
        laser=laser,
        instrument_parameters=InstrumentParameters(
            plate_scale_rad_per_pixel=8.6731e-5,
            plate_scale_error_rad_per_pixel=2.1e-10,
            reflectivity=0.8123,
            reflectivity_error=0.0011,
            falloff=(0.0712, -0.0451),
            blur_px=(1.06, 0.206, -0.066),
            max_radius_px=251.4,
            nominal_gap_m=0.015,
            gap_variance=3.2e-13,
            gap_third_moment=3.5556e-19,
            source="laser frames of the night" if laser_frames else "registry defaults",
        ),
        doppler_reference=DopplerReference(
            method="zenith mean over laser gap" if laser_frames else "zenith in time",
            value_mps=-213.47,
            error_mps=1.63,
            vertical_wind_spread_mps=6.2,
            zenith_samples=sky.direction.count("Zenith"),
        ),
        cycles=cycles,
        smooth_winds=smooth_winds,
        sky_profiles=_profiles(sky_frames, annuli, wavelength, 45.0, 14, random),
        laser_profiles=_profiles(laser_frames, annuli, LASER_M, 900.0, 60, random),
        rejections=(
            Rejection("UAO_XR_20250429_213000.hdf5", "the sun is -4.2 degrees high"),
            Rejection("UAO_XR_20250430_024455.hdf5", "image is 512 x 300, not 512 x 512"),
        ),
        notes=(
            f"Found {sky_frames} sky and {laser_frames} laser frames.",
            "Cloud sensor: skyalert ethernet, 8,640 samples, 3 lines rejected.",
            "Doppler reference: −213.5 ± 1.6 m/s from the zenith.",
        ),
        provenance=PROVENANCE,
        temperatures=_temperatures(evening),
    )


def empty_night(*, site: str = "uao", tag: str = "XR") -> NightResult:
    """A night of which nothing could be analysed, as it is written to say so."""
    name, latitude, longitude, altitude, timezone = SITES[site]
    return empty_result(
        instrument="minime05",
        site=site,
        date=dt.date(2025, 4, 29),
        tag=tag,
        wavelength_m=5.577e-7 if tag == "XG" else 6.3e-7,
        site_name=name,
        site_latitude_deg=latitude,
        site_longitude_deg=longitude,
        site_altitude_m=altitude,
        site_timezone=timezone,
        notes=(f"Not analysed: no {tag} frame in this night.",),
        provenance=PROVENANCE,
    )


def _temperatures(evening: np.datetime64) -> tuple[ProbeTemperatures, ...]:
    """Two loggers of different cadence; that of the etalon has a hole of two hours."""
    slow = evening + (np.arange(-60, 180) * 300_000_000).astype("timedelta64[us]")
    quick = evening + (np.arange(-300, 900) * 60_000_000).astype("timedelta64[us]")
    quick = quick[(quick < evening + np.timedelta64(4, "h")) | (quick > evening + np.timedelta64(6, "h"))]
    hours, hours_quick = ((time - evening) / np.timedelta64(1, "h") for time in (slow, quick))
    return (
        ProbeTemperatures("etalon_inside", "TempL00", quick, 24.1 + 0.03 * np.sin(hours_quick)),
        ProbeTemperatures("dome", "TempL02", slow, 16.0 - 0.6 * hours),
        ProbeTemperatures("inside", "TempL02", slow, 21.0 - 0.1 * hours),
    )


def _laser(n: int, evening: np.datetime64, random: np.random.Generator) -> LaserSamples:
    start = evening + (np.arange(n) * 15 * 60_000_000).astype("timedelta64[us]")
    hours = np.arange(n) / 4
    used = np.ones(n, bool)
    used[n // 3 : n // 3 + 1] = False
    local = start - np.timedelta64(5, "h")
    names = tuple(f"UAO_L_{stamp}.hdf5" for stamp in _stamps(local))
    return LaserSamples(
        name=names,
        start_time=start,
        exposure_s=np.full(n, 30.0),
        gap_m=_gap(hours) + random.normal(0, 1.2e-11, n) + np.where(used, 0, 4e-10),
        gap_error_m=random.uniform(0.9e-11, 1.6e-11, n),
        intensity=(31.0 + 1.5 * np.sin(hours / 2) + random.normal(0, 0.3, n)) * np.where(used, 1, 0.3),
        background=random.normal(310, 2, n),
        reduced_chi_square=random.gamma(90, 1.08 / 90, n) * np.where(used, 1, 4.5),
        center_x_px=257.93 + 0.04 * hours / 9 + random.normal(0, 0.004, n),
        center_y_px=254.31 + 0.07 * np.sin(hours / 3) + random.normal(0, 0.004, n),
        ccd_temperature_c=-70.0 + random.normal(0, 0.15, n),
        used=used,
    )


def _sky(
    n: int,
    evening: np.datetime64,
    site: tuple[float, float, float],
    tag: str,
    with_laser: bool,
    random: np.random.Generator,
) -> SkySamples:
    minutes = 8.0 + np.arange(n) * (8.3 * 60 / max(n, 1))
    hours = minutes / 60
    start = evening + np.round(minutes * 6e7).astype("int64").astype("timedelta64[us]")
    direction = [CYCLE[k % len(CYCLE)] for k in range(n)]
    azimuth = np.array([LOOK[d][0] for d in direction]).reshape(n) + random.normal(0, 0.02, n)
    zenith = np.abs(np.array([LOOK[d][1] for d in direction]).reshape(n) + random.normal(0, 0.02, n))
    azimuth %= 360.0
    exposure = np.round(180 + 60 * np.sin(hours), 0)
    if n > 30:
        direction[25], azimuth[25], zenith[25] = "Unknown", 33.3, 71.0

    cloud = -36 + 31 * np.exp(-(((hours - 5.6) / 0.6) ** 2)) + random.normal(0, 0.6, n)
    cloudy = cloud > -10
    dim = 1.0 + 1.6 * np.exp(-((hours - 1.5) ** 2) / 4)
    intensity = dim * np.where(cloudy, 0.45, 1.0) * random.normal(1, 0.03, n)
    fit_error = 3.0 / dim * np.where(cloudy, 2.0, 1.0) * random.uniform(0.9, 1.1, n)
    calibration_error = 0.4 + 0.2 * np.abs(np.sin(hours * 4))
    zero_error = np.full(n, 1.63)
    wind_error = np.sqrt(fit_error**2 + calibration_error**2 + zero_error**2)
    temperature_error = 4 * fit_error

    zonal, meridional = 90 * np.cos((hours - 2) / 3.2), -55 * np.sin((hours - 0.5) / 2.6) - 20
    az, ze = np.radians(azimuth), np.radians(zenith)
    wind = (zonal * np.sin(az) + meridional * np.cos(az)) * np.sin(ze) * np.where(cloudy, 0.4, 1)
    wind = wind + random.normal(0, 6, n) * np.cos(ze) ** 4 + random.normal(0, 1, n) * fit_error
    temperature = 880 - 14 * hours + 25 * np.sin(hours) + random.normal(0, 1, n) * temperature_error

    causes = np.zeros(n, np.uint32)
    causes[cloud > -22] |= Cause.CLOUDY.mask
    causes[cloud > -10] |= Cause.OVERCAST.mask
    causes[intensity < 0.6] |= Cause.DIM_LINE.mask
    if not with_laser:
        causes |= np.uint32(Cause.ZENITH_REFERENCE.mask | Cause.DEFAULT_INSTRUMENT.mask)
    if n > 60:
        for values in (wind, temperature, fit_error, wind_error, temperature_error, intensity):
            values[40] = np.nan
        causes[40] |= Cause.FIT_FAILED.mask
        cloud[50] = np.nan
        causes[50] |= Cause.NO_CLOUD_DATA.mask
        wind[60] += 640.0
        fit_error[60] = wind_error[60] = 180.0
        temperature_error[60] = 240.0
        causes[60] |= Cause.LARGE_WIND_ERROR.mask
    position = sun_and_moon(start, *site)
    points = pierce_points(*site, azimuth, zenith, 97e3 if tag == "XG" else 250e3)
    return SkySamples(
        name=tuple(f"UAO_{tag}_{stamp}.hdf5" for stamp in _stamps(start - np.timedelta64(5, "h"))),
        start_time=start,
        exposure_s=exposure,
        azimuth_deg=azimuth,
        zenith_deg=zenith,
        pierce_latitude_deg=points.latitude_deg,
        pierce_longitude_deg=points.longitude_deg,
        pierce_height_m=points.height_m,
        pierce_azimuth_deg=points.azimuth_deg,
        pierce_zenith_deg=points.zenith_deg,
        direction=tuple(direction),
        line_of_sight_wind_mps=wind,
        wind_fit_error_mps=fit_error,
        wind_calibration_error_mps=calibration_error,
        wind_reference_error_mps=zero_error,
        wind_error_mps=wind_error,
        temperature_k=temperature,
        temperature_error_k=temperature_error,
        wind_bound_mps=0.9 * fit_error,
        temperature_bound_k=0.95 * temperature_error,
        intensity=intensity,
        intensity_error=0.02 * intensity,
        background=0.42 + 0.1 * hours / 9 + random.normal(0, 0.01, n),
        background_error=np.full(n, 0.011),
        ccd_bias=np.full(n, 302.4) + random.normal(0, 0.4, n),
        ccd_bias_error=np.full(n, 0.35),
        reduced_chi_square=random.gamma(90, 1.02 / 90, n),
        doppler_reference_mps=-213.47 + 0.3 * np.sin(hours),
        gap_m=_gap(hours),
        center_x_px=257.93 + 0.04 * hours / 9,
        center_y_px=254.31 + 0.07 * np.sin(hours / 3),
        ccd_temperature_c=-70.0 + random.normal(0, 0.15, n),
        sky_minus_ambient_mean_c=cloud,
        sky_minus_ambient_max_c=cloud + 1.1,
        sky_minus_ambient_min_c=cloud - 1.3,
        sun_elevation_deg=position.sun_elevation_deg,
        moon_elevation_deg=position.moon_elevation_deg,
        moon_separation_deg=moon_separation_deg(position, azimuth, zenith),
        moon_illumination=position.moon_illumination,
        wind_flag=_flags(causes, "wind"),
        temperature_flag=_flags(causes, "temperature"),
        causes=causes,
    )


def _gap(hours: np.ndarray) -> np.ndarray:
    return GAP_M + 1.1e-9 * hours / 9 + 3e-10 * np.sin(hours / 1.8)


def _stamps(local: np.ndarray) -> list[str]:
    return [f"{moment:%Y%m%d_%H%M%S}" for moment in local.astype(object)]


def _flags(causes: np.ndarray, kind: str) -> np.ndarray:
    flags = np.zeros(causes.size, np.int8)
    for cause in Cause:
        raised = np.where(causes & np.uint32(cause.mask), getattr(cause, kind), 0)
        flags = np.maximum(flags, raised.astype(np.int8))
    return flags


def _profiles(
    n: int, annuli: int, wavelength: float, amplitude: float, terms: int, random: np.random.Generator
) -> RingProfiles:
    edges = np.linspace(0, 251.4**2, annuli + 1)
    radius_squared = np.tile((edges[:-1] + edges[1:]) / 2, (n, 1))
    phase = 4 * np.pi * GAP_M / wavelength / np.sqrt(1 + 8.6731e-5**2 * radius_squared)
    damping = 0.0 if terms > 20 else 0.03
    k = np.arange(1, terms)[:, None, None]
    airy = 1 + 2 * np.sum(0.81**k * np.exp(-damping * k**2) * np.cos(k * phase), axis=0)
    model = 310 + amplitude * (0.3 + 0.7 * airy / 9) * (1 + 0.05 * radius_squared / 251.4**2)
    sigma = np.sqrt(model) / np.sqrt(8 * np.pi * 251.4**2 / annuli)
    counts = model + random.normal(0, 1, model.shape) * sigma
    for values in (counts, sigma, model):
        values[:, -2:] = np.nan  # annuli that are not used
    return RingProfiles(radius_squared, counts, sigma, model)
