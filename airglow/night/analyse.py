"""A whole night, from frames to a result: this file reads as the method does (`airglow/METHOD.md`)."""

from __future__ import annotations

import hashlib

import numpy as np

from airglow.model.errors import NotAnalysable
from airglow.model.result import DopplerReference, NightResult, Provenance
from airglow.model.tags import GREEN_TAG
from airglow.model.version import code_version
from airglow.night.frames import NightFrames, Progress, no_progress
from airglow.night.instrument import know_instrument
from airglow.night.lines import fit_lines
from airglow.night.notes import night_notes
from airglow.night.reduce import ReducedNight, reduce_night
from airglow.night.request import NightRequest
from airglow.night.samples import find_doppler_reference, sky_samples, with_flags, with_winds
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
    sky, lasers = reduced.sky, reduced.lasers
    line = _sky_line(request)

    # The instrument from the lasers, the line from the sky.
    known = know_instrument(request, lasers, sky, line)
    lines = fit_lines(sky, known, line, progress, request.instrument.optics.oh_wavelengths_m)
    if not lines.fits:
        reason = f"no line could be fitted in any of {len(sky)} {request.tag} frames"
        raise NotAnalysable("no line", reason, (*reduced.rejections, *lines.rejections))

    # Winds: what speaks against the samples, the Doppler reference from the zenith, then the flags.
    fitted = list(lines.index)
    velocities = sky_samples(request, sky, lines, line, known, weather)
    checks = check_samples(velocities, sky.mid_time_s[fitted], lines, known)
    by_hand = request.overrides
    reference = find_doppler_reference(
        velocities, sky.mid_time_s[fitted], known, checks, by_hand.doppler_reference
    )
    winds = with_winds(velocities, reference)
    samples = with_flags(request, winds, sky, lines, lasers, known, reference, checks)
    laser = laser_table(lasers, known.lasers)
    cycles, smooth_winds = horizontal_winds(
        samples,
        laser.mid_time[laser.used],
        request.site.latitude_deg,
        request.site.longitude_deg,
        request.settings.smooth_wind_step_s,
    )

    laser_models = [fit.model if fit else None for fit in known.lasers.fits] if known.lasers else None
    site, instrument = request.site, request.instrument
    return NightResult(
        instrument=instrument.key,
        site=site.key,
        date=request.date,
        tag=request.tag,
        wavelength_m=line.wavelength_m,
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
        sky_profiles=ring_profiles(sky, fitted, [fit.model for fit in lines.fits]),
        laser_profiles=ring_profiles(lasers, list(range(len(lasers))), laser_models or [None] * len(lasers)),
        rejections=(*reduced.rejections, *lines.rejections),
        notes=night_notes(reduced, known, reference, weather, samples, lines, checks, by_hand),
        provenance=Provenance(
            code_version=code_version(),
            settings_hash=request.settings_hash,
            registry_epoch=f"{instrument.epoch_from}" if instrument.epoch_from else "always",
            input_hash=_input_hash(reduced, weather),
            weather_files=weather.files if weather else (),
            overrides=by_hand.sentences,
        ),
        temperatures=site_temperatures(request, weather),
    )


def _input_hash(reduced: ReducedNight, weather: WeatherFolder | None) -> str:
    """Of the frames and of the weather files: a cloud file that was uploaded again changes flags."""
    parts = [reduced.input_hash, weather.sha256 if weather else ""]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _sky_line(request: NightRequest) -> SkyLine:
    typical = GREEN_LINE_TEMPERATURE_K if request.tag == GREEN_TAG else RED_LINE_TEMPERATURE_K
    return SkyLine(request.instrument.optics.line_wavelength_m(request.tag), typical)
