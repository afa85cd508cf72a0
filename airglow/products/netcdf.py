"""A night's result as a netCDF-4 file, and back.

One file holds everything that the analysis found: the sky samples and the laser samples at the root, winds
of cycles and smooth winds, ring profiles with their models, instrument shape, zero reference and log in
groups. It follows CF-1.11 as a time series at one station (discrete sampling geometry) and ACDD-1.3; times
are the middles of the exposures, with their bounds. Nothing in it depends on when or where it was written.

``xarray.open_dataset(path)`` opens the samples, ``xarray.open_datatree(path)`` all groups, and
``xarray.open_dataset(path).drop_dims(["laser", "bound"]).to_dataframe()`` is the table of samples in pandas.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import netCDF4
import numpy as np

from airglow.model.errors import BadInput, MachineError
from airglow.model.files import written_whole
from airglow.model.result import (
    InstrumentShape,
    LaserSamples,
    NightResult,
    Provenance,
    Rejection,
    RingProfiles,
    SkySamples,
    ZeroReference,
    end_exposure,
)
from airglow.products.columns import SKY_COLUMNS
from airglow.products.instrument_columns import (
    LASER_COLUMNS,
    PROFILE_COLUMNS,
    SHAPE_COLUMNS,
    ZERO_COLUMNS,
)
from airglow.products.netcdf_attributes import global_attributes
from airglow.products.netcdf_winds import read_cycles, read_smooth_winds, write_cycles, write_smooth_winds
from airglow.products.variables import (
    add_dimension,
    read_columns,
    read_texts,
    read_times,
    write_column,
    write_time,
)

FORMAT = 1
_SITE = "latitude longitude altitude station"
_LAYER = "tangent_latitude tangent_longitude tangent_height"


def write_netcdf(result: NightResult, path: Path | str) -> Path:
    """Write a night's result as netCDF-4.

    The same result always gives the same bytes (with the same netCDF and HDF5 libraries). The file appears
    whole or not at all.

    Parameters
    ----------
    result
        The night.
    path
        The file to be.

    Returns
    -------
    Path
        ``path``.
    """
    with written_whole(path) as temporary, netCDF4.Dataset(temporary, "w", format="NETCDF4") as file:
        file.setncatts(global_attributes(result, FORMAT))
        _write_station(file, result)
        file.createDimension("bound", 2)
        add_dimension(file, "sample", len(result.sky))
        add_dimension(file, "laser", len(result.laser))
        _write_exposures(file, "", "sample", result.sky)
        _write_exposures(file, "laser_", "laser", result.laser)
        for column in SKY_COLUMNS:
            # What belongs to the airglow layer has its place there as well as that of the site.
            place = f"{_LAYER} {_SITE}" if column.at_layer else _SITE
            write_column(file, column, ("sample",), result.sky, f"time {place}")
        for column in LASER_COLUMNS:
            write_column(file, column, ("laser",), result.laser, f"laser_time {_SITE}")
        write_cycles(file.createGroup("cycles"), result.cycles)
        write_smooth_winds(file.createGroup("smooth_winds"), result.smooth_winds)
        _write_profiles(file, "sky_profiles", "sample", "time", result.sky_profiles)
        _write_profiles(file, "laser_profiles", "laser", "laser_time", result.laser_profiles)
        _write_shape(file.createGroup("instrument_shape"), result.shape)
        _write_zero(file.createGroup("zero_reference"), result.zero)
        _write_log(file.createGroup("log"), result)
    return Path(path)


def read_netcdf(path: Path | str) -> NightResult:
    """Read a file that `write_netcdf` wrote.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    NightResult
        Equal to what was written, to the bit, except for ring profiles, which the file holds in single
        precision.

    Raises
    ------
    BadInput
        No netCDF file, or not one of a night.
    MachineError
        If the operating system does not give the file out.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise BadInput(path.name, "cannot be read as netCDF: it is not there") from error
    except OSError as error:
        raise MachineError.from_os(str(path), error) from error
    try:
        with netCDF4.Dataset(path.name, "r", memory=content) as file:
            file.set_auto_maskandscale(False)
            if getattr(file, "airglow_format", None) != FORMAT:
                raise BadInput(path.name, f"is not a night in format {FORMAT} of this package")
            return _read(file)
    except (OSError, RuntimeError) as error:
        raise BadInput(path.name, f"cannot be read as netCDF: {error}") from error
    except (AttributeError, IndexError, KeyError, ValueError) as error:
        raise BadInput(path.name, f"is not complete: {error}") from error


