"""Thermospheric winds and temperatures from Fabry-Perot interferometer nights."""

import os

# HDF5 asks for this when it is loaded. Some network disks refuse its locks, and no two processes write one
# file of ours: each is written under a name of its own and renamed.
os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")


def __getattr__(name: str) -> str:
    """Look up ``__version__`` when somebody asks for it: the search costs more than the rest of a start."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        found = version("airglow")
    except PackageNotFoundError:  # a clone that was never installed
        found = "0+unknown"
    globals()["__version__"] = found
    return found
