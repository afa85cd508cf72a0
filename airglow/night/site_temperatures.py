"""Temperatures at the site over a night, from the weather files."""

from __future__ import annotations

import datetime as dt

import numpy as np

from airglow.model.temperatures import ProbeTemperatures
from airglow.night.request import NightRequest
from airglow.weather import WeatherFolder, probes_of

_DAY = np.timedelta64(1, "D")


def site_temperatures(request: NightRequest, weather: WeatherFolder | None) -> tuple[ProbeTemperatures, ...]:
    """Of each probe of the site's temperature loggers, from noon to noon.

    Parameters
    ----------
    request
        The night.
    weather
        The site's weather files, or None.

    Returns
    -------
    tuple of ProbeTemperatures
        Without a logger none.
    """
    if weather is None:
        return ()
    noon = request.site.noon(request.date).astimezone(dt.UTC).replace(tzinfo=None)
    begin = np.datetime64(noon, "us")
    return probes_of(weather.temperatures, begin, begin + _DAY)


def logger_notes(weather: WeatherFolder | None) -> list[str]:
    """What the log says of the site's temperature loggers.

    Parameters
    ----------
    weather
        The site's weather files, or None.

    Returns
    -------
    list of str
        A sentence for each logger, or one that there is none.
    """
    if weather is None or not weather.temperatures:
        return ["No temperature logger data."]
    return [
        f"Temperature logger {each.logger}: {each.kind}, {len(each)} samples."
        for each in weather.temperatures
    ]
