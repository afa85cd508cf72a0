"""The result of a night that could not be analysed: no sample of anything, and the reason among its notes."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np

from airglow.model.columns import columns_of, netcdf_columns
from airglow.model.instrument import InstrumentParameters
from airglow.model.result import (
    DopplerReference,
    LaserSamples,
    NightResult,
    Provenance,
    Rejection,
    RingProfiles,
    SkySamples,
)
from airglow.model.winds import HorizontalWinds, SmoothWinds

NOT_ANALYSED = "none: the night was not analysed"

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
        sky=_empty("sky", SkySamples),
        laser=_empty("laser", LaserSamples),
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
        cycles=_empty("cycles", HorizontalWinds, assumption=NOT_ANALYSED),
        smooth_winds=_empty(
            "smooth_winds",
            SmoothWinds,
            **{column.field: np.nan for column in netcdf_columns("wind_model")}
            | {"samples": 0, "left_out": ()},
            reason="the night was not analysed",
            assumption=NOT_ANALYSED,
        ),
        sky_profiles=_no_profiles(),
        laser_profiles=_no_profiles(),
        rejections=rejections,
        notes=notes,
        provenance=provenance,
    )


def _empty(table: str, of: type[_Table], **others: Any) -> _Table:
    """A table without rows; ``others`` are the fields that are no columns."""
    names = {field.name for field in fields(of)} - others.keys()
    columns = {
        column.field: () if column.dtype == "str" else np.zeros(0, column.dtype)
        for column in columns_of(table)
        if column.field in names
    }
    return of(**columns, **others)


def _no_profiles() -> RingProfiles:
    return RingProfiles(**{field.name: np.zeros((0, 0)) for field in fields(RingProfiles)})
