"""A whole night, from frames to a result: this file reads as the method does."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np

import airglow
from airglow.ephemeris import SunAndMoon, moon_separation_deg, sun_and_moon
from airglow.errors import NotAnalysable
from airglow.night.frames import NightFrames, Progress, TimedFrame, no_progress
from airglow.night.instrument import KnownInstrument, know_instrument
from airglow.night.lines import NightLines, fit_lines
from airglow.night.profiles import Profiles, annulus_grid, night_noise, reduce_lasers, reduce_skies
from airglow.night.settings import AnalysisSettings
from airglow.night.tables import column, laser_table, ring_profiles
from airglow.registry import Instrument, Site
from airglow.registry.load import normalise_direction
from airglow.registry.records import GREEN_TAG
from airglow.result import (
    InstrumentShape,
    NightResult,
    Provenance,
    Rejection,
    SkySamples,
    ZeroReference,
    mid_exposure,
)
from airglow.spectra import SkyLine, network_intensity_scale
from airglow.weather import WeatherFolder, summarise
from airglow.winds import FlagInputs, Zero, flag_levels, flag_samples, look_direction
from airglow.winds.flags import BRIGHT_MOON, NEAR_MOON_DEG
from airglow.winds.zero import gap_error_as_velocity_mps, zero_from_zenith, zero_in_time

RED_LINE_TEMPERATURE_K = 800.0  # to begin the fit with
GREEN_LINE_TEMPERATURE_K = 250.0
ZENITH_WITHIN_DEG = 3.0
FAR_FROM_LASER_S = 2 * 3600.0


def analyse_night(
    frames: NightFrames,
    weather: WeatherFolder | None,
    instrument: Instrument,
    site: Site,
    date: dt.date,
    tag: str,
    settings: AnalysisSettings | None = None,
    progress: Progress = no_progress,
) -> NightResult:
    """Analyse one night of one instrument and tag.

    Parameters
    ----------
    frames
        Of the night, as of `airglow.night.read_night`.
    weather
        The site's weather files of the date and the next, or None.
    instrument
        The registry's entry as of the date.
    site
        Where it stands.
    date
        Local date on which the night began.
    tag
        X, XR or XG.
    settings
        Of the analysis; defaults if not given.
    progress
        Told of each stage and frame.

    Returns
    -------
    NightResult

    Raises
    ------
    NotAnalysable
        If no sky frame remains that can be analysed.
    """
    settings = settings or AnalysisSettings()
    sky_frames, sunlit = _dark_frames(frames.sky, site, settings)
    if not sky_frames:
        raise NotAnalysable("no frames", f"none of the {len(frames.sky)} {tag} frames was taken in the dark")
    line = _sky_line(instrument, tag)

    # Rings: centres, profiles and the camera's noise.
    grid = annulus_grid(sky_frames[0].frame.image.shape, instrument)
    origin = min(timed.start for timed in (*frames.laser, *sky_frames))
    lasers = reduce_lasers(frames.laser, grid, origin, progress)
    center = instrument.default_parameters.center_px
    sky = reduce_skies(sky_frames, grid, origin, lasers, center, progress)
    noise = night_noise(sky, lasers)

    # Instrument from the lasers, line from the sky.
    known = know_instrument(lasers, sky, noise, instrument, grid, line.wavelength_m, settings)
    lines = fit_lines(sky, noise, known, line, progress)
    if not lines.fits:
        raise NotAnalysable(
            "no line", f"the line could not be fitted in any of {len(sky_frames)} {tag} frames"
        )

    # Winds: the zero from the zenith, then flags.
    samples = _samples(sky, lines, line, known, site, weather, instrument, date)
    mid_time_s = sky.mid_time_s[list(lines.index)]
    zero = _zero(samples, mid_time_s, known)
    samples = _with_winds(samples, zero)
    samples = _with_flags(samples, mid_time_s, lines, lasers, known, zero, instrument, date, tag)
    fitted = list(lines.index)
    laser_models = [fit.model if fit else None for fit in known.lasers.fits] if known.lasers else None
    return NightResult(
        instrument=instrument.key,
        site=site.key,
        date=date,
        tag=tag,
        wavelength_m=line.wavelength_m,
        site_name=site.name,
        site_latitude_deg=site.latitude_deg,
        site_longitude_deg=site.longitude_deg,
        site_altitude_m=site.altitude_m,
        site_timezone=str(site.clock(date)),
        sky=samples,
        laser=laser_table(lasers, known.lasers),
        shape=_shape(known),
        zero=ZeroReference(
            method=zero.method,
            value_mps=float(np.mean(zero.value_mps)),
            error_mps=float(np.sqrt(np.mean(zero.error_mps**2))),
            vertical_wind_spread_mps=zero.vertical_wind_spread_mps,
            zenith_samples=zero.zenith_samples,
        ),
        sky_profiles=ring_profiles(sky, fitted, noise, [fit.model for fit in lines.fits]),
        laser_profiles=ring_profiles(
            lasers, list(range(len(lasers.frames))), noise, laser_models or [None] * len(lasers.frames)
        ),
        rejections=(*frames.rejections, *sunlit, *lines.rejections),
        notes=_notes(frames, sky, lasers, known, zero, weather, noise.gain, samples),
        provenance=Provenance(
            code_version=airglow.__version__,
            settings_hash=settings.digest(),
            registry_epoch=f"{instrument.epoch_from}" if instrument.epoch_from else "always",
            input_hash=frames.input_hash,
            weather_files=weather.files if weather else (),
        ),
    )


def _sky_line(instrument: Instrument, tag: str) -> SkyLine:
    typical = GREEN_LINE_TEMPERATURE_K if tag == GREEN_TAG else RED_LINE_TEMPERATURE_K
    return SkyLine(instrument.optics.line_wavelength_m(tag), typical)


def _dark_frames(
    frames: tuple[TimedFrame, ...], site: Site, settings: AnalysisSettings
) -> tuple[list[TimedFrame], list[Rejection]]:
    """Frames with the sun low enough at mid-exposure, and why the others are not used."""
    starts = np.array([timed.start for timed in frames], "datetime64[us]")
    middle = mid_exposure(starts, np.array([timed.frame.exposure_s for timed in frames]))
    elevation = _sun_and_moon(middle, site).sun_elevation_deg
    dark = elevation <= settings.highest_sun_deg
    kept = [timed for timed, ok in zip(frames, dark, strict=True) if ok]
    sunlit = [
        Rejection(timed.frame.name, f"sun at {angle:.1f} degrees, above {settings.highest_sun_deg:g}")
        for timed, ok, angle in zip(frames, dark, elevation, strict=True)
        if not ok
    ]
    return kept, sunlit


def _sun_and_moon(times: np.ndarray, site: Site) -> SunAndMoon:
    return sun_and_moon(times, site.latitude_deg, site.longitude_deg, site.altitude_m)


def _samples(
    sky: Profiles,
    lines: NightLines,
    line: SkyLine,
    known: KnownInstrument,
    site: Site,
    weather: WeatherFolder | None,
    instrument: Instrument,
    date: dt.date,
) -> SkySamples:
    """The table of the sky frames with everything but the zero and the flags."""
    index, fits = lines.index, lines.fits
    frames = [sky.frames[k].frame for k in index]
    start = np.array([sky.frames[k].start for k in index], "datetime64[us]")
    exposure_s = column([frame.exposure_s for frame in frames])
    flipped = instrument.azimuth_sign_flipped_before
    sign = -1.0 if flipped is not None and date < flipped else 1.0
    pointed = [normalise_direction(sign * frame.azimuth_deg, frame.zenith_deg) for frame in frames]
    azimuth, zenith = (column(values) for values in zip(*pointed, strict=True))
    bodies = _sun_and_moon(mid_exposure(start, exposure_s), site)
    clouds = summarise(weather.clouds if weather else None, start, exposure_s)
    n = len(fits)
    none = np.full(n, np.nan)
    fit_error = column([fit.velocity_error_mps for fit in fits])
    scale = network_intensity_scale(line.wavelength_m, known.nominal_gap_m)
    return SkySamples(
        name=tuple(frame.name for frame in frames),
        start_time=start,
        exposure_s=exposure_s,
        azimuth_deg=azimuth,
        zenith_deg=zenith,
        direction=tuple(look_direction(a, z, site.directions) for a, z in zip(azimuth, zenith, strict=True)),
        line_of_sight_wind_mps=column([fit.velocity_mps for fit in fits]),
        wind_fit_error_mps=fit_error,
        wind_calibration_error_mps=gap_error_as_velocity_mps(lines.gap_error_m, lines.gap_m),
        wind_zero_error_mps=none,
        wind_error_mps=none,
        temperature_k=column([fit.temperature_k for fit in fits]),
        temperature_error_k=column([fit.temperature_error_k for fit in fits]),
        intensity=column([fit.intensity for fit in fits]) * scale / exposure_s,
        intensity_error=column([fit.intensity_error for fit in fits]) * scale / exposure_s,
        background=column([fit.continuum for fit in fits]) / exposure_s,
        background_error=column([fit.continuum_error for fit in fits]) / exposure_s,
        ccd_bias=column([fit.bias for fit in fits]),
        ccd_bias_error=column([fit.bias_error for fit in fits]),
        reduced_chi_square=column([fit.reduced_chi_square for fit in fits]),
        zero_mps=none,
        gap_m=lines.gap_m,
        center_x_px=column([sky.centers[k].x_px for k in index]),
        center_y_px=column([sky.centers[k].y_px for k in index]),
        ccd_temperature_c=column([frame.ccd_temperature_c for frame in frames]),
        sky_minus_ambient_mean_c=clouds.mean,
        sky_minus_ambient_max_c=clouds.max,
        sky_minus_ambient_min_c=clouds.min,
        sun_elevation_deg=bodies.sun_elevation_deg,
        moon_elevation_deg=bodies.moon_elevation_deg,
        moon_separation_deg=moon_separation_deg(bodies, azimuth, zenith),
        moon_illumination=bodies.moon_illumination,
        wind_flag=np.zeros(n, np.int8),
        temperature_flag=np.zeros(n, np.int8),
        causes=np.zeros(n, np.uint32),
    )


def _is_zenith(samples: SkySamples) -> np.ndarray:
    return samples.zenith_deg < ZENITH_WITHIN_DEG


def _zero(samples: SkySamples, mid_time_s: np.ndarray, known: KnownInstrument) -> Zero:
    velocity = samples.line_of_sight_wind_mps
    error = np.hypot(samples.wind_fit_error_mps, samples.wind_calibration_error_mps)
    if known.lasers is None:
        return zero_in_time(mid_time_s, velocity, error, _is_zenith(samples))
    return zero_from_zenith(velocity, error, _is_zenith(samples))


def _with_winds(samples: SkySamples, zero: Zero) -> SkySamples:
    errors = (samples.wind_fit_error_mps, samples.wind_calibration_error_mps, zero.error_mps)
    return replace(
        samples,
        line_of_sight_wind_mps=samples.line_of_sight_wind_mps - zero.value_mps,
        zero_mps=zero.value_mps,
        wind_zero_error_mps=zero.error_mps,
        wind_error_mps=np.sqrt(sum(error**2 for error in errors)),
    )


def _with_flags(
    samples: SkySamples,
    mid_time_s: np.ndarray,
    lines: NightLines,
    lasers: Profiles,
    known: KnownInstrument,
    zero: Zero,
    instrument: Instrument,
    date: dt.date,
    tag: str,
) -> SkySamples:
    n = len(samples)
    near_jump, far = np.zeros(n, bool), np.zeros(n, bool)
    laser_intensity = np.array([])
    if known.lasers is not None:
        for before, after in known.lasers.gap_nm.jumps_s:
            near_jump |= (mid_time_s > before) & (mid_time_s < after)
        laser_s = lasers.mid_time_s[known.lasers.used]
        far = np.abs(mid_time_s[:, None] - laser_s[None, :]).min(axis=1) > FAR_FROM_LASER_S
        laser_intensity = np.array([fit.intensity for fit in known.lasers.fits if fit])
    moon_up = samples.moon_elevation_deg > 0
    near_moon = (
        moon_up & (samples.moon_separation_deg < NEAR_MOON_DEG) & (samples.moon_illumination > BRIGHT_MOON)
    )
    causes = flag_samples(
        FlagInputs(
            wind_mps=samples.line_of_sight_wind_mps,
            wind_fit_error_mps=samples.wind_fit_error_mps,
            temperature_error_k=samples.temperature_error_k,
            intensity=samples.intensity,
            background=samples.background,
            reduced_chi_square=samples.reduced_chi_square,
            fit_settled=np.array([fit.settled for fit in lines.fits]),
            cloud_mean_c=samples.sky_minus_ambient_mean_c,
            ccd_temperature_c=samples.ccd_temperature_c,
            is_zenith=_is_zenith(samples),
            near_bright_moon=near_moon,
            near_jump=near_jump,
            far_from_laser=far,
            is_red_line=tag != GREEN_TAG,
            zenith_reference=known.lasers is None,
            default_instrument=known.lasers is None,
            no_zenith=zero.zenith_samples == 0,
            laser_intensity=laser_intensity,
            limits=instrument.quality,
            wind_flag_by_hand=instrument.flag_by_hand("wind", date),
            temperature_flag_by_hand=instrument.flag_by_hand("temperature", date),
        )
    )
    wind_flag, temperature_flag = flag_levels(causes)
    return replace(samples, causes=causes, wind_flag=wind_flag, temperature_flag=temperature_flag)


def _shape(known: KnownInstrument) -> InstrumentShape:
    shape = known.shape
    measured = known.lasers.shape if known.lasers else None
    return InstrumentShape(
        magnification_rad_per_pixel=float(shape.magnification_rad_per_pixel),
        magnification_error_rad_per_pixel=measured.magnification_error_rad_per_pixel if measured else np.nan,
        reflectivity=float(shape.reflectivity),
        reflectivity_error=measured.reflectivity_error if measured else np.nan,
        falloff=shape.falloff,
        blur_px=shape.blur_px,
        max_radius_px=shape.max_radius_px,
        gap_variance_m2=shape.gap_variance * known.nominal_gap_m**2,
        gap_third_moment_m3=shape.gap_third_moment * known.nominal_gap_m**3,
        source="laser frames of the night" if measured else "registry defaults",
    )


def _notes(
    frames: NightFrames,
    sky: Profiles,
    lasers: Profiles,
    known: KnownInstrument,
    zero: Zero,
    weather: WeatherFolder | None,
    gain: float,
    samples: SkySamples,
) -> tuple[str, ...]:
    """The log of the analysis, a sentence each."""
    notes = [
        f"{len(frames.sky)} sky frames and {len(frames.laser)} laser frames were read; "
        f"{len(sky.frames)} sky frames were taken in the dark and {len(samples)} fitted.",
        f"Camera gain from the scatter of the pixels: {gain:.2f} counts per electron.",
    ]
    clipped = sum(rings.clipped for rings in (*sky.rings, *lasers.rings))
    notes.append(f"{clipped} pixels were left out as cosmic rays, stars or hot pixels.")
    if known.lasers is None:
        notes.append(f"Registry defaults describe the instrument, since {known.why_default}.")
    else:
        state = known.lasers
        notes.append(
            f"{int(state.used.sum())} of {len(lasers.frames)} laser frames give the gap, "
            f"{1e3 * state.median_gap_m:.6f} mm; "
            f"reduced chi-square of the shape {state.shape.reduced_chi_square:.2f}."
        )
        for before, after in state.gap_nm.jumps_s:
            notes.append(f"The gap jumped {before / 3600:.2f} to {after / 3600:.2f} h after the first frame.")
    notes.append(
        f"Zero of the wind: {zero.method}, {np.mean(zero.value_mps):.1f} m/s "
        f"from {zero.zenith_samples} samples, error {np.sqrt(np.mean(zero.error_mps**2)):.1f} m/s "
        f"with a vertical wind of {zero.vertical_wind_spread_mps:.1f} m/s."
    )
    if weather is None or weather.clouds is None:
        notes.append("No cloud sensor data.")
    else:
        notes.append(f"Cloud sensor: {weather.clouds.kind}, {len(weather.clouds)} samples.")
    for name, reason in weather.rejected if weather else ():
        notes.append(f"{name} was refused: {reason}.")
    return tuple(notes)
