"""A night's result as a netCDF-4 file, and back.

One file holds everything that the analysis found: the sky samples and the laser samples at the root, winds
of cycles and smooth winds, ring profiles with their models, instrument parameters, Doppler reference, the
site's temperatures and the log in groups. It follows CF-1.11 as a time series at one station (discrete
sampling geometry) and ACDD-1.3; times are the middles of the exposures, with their bounds. Nothing in it
depends on when or where it was written. What has the attribute ``deprecated`` is there a second time, under
the name that the attribute says.

``xarray.open_dataset(path)`` opens the samples, ``xarray.open_datatree(path)`` all groups, and
``xarray.open_dataset(path).drop_dims(["laser", "bound"]).to_dataframe()`` is the table of samples in pandas.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import netCDF4
import numpy as np

from airglow.model.columns import netcdf_columns
from airglow.model.errors import BadInput, MachineError
from airglow.model.files import written_whole
from airglow.model.inputs import InputFile
from airglow.model.instrument import InstrumentParameters
from airglow.model.result import (
    DopplerReference,
    LaserSamples,
    NightResult,
    Provenance,
    Rejection,
    RingProfiles,
    SkySamples,
    end_exposure,
)
from airglow.products.netcdf_attributes import global_attributes
from airglow.products.netcdf_temperatures import TEMPERATURES_GROUP, read_temperatures, write_temperatures
from airglow.products.netcdf_winds import read_cycles, read_smooth_winds, write_cycles, write_smooth_winds
from airglow.products.variables import (
    add_dimension,
    read_columns,
    read_texts,
    read_times,
    write_column,
    write_deprecated,
    write_time,
)

FORMAT = 1
_LIBRARY_FAILED = "HDF error"  # all that netCDF says of a disk that is full or fails
PARAMETERS_GROUP = "instrument_parameters"
REFERENCE_GROUP = "night_doppler_reference"  # at the root doppler_reference is that of each sample
OLD_GROUPS = {PARAMETERS_GROUP: "instrument_shape", REFERENCE_GROUP: "zero_reference"}
"""Groups by the name that version 0.1 gave them: written for one version more, and read for ever."""

_SITE = "latitude longitude altitude station"
_LAYER = "pierce_latitude pierce_longitude pierce_height"


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

    Raises
    ------
    MachineError
        If the disk is full, fails, or refuses.
    """
    try:
        with written_whole(path) as temporary, netCDF4.Dataset(temporary, "w", format="NETCDF4") as file:
            _write(file, result)
    except RuntimeError as error:
        if _LIBRARY_FAILED not in str(error):
            raise
        reason, hint = f"cannot be written: {error}", "See whether the disk is full, and start again"
        raise MachineError(str(path), reason, hint) from error
    return Path(path)


def _write(file: netCDF4.Dataset, result: NightResult) -> None:
    file.setncatts(global_attributes(result, FORMAT))
    _write_station(file, result)
    file.createDimension("bound", 2)
    add_dimension(file, "sample", len(result.sky))
    add_dimension(file, "laser", len(result.laser))
    _write_exposures(file, "", "sample", result.sky)
    _write_exposures(file, "laser_", "laser", result.laser)
    for column in netcdf_columns("sky"):
        # What belongs to the airglow layer has its place there as well as that of the site.
        place = f"{_LAYER} {_SITE}" if column.at_layer else _SITE
        write_column(file, column, ("sample",), result.sky, f"time {place}")
        if column.old_netcdf:
            write_deprecated(file, column, ("sample",), result.sky)
    for column in netcdf_columns("laser"):
        write_column(file, column, ("laser",), result.laser, f"laser_time {_SITE}")
    write_cycles(file.createGroup("cycles"), result.cycles)
    write_smooth_winds(file.createGroup("smooth_winds"), result.smooth_winds)
    _write_profiles(file, "sky_profiles", "sample", "time", result.sky_profiles)
    _write_profiles(file, "laser_profiles", "laser", "laser_time", result.laser_profiles)
    _write_parameters(file, result.instrument_parameters)
    _write_reference(file, result.doppler_reference)
    if result.temperatures:
        write_temperatures(file.createGroup(TEMPERATURES_GROUP), result.temperatures)
    _write_log(file.createGroup("log"), result)


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
    for column in netcdf_columns("profiles"):
        # The coordinates live in the root group, where a variable of a group may look them up (CF 2.7).
        write_column(group, column, (dimension, "annulus"), profiles, f"/{time}", compress=True)


def _write_parameters(file: netCDF4.Dataset, parameters: InstrumentParameters) -> None:
    terms = {"falloff": ("falloff_term",), "blur_px": ("blur_term",)}
    for group, old in _with_old_name(file, PARAMETERS_GROUP):
        group.source = parameters.source
        group.createDimension("falloff_term", 2)
        group.createDimension("blur_term", 3)
        for column in netcdf_columns("parameters"):
            write = write_deprecated if old and column.old_netcdf else write_column
            write(group, column, terms.get(column.field, ()), parameters)


