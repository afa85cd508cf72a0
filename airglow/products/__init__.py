"""What people open of a night, all from its result: netCDF, tables, Madrigal files, plots and the log."""

from airglow.model.products import FRAMES, SUFFIXES, local_name
from airglow.products.csv_tables import write_samples_csv, write_winds_csv
from airglow.products.legacy import legacy_results, write_legacy
from airglow.products.log import log_text, write_log
from airglow.products.madrigal import madrigal_text, write_madrigal
from airglow.products.madrigal_hdf5 import madrigal_table, write_madrigal_hdf5
from airglow.products.netcdf import read_netcdf, write_netcdf
from airglow.products.night import WRITERS, Beside, product_names, write_kinds, write_products
from airglow.products.plots import plot_diagnostics, plot_frames, plot_profiles, plot_temperature, plot_winds

__all__ = [
    "FRAMES",
    "SUFFIXES",
    "WRITERS",
    "Beside",
    "legacy_results",
    "local_name",
    "log_text",
    "madrigal_table",
    "madrigal_text",
    "plot_diagnostics",
    "plot_frames",
    "plot_profiles",
    "plot_temperature",
    "plot_winds",
    "product_names",
    "read_netcdf",
    "write_kinds",
    "write_legacy",
    "write_log",
    "write_madrigal",
    "write_madrigal_hdf5",
    "write_netcdf",
    "write_products",
    "write_samples_csv",
    "write_winds_csv",
]
