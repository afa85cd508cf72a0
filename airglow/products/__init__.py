"""What people open: netCDF, Madrigal text, plots and the log of a night, all from its result."""

from airglow.products.log import log_text, write_log
from airglow.products.madrigal import KINST, madrigal_text, write_madrigal
from airglow.products.netcdf import read_netcdf, write_netcdf

__all__ = [
    "KINST",
    "log_text",
    "madrigal_text",
    "read_netcdf",
    "write_log",
    "write_madrigal",
    "write_netcdf",
]
