"""Read a frame in either of the two formats that the instruments write."""

from __future__ import annotations

import datetime as dt
import math
import stat
from pathlib import Path

import numpy as np

from airglow.frames.frame import Frame
from airglow.frames.hdf5 import FEWEST_PIXELS, MOST_PIXELS, read_hdf5
from airglow.frames.header import HeaderValues
from airglow.frames.img import MAGIC as _IMG_MAGIC
from airglow.frames.img import read_img
from airglow.frames.names import LASER_TAG, tag_of_name
from airglow.model.errors import BadInput, MachineError

_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_LARGEST_FILE_BYTES = 1 << 28
_DEFAULT_BINNING, _LARGEST_BINNING = 2, 64  # the former of the files written before the header had it
SHORTEST_EXPOSURE_S, LONGEST_EXPOSURE_S = 0.01, 7200.0
_LARGEST_COUNTS = 1e9  # of a pixel, to either side of zero: sums of squares still fit into single precision
_SENSIBLE_CCD_C = (-150.0, 100.0)  # drivers write -999 and the like for what they do not know
_ANY_ZONE = dt.timedelta(hours=26)  # no zone is further from UTC than 14 h, and an exposure is short
_CONTRADICTION_S = 120.0  # between two times of one header: longer than any read-out


def read_bytes(path: Path) -> bytes:
    """All bytes of a frame's file.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    bytes

    Raises
    ------
    BadInput
        If it is no file, or too large to be a frame.
    MachineError
        If the operating system does not give them out.
    """
    try:
        if path.is_symlink() and not path.exists():
            raise BadInput(path.name, f"a link to {path.readlink()}, which is not there")
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise BadInput(path.name, "not a file")
        size = about.st_size
        if size > _LARGEST_FILE_BYTES:
            raise BadInput(path.name, f"{size:,} bytes are too many for a frame")
        return path.read_bytes()
    except (OSError, MemoryError) as error:
        raise MachineError.from_os(str(path), error) from error


def read_frame(path: Path, data: bytes | None = None) -> Frame:
    """Read one frame.

    Parameters
    ----------
    path
        An ``.hdf5`` or ``.img`` file with a frame's name; the format is told by content.
    data
        Its bytes, where they have been read already (`read_bytes`).

    Returns
    -------
    Frame

    Raises
    ------
    BadInput
        If the file is truncated, of another kind, or its header holds values that cannot be (no angle, no
        exposure time, no start time).
    MachineError
        If the file cannot be read for a reason that is not its own.
    """
    path = Path(path)
    tag = tag_of_name(path.name)
    if tag is None:
        raise BadInput(path.name, "its name is not that of a frame")
    if data is None:
        data = read_bytes(path)
    try:
        if data.startswith(_HDF5_MAGIC):
            frame = _from_hdf5(path.name, tag, data)
        elif data.startswith(_IMG_MAGIC):
            frame = _from_img(path.name, tag, data)
        else:
            kind = "empty file" if not data else f"begins with {data[:4]!r}"
            raise BadInput(path.name, f"neither HDF5 nor A3OI image: {kind}")
        _check(frame)
    except MemoryError as error:
        raise MachineError.from_os(str(path), error) from error
    return frame


def _check(frame: Frame) -> None:
    image = frame.image
    if image.ndim != 2 or not all(FEWEST_PIXELS <= n <= MOST_PIXELS for n in image.shape):
        raise BadInput(frame.name, f"image of shape {image.shape} is not a CCD frame")
    low, high = image.min(), image.max()  # NaN if any pixel is
    if not (np.isfinite(low) and np.isfinite(high)):
        raise BadInput(frame.name, "image holds values that are not finite")
    if max(abs(float(low)), abs(float(high))) > _LARGEST_COUNTS:
        raise BadInput(frame.name, f"image holds counts from {low:.3g} to {high:.3g}, which cannot be")
    _check_exposure(frame.name, frame.exposure_s)
    if not 1 <= frame.x_binning <= _LARGEST_BINNING or not 1 <= frame.y_binning <= _LARGEST_BINNING:
        raise BadInput(frame.name, f"binning {frame.x_binning} x {frame.y_binning} cannot be")
    if frame.tag == LASER_TAG:
        return  # wherever the scanner pointed, the light came from the laser
    if not abs(frame.azimuth_deg) <= 720 or not abs(frame.zenith_deg) <= 360:
        raise BadInput(
            frame.name, f"azimuth {frame.azimuth_deg} or zenith angle {frame.zenith_deg} degrees cannot be"
        )


def _check_exposure(name: str, exposure_s: float) -> None:
    if not SHORTEST_EXPOSURE_S <= exposure_s <= LONGEST_EXPOSURE_S:  # also refuses NaN
        raise BadInput(name, f"exposure time {exposure_s} s cannot be")


