"""What each field of a result is called in the netCDF file, with its unit and its meaning (CF-1.11).

Lengths in pixels and counts have the unit 1 or count: UDUNITS knows no pixel.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from airglow.model.result import Cause

FLAG_ATTRIBUTES = {
    "flag_values": np.array([0, 1, 2], "int8"),
    "flag_meanings": "good caution bad",
    "standard_name": "quality_flag",
}
CAUSE_ATTRIBUTES = {
    "flag_masks": np.array([cause.mask for cause in Cause], "uint32"),
    "flag_meanings": " ".join(cause.name.lower() for cause in Cause),
    "comment": "; ".join(f"{cause.name.lower()}: {cause.meaning}" for cause in Cause),
}
MEASURED = "physicalMeasurement"
QUALITY = "qualityInformation"
GEOMETRY = "referenceInformation"
AUXILIARY = "auxiliaryInformation"
MODEL = "modelResult"
COORDINATE = "coordinate"
_DIFFERENCE = {"units_metadata": "temperature: difference"}
ON_SCALE = {"units_metadata": "temperature: on_scale"}


@dataclass(frozen=True)
class Column:
    """A variable of the file: the field of the table it holds, its name and its attributes."""

    field: str
    name: str
    long_name: str
    units: str | None = None
    dtype: str = "f8"
    ancillary: str | None = None  # names of the variables that qualify it
    attributes: dict[str, Any] = field(default_factory=dict)
    content: str = AUXILIARY  # its kind by ISO 19115-1, as ACDD asks for
    at_layer: bool = False  # belongs to the place in the airglow layer, not to the instrument's
    terms: bool = False  # the terms of a formula: a tuple, not an array
    alias: str | None = None  # its name before, deprecated


SKY_COLUMNS = (
    Column("name", "frame", "file of the frame", dtype="str"),
    Column("exposure_s", "exposure", "length of the exposure", "s", content=GEOMETRY),
    Column(
        "azimuth_deg", "azimuth", "azimuth of the look direction, east of north", "degree", content=GEOMETRY
    ),
    Column("zenith_deg", "zenith_angle", "zenith angle of the look direction", "degree", content=GEOMETRY),
    Column(
        "pierce_latitude_deg",
        "pierce_latitude",
        "latitude of the point of the airglow layer that the line of sight meets",
        "degrees_north",
        attributes={"standard_name": "latitude"},
        content=COORDINATE,
        alias="tangent_latitude",
    ),
    Column(
        "pierce_longitude_deg",
        "pierce_longitude",
        "longitude of the point of the airglow layer that the line of sight meets",
        "degrees_east",
        attributes={"standard_name": "longitude"},
        content=COORDINATE,
        alias="tangent_longitude",
    ),
    Column(
        "pierce_height_m",
        "pierce_height",
        "height of the airglow layer above the ellipsoid",
        "m",
        attributes={"standard_name": "height_above_reference_ellipsoid", "positive": "up"},
        content=COORDINATE,
        alias="tangent_height",
    ),
    Column(
        "pierce_azimuth_deg",
        "pierce_azimuth",
        "azimuth of the line of sight onward from the airglow layer, east of north there",
        "degree",
        content=GEOMETRY,
        alias="tangent_azimuth",
    ),
    Column(
        "pierce_zenith_deg",
        "pierce_zenith_angle",
        "angle of the line of sight to the vertical at the airglow layer",
        "degree",
        content=GEOMETRY,
        alias="tangent_zenith_angle",
    ),
    Column("direction", "direction", "name of the look direction", dtype="str"),
    Column(
        "line_of_sight_wind_mps",
        "line_of_sight_wind",
        "neutral wind along the line of sight, positive away from the instrument, Doppler reference removed",
        "m s-1",
        ancillary=(
            "wind_error wind_fit_error wind_calibration_error wind_reference_error wind_bound wind_flag "
            "flag_causes reduced_chi_square"
        ),
        content=MEASURED,
        at_layer=True,
    ),
    Column(
        "wind_fit_error_mps",
        "wind_fit_error",
        "standard error of the wind from noise in the frame",
        "m s-1",
        content=QUALITY,
        at_layer=True,
    ),
    Column(
        "wind_calibration_error_mps",
        "wind_calibration_error",
        "standard error of the wind from the etalon gap between laser frames",
        "m s-1",
        content=QUALITY,
        at_layer=True,
    ),
    Column(
        "wind_reference_error_mps",
        "wind_reference_error",
        "standard error of the Doppler reference, common to the night",
        "m s-1",
        content=QUALITY,
        at_layer=True,
        alias="wind_zero_error",
    ),
    Column(
        "wind_error_mps",
        "wind_error",
        "standard error of the wind: fit, calibration and Doppler reference in quadrature",
        "m s-1",
        content=QUALITY,
        at_layer=True,
    ),
    Column(
        "temperature_k",
        "temperature",
        "temperature of the neutral atmosphere at the airglow layer",
        "K",
        ancillary="temperature_error temperature_bound temperature_flag flag_causes reduced_chi_square",
        attributes={"standard_name": "air_temperature", **ON_SCALE},
        content=MEASURED,
        at_layer=True,
    ),
    Column(
        "temperature_error_k",
        "temperature_error",
        "standard error of the temperature",
        "K",
        attributes={"standard_name": "air_temperature standard_error", **_DIFFERENCE},
        content=QUALITY,
        at_layer=True,
    ),
    Column(
        "wind_bound_mps",
        "wind_bound",
        "Cramer-Rao bound of the wind's fit error: what the camera's noise alone allows",
        "m s-1",
        content=QUALITY,
        at_layer=True,
    ),
    Column(
        "temperature_bound_k",
        "temperature_bound",
        "Cramer-Rao bound of the temperature: what the camera's noise alone allows",
        "K",
        content=QUALITY,
        at_layer=True,
    ),
    Column(
        "intensity",
        "line_intensity",
        "intensity of the line per second of exposure, in the unit of the network",
        "count s-1",
        ancillary="line_intensity_error",
        attributes={
            "comment": "not counts per pixel: the amplitude that a line of 1000 K and this intensity has, "
            "spread over four free spectral ranges"
        },
        content=MEASURED,
        at_layer=True,
    ),
    Column(
        "intensity_error",
        "line_intensity_error",
        "standard error of the line intensity",
        "count s-1",
        content=QUALITY,
        at_layer=True,
    ),
    Column(
        "background",
        "background",
        "spectral continuum per pixel and second of exposure",
        "count s-1",
        ancillary="background_error",
        content=MEASURED,
    ),
    Column(
        "background_error",
        "background_error",
        "standard error of the background",
        "count s-1",
        content=QUALITY,
    ),
    Column("ccd_bias", "ccd_bias", "bias of the CCD per pixel", "count", ancillary="ccd_bias_error"),
    Column("ccd_bias_error", "ccd_bias_error", "standard error of the CCD bias", "count", content=QUALITY),
    Column(
        "reduced_chi_square",
        "reduced_chi_square",
        "reduced chi-square of the line fit",
        "1",
        content=QUALITY,
        at_layer=True,
    ),
    Column(
        "doppler_reference_mps",
        "doppler_reference",
        "Doppler reference: what was subtracted to make the zenith wind vanish",
        "m s-1",
        ancillary="wind_reference_error",
        alias="wind_zero",
    ),
    Column("gap_m", "etalon_gap", "etalon gap at the middle of the exposure", "m"),
    Column("center_x_px", "center_x", "centre of the rings along columns, in pixels", "1"),
    Column("center_y_px", "center_y", "centre of the rings along rows, in pixels", "1"),
    Column("ccd_temperature_c", "ccd_temperature", "temperature of the CCD", "degC", attributes=ON_SCALE),
    Column(
        "sky_minus_ambient_mean_c",
        "sky_minus_ambient_mean",
        "sky minus ambient temperature of the cloud sensor, mean over the exposure",
        "degC",
        attributes=_DIFFERENCE,
    ),
    Column(
        "sky_minus_ambient_max_c",
        "sky_minus_ambient_max",
        "sky minus ambient temperature of the cloud sensor, maximum over the exposure",
        "degC",
        attributes=_DIFFERENCE,
    ),
    Column(
        "sky_minus_ambient_min_c",
        "sky_minus_ambient_min",
        "sky minus ambient temperature of the cloud sensor, minimum over the exposure",
        "degC",
        attributes=_DIFFERENCE,
    ),
    Column(
        "sun_elevation_deg",
        "sun_elevation",
        "elevation of the sun",
        "degree",
        attributes={"standard_name": "solar_elevation_angle"},
        content=GEOMETRY,
    ),
    Column("moon_elevation_deg", "moon_elevation", "elevation of the moon", "degree", content=GEOMETRY),
    Column(
        "moon_separation_deg",
        "moon_separation",
        "angle between the look direction and the moon",
        "degree",
        content=GEOMETRY,
    ),
    Column(
        "moon_illumination", "moon_illumination", "lit fraction of the moon's disc", "1", content=GEOMETRY
    ),
    Column(
        "wind_flag",
        "wind_flag",
        "quality of the wind",
        dtype="i1",
        ancillary="flag_causes",
        attributes=FLAG_ATTRIBUTES,
        content=QUALITY,
        at_layer=True,
    ),
    Column(
        "temperature_flag",
        "temperature_flag",
        "quality of the temperature",
        dtype="i1",
        ancillary="flag_causes",
        attributes=FLAG_ATTRIBUTES,
        content=QUALITY,
        at_layer=True,
    ),
    Column(
        "causes",
        "flag_causes",
        "why the sample is flagged",
        dtype="u4",
        attributes=CAUSE_ATTRIBUTES,
        content=QUALITY,
        at_layer=True,
    ),
)
