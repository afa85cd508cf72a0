"""One CCD frame and its header, from HDF5 or ``.img``, and when it was taken."""

from airglow.frames.apart import read_apart
from airglow.frames.frame import Frame, FrameHeader
from airglow.frames.kept import KeptImage, KeptImages, total_counts
from airglow.frames.names import (
    date_of_name,
    is_frame_name,
    prefix_of_name,
    saved_of_name,
    tag_of_name,
)
from airglow.frames.read import LONGEST_EXPOSURE_S, SHORTEST_EXPOSURE_S, read_bytes, read_frame
from airglow.frames.times import Starts, find_starts

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
