"""Thermospheric winds and temperatures from Fabry-Perot interferometer nights."""

import os
from importlib.metadata import PackageNotFoundError, version

# HDF5 asks for this when it is loaded. Some network disks refuse its locks, and no two processes write one
# file of ours: each is written under a name of its own and renamed.
os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")

try:
    __version__ = version("airglow")
except PackageNotFoundError:  # a clone that was never installed
    __version__ = "0+unknown"
