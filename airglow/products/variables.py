"""Columns of tables as netCDF variables, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import netCDF4
import numpy as np

from airglow.products.columns import Column

_TIME_ATTRIBUTES = {
    "units": "microseconds since 1970-01-01 00:00:00",
    "calendar": "standard",
    "units_metadata": "leap_seconds: none",
}


def add_dimension(group: netCDF4.Dataset, name: str, size: int) -> None:
    """Add a dimension of any size."""
    # A dimension of size 0 can only be an unlimited one in netCDF.
    group.createDimension(name, size or None)


def _attributes(column: Column, coordinates: str | None) -> dict[str, Any]:
    attributes: dict[str, Any] = {"long_name": column.long_name}
    if column.units is not None:
        attributes["units"] = column.units
    if column.ancillary:
        attributes["ancillary_variables"] = column.ancillary
    if coordinates:
        attributes["coordinates"] = coordinates
    if column.dtype != "str":
        attributes["coverage_content_type"] = column.content
    return attributes | column.attributes


def write_column(
    group: netCDF4.Dataset,
    column: Column,
    dimensions: tuple[str, ...],
    table: Any,
    coordinates: str | None = None,
    compress: bool = False,
) -> None:
    """Write the field of a table that a column describes."""
    _write(group, column.name, column, dimensions, table, _attributes(column, coordinates), compress)


def write_deprecated(group: netCDF4.Dataset, column: Column, dimensions: tuple[str, ...], table: Any) -> None:
    """Write the field of a table under its old name, and say so."""
    attributes = {
        **_attributes(replace(column, ancillary=None), None),
        "long_name": f"{column.long_name} (deprecated name of {column.name})",
        "deprecated": f"use {column.name}",
    }
    _write(group, column.alias, column, dimensions, table, attributes)


def _write(
    group: netCDF4.Dataset,
    name: str,
    column: Column,
    dimensions: tuple[str, ...],
    table: Any,
    attributes: Mapping[str, Any],
    compress: bool = False,
) -> None:
    values = getattr(table, column.field)
    if column.dtype == "str":
        variable = group.createVariable(name, str, dimensions)
        data = np.array(values, object)
    else:
        floats = column.dtype.startswith("f")
        variable = group.createVariable(
            name,
            column.dtype,
            dimensions,
            fill_value=np.nan if floats else False,
            compression="zlib" if compress else None,
            complevel=4,
            chunksizes=np.shape(values) if compress and np.size(values) else None,
        )
        data = np.asarray(values, column.dtype)
    variable.setncatts(attributes)
    if data.size:
        variable[...] = data


def write_time(
    group: netCDF4.Dataset,
    name: str,
    dimension: str,
    long_name: str,
    times: np.ndarray,
    bounds: tuple[np.ndarray, np.ndarray] | None = None,
    **attributes: str,
) -> None:
    """Write times, and begin and end of what they stand for as ``..._bounds``; all datetime64."""
    time = group.createVariable(name, "i8", (dimension,), fill_value=False)
    time.setncatts({"standard_name": "time", "long_name": long_name, **_TIME_ATTRIBUTES, **attributes})
    if times.size:
        time[:] = times.astype("datetime64[us]").astype("int64")
    if bounds is not None:
        time.bounds = f"{name}_bounds"
        edges = group.createVariable(f"{name}_bounds", "i8", (dimension, "bound"), fill_value=False)
        if times.size:
            edges[:] = np.stack([edge.astype("datetime64[us]").astype("int64") for edge in bounds], axis=1)


def read_times(values: Any) -> np.ndarray:
    """Times that `write_time` wrote, datetime64[us]."""
    return np.asarray(values, "int64").astype("datetime64[us]")


def read_columns(group: netCDF4.Dataset, columns: tuple[Column, ...]) -> dict[str, Any]:
    """Fields of a table, as its constructor takes them; variables may have their old names."""
    values: dict[str, Any] = {}
    for column in columns:
        variable = group[column.name if column.name in group.variables else column.alias or column.name]
        if column.dtype == "str":
            values[column.field] = read_texts(variable)
        elif variable.ndim == 0:
            values[column.field] = variable[...].item()
        elif column.terms:
            values[column.field] = tuple(variable[...].tolist())
        else:
            data = variable[...]
            values[column.field] = data.astype("f8") if column.dtype == "f4" else data
    if "used" in values:
        values["used"] = values["used"].astype(bool)
    return values


def read_texts(variable: netCDF4.Variable) -> tuple[str, ...]:
    """Strings of a variable."""
    return tuple(str(text) for text in variable[:]) if variable.size else ()