def _write_reference(file: netCDF4.Dataset, reference: DopplerReference) -> None:
    for group, _ in _with_old_name(file, REFERENCE_GROUP):
        group.method = reference.method
        for column in netcdf_columns("reference"):
            write_column(group, column, (), reference)


def _with_old_name(file: netCDF4.Dataset, name: str) -> Iterator[tuple[netCDF4.Dataset, bool]]:
    """The group, and for one version more a second one under its old name (with True)."""
    yield file.createGroup(name), False
    old = file.createGroup(OLD_GROUPS[name])
    old.deprecated = f"use the group {name}"
    yield old, True


def _group(file: netCDF4.Dataset, name: str) -> netCDF4.Dataset:
    """A group under its name, or under that of before."""
    return file[name if name in file.groups else OLD_GROUPS[name]]


def _write_log(group: netCDF4.Dataset, result: NightResult) -> None:
    rejections, weather = result.rejections, result.provenance.weather_files
    for dimension, columns in (
        ("note", {"note": ("sentence of the log of the analysis", result.notes)}),
        (
            "rejection",
            {
                "rejected_frame": ("frame that took no part", tuple(item.name for item in rejections)),
                "reason": ("why the frame took no part", tuple(item.reason for item in rejections)),
            },
        ),
        (
            "weather",
            {
                "weather_file": ("weather file that was read", tuple(item.name for item in weather)),
                "weather_file_sha256": (
                    "SHA-256 of the weather file",
                    tuple(item.sha256 for item in weather),
                ),
            },
        ),
    ):
        for name, (long_name, values) in columns.items():
            if dimension not in group.dimensions:
                add_dimension(group, dimension, len(values))
            variable = group.createVariable(name, str, (dimension,))
            variable.long_name = long_name
            if values:
                variable[:] = np.array(values, object)
    sizes = group.createVariable("weather_file_size", "i8", ("weather",), fill_value=False)
    sizes.setncatts({"long_name": "size of the weather file, -1 if not known", "units": "byte"})
    sizes[:] = np.array([item.size for item in weather], np.int64)


def _read(file: netCDF4.Dataset) -> NightResult:
    log = file["log"]
    parameters, reference = _group(file, PARAMETERS_GROUP), _group(file, REFERENCE_GROUP)
    sky = SkySamples(start_time=read_times(file["time_bounds"][:, 0]), **read_columns(file, "sky"))
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
        sky=sky,
        laser=LaserSamples(
            start_time=read_times(file["laser_time_bounds"][:, 0]),
            **read_columns(file, "laser"),
        ),
        instrument_parameters=_read_parameters(parameters, sky),
        doppler_reference=DopplerReference(method=reference.method, **read_columns(reference, "reference")),
        cycles=read_cycles(file["cycles"]),
        smooth_winds=read_smooth_winds(file["smooth_winds"]),
        sky_profiles=RingProfiles(**read_columns(file["sky_profiles"], "profiles")),
        laser_profiles=RingProfiles(**read_columns(file["laser_profiles"], "profiles")),
        rejections=tuple(Rejection(name, reason) for name, reason in rejections),
        notes=read_texts(log["note"]),
        provenance=Provenance(
            code_version=file.code_version,
            settings_hash=file.settings_hash,
            registry_epoch=file.registry_epoch,
            input_hash=file.input_hash,
            weather_files=_read_weather_files(log),
            manifest_hash=getattr(file, "manifest_hash", ""),  # files from before it was written lack it
            overrides=tuple(getattr(file, "overrides", "").splitlines()),
        ),
        temperatures=(
            read_temperatures(file[TEMPERATURES_GROUP]) if TEMPERATURES_GROUP in file.groups else ()
        ),
    )


def _read_weather_files(log: netCDF4.Group) -> tuple[InputFile, ...]:
    names = read_texts(log["weather_file"])
    if "weather_file_sha256" not in log.variables:  # files from before they were written
        return tuple(InputFile(name) for name in names)
    sizes = log["weather_file_size"][:].tolist()
    return tuple(map(InputFile, names, sizes, read_texts(log["weather_file_sha256"])))


def _read_parameters(group: netCDF4.Dataset, sky: SkySamples) -> InstrumentParameters:
    """The instrument's parameters; moments of the gap are in metres there."""
    has_gap = "nominal_gap" in group.variables  # not in files of version 0.1
    fields = read_columns(group, "parameters", () if has_gap else ("nominal_gap_m",))
    if not has_gap:  # the gap of the night is within 1e-4 of it
        fields["nominal_gap_m"] = float(np.median(sky.gap_m)) if len(sky) else np.nan
    nominal_gap_m = fields["nominal_gap_m"]
    return InstrumentParameters(
        gap_variance=fields.pop("gap_variance_m2") / nominal_gap_m**2,
        gap_third_moment=fields.pop("gap_third_moment_m3") / nominal_gap_m**3,
        source=group.source,
        **fields,
    )
