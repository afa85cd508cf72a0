"""The result of a night that could not be analysed: no sample of anything, and the reason among its notes."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np

from airglow.model.instrument import InstrumentParameters
from airglow.model.result import (
    DopplerReference,
    HorizontalWinds,
    LaserSamples,
    NightResult,
    Provenance,
    Rejection,
    RingProfiles,
    SkySamples,
    SmoothWinds,
)

NOT_ANALYSED = "none: the night was not analysed"

_TYPES = {
    "start_time": "datetime64[us]",
    "stop_time": "datetime64[us]",
    "mid_time": "datetime64[us]",
    "time": "datetime64[us]",
    "samples": "int32",
    "directions": "int32",
    "flag": "int8",
    "wind_flag": "int8",
    "temperature_flag": "int8",
    "causes": "uint32",
    "used": "bool",
}  # of columns that are no floats
_Table = TypeVar("_Table")


def empty_result(
    *,
    instrument: str,
    site: str,
    date: dt.date,
    tag: str,
    wavelength_m: float,
    site_name: str,
    site_latitude_deg: float,
    site_longitude_deg: float,
    site_altitude_m: float,
    site_timezone: str,
    notes: tuple[str, ...],
    provenance: Provenance,
    rejections: tuple[Rejection, ...] = (),
) -> NightResult:
    """Make the result of a night that could not be analysed.

    Parameters
    ----------
    instrument, site, date, tag, wavelength_m
        Which night, as of `NightResult`.
    site_name, site_latitude_deg, site_longitude_deg, site_altitude_m, site_timezone
        Where.
    notes
        Why there is no analysis, a sentence each.
    provenance
        What was looked at, and by which code.
    rejections
        Frames that were there but of no use.

    Returns
    -------
    NightResult
        All tables have length 0, numbers that do not exist are NaN.
    """
    return NightResult(
        instrument=instrument,
        site=site,
        date=date,
        tag=tag,
        wavelength_m=wavelength_m,
        site_name=site_name,
        site_latitude_deg=site_latitude_deg,
        site_longitude_deg=site_longitude_deg,
        site_altitude_m=site_altitude_m,
        site_timezone=site_timezone,
        sky=_empty(SkySamples),
        laser=_empty(LaserSamples),
        instrument_parameters=InstrumentParameters(
            plate_scale_rad_per_pixel=np.nan,
            reflectivity=np.nan,
            falloff=(np.nan, np.nan),
            blur_px=(np.nan, np.nan, np.nan),
            max_radius_px=np.nan,
            nominal_gap_m=np.nan,
            gap_variance=np.nan,
            gap_third_moment=np.nan,
            source=NOT_ANALYSED,
        ),
        doppler_reference=DopplerReference(
            method=NOT_ANALYSED,
            value_mps=np.nan,
            error_mps=np.nan,
            vertical_wind_spread_mps=np.nan,
            zenith_samples=0,
        ),
        cycles=_empty(HorizontalWinds, assumption=NOT_ANALYSED),
        smooth_winds=_empty(
            SmoothWinds,
            **{field.name: np.nan for field in fields(SmoothWinds) if field.type == "float"},
            samples=0,
            reason="the night was not analysed",
            assumption=NOT_ANALYSED,
        ),
        sky_profiles=_no_profiles(),
        laser_profiles=_no_profiles(),
        rejections=rejections,
        notes=notes,
        provenance=provenance,
    )


def _empty(table: type[_Table], **others: Any) -> _Table:
    """A table without rows; ``others`` are the fields that are no columns."""
    columns = {
        field.name: () if field.type == "tuple[str, ...]" else np.zeros(0, _TYPES.get(field.name, "float64"))
        for field in fields(table)
        if field.name not in others
    }
    return table(**columns, **others)


def _no_profiles() -> RingProfiles:
    return RingProfiles(**{field.name: np.zeros((0, 0)) for field in fields(RingProfiles)})
