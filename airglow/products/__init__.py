"""What people open: netCDF, Madrigal text, plots and the log of a night, all from its result."""

from airglow.products.netcdf import read_netcdf, write_netcdf

__all__ = ["read_netcdf", "write_netcdf"]
