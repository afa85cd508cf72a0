"""A frame in the older ``.img`` format (magic ``A3OI``, little endian): a header, and pixels."""

from __future__ import annotations

import datetime as dt
import struct
from dataclasses import dataclass

import numpy as np

from airglow.frames.hdf5 import MOST_PIXELS
from airglow.model.errors import BadInput

MAGIC = b"A3OI"
_PIXELS_AT = 1024


@dataclass(frozen=True)
class ImgContent:
    """What an ``.img`` file holds, as it is written there."""

    image: np.ndarray  # (rows, columns) uint16
    exposure_s: float
    azimuth_deg: float
    zenith_deg: float
    pressure: float
    local_start: dt.datetime
    ccd_temperature_c: int
    x_binning: int
    y_binning: int


def read_img(name: str, data: bytes) -> ImgContent:
    """Take an ``.img`` file apart.

    Parameters
    ----------
    name
        Of the file, for messages.
    data
        All of the file.

    Returns
    -------
    ImgContent

    Raises
    ------
    BadInput
        If it is truncated, or its header is damaged.
    """
    if len(data) < _PIXELS_AT:
        raise BadInput(name, f"truncated: {len(data)} bytes are less than the header")
    blocks = struct.unpack_from("<10h", data, 16)
    _, detector, camera, conditions, image_block = blocks[0::2]
    try:
        sensor_rows, sensor_columns = struct.unpack_from("<2i", data, detector + 4)
        (exposure_s,) = struct.unpack_from("<f", data, camera + 56)
        x_binning, y_binning = struct.unpack_from("<2i", data, camera + 84)
        azimuth_deg, zenith_deg, _outside_c, pressure = struct.unpack_from("<4d", data, conditions + 16)
        year, month, _, day, hour, minute, second, millisecond = struct.unpack_from(
            "<8h", data, image_block + 4
        )
        (ccd_temperature_c,) = struct.unpack_from("<i", data, image_block + 36)
        local_start = dt.datetime(year, month, day, hour, minute, second, 1000 * millisecond)
    except (struct.error, ValueError) as error:
        raise BadInput(name, f"damaged A3OI header: {error}") from error
    if x_binning < 1 or y_binning < 1:
        raise BadInput(name, f"binning {x_binning} x {y_binning} cannot be")
    rows, columns = sensor_rows // y_binning, sensor_columns // x_binning
    if not (0 < rows <= MOST_PIXELS and 0 < columns <= MOST_PIXELS):
        raise BadInput(name, f"damaged A3OI header: image of {rows} x {columns} pixels")
    missing = _PIXELS_AT + 2 * rows * columns - len(data)
    if missing > 0:
        raise BadInput(name, f"truncated: {missing} of {2 * rows * columns} bytes of pixels are missing")
    return ImgContent(
        image=np.frombuffer(data, "<u2", rows * columns, _PIXELS_AT).reshape(rows, columns),
        exposure_s=float(exposure_s),
        azimuth_deg=azimuth_deg,
        zenith_deg=zenith_deg,
        pressure=pressure,
        local_start=local_start,
        ccd_temperature_c=ccd_temperature_c,
        x_binning=x_binning,
        y_binning=y_binning,
    )
