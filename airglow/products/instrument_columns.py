"""Names of what concerns the instrument in the netCDF file (see `airglow.products.columns`)."""

from __future__ import annotations

import numpy as np

from airglow.products.columns import GEOMETRY, MEASURED, MODEL, ON_SCALE, QUALITY, Column

LASER_COLUMNS = (
    Column("name", "laser_frame", "file of the laser frame", dtype="str"),
    Column("exposure_s", "laser_exposure", "length of the exposure", "s", content=GEOMETRY),
    Column(
        "gap_m",
        "laser_gap",
        "etalon gap fitted to the laser frame",
        "m",
        ancillary="laser_gap_error laser_used laser_reduced_chi_square",
        content=MEASURED,
    ),
    Column("gap_error_m", "laser_gap_error", "standard error of the etalon gap", "m", content=QUALITY),
    Column(
        "intensity",
        "laser_intensity",
        "intensity of the laser per pixel and second",
        "count s-1",
        content=MEASURED,
    ),
    Column(
        "background", "laser_background", "background under the laser per pixel", "count", content=MEASURED
    ),
    Column(
        "reduced_chi_square",
        "laser_reduced_chi_square",
        "reduced chi-square of the laser fit",
        "1",
        content=QUALITY,
    ),
    Column("center_x_px", "laser_center_x", "centre of the rings along columns, in pixels", "1"),
    Column("center_y_px", "laser_center_y", "centre of the rings along rows, in pixels", "1"),
    Column(
        "ccd_temperature_c", "laser_ccd_temperature", "temperature of the CCD", "degC", attributes=ON_SCALE
    ),
    Column(
        "used",
        "laser_used",
        "whether the frame took part in the gap over the night",
        dtype="i1",
        attributes={"flag_values": np.array([0, 1], "int8"), "flag_meanings": "not_used used"},
        content=QUALITY,
    ),
)

PROFILE_COLUMNS = (
    Column(
        "radius_squared_px2",
        "radius_squared",
        "mean over the annulus of the squared distance to the centre, in squared pixels",
        "1",
        dtype="f4",
        content=GEOMETRY,
    ),
    Column(
        "counts", "counts", "mean counts per pixel", "count", dtype="f4", ancillary="sigma", content=MEASURED
    ),
    Column("sigma", "sigma", "standard error of the counts", "count", dtype="f4", content=QUALITY),
    Column("model", "model", "model fitted to the counts", "count", dtype="f4", content=MODEL),
)

PARAMETER_COLUMNS = (
    Column(
        "plate_scale_rad_per_pixel",
        "plate_scale",
        "angle of a pixel",
        "radian",
        ancillary="plate_scale_error",
        alias="magnification",
    ),
    Column(
        "plate_scale_error_rad_per_pixel",
        "plate_scale_error",
        "standard error of the plate scale",
        "radian",
        content=QUALITY,
        alias="magnification_error",
    ),
    Column(
        "reflectivity",
        "reflectivity",
        "effective reflectivity of the etalon",
        "1",
        ancillary="reflectivity_error",
    ),
    Column(
        "reflectivity_error", "reflectivity_error", "standard error of the reflectivity", "1", content=QUALITY
    ),
    Column(
        "falloff", "falloff", "coefficients of r/r_max and its square in the illumination", "1", terms=True
    ),
    Column(
        "blur_px",
        "blur",
        "coefficients of 1, sin(pi r/r_max) and cos(pi r/r_max) in the width of the blur, in pixels",
        "1",
        terms=True,
    ),
    Column("max_radius_px", "max_radius", "r_max: radius of the outermost annulus, in pixels", "1"),
    Column("nominal_gap_m", "nominal_gap", "gap that resolves the order of interference", "m"),
    Column("gap_variance_m2", "gap_variance", "variance of the etalon gap over the plates", "m2"),
    Column(
        "gap_third_moment_m3",
        "gap_third_moment",
        "third central moment of the etalon gap over the plates",
        "m3",
    ),
)

REFERENCE_COLUMNS = (
    Column(
        "value_mps",
        "value",
        "mean over the night of the Doppler reference that was subtracted from the winds",
        "m s-1",
        ancillary="error",
    ),
    Column(
        "error_mps",
        "error",
        "standard error of the Doppler reference, natural vertical wind included",
        "m s-1",
        content=QUALITY,
    ),
    Column(
        "vertical_wind_spread_mps",
        "vertical_wind_spread",
        "natural spread of the vertical wind that was found or assumed",
        "m s-1",
    ),
    Column("zenith_samples", "zenith_samples", "number of zenith samples", "1", dtype="i4"),
)