def _from_hdf5(name: str, tag: str, data: bytes) -> Frame:
    image, header = read_hdf5(name, data)
    exposure_s = header.needed("ExposureTime")
    _check_exposure(name, exposure_s)
    local_start, utc_start = _start(header, exposure_s)
    ambient, sky, pressure, humidity = (
        header.optional(key)
        for key in ("AmbientTemperature (C)", "OutsideTemperature (C)", "Pressure (Pa)", "Humidity (%)")
    )
    # Without a weather sensor its values are all zero, and zero sky minus ambient would be an overcast sky.
    if not any(value for value in (ambient, sky, pressure, humidity)):
        ambient = sky = pressure = humidity = None
    azimuth, zenith = (_angle(header, key, tag) for key in ("azAngle", "zeAngle"))
    return Frame(
        name=name,
        tag=tag,
        image=image,
        exposure_s=exposure_s,
        azimuth_deg=azimuth,
        zenith_deg=zenith,
        local_start=local_start,
        utc_start=utc_start,
        ccd_temperature_c=header.optional("CCDTemperature", *_SENSIBLE_CCD_C),
        x_binning=_binning(header, "XBinning"),
        y_binning=_binning(header, "YBinning"),
        ambient_temperature_c=ambient,
        sky_temperature_c=sky,
        pressure_hpa=pressure,
        humidity_percent=humidity,
        site=header.text("SiteName"),
        instrument=header.text("Instrument"),
        remarks=tuple(header.remarks),
    )


def _angle(header: HeaderValues, key: str, tag: str) -> float:
    """An angle of the scanner; NaN for a laser frame without one."""
    if tag == LASER_TAG:
        value = header.optional(key)
        return math.nan if value is None else value
    return header.needed(key)


def _binning(header: HeaderValues, key: str) -> int:
    if key not in header.values:
        return _DEFAULT_BINNING
    value = header.needed(key)
    if value != int(value):
        raise BadInput(header.name, f"header's {key} is {value:g}, not a whole number")
    return int(value)


def _start(header: HeaderValues, exposure_s: float) -> tuple[dt.datetime | None, dt.datetime | None]:
    """Start of the exposure by the camera computer's clock, and in UTC where the header tells it.

    ``LocalTime`` is the start, with a zone or without; ``UTC``, which some controllers add, is the end of the
    exposure. It decides: a clock can be in any zone, but what is called UTC was meant to be UTC.
    """
    written, end = header.time("LocalTime"), header.time("UTC")
    by_zone = _as_utc(written) if written and written.tzinfo else None
    by_end = _as_utc(end, exposure_s) if end else None
    if by_end and written and abs(by_end.replace(tzinfo=None) - written.replace(tzinfo=None)) > _ANY_ZONE:
        header.remarks.append(f"UTC is {header.text('UTC')!r}, days off LocalTime: it was never set")
        by_end = None
    if written is None and by_end is None:
        text = header.text("LocalTime")
        problem = f"header's LocalTime is {text[:40]!r}, not a time" if text else "header lacks LocalTime"
        raise BadInput(header.name, f"{problem}: the start of the exposure is not known")
    if by_zone and by_end and abs((by_zone - by_end).total_seconds()) > _CONTRADICTION_S:
        hours = (by_zone - by_end).total_seconds() / 3600.0
        header.remarks.append(
            f"LocalTime with its zone is {hours:+.2f} h off the header's UTC, which decides"
        )
    return written.replace(tzinfo=None) if written else None, by_end or by_zone


def _as_utc(moment: dt.datetime, earlier_s: float = 0.0) -> dt.datetime | None:
    """In UTC, and so much earlier; what has no zone is meant to be UTC. None beyond the calendar."""
    try:
        return moment.replace(tzinfo=moment.tzinfo or dt.UTC).astimezone(dt.UTC) - dt.timedelta(
            seconds=earlier_s
        )
    except OverflowError:
        return None


def _from_img(name: str, tag: str, data: bytes) -> Frame:
    content = read_img(name, data)
    low, high = _SENSIBLE_CCD_C
    ccd_c: float | None = float(content.ccd_temperature_c)
    remarks: tuple[str, ...] = ()
    if not low <= ccd_c <= high:
        remarks, ccd_c = (f"CCD temperature is {ccd_c:g}, which cannot be",), None
    pressure = content.pressure
    return Frame(
        name=name,
        tag=tag,
        image=content.image,
        exposure_s=content.exposure_s,
        azimuth_deg=content.azimuth_deg,
        zenith_deg=content.zenith_deg,
        local_start=content.local_start,
        ccd_temperature_c=ccd_c,
        x_binning=content.x_binning,
        y_binning=content.y_binning,
        pressure_hpa=pressure if pressure and math.isfinite(pressure) else None,
        remarks=remarks,
    )
