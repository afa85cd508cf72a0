"""A whole night, from frames to a result: this file reads as the method does (`airglow/METHOD.md`)."""

from __future__ import annotations

import hashlib

import numpy as np

from airglow.model.errors import NotAnalysable
from airglow.model.result import DopplerReference, NightResult, Provenance
from airglow.model.tags import GREEN_TAG
from airglow.model.version import code_version
from airglow.night.by_hand import notes_by_hand
from airglow.night.fitted import FittedNight
from airglow.night.frames import NightFrames, Progress, no_progress
from airglow.night.instrument import know_instrument
from airglow.night.lines import fit_lines
from airglow.night.notes import finish_notes, fit_notes
from airglow.night.reduce import ReducedNight, reduce_night
from airglow.night.request import NightRequest
from airglow.night.samples import find_doppler_reference, sky_samples, with_clouds, with_flags, with_winds
from airglow.night.self_checks import check_samples
from airglow.night.site_temperatures import site_temperatures
from airglow.night.tables import laser_table, ring_profiles
from airglow.spectra import SkyLine
from airglow.weather import WeatherFolder
from airglow.winds.horizontal import horizontal_winds

RED_LINE_TEMPERATURE_K = 800.0  # to begin the fit with
GREEN_LINE_TEMPERATURE_K = 250.0


def analyse_night(
    request: NightRequest,
    frames: NightFrames,
    weather: WeatherFolder | None,
    progress: Progress = no_progress,
) -> NightResult:
    """Analyse one night of one instrument and tag, from its frames.

    Parameters
    ----------
    request
        The night.
    frames
        As of `airglow.night.read_night`.
    weather
        The site's weather files of the date and the next, or None.
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
    return analyse_profiles(request, reduce_night(request, frames, progress), weather, progress)


def analyse_profiles(
    request: NightRequest,
    reduced: ReducedNight,
    weather: WeatherFolder | None,
    progress: Progress = no_progress,
) -> NightResult:
    """Analyse one night from its ring profiles.

    Parameters
    ----------
    request
        The night.
    reduced
        Ring profiles with their errors.
    weather, progress
        As for `analyse_night`.

    Returns
    -------
    NightResult

    Raises
    ------
    NotAnalysable
        If the line cannot be fitted in any frame.
    """
    return finish_night(request, fit_night(request, reduced, progress), weather)


def fit_night(request: NightRequest, reduced: ReducedNight, progress: Progress = no_progress) -> FittedNight:
    """Fit the instrument and the line: all of the analysis that needs profiles, and no weather.

    Parameters
    ----------
    request
        The night.
    reduced
        Ring profiles with their errors.
    progress
        Told of each frame.

    Returns
    -------
    FittedNight

    Raises
    ------
    NotAnalysable
        If the line cannot be fitted in any frame.
    """
    sky, lasers = reduced.sky, reduced.lasers
    line = _sky_line(request)
    known = know_instrument(request, lasers, sky, line)
    lines = fit_lines(sky, known, line, progress, request.instrument.optics.oh_wavelengths_m)
    if not lines.fits:
        reason = f"no line could be fitted in any of {len(sky)} {request.tag} frames"
        raise NotAnalysable("no line", reason, (*reduced.rejections, *lines.rejections))

    index = list(lines.index)
    laser_fits = known.lasers.fits if known.lasers else (None,) * len(lasers)
    laser_models = [fit.model if fit else None for fit in laser_fits]
    return FittedNight(
        samples=sky_samples(request, sky, lines, line, known),
        mid_time_s=sky.mid_time_s[index],
        line_counts=np.array([fit.intensity for fit in lines.fits]),
        settled=np.array([fit.settled for fit in lines.fits], bool),
        time_in_doubt=np.array([sky.frames[k].in_doubt for k in index], bool),
        contaminated=bool(lines.holds and lines.holds.foreign),
        known=known.without_laser_fits(),
        laser=laser_table(lasers, known.lasers),
        laser_mid_time_s=lasers.mid_time_s,
        laser_counts=np.array([fit.intensity for fit in laser_fits if fit]),
        sky_profiles=ring_profiles(sky, index, [fit.model for fit in lines.fits]),
        laser_profiles=ring_profiles(lasers, list(range(len(lasers))), laser_models),
        rejections=(*reduced.rejections, *lines.rejections),
        notes=fit_notes(reduced, known, lines),
        input_hash=reduced.input_hash,
    )


def finish_night(request: NightRequest, fitted: FittedNight, weather: WeatherFolder | None) -> NightResult:
    """Make the result of a night of its fits: clouds, Doppler reference, winds and flags.

    Parameters
    ----------
    request
        The night; as it was for `fit_night`.
    fitted
        The fits.
    weather
        As for `analyse_night`.

    Returns
    -------
    NightResult
    """
    known, laser, mid_time_s = fitted.known, fitted.laser, fitted.mid_time_s
    # What speaks against the samples, the Doppler reference from the zenith, then the flags.
    velocities = with_clouds(fitted.samples, weather)
    checks = check_samples(velocities, mid_time_s, fitted.line_counts, known, request.site)
    by_hand = request.overrides
    reference = find_doppler_reference(velocities, mid_time_s, known, checks, by_hand.doppler_reference)
    winds = with_winds(velocities, reference)
    samples = with_flags(request, winds, fitted, reference, checks)
    cycles, smooth_winds = horizontal_winds(
        samples,
        laser.mid_time[laser.used],
        request.site.latitude_deg,
        request.site.longitude_deg,
        request.settings.smooth_wind_step_s,
    )

    site, instrument = request.site, request.instrument
    return NightResult(
        instrument=instrument.key,
        site=site.key,
        date=request.date,
        tag=request.tag,
        wavelength_m=_sky_line(request).wavelength_m,
        site_name=site.name,
        site_latitude_deg=site.latitude_deg,
        site_longitude_deg=site.longitude_deg,
        site_altitude_m=site.altitude_m,
        site_timezone=str(site.clock(request.date)),
        sky=samples,
        laser=laser,
        instrument_parameters=known.parameters,
        doppler_reference=DopplerReference(
            method=reference.method,
            value_mps=float(np.mean(reference.value_mps)),
            error_mps=float(np.sqrt(np.mean(reference.error_mps**2))),
            vertical_wind_spread_mps=reference.vertical_wind_spread_mps,
            zenith_samples=reference.zenith_samples,
        ),
        cycles=cycles,
        smooth_winds=smooth_winds,
        sky_profiles=fitted.sky_profiles,
        laser_profiles=fitted.laser_profiles,
        rejections=fitted.rejections,
        notes=(
            *notes_by_hand(samples, by_hand),
            *fitted.notes,
            *finish_notes(known, reference, weather, checks, by_hand),
        ),
        provenance=Provenance(
            code_version=code_version(),
            settings_hash=request.settings_hash,
            registry_epoch=request.registry_epoch,
            input_hash=_input_hash(fitted, weather),
            weather_files=weather.sources_read if weather else (),
            overrides=by_hand.sentences,
        ),
        temperatures=site_temperatures(request, weather),
    )


def _input_hash(fitted: FittedNight, weather: WeatherFolder | None) -> str:
    """Of the frames and of the weather files: a cloud file that was uploaded again changes flags."""
    parts = [fitted.input_hash, weather.sha256 if weather else ""]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _sky_line(request: NightRequest) -> SkyLine:
    typical = GREEN_LINE_TEMPERATURE_K if request.tag == GREEN_TAG else RED_LINE_TEMPERATURE_K
    return SkyLine(request.instrument.optics.line_wavelength_m(request.tag), typical)
