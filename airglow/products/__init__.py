"""What people open: netCDF, Madrigal text, plots and the log of a night, all from its result."""

from airglow.products.log import log_text, write_log
from airglow.products.madrigal import KINST, madrigal_text, write_madrigal
from airglow.products.netcdf import read_netcdf, write_netcdf
from airglow.products.night import (
    FRAMES,
    PRODUCTS,
    SUFFIXES,
    local_name,
    product_names,
    write_kinds,
    write_products,
)
from airglow.products.plots import plot_diagnostics, plot_frames, plot_profiles, plot_temperature, plot_winds

__all__ = [
    "FRAMES",
    "KINST",
    "PRODUCTS",
    "SUFFIXES",
    "local_name",
    "log_text",
    "madrigal_text",
    "plot_diagnostics",
    "plot_frames",
    "plot_profiles",
    "plot_temperature",
    "plot_winds",
    "product_names",
    "read_netcdf",
    "write_kinds",
    "write_log",
    "write_madrigal",
    "write_netcdf",
    "write_products",
]
