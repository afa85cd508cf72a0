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

COMPONENTS = ("zonal", "meridional", "vertical")


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
    for name in COMPONENTS:
        text = f"time for which the {name} wind holds, UTC; that of the cycle where there is none"
        write_time(group, f"{name}_time", "cycle", text, getattr(cycles, f"{name}_time"))
    for column in netcdf_columns("cycles"):
        write_column(group, column, ("cycle",), cycles, "time")


def read_cycles(group: netCDF4.Dataset) -> HorizontalWinds:
    """What `write_cycles` wrote."""
    bounds = group["time_bounds"]
    # Files of earlier versions do not state the part of the reference.
    parts: dict[str, np.ndarray] = {}
    if "vertical_wind_reference_error" not in group.variables:
        parts = {"vertical_wind_reference_error_mps": np.full(len(bounds), np.nan)}
    # Files of earlier versions have one time for all components.
    times = {
        f"{name}_time": read_times(group[own if (own := f"{name}_time") in group.variables else "time"][:])
        for name in COMPONENTS
    }
    return HorizontalWinds(
        start_time=read_times(bounds[:, 0]),
        stop_time=read_times(bounds[:, 1]),
        mid_time=read_times(group["time"][:]),
        assumption=group.assumption,
        **times,
        **parts,
        **read_columns(group, "cycles", without=parts),
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
    """What `write_smooth_winds` wrote; files of earlier versions have no flags."""
    time = read_times(group["time"][:])
    flags: dict[str, np.ndarray] = {}
    if "wind_flag" not in group.variables:
        flags = {"flag": np.zeros(time.size, np.int8), "causes": np.zeros(time.size, np.uint32)}
    return SmoothWinds(
        time=time,
        **flags,
        left_out=read_texts(group["left_out"]),
        reason=group.missing_because,
        assumption=group.assumption,
        **read_columns(group, "smooth_winds", without=flags),
        **read_columns(group, "wind_model"),
    )
