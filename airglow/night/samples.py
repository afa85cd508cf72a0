"""From fits to the table of sky samples: geometry, weather, winds and flags."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from airglow.etalon import LaserState
from airglow.geometry.directions import is_zenith, look_direction
from airglow.geometry.ephemeris import SunAndMoon, moon_separation_deg, sun_and_moon
from airglow.geometry.lines_of_sight import pierce_points
from airglow.model.limits import CLOUDY_C, OVERCAST_C
from airglow.model.result import SkySamples, mid_exposure
from airglow.model.tags import GREEN_TAG
from airglow.night.by_hand import flags_by_hand
from airglow.night.fitted import FittedNight
from airglow.night.instrument import KnownInstrument
from airglow.night.lines import NightLines
from airglow.night.profiles import Profiles
from airglow.night.request import NightRequest
from airglow.night.self_checks import SelfChecks
from airglow.night.tables import column
from airglow.registry import Site
from airglow.registry.load import normalise_direction
from airglow.registry.overrides import BY_LASER, BY_ZENITH
from airglow.spectra import SkyLine, network_intensity_scale
from airglow.weather import WeatherFolder, summarise
from airglow.winds.doppler_reference import (
    SampleReference,
    gap_error_as_velocity_mps,
    reference_from_zenith,
    reference_in_time,
    reference_over_gap,
)
from airglow.winds.flags import (
    BRIGHT_MOON,
    NEAR_MOON_DEG,
    FlagInputs,
    flag_levels,
    flag_samples,
)

FAR_FROM_LASER_S = 2 * 3600.0
CLOUDY_WEIGHT, OVERCAST_WEIGHT = 0.25, 0.05  # of zenith samples in the Doppler reference


def sun_and_moon_over(times: np.ndarray, site: Site) -> SunAndMoon:
    """Sun and moon at times as seen from a site."""
    return sun_and_moon(times, site.latitude_deg, site.longitude_deg, site.altitude_m)


def sky_samples(
    request: NightRequest,
    sky: Profiles,
    lines: NightLines,
    line: SkyLine,
    known: KnownInstrument,
) -> SkySamples:
    """The table of the sky frames with everything but clouds, Doppler reference and flags."""
    instrument, site, date = request.instrument, request.site, request.date
    index, fits = lines.index, lines.fits
    frames = [sky.frames[k].frame for k in index]
    start = np.array([sky.frames[k].start for k in index], "datetime64[us]")
    exposure_s = column([frame.exposure_s for frame in frames])
    flipped = instrument.azimuth_sign_flipped_before
    sign = -1.0 if flipped is not None and date < flipped else 1.0
    pointed = [normalise_direction(sign * frame.azimuth_deg, frame.zenith_deg) for frame in frames]
    azimuth, zenith = (column(values) for values in zip(*pointed, strict=True))
    place = site.latitude_deg, site.longitude_deg, site.altitude_m
    points = pierce_points(*place, azimuth, zenith, request.emission_height_m)
    bodies = sun_and_moon_over(mid_exposure(start, exposure_s), site)
    n = len(fits)
    none = np.full(n, np.nan)
    fit_error = column([fit.velocity_error_mps for fit in fits])
    scale = network_intensity_scale(line.wavelength_m, known.parameters.nominal_gap_m)
    return SkySamples(
        name=tuple(frame.name for frame in frames),
        start_time=start,
        exposure_s=exposure_s,
        azimuth_deg=azimuth,
        zenith_deg=zenith,
        pierce_latitude_deg=points.latitude_deg,
        pierce_longitude_deg=points.longitude_deg,
        pierce_height_m=points.height_m,
        pierce_azimuth_deg=points.azimuth_deg,
        pierce_zenith_deg=points.zenith_deg,
        direction=tuple(look_direction(a, z, site.directions) for a, z in zip(azimuth, zenith, strict=True)),
        line_of_sight_wind_mps=column([fit.velocity_mps for fit in fits]),
        wind_fit_error_mps=fit_error,
        wind_calibration_error_mps=gap_error_as_velocity_mps(lines.gap_error_m, lines.gap_m),
        wind_reference_error_mps=none,
        wind_error_mps=none,
        temperature_k=column([fit.temperature_k for fit in fits]),
        temperature_error_k=np.sqrt(
            column([fit.temperature_error_k for fit in fits]) ** 2
            + known.temperature_error_k**2
            + (lines.holds.temperature_error_k**2 if lines.holds else 0.0)
            + lines.shape_noise_k**2
            + lines.shape_misfit_k**2
        ),
        wind_bound_mps=column([fit.velocity_bound_mps for fit in fits]),
        temperature_bound_k=column([fit.temperature_bound_k for fit in fits]),
        intensity=column([fit.intensity for fit in fits]) * scale / exposure_s,
        intensity_error=column([fit.intensity_error for fit in fits]) * scale / exposure_s,
        background=column([fit.continuum for fit in fits]) / exposure_s,
        background_error=column([fit.continuum_error for fit in fits]) / exposure_s,
        ccd_bias=column([fit.bias for fit in fits]),
        ccd_bias_error=column([fit.bias_error for fit in fits]),
        reduced_chi_square=column([fit.reduced_chi_square for fit in fits]),
        doppler_reference_mps=none,
        gap_m=lines.gap_m,
        center_x_px=column([sky.centers[k].x_px for k in index]),
        center_y_px=column([sky.centers[k].y_px for k in index]),
        ccd_temperature_c=column([frame.ccd_temperature_c for frame in frames]),
        sky_minus_ambient_mean_c=none,
        sky_minus_ambient_max_c=none,
        sky_minus_ambient_min_c=none,
        sun_elevation_deg=bodies.sun_elevation_deg,
        moon_elevation_deg=bodies.moon_elevation_deg,
        moon_separation_deg=moon_separation_deg(bodies, azimuth, zenith),
        moon_illumination=bodies.moon_illumination,
        wind_flag=np.zeros(n, np.int8),
        temperature_flag=np.zeros(n, np.int8),
        causes=np.zeros(n, np.uint32),
    )


def with_clouds(samples: SkySamples, weather: WeatherFolder | None) -> SkySamples:
    """Samples with what the cloud sensor saw during their exposures."""
    clouds = summarise(weather.clouds if weather else None, samples.start_time, samples.exposure_s)
    return replace(
        samples,
        sky_minus_ambient_mean_c=clouds.mean,
        sky_minus_ambient_max_c=clouds.max,
        sky_minus_ambient_min_c=clouds.min,
    )


def find_doppler_reference(
    samples: SkySamples,
    mid_time_s: np.ndarray,
    known: KnownInstrument,
    checks: SelfChecks,
    by_hand: str = "",
) -> SampleReference:
    """The Doppler reference: from the zenith, with the gap from lasers or in time.

    By hand it may be one value with the gap of the lasers, whatever the zenith says of its course
    (`BY_LASER`), or follow the zenith, whatever the lasers say (`BY_ZENITH`).

    Zenith samples under clouds see light from elsewhere: they count for less, and so do those in a bright
    twilight. A drift that all directions share is one more thing that lasers leave open.
    """
    velocity, fit_error = samples.line_of_sight_wind_mps, samples.wind_fit_error_mps
    if known.lasers is None:
        error = np.hypot(fit_error, samples.wind_calibration_error_mps)
        return reference_in_time(mid_time_s, velocity, error, is_zenith(samples.zenith_deg))
    lasers = known.lasers
    per_metre = gap_error_as_velocity_mps(1.0, lasers.median_gap_m)
    clouds = samples.sky_minus_ambient_mean_c
    weight = np.select([clouds > OVERCAST_C, clouds > CLOUDY_C], [OVERCAST_WEIGHT, CLOUDY_WEIGHT], 1.0)
    weight[checks.under_clouds | checks.bright_twilight] *= CLOUDY_WEIGHT
    zenith = is_zenith(samples.zenith_deg)
    if by_hand == BY_ZENITH:
        # One gap for all, as without lasers: nothing of their course may be left in the winds.
        of_course_mps = (lasers.median_gap_m - lasers.gap_m(mid_time_s)[0]) * per_metre
        found = reference_in_time(mid_time_s, velocity + of_course_mps, fit_error, zenith)
        if found.follows_zenith:
            return replace(found, value_mps=found.value_mps - of_course_mps)
    if by_hand == BY_LASER:
        error = np.hypot(fit_error, samples.wind_calibration_error_mps)
        return reference_from_zenith(mid_time_s, velocity, error, zenith, weight)

    def over(state: LaserState, moved_mps: np.ndarray | float = 0.0) -> SampleReference:
        """The reference with a course of the gap that adds so much to the velocities."""
        covariance = state.gap_covariance_m2(mid_time_s) * per_metre**2
        if checks.drift is not None:
            covariance = covariance + checks.drift.covariance_mps2(mid_time_s)
        found = reference_over_gap(mid_time_s, velocity + moved_mps, fit_error, covariance, zenith, weight)
        return replace(found, value_mps=found.value_mps - moved_mps)

    if not lasers.other_courses:
        return over(lasers)
    # Too few lasers to tell how fast the gap moves: the zenith samples choose among its courses.
    answers = []
    for density, course in lasers.other_courses:
        other = lasers.with_course(course)
        moved_mps = (other.gap_m(mid_time_s)[0] - lasers.gap_m(mid_time_s)[0]) * per_metre
        reference = over(other, moved_mps)
        answers.append((density + reference.log_density, reference))
    return max(answers, key=lambda answer: answer[0])[1]


def with_winds(samples: SkySamples, reference: SampleReference) -> SkySamples:
    """Samples with the Doppler reference taken out and all errors in quadrature."""
    calibration = reference.calibration_error_mps
    if calibration is None:
        calibration = samples.wind_calibration_error_mps
    errors = (samples.wind_fit_error_mps, calibration, reference.error_mps)
    return replace(
        samples,
        wind_calibration_error_mps=calibration,
        line_of_sight_wind_mps=samples.line_of_sight_wind_mps - reference.value_mps,
        doppler_reference_mps=reference.value_mps,
        wind_reference_error_mps=reference.error_mps,
        wind_error_mps=np.sqrt(sum(error**2 for error in errors)),
    )


def with_flags(
    request: NightRequest,
    samples: SkySamples,
    fitted: FittedNight,
    reference: SampleReference,
    checks: SelfChecks,
) -> SkySamples:
    """Samples with the causes that hold for them and the flags that those raise."""
    instrument, date, known = request.instrument, request.date, fitted.known
    n, mid_time_s = len(samples), fitted.mid_time_s
    near_jump, far = np.zeros(n, bool), np.zeros(n, bool)
    if known.lasers is not None:
        for before, after in known.lasers.gap_nm.jumps_s:
            near_jump |= (mid_time_s > before) & (mid_time_s < after)
        laser_s = fitted.laser_mid_time_s[known.lasers.used]
        far = np.abs(mid_time_s[:, None] - laser_s[None, :]).min(axis=1) > FAR_FROM_LASER_S
    moon_up = samples.moon_elevation_deg > 0
    near_moon = (
        moon_up & (samples.moon_separation_deg < NEAR_MOON_DEG) & (samples.moon_illumination > BRIGHT_MOON)
    )
    wind_by_hand, temperature_by_hand = flags_by_hand(samples, request.overrides)
    causes = flag_samples(
        FlagInputs(
            wind_mps=samples.line_of_sight_wind_mps,
            wind_fit_error_mps=samples.wind_fit_error_mps,
            temperature_error_k=samples.temperature_error_k,
            intensity=samples.intensity,
            background=samples.background,
            reduced_chi_square=samples.reduced_chi_square,
            fit_settled=fitted.settled,
            cloud_mean_c=samples.sky_minus_ambient_mean_c,
            ccd_temperature_c=samples.ccd_temperature_c,
            is_zenith=is_zenith(samples.zenith_deg),
            near_bright_moon=near_moon,
            near_jump=near_jump,
            far_from_laser=far,
            time_in_doubt=fitted.time_in_doubt,
            under_clouds=checks.under_clouds,
            bright_twilight=checks.bright_twilight,
            common_drift=checks.drift is not None,
            laser_jump=checks.laser_jumps is not None,
            is_red_line=request.tag != GREEN_TAG,
            zenith_reference=known.lasers is None or reference.follows_zenith,
            default_instrument=known.lasers is None,
            width_error_k=known.temperature_error_k,
            no_zenith=reference.zenith_samples == 0,
            contaminated=fitted.contaminated,
            of_lasers=known.causes,
            laser_intensity=fitted.laser_counts,
            limits=instrument.quality,
            wind_flag_by_hand=np.maximum(wind_by_hand, instrument.flag_by_hand("wind", date)),
            temperature_flag_by_hand=np.maximum(
                temperature_by_hand, instrument.flag_by_hand("temperature", date)
            ),
        )
    )
    wind_flag, temperature_flag = flag_levels(causes)
    return replace(samples, causes=causes, wind_flag=wind_flag, temperature_flag=temperature_flag)
