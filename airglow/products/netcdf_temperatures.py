"""Temperatures at the site as a group of the netCDF file, with a group in it for each probe."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import netCDF4

from airglow.model.columns import netcdf_columns
from airglow.model.temperatures import ProbeTemperatures
from airglow.products.variables import add_dimension, read_columns, read_times, write_column, write_time

TEMPERATURES_GROUP = "site_temperatures"


def write_temperatures(group: netCDF4.Dataset, probes: Iterable[ProbeTemperatures]) -> None:
    """Fill the group: each probe has a group of its own name, since loggers have times of their own."""
    for probe in probes:
        own = group.createGroup(probe.probe)
        own.logger = probe.logger
        add_dimension(own, "time", len(probe))
        write_time(own, "time", "time", "time of the sample, UTC", probe.time, axis="T")
        for column in netcdf_columns("temperatures"):
            write_column(own, replace(column, meaning=f"temperature {probe.place}"), ("time",), probe)


def read_temperatures(group: netCDF4.Dataset) -> tuple[ProbeTemperatures, ...]:
    """What `write_temperatures` wrote."""
    return tuple(
        ProbeTemperatures(
            probe=name,
            logger=own.logger,
            time=read_times(own["time"][:]),
            **read_columns(own, "temperatures"),
        )
        for name, own in group.groups.items()
    )
