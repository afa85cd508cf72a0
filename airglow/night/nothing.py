"""The result of a night that could not be analysed: empty tables, and a note that says why."""

from __future__ import annotations

import dataclasses

import numpy as np

import airglow
from airglow.night.which import WhichNight
from airglow.result import (
    HorizontalWinds,
    InstrumentShape,
    LaserSamples,
    NightResult,
    Provenance,
    RingProfiles,
    SkySamples,
    SmoothWinds,
    ZeroReference,
)
from airglow.weather import WeatherFolder

_DTYPES = {
    "start_time": "datetime64[us]",
    "stop_time": "datetime64[us]",
    "mid_time": "datetime64[us]",
    "time": "datetime64[us]",
    "wind_flag": "int8",
    "temperature_flag": "int8",
    "flag": "int8",
    "causes": "uint32",
    "samples": "int32",
    "directions": "int32",
    "used": "bool",
}
_BY_TYPE = {"tuple[str, ...]": (), "float": np.nan, "int": 0, "str": ""}


def no_result(which: WhichNight, weather: WeatherFolder | None, why: str) -> NightResult:
    """An empty result.

    Parameters
    ----------
    which
        The night and tag.
    weather
        The site's weather files, or None.
    why
        There is no analysis: a sentence for the log.

    Returns
    -------
    NightResult
        Without samples, laser frames, cycles and smooth winds; ``notes`` holds ``why``.
    """
    site, instrument = which.site, which.instrument
    profiles = RingProfiles(*(np.empty((0, 0)) for _ in dataclasses.fields(RingProfiles)))
    return NightResult(
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
        sky=_empty(SkySamples),
        laser=_empty(LaserSamples),
        shape=InstrumentShape(
            *(np.nan,) * 4, (np.nan,) * 2, (np.nan,) * 3, *(np.nan,) * 3, source="none: no analysis"
        ),
        zero=ZeroReference("none: no analysis", np.nan, np.nan, np.nan, 0),
        cycles=dataclasses.replace(_empty(HorizontalWinds), assumption=""),
        smooth_winds=dataclasses.replace(_empty(SmoothWinds), samples=0, reason=why),
        sky_profiles=profiles,
        laser_profiles=profiles,
        rejections=(),
        notes=(why,),
        provenance=Provenance(
            code_version=airglow.__version__,
            settings_hash=which.settings.digest(),
            registry_epoch=f"{instrument.epoch_from}" if instrument.epoch_from else "always",
            input_hash="",
            weather_files=weather.files if weather else (),
        ),
    )


def _empty(table):
    values = {}
    for field in dataclasses.fields(table):
        if field.type == "np.ndarray":
            values[field.name] = np.empty(0, _DTYPES.get(field.name, "float64"))
        else:
            values[field.name] = _BY_TYPE[field.type]
    return table(**values)
