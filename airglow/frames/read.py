"""Read a frame in either of the two formats that the instruments write."""

from __future__ import annotations

import datetime as dt
import math
import struct
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from airglow.errors import BadInput
from airglow.frames.frame import Frame
from airglow.frames.names import tag_of_name

_IMG_MAGIC = b"A3OI"
_IMG_PIXELS_AT = 1024
_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_DEFAULT_BINNING = 2  # of the files written before the header had it
_SHORTEST_EXPOSURE_S, _LONGEST_EXPOSURE_S = 0.01, 7200.0
_FEWEST_PIXELS, _MOST_PIXELS = 32, 8192  # along a side


def read_frame(path: Path) -> Frame:
    """Read one frame.

    Parameters
    ----------
    path
        An ``.hdf5`` or ``.img`` file with a frame's name; the format is told by content.

    Returns
    -------
    Frame

    Raises
    ------
    BadInput
        If the file is truncated, of another kind, or its header holds values that cannot be (a NaN
        angle, no exposure time, no start time).
    """
    path = Path(path)
    tag = tag_of_name(path.name)
    if tag is None:
        raise BadInput(path.name, "its name is not that of a frame")
    try:
        with path.open("rb") as file:
            magic = file.read(8)
    except OSError as error:
        raise BadInput(path.name, f"cannot be read: {error.strerror}") from error
    if magic == _HDF5_MAGIC:
        frame = _read_hdf5(path, tag)
    elif magic[:4] == _IMG_MAGIC:
        frame = _read_img(path, tag)
    else:
        kind = "empty file" if not magic else f"begins with {magic[:4]!r}"
        raise BadInput(path.name, f"neither HDF5 nor A3OI image: {kind}")
    _check(frame)
    return frame


def _check(frame: Frame) -> None:
    if frame.image.ndim != 2 or not all(_FEWEST_PIXELS <= n <= _MOST_PIXELS for n in frame.image.shape):
        raise BadInput(frame.name, f"image of shape {frame.image.shape} is not a CCD frame")
    if not _SHORTEST_EXPOSURE_S <= frame.exposure_s <= _LONGEST_EXPOSURE_S:  # also refuses NaN
        raise BadInput(frame.name, f"exposure time {frame.exposure_s} s cannot be")
    if not abs(frame.azimuth_deg) <= 720 or not abs(frame.zenith_deg) <= 180:
        raise BadInput(
            frame.name, f"azimuth {frame.azimuth_deg} or zenith angle {frame.zenith_deg} degrees cannot be"
        )
    if frame.x_binning < 1 or frame.y_binning < 1:
        raise BadInput(frame.name, f"binning {frame.x_binning} x {frame.y_binning} cannot be")


def _read_hdf5(path: Path, tag: str) -> Frame:
    try:
        with h5py.File(path, "r") as file:
            if "image" not in file:
                raise BadInput(path.name, "HDF5 file without a dataset 'image'")
            dataset = file["image"]
            image = dataset[()]
            header = dict(dataset.attrs)
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise BadInput(path.name, f"damaged or truncated HDF5: {error}") from error
    image = np.asarray(image)
    if image.dtype.kind not in "uif":
        raise BadInput(path.name, f"image holds {image.dtype}, not numbers")
    if image.dtype.kind == "f" and not np.isfinite(image).all():
        raise BadInput(path.name, "image holds values that are not finite")
    required = {key: _number(header, key, path.name) for key in ("ExposureTime", "azAngle", "zeAngle")}
    for key, value in required.items():
        if value is None:
            raise BadInput(path.name, f"header lacks {key}")
    ambient, sky, pressure, humidity = (
        _number(header, key, path.name)
        for key in ("AmbientTemperature (C)", "OutsideTemperature (C)", "Pressure (Pa)", "Humidity (%)")
    )
    # Without a weather sensor its values are all zero, and zero sky minus ambient would be an overcast sky.
    if not any(value for value in (ambient, sky, pressure, humidity)):
        ambient = sky = pressure = humidity = None
    return Frame(
        name=path.name,
        tag=tag,
        image=image,
        exposure_s=required["ExposureTime"],
        azimuth_deg=required["azAngle"],
        zenith_deg=required["zeAngle"],
        local_start=_local_time(header.get("LocalTime"), path.name),
        ccd_temperature_c=_number(header, "CCDTemperature", path.name),
        x_binning=_binning(header, "XBinning", path.name),
        y_binning=_binning(header, "YBinning", path.name),
        ambient_temperature_c=ambient,
        sky_temperature_c=sky,
        pressure_hpa=pressure,
        humidity_percent=humidity,
    )


def _text(value: Any) -> str:
    if isinstance(value, np.ndarray):
        value = value.ravel()[0] if value.size else ""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return str(value).strip().strip("\0")


def _number(header: dict[str, Any], key: str, name: str) -> float | None:
    """A header value as a number, also when it is stored as text; None when absent."""
    if key not in header:
        return None
    text = _text(header[key])
    try:
        return float(text)
    except ValueError as error:
        raise BadInput(name, f"header's {key} is {text!r}, not a number") from error


def _binning(header: dict[str, Any], key: str, name: str) -> int:
    value = _number(header, key, name)
    if value is None:
        return _DEFAULT_BINNING
    if not math.isfinite(value):
        raise BadInput(name, f"header's {key} is {value}")
    return int(value)


def _local_time(value: Any, name: str) -> dt.datetime:
    if value is None:
        raise BadInput(name, "header lacks LocalTime, the start of the exposure")
    text = _text(value)
    try:
        return dt.datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError as error:
        raise BadInput(name, f"header's LocalTime {text!r} is not a time") from error


def _read_img(path: Path, tag: str) -> Frame:
    data = path.read_bytes()
    if len(data) < _IMG_PIXELS_AT:
        raise BadInput(path.name, f"truncated: {len(data)} bytes are less than the header")
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
        raise BadInput(path.name, f"damaged A3OI header: {error}") from error
    if x_binning < 1 or y_binning < 1:
        raise BadInput(path.name, f"binning {x_binning} x {y_binning} cannot be")
    rows, columns = sensor_rows // y_binning, sensor_columns // x_binning
    if not (0 < rows <= _MOST_PIXELS and 0 < columns <= _MOST_PIXELS):
        raise BadInput(path.name, f"damaged A3OI header: image of {rows} x {columns} pixels")
    missing = _IMG_PIXELS_AT + 2 * rows * columns - len(data)
    if missing > 0:
        raise BadInput(path.name, f"truncated: {missing} of {2 * rows * columns} bytes of pixels are missing")
    image = np.frombuffer(data, "<u2", rows * columns, _IMG_PIXELS_AT).reshape(rows, columns)
    return Frame(
        name=path.name,
        tag=tag,
        image=image,
        exposure_s=float(exposure_s),
        azimuth_deg=azimuth_deg,
        zenith_deg=zenith_deg,
        local_start=local_start,
        ccd_temperature_c=float(ccd_temperature_c),
        x_binning=x_binning,
        y_binning=y_binning,
        pressure_hpa=pressure or None,
    )
