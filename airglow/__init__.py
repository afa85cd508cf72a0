"""Thermospheric winds and temperatures from Fabry-Perot interferometer nights."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("airglow")
except PackageNotFoundError:  # a clone that was never installed
    __version__ = "0+unknown"
