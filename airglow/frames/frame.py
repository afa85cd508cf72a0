"""The frame: what its header says, and an image."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class FrameHeader:
    """What a frame's header says.

    The zenith angle is signed as in the header, ``local_start`` is the camera computer's clock with no
    zone, and a sensor that the header lacks is None.
    """

    name: str
    tag: str  # L, X, XR, XG, D or B
    exposure_s: float
    azimuth_deg: float
    zenith_deg: float
    local_start: dt.datetime
    ccd_temperature_c: float | None = None
    x_binning: int = 2
    y_binning: int = 2
    ambient_temperature_c: float | None = None
    sky_temperature_c: float | None = None
    pressure_hpa: float | None = None
    humidity_percent: float | None = None


@dataclass(frozen=True, kw_only=True)
class Frame(FrameHeader):
    """A CCD frame as it was read."""

    image: np.ndarray  # (rows, columns) counts, as stored
