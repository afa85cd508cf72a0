"""What people open of a night, all from its result: netCDF, tables, Madrigal files, plots and the log."""

from airglow.model.at_first_use import from_modules
from airglow.model.products import DEFAULT_KINDS, FRAMES, SUFFIXES, local_name
from airglow.products.night import (
    RESULT_KINDS,
    Beside,
    product_names,
    write_kinds,
    write_products,
    writer,
)

_HOMES = {
    "legacy_results": "legacy",
    "log_text": "log",
    "madrigal_table": "madrigal_hdf5",
    "madrigal_text": "madrigal",
    "plot_diagnostics": "plots",
    "plot_frames": "plots",
    "plot_profiles": "plots",
    "plot_temperature": "plots",
    "plot_winds": "plots",
    "read_netcdf": "netcdf",
    "write_legacy": "legacy",
    "write_log": "log",
    "write_madrigal": "madrigal",
    "write_madrigal_hdf5": "madrigal_hdf5",
    "write_netcdf": "netcdf",
    "write_samples_csv": "csv_tables",
    "write_winds_csv": "csv_tables",
}
"""Functions and their modules, imported at first use: who reads a netCDF file needs no matplotlib."""

__all__ = [
    "DEFAULT_KINDS",
    "FRAMES",
    "RESULT_KINDS",
    "SUFFIXES",
    "Beside",
    "local_name",
    "product_names",
    "write_kinds",
    "write_products",
    "writer",
    *_HOMES,
]

__getattr__ = from_modules(__name__, _HOMES)
