"""One CCD frame and its header, from HDF5 or ``.img``."""

from airglow.frames.frame import Frame, FrameHeader
from airglow.frames.names import is_frame_name, tag_of_name
from airglow.frames.read import read_frame
from airglow.frames.times import frame_starts, utc_starts

__all__ = ["Frame", "FrameHeader", "frame_starts", "is_frame_name", "read_frame", "tag_of_name", "utc_starts"]
