"""Winds over the site as groups of the netCDF file: those of cycles, and the smooth ones."""

from __future__ import annotations

import netCDF4
import numpy as np

from airglow.model.columns import netcdf_columns
from airglow.model.winds import HorizontalWinds, SmoothWinds
from airglow.products.variables import (
    add_dimension,
    read_columns,
    read_texts,
    read_times,
    write_column,
    write_time,
)


def write_cycles(group: netCDF4.Dataset, cycles: HorizontalWinds) -> None:
    """Fill the group of the cycles' winds."""
    group.assumption = cycles.assumption
    add_dimension(group, "cycle", len(cycles))
    write_time(
        group,
        "time",
        "cycle",
        "middle of the cycle, UTC: mean over the samples that took part",
        cycles.mid_time,
        (cycles.start_time, cycles.stop_time),
    )
    for column in netcdf_columns("cycles"):
        write_column(group, column, ("cycle",), cycles, "time")


def read_cycles(group: netCDF4.Dataset) -> HorizontalWinds:
    """What `write_cycles` wrote."""
    bounds = group["time_bounds"]
    return HorizontalWinds(
        start_time=read_times(bounds[:, 0]),
        stop_time=read_times(bounds[:, 1]),
        mid_time=read_times(group["time"][:]),
        assumption=group.assumption,
        **read_columns(group, "cycles"),
    )


def write_smooth_winds(group: netCDF4.Dataset, winds: SmoothWinds) -> None:
    """Fill the group of the smooth winds."""
    group.assumption = winds.assumption
    group.missing_because = winds.reason
    add_dimension(group, "time", len(winds))
    add_dimension(group, "left_out", len(winds.left_out))
    write_time(group, "time", "time", "time, UTC", winds.time, axis="T")
    for column in netcdf_columns("smooth_winds"):
        write_column(group, column, ("time",), winds)
    for column in netcdf_columns("wind_model"):
        write_column(group, column, (), winds)
    left_out = group.createVariable("left_out", str, ("left_out",))
    left_out.long_name = "frame that no wind explains which the others allow"
    if winds.left_out:
        left_out[:] = np.array(winds.left_out, object)


def read_smooth_winds(group: netCDF4.Dataset) -> SmoothWinds:
    """What `write_smooth_winds` wrote."""
    return SmoothWinds(
        time=read_times(group["time"][:]),
        left_out=read_texts(group["left_out"]),
        reason=group.missing_because,
        assumption=group.assumption,
        **read_columns(group, "smooth_winds"),
        **read_columns(group, "wind_model"),
    )
