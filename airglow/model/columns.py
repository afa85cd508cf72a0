"""What each field of a result means, and what it is called in every product: one table, a row per column.

The table is ``columns.csv`` beside this module. It drives the netCDF file, the tables as CSV, the loads into
the database, and the types of tables without rows. Its meanings are the comments in the database. A new field
gets a row, and a migration of the database that adds its column.

========== =====================================================================================
table      which of `CLASSES` has the field
field      its name there, and in tables as CSV
dtype      NumPy type of its values; ``str`` is a tuple of strings, or one string
unit       as UDUNITS knows it; lengths in pixels have the unit 1
meaning    in words: ``long_name`` in netCDF, and the comment in the database
remark     what the database says after that
database   name of the column in the table of `DATABASE_TABLES`; empty if it has none
sql_type   type of that column
netcdf     name of the variable; empty if it has none of its own
stored     type of the variable
content    kind of the variable by ISO 19115-1, as ACDD-1.3 asks for
values     what the values are: ``flag``, ``causes``, ``used`` (yes or no), a temperature ``on_scale`` or a
           ``difference`` of two, a height ``up``, ``terms`` of a formula (a tuple)
ancillary  names of the variables that qualify it
at_layer   ``yes``: belongs to the place in the airglow layer, not to the instrument's
comment    more for people, in netCDF and in the database
old_...    names before, which are still there beside the new ones
========== =====================================================================================
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

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
from airglow.model.summary import NightSummary
from airglow.model.temperatures import ProbeTemperatures
from airglow.model.winds import HorizontalWinds, SmoothWinds

CLASSES: Mapping[str, type] = {
    "sky": SkySamples,
    "laser": LaserSamples,
    "cycles": HorizontalWinds,
    "smooth_winds": SmoothWinds,
    "wind_model": SmoothWinds,
    "profiles": RingProfiles,
    "temperatures": ProbeTemperatures,
    "parameters": InstrumentParameters,
    "reference": DopplerReference,
    "summary": NightSummary,
    "result": NightResult,
    "provenance": Provenance,
    "rejections": Rejection,
}
"""The class that has the fields of a table. Smooth winds have two: the winds, and what they rest on."""

DATABASE_TABLES: Mapping[str, str] = {
    "sky": "fpi_sky_sample",
    "laser": "fpi_laser_sample",
    "cycles": "fpi_cycle_wind",
    "smooth_winds": "fpi_smooth_wind",
    "wind_model": "fpi_wind_model",
    "parameters": "fpi_night",
    "reference": "fpi_night",
    "summary": "fpi_night",
    "result": "fpi_night",
    "provenance": "fpi_night",
    "rejections": "fpi_rejection",
}
"""The table of the database that has the columns of a table."""


@dataclass(frozen=True)
class Column:
    """A row of the table; what it does not have is empty.

    Parameters
    ----------
    table
        Key of `CLASSES`.
    field
        Name of the field there, and in tables as CSV.
    dtype
        NumPy type of its values; ``str`` is a tuple of strings, or one string.
    unit
        As UDUNITS knows it.
    meaning
        In words.
    remark
        What the database says after that.
    database, sql_type
        Name and type of the column in the table of `DATABASE_TABLES`.
    old_database
        Name of that column before.
    netcdf
        Name of the variable.
    old_netcdf
        Name of the variable before.
    stored
        NumPy type of the variable.
    content
        Kind of the variable by ISO 19115-1.
    standard_name
        Of the CF conventions.
    values
        What the values are, as the module lists it.
    ancillary
        Names of the variables that qualify it, with spaces between.
    at_layer
        True if it belongs to the place in the airglow layer, not to the instrument's.
    comment
        More for people, in netCDF and in the database.
    """

    table: str
    field: str
    dtype: str
    unit: str
    meaning: str
    remark: str
    database: str
    sql_type: str
    old_database: str
    netcdf: str
    old_netcdf: str
    stored: str
    content: str
    standard_name: str
    values: str
    ancillary: str
    at_layer: bool
    comment: str

    @property
    def database_comment(self) -> str:
        """What the database says of the column."""
        return "; ".join(part for part in (self.meaning, self.remark, self.comment) if part)


@cache
def all_columns() -> tuple[Column, ...]:
    """The whole table.

    Returns
    -------
    tuple of Column
        In the order of the file.
    """
    with Path(__file__).with_name("columns.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return tuple(Column(**{**row, "at_layer": row["at_layer"] == "yes"}) for row in rows)


@cache
def columns_of(table: str) -> tuple[Column, ...]:
    """The rows of one table.

    Parameters
    ----------
    table
        A key of `CLASSES`.

    Returns
    -------
    tuple of Column
        In the order of the fields of its class.
    """
    return tuple(column for column in all_columns() if column.table == table)


@cache
def netcdf_columns(table: str) -> tuple[Column, ...]:
    """Those of `columns_of` a table that are variables of the netCDF file by themselves."""
    return tuple(column for column in columns_of(table) if column.netcdf)


@cache
def database_columns(table: str) -> tuple[Column, ...]:
    """Those of `columns_of` a table that are columns of the database."""
    return tuple(column for column in columns_of(table) if column.database)


@cache
def renamed_columns(table: str) -> Mapping[str, str]:
    """Old name of fields that were renamed, by field: tables as CSV have them a second time under it."""
    return {column.field: column.old_database for column in columns_of(table) if column.old_database}
