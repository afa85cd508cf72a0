"""One CCD frame and its header, from HDF5 or ``.img``, and when it was taken."""

from airglow.frames.names import (
    date_of_name,
    is_frame_name,
    prefix_of_name,
    saved_of_name,
    tag_of_name,
)
from airglow.model.at_first_use import from_modules

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

# What needs NumPy and HDF5: the archive only wants the names of files.
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

__getattr__ = from_modules(__name__, _MODULES)