def _write_station(file: netCDF4.Dataset, result: NightResult) -> None:
    station = file.createVariable("station", str)
    station.setncatts({"long_name": "key of the site", "cf_role": "timeseries_id"})
    station[...] = result.site
    for name, value, units, extra in (
        ("latitude", result.site_latitude_deg, "degrees_north", {"axis": "Y"}),
        ("longitude", result.site_longitude_deg, "degrees_east", {"axis": "X"}),
        ("altitude", result.site_altitude_m, "m", {"axis": "Z", "positive": "up"}),
    ):
        variable = file.createVariable(name, "f8", fill_value=False)
        variable.setncatts(
            {"standard_name": name, "long_name": f"{name} of the site", "units": units, **extra}
        )
        variable[...] = value


def _write_exposures(
    file: netCDF4.Dataset, prefix: str, dimension: str, table: SkySamples | LaserSamples
) -> None:
    write_time(
        file,
        f"{prefix}time",
        dimension,
        "middle of the exposure, UTC",
        table.mid_time,
        (table.start_time, end_exposure(table.start_time, table.exposure_s)),
        **({} if prefix else {"axis": "T"}),
    )


def _write_profiles(
    file: netCDF4.Dataset, name: str, dimension: str, time: str, profiles: RingProfiles
) -> None:
    group = file.createGroup(name)
    add_dimension(group, "annulus", profiles.counts.shape[1])
    for column in PROFILE_COLUMNS:
        # The coordinates live in the root group, where a variable of a group may look them up (CF 2.7).
        write_column(group, column, (dimension, "annulus"), profiles, f"/{time}", compress=True)


def _write_shape(group: netCDF4.Dataset, shape: InstrumentShape) -> None:
    group.source = shape.source
    group.createDimension("falloff_term", 2)
    group.createDimension("blur_term", 3)
    terms = {"falloff": ("falloff_term",), "blur_px": ("blur_term",)}
    for column in SHAPE_COLUMNS:
        write_column(group, column, terms.get(column.field, ()), shape)


def _write_zero(group: netCDF4.Dataset, zero: ZeroReference) -> None:
    group.method = zero.method
    for column in ZERO_COLUMNS:
        write_column(group, column, (), zero)


def _write_log(group: netCDF4.Dataset, result: NightResult) -> None:
    rejections = result.rejections
    for dimension, columns in (
        ("note", {"note": ("sentence of the log of the analysis", result.notes)}),
        (
            "rejection",
            {
                "rejected_frame": ("frame that took no part", tuple(item.name for item in rejections)),
                "reason": ("why the frame took no part", tuple(item.reason for item in rejections)),
            },
        ),
        ("weather", {"weather_file": ("weather file that was read", result.provenance.weather_files)}),
    ):
        for name, (long_name, values) in columns.items():
            if dimension not in group.dimensions:
                add_dimension(group, dimension, len(values))
            variable = group.createVariable(name, str, (dimension,))
            variable.long_name = long_name
            if values:
                variable[:] = np.array(values, object)


def _read(file: netCDF4.Dataset) -> NightResult:
    log = file["log"]
    rejections = zip(read_texts(log["rejected_frame"]), read_texts(log["reason"]), strict=True)
    return NightResult(
        instrument=file.instrument,
        site=file.site,
        date=dt.date.fromisoformat(file.date),
        tag=file.tag,
        wavelength_m=float(file.wavelength_m),
        site_name=file.site_name,
        site_latitude_deg=float(file["latitude"][...]),
        site_longitude_deg=float(file["longitude"][...]),
        site_altitude_m=float(file["altitude"][...]),
        site_timezone=file.site_timezone,
        sky=SkySamples(start_time=read_times(file["time_bounds"][:, 0]), **read_columns(file, SKY_COLUMNS)),
        laser=LaserSamples(
            start_time=read_times(file["laser_time_bounds"][:, 0]), **read_columns(file, LASER_COLUMNS)
        ),
        shape=InstrumentShape(
            source=file["instrument_shape"].source, **read_columns(file["instrument_shape"], SHAPE_COLUMNS)
        ),
        zero=ZeroReference(
            method=file["zero_reference"].method, **read_columns(file["zero_reference"], ZERO_COLUMNS)
        ),
        cycles=read_cycles(file["cycles"]),
        smooth_winds=read_smooth_winds(file["smooth_winds"]),
        sky_profiles=RingProfiles(**read_columns(file["sky_profiles"], PROFILE_COLUMNS)),
        laser_profiles=RingProfiles(**read_columns(file["laser_profiles"], PROFILE_COLUMNS)),
        rejections=tuple(Rejection(name, reason) for name, reason in rejections),
        notes=read_texts(log["note"]),
        provenance=Provenance(
            code_version=file.code_version,
            settings_hash=file.settings_hash,
            registry_epoch=file.registry_epoch,
            input_hash=file.input_hash,
            weather_files=read_texts(log["weather_file"]),
            manifest_hash=getattr(file, "manifest_hash", ""),  # files from before it was written lack it
        ),
    )
