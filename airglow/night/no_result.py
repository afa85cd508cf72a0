"""The result of a night that could not be analysed: `airglow.model.empty`, of a night that is known."""

from __future__ import annotations

from collections.abc import Sequence

import airglow.model.empty
from airglow.model.result import NightResult, Provenance, Rejection
from airglow.model.version import code_version
from airglow.night.request import NightRequest
from airglow.weather import WeatherFolder


def no_result(
    request: NightRequest, weather: WeatherFolder | None, why: str, rejections: Sequence[Rejection] = ()
) -> NightResult:
    """An empty result.

    Parameters
    ----------
    request
        The night and tag.
    weather
        The site's weather files, or None.
    why
        There is no analysis: a sentence for the log.
    rejections
        Frames that were there but of no use.

    Returns
    -------
    NightResult
        Without samples; ``notes`` holds ``why``.
    """
    site, instrument = request.site, request.instrument
    return airglow.model.empty.empty_result(
        instrument=instrument.key,
        site=site.key,
        date=request.date,
        tag=request.tag,
        wavelength_m=instrument.optics.line_wavelength_m(request.tag),
        site_name=site.name,
        site_latitude_deg=site.latitude_deg,
        site_longitude_deg=site.longitude_deg,
        site_altitude_m=site.altitude_m,
        site_timezone=str(site.clock(request.date)),
        notes=(why,),
        rejections=tuple(rejections),
        provenance=Provenance(
            code_version=code_version(),
            settings_hash=request.settings_hash,
            registry_epoch=request.registry_epoch,
            input_hash="",
            weather_files=weather.sources_read if weather else (),
            overrides=request.overrides.sentences,
        ),
    )
