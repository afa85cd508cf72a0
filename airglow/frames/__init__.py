"""One CCD frame and its header, from HDF5 or ``.img``, and when it was taken."""

from importlib import import_module

from airglow.frames.names import (
    date_of_name,
    is_frame_name,
    prefix_of_name,
    saved_of_name,
    tag_of_name,
)

__all__ = [
    "LONGEST_EXPOSURE_S",
    "SHORTEST_EXPOSURE_S",
    "Frame",
    "FrameHeader",
    "KeptImage",
    "KeptImages",
    "Starts",
    "date_of_name",
    "find_starts",
    "is_frame_name",
    "prefix_of_name",
    "read_apart",
    "read_bytes",
    "read_frame",
    "saved_of_name",
    "tag_of_name",
    "total_counts",
]

_MODULES = {
    "LONGEST_EXPOSURE_S": "read",
    "SHORTEST_EXPOSURE_S": "read",
    "Frame": "frame",
    "FrameHeader": "frame",
    "KeptImage": "kept",
    "KeptImages": "kept",
    "Starts": "times",
    "find_starts": "times",
    "read_apart": "apart",
    "read_bytes": "read",
    "read_frame": "read",
    "total_counts": "kept",
}


def __getattr__(name: str):
    """Look up what needs NumPy and HDF5 when it is asked for: the archive only wants the names of files."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
