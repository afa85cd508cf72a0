"""The frame: what its header says, and an image."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from airglow.frames.kept import KeptImage


@dataclass(frozen=True, kw_only=True)
class FrameHeader:
    """What a frame's header says.

    A value that the header lacks, or that is no number, is None; a laser frame has NaN for a direction that
    it lacks.

    Parameters
    ----------
    name
        File name.
    tag
        ``L`` laser, ``X``, ``XR`` or ``XG`` sky, ``D`` dark, ``B`` bias.
    exposure_s
        Length of the exposure.
    azimuth_deg
        Azimuth of the look direction as in the header.
    zenith_deg
        Zenith angle of the look direction, signed as in the header.
    local_start
        Start of the exposure as the camera computer's clock wrote it, without a zone.
    utc_start
        Start in UTC (aware), if the header itself has it; it decides then.
    ccd_temperature_c
        Temperature of the CCD.
    x_binning
        Pixels of the sensor in one pixel of the frame, along a row.
    y_binning
        Pixels of the sensor in one pixel of the frame, along a column.
    ambient_temperature_c
        Temperature of the air.
    sky_temperature_c
        Temperature of the sky, by the cloud sensor.
    pressure_hpa
        Pressure of the air.
    humidity_percent
        Relative humidity of the air.
    site
        Site as the header calls it.
    instrument
        Instrument as the header calls it.
    remarks
        Which values of the header were passed over, and why.
    """

    name: str
    tag: str
    exposure_s: float
    azimuth_deg: float
    zenith_deg: float
    local_start: dt.datetime | None
    utc_start: dt.datetime | None = None
    ccd_temperature_c: float | None = None
    x_binning: int = 2
    y_binning: int = 2
    ambient_temperature_c: float | None = None
    sky_temperature_c: float | None = None
    pressure_hpa: float | None = None
    humidity_percent: float | None = None
    site: str = ""
    instrument: str = ""
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Frame(FrameHeader):
    """A CCD frame as it was read.

    Parameters
    ----------
    image
        Counts as stored, shape (rows, columns); in memory, or kept on disk for `numpy.asarray` to read.
    """

    image: np.ndarray | KeptImage
