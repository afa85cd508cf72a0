"""The frame: what its header says, and an image."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class FrameHeader:
    """What a frame's header says.

    The zenith angle is signed as in the header. ``local_start`` is the start as the camera computer's clock
    wrote it, without a zone; ``utc_start`` is there if the header itself tells UTC, and decides then. A value
    that the header lacks, or that is no number, is None; a laser frame has NaN for a direction that it lacks.
    ``remarks`` say which values of the header were passed over, and why.
    """

    name: str
    tag: str  # L, X, XR, XG, D or B
    exposure_s: float
    azimuth_deg: float
    zenith_deg: float
    local_start: dt.datetime | None
    utc_start: dt.datetime | None = None  # aware
    ccd_temperature_c: float | None = None
    x_binning: int = 2
    y_binning: int = 2
    ambient_temperature_c: float | None = None
    sky_temperature_c: float | None = None
    pressure_hpa: float | None = None
    humidity_percent: float | None = None
    site: str = ""  # as the header calls it
    instrument: str = ""
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Frame(FrameHeader):
    """A CCD frame as it was read."""

    image: np.ndarray  # (rows, columns) counts, as stored
