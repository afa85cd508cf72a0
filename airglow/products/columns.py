"""What each field of a result is called in the netCDF file, with its unit and its meaning (CF-1.11).

Lengths in pixels and counts have the unit 1 or count: UDUNITS knows no pixel.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from airglow.result import Cause

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
_DIFFERENCE = {"units_metadata": "temperature: difference"}
_ON_SCALE = {"units_metadata": "temperature: on_scale"}


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
    terms: bool = False  # the terms of a formula: a tuple, not an array


SKY_COLUMNS = (
    Column("name", "frame", "file of the frame", dtype="str"),
    Column("exposure_s", "exposure", "length of the exposure", "s"),
    Column("azimuth_deg", "azimuth", "azimuth of the look direction, east of north", "degree"),
    Column("zenith_deg", "zenith_angle", "zenith angle of the look direction", "degree"),
    Column(
        "tangent_latitude_deg",
        "tangent_latitude",
        "latitude of the point of the airglow layer that the line of sight meets",
        "degrees_north",
    ),
    Column(
        "tangent_longitude_deg",
        "tangent_longitude",
        "longitude of the point of the airglow layer that the line of sight meets",
        "degrees_east",
    ),
    Column("tangent_height_m", "tangent_height", "height of the airglow layer above the ellipsoid", "m"),
    Column(
        "tangent_azimuth_deg",
        "tangent_azimuth",
        "azimuth of the line of sight onward from the airglow layer, east of north there",
        "degree",
    ),
    Column(
        "tangent_zenith_deg",
        "tangent_zenith_angle",
        "angle of the line of sight to the vertical at the airglow layer",
        "degree",
    ),
    Column("direction", "direction", "name of the look direction", dtype="str"),
    Column(
        "line_of_sight_wind_mps",
        "line_of_sight_wind",
        "neutral wind along the line of sight, positive away from the instrument, zero removed",
        "m s-1",
        ancillary="wind_error wind_fit_error wind_calibration_error wind_zero_error wind_flag flag_causes",
    ),
    Column(
        "wind_fit_error_mps", "wind_fit_error", "standard error of the wind from noise in the frame", "m s-1"
    ),
    Column(
        "wind_calibration_error_mps",
        "wind_calibration_error",
        "standard error of the wind from the etalon gap between laser frames",
        "m s-1",
    ),
    Column(
        "wind_zero_error_mps",
        "wind_zero_error",
        "standard error of the zero of the wind, common to the night",
        "m s-1",
    ),
    Column(
        "wind_error_mps",
        "wind_error",
        "standard error of the wind: fit, calibration and zero in quadrature",
        "m s-1",
    ),
    Column(
        "temperature_k",
        "temperature",
        "temperature of the neutral atmosphere at the airglow layer",
        "K",
        ancillary="temperature_error temperature_flag flag_causes",
        attributes={"standard_name": "air_temperature", **_ON_SCALE},
    ),
    Column(
        "temperature_error_k",
        "temperature_error",
        "standard error of the temperature",
        "K",
        attributes={"standard_name": "air_temperature standard_error", **_DIFFERENCE},
    ),
    Column(
        "wind_bound_mps",
        "wind_bound",
        "Cramer-Rao bound of the wind's fit error: what the camera's noise alone allows",
        "m s-1",
    ),
    Column(
        "temperature_bound_k",
        "temperature_bound",
        "Cramer-Rao bound of the temperature: what the camera's noise alone allows",
        "K",
    ),
    Column(
        "intensity",
        "line_intensity",
        "intensity of the line per pixel and second of exposure",
        "count s-1",
        ancillary="line_intensity_error",
    ),
    Column("intensity_error", "line_intensity_error", "standard error of the line intensity", "count s-1"),
    Column(
        "background",
        "background",
        "spectral continuum per pixel and second of exposure",
        "count s-1",
        ancillary="background_error",
    ),
    Column("background_error", "background_error", "standard error of the background", "count s-1"),
    Column("ccd_bias", "ccd_bias", "bias of the CCD per pixel", "count", ancillary="ccd_bias_error"),
    Column("ccd_bias_error", "ccd_bias_error", "standard error of the CCD bias", "count"),
    Column("reduced_chi_square", "reduced_chi_square", "reduced chi-square of the line fit", "1"),
    Column("zero_mps", "wind_zero", "what was subtracted to make the zenith wind vanish", "m s-1"),
    Column("gap_m", "etalon_gap", "etalon gap at the middle of the exposure", "m"),
    Column("center_x_px", "center_x", "centre of the rings along columns, in pixels", "1"),
    Column("center_y_px", "center_y", "centre of the rings along rows, in pixels", "1"),
    Column("ccd_temperature_c", "ccd_temperature", "temperature of the CCD", "degC", attributes=_ON_SCALE),
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
    ),
    Column("moon_elevation_deg", "moon_elevation", "elevation of the moon", "degree"),
    Column(
        "moon_separation_deg",
        "moon_separation",
        "angle between the look direction and the moon",
        "degree",
    ),
    Column("moon_illumination", "moon_illumination", "lit fraction of the moon's disc", "1"),
    Column(
        "wind_flag",
        "wind_flag",
        "quality of the wind",
        dtype="i1",
        ancillary="flag_causes",
        attributes=FLAG_ATTRIBUTES,
    ),
    Column(
        "temperature_flag",
        "temperature_flag",
        "quality of the temperature",
        dtype="i1",
        ancillary="flag_causes",
        attributes=FLAG_ATTRIBUTES,
    ),
    Column(
        "causes",
        "flag_causes",
        "why the sample is flagged",
        dtype="u4",
        attributes=CAUSE_ATTRIBUTES,
    ),
)

LASER_COLUMNS = (
    Column("name", "laser_frame", "file of the laser frame", dtype="str"),
    Column("exposure_s", "laser_exposure", "length of the exposure", "s"),
    Column(
        "gap_m",
        "laser_gap",
        "etalon gap fitted to the laser frame",
        "m",
        ancillary="laser_gap_error laser_used",
    ),
    Column("gap_error_m", "laser_gap_error", "standard error of the etalon gap", "m"),
    Column("intensity", "laser_intensity", "intensity of the laser per pixel and second", "count s-1"),
    Column("background", "laser_background", "background under the laser per pixel", "count"),
    Column("reduced_chi_square", "laser_reduced_chi_square", "reduced chi-square of the laser fit", "1"),
    Column("center_x_px", "laser_center_x", "centre of the rings along columns, in pixels", "1"),
    Column("center_y_px", "laser_center_y", "centre of the rings along rows, in pixels", "1"),
    Column(
        "ccd_temperature_c", "laser_ccd_temperature", "temperature of the CCD", "degC", attributes=_ON_SCALE
    ),
    Column(
        "used",
        "laser_used",
        "whether the frame took part in the gap over the night",
        dtype="i1",
        attributes={"flag_values": np.array([0, 1], "int8"), "flag_meanings": "not_used used"},
    ),
)

PROFILE_COLUMNS = (
    Column(
        "radius_squared_px2",
        "radius_squared",
        "mean over the annulus of the squared distance to the centre, in squared pixels",
        "1",
        dtype="f4",
    ),
    Column("counts", "counts", "mean counts per pixel", "count", dtype="f4", ancillary="sigma"),
    Column("sigma", "sigma", "standard error of the counts", "count", dtype="f4"),
    Column("model", "model", "model fitted to the counts", "count", dtype="f4"),
)

SHAPE_COLUMNS = (
    Column(
        "magnification_rad_per_pixel",
        "magnification",
        "angle of a pixel",
        "radian",
        ancillary="magnification_error",
    ),
    Column(
        "magnification_error_rad_per_pixel",
        "magnification_error",
        "standard error of the magnification",
        "radian",
    ),
    Column(
        "reflectivity",
        "reflectivity",
        "effective reflectivity of the etalon",
        "1",
        ancillary="reflectivity_error",
    ),
    Column("reflectivity_error", "reflectivity_error", "standard error of the reflectivity", "1"),
    Column(
        "falloff",
        "falloff",
        "coefficients of r/r_max and its square in the illumination",
        "1",
        terms=True,
    ),
    Column(
        "blur_px",
        "blur",
        "coefficients of 1, sin(pi r/r_max) and cos(pi r/r_max) in the width of the blur, in pixels",
        "1",
        terms=True,
    ),
    Column("max_radius_px", "max_radius", "r_max: radius of the outermost annulus, in pixels", "1"),
    Column("gap_variance_m2", "gap_variance", "variance of the etalon gap over the plates", "m2"),
    Column(
        "gap_third_moment_m3",
        "gap_third_moment",
        "third central moment of the etalon gap over the plates",
        "m3",
    ),
)

ZERO_COLUMNS = (
    Column(
        "value_mps",
        "value",
        "mean over the night of what was subtracted from the winds",
        "m s-1",
        ancillary="error",
    ),
    Column("error_mps", "error", "standard error of the zero, natural vertical wind included", "m s-1"),
    Column(
        "vertical_wind_spread_mps",
        "vertical_wind_spread",
        "natural spread of the vertical wind that was found or assumed",
        "m s-1",
    ),
    Column("zenith_samples", "zenith_samples", "number of zenith samples", "1", dtype="i4"),
)
