"""The result of a night that could not be analysed: `airglow.nothing`, of a night that is known."""

from __future__ import annotations

from collections.abc import Sequence

import airglow.nothing
from airglow.night.which import WhichNight
from airglow.result import NightResult, Provenance, Rejection
from airglow.version import code_version
from airglow.weather import WeatherFolder


def no_result(
    which: WhichNight, weather: WeatherFolder | None, why: str, rejections: Sequence[Rejection] = ()
) -> NightResult:
    """An empty result.

    Parameters
    ----------
    which
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
    site, instrument = which.site, which.instrument
    return airglow.nothing.nothing(
        instrument=instrument.key,
        site=site.key,
        date=which.date,
        tag=which.tag,
        wavelength_m=instrument.optics.line_wavelength_m(which.tag),
        site_name=site.name,
        site_latitude_deg=site.latitude_deg,
        site_longitude_deg=site.longitude_deg,
        site_altitude_m=site.altitude_m,
        site_timezone=str(site.clock(which.date)),
        notes=(why,),
        rejections=tuple(rejections),
        provenance=Provenance(
            code_version=code_version(),
            settings_hash=which.settings.digest(),
            registry_epoch=f"{instrument.epoch_from}" if instrument.epoch_from else "always",
            input_hash="",
            weather_files=weather.files if weather else (),
        ),
    )
