"""Frames as files, exactly as the instruments write them: HDF5, and the older ``.img``."""

from __future__ import annotations

import datetime as dt
import io
import json
import math
import struct
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import h5py
import numpy as np

from airglow.simulate.night import SimulatedNight
from airglow.simulate.truth import TRUTH_FILE, FrameTruth, write_truth_table

TRUTH_ABOUT_FILE = "truth.json"
SAMPLES_PER_HOUR = 6  # of the wind field in truth.json

# The .img header: where its five blocks begin, and how long they are.
IMG_HEADER_BYTES = 1024
IMG_BLOCKS = {
    "versions": (36, 52),
    "detector": (88, 12),
    "camera": (100, 164),
    "conditions": (264, 184),
    "image": (448, 56),
}
IMG_VERSION, IMG_PROGRAM_VERSION, IMG_HEADER_SIZE = 2, 121, 504


def write_frames(
    night: SimulatedNight, directory: Path, progress: Callable[[str], None] | None = None
) -> list[Path]:
    """Write every frame of a night as a file.

    Parameters
    ----------
    night
        The night; its frames' names say which format.
    directory
        Where; made if it is not there.
    progress
        Called with each name that has been written.

    Returns
    -------
    list of Path
        In the order of time.
    """
    directory.mkdir(parents=True, exist_ok=True)
    paths = []
    for frame, image in night.images():
        path = directory / frame.name
        path.write_bytes(frame_bytes(night, frame, image))
        paths.append(path)
        if progress:
            progress(frame.name)
    return paths


def write_truth(night: SimulatedNight, directory: Path) -> None:
    """Write ``truth.csv`` (one row per frame) and ``truth.json`` (instrument, scenario, wind field).

    Parameters
    ----------
    night
        The night.
    directory
        Folder of the files, made if absent.
    """
    directory.mkdir(parents=True, exist_ok=True)
    write_truth_table(night.frames, directory / TRUTH_FILE)
    about = json.dumps(truth_about(night), indent=1, sort_keys=True)
    (directory / TRUTH_ABOUT_FILE).write_text(about + "\n")


def frame_bytes(night: SimulatedNight, frame: FrameTruth, image: np.ndarray) -> bytes:
    """The bytes of a frame's file, spoilt if the frame is one that the scenario spoils."""
    write = img_bytes if frame.name.endswith(".img") else hdf5_bytes
    if frame.flaw == "nan angle":
        return write(night, replace(frame, header_azimuth_deg=math.nan), image)
    data = write(night, frame, image)
    if frame.flaw == "truncated":
        return data[: len(data) * 2 // 5]
    if frame.flaw == "foreign":
        return b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + data[2048:4096]  # a picture of something else
    return data


def hdf5_bytes(night: SimulatedNight, frame: FrameTruth, image: np.ndarray) -> bytes:
    """A frame as HDF5: one dataset, everything else as its attributes."""
    hours = night.hours(frame.middle_utc)
    camera = night.truth.camera
    attributes = {
        "ExposureTime": float(frame.exposure_s),
        "azAngle": float(frame.header_azimuth_deg),
        "zeAngle": float(frame.header_zenith_deg),
        "LocalTime": f"{frame.local_start:%Y-%m-%d %H:%M:%S.%f}",
        "CCDTemperature": float(camera.temperature_c),
        "SiteName": night.site.key,
        "SiteLatitude": float(night.site.latitude_deg),
        "SiteLongitude": float(night.site.longitude_deg),
        "Instrument": night.instrument.key,
        "XBinning": int(camera.x_binning),
        "YBinning": int(camera.y_binning),
        "AmbientTemperature (C)": round(frame.ambient_c, 2),
        "OutsideTemperature (C)": round(frame.ambient_c + frame.sky_minus_ambient_c, 2),
        "Pressure (Pa)": round(night.atmosphere.pressure_hpa.at(hours), 1),
        "Humidity (%)": round(night.atmosphere.humidity_percent.at(hours), 1),
    }
    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        dataset = file.create_dataset("image", data=image)
        for name, value in attributes.items():
            dataset.attrs[name] = value
    return memory.getvalue()


def img_bytes(night: SimulatedNight, frame: FrameTruth, image: np.ndarray) -> bytes:
    """A frame in the older format: a header of 1024 bytes and the pixels, little endian."""
    camera = night.truth.camera
    header = bytearray(IMG_HEADER_BYTES)
    at = {name: start for name, (start, _) in IMG_BLOCKS.items()}
    struct.pack_into("<4s3i", header, 0, b"A3OI", IMG_VERSION, IMG_PROGRAM_VERSION, IMG_HEADER_SIZE)
    struct.pack_into("<10h", header, 16, *(number for block in IMG_BLOCKS.values() for number in block))
    sensor = (camera.rows * camera.y_binning, camera.columns * camera.x_binning)
    struct.pack_into("<i2i", header, at["detector"], 1, *sensor)
    struct.pack_into("<f", header, at["camera"] + 56, frame.exposure_s)
    struct.pack_into("<2i", header, at["camera"] + 84, camera.x_binning, camera.y_binning)
    hours = night.hours(frame.middle_utc)
    struct.pack_into(
        "<4d",
        header,
        at["conditions"] + 16,
        frame.header_azimuth_deg,
        frame.header_zenith_deg,
        frame.ambient_c + frame.sky_minus_ambient_c,
        night.atmosphere.pressure_hpa.at(hours),
    )
    # Two times in the form of Windows: when the exposure began, when it ended.
    local_end = frame.local_start + dt.timedelta(seconds=frame.exposure_s)
    struct.pack_into("<i", header, at["image"], 3)
    struct.pack_into("<8H", header, at["image"] + 4, *windows_time(frame.local_start))
    struct.pack_into("<8H", header, at["image"] + 20, *windows_time(local_end))
    struct.pack_into("<i", header, at["image"] + 36, round(camera.temperature_c))
    return bytes(header) + image.astype("<u2").tobytes()


def windows_time(when: dt.datetime) -> tuple[int, ...]:
    """Year, month, weekday (Sunday is 0), day, hour, minute, second, millisecond."""
    weekday = when.isoweekday() % 7
    return (
        when.year,
        when.month,
        weekday,
        when.day,
        when.hour,
        when.minute,
        when.second,
        when.microsecond // 1000,
    )


def truth_about(night: SimulatedNight) -> dict:
    """What was true of the night as a whole, as plain values for JSON."""
    truth, plates = night.truth, night.truth.optics.plates
    camera = asdict(replace(truth.camera, hot_pixels=None, column_pattern=None))
    hot = truth.camera.hot_pixels
    first, last = night.hours(night.frames[0].start_utc), night.hours(night.frames[-1].end_utc)
    times = np.linspace(first, last, max(2, math.ceil((last - first) * SAMPLES_PER_HOUR)))
    field = {}
    for line, layer in night.atmosphere.layers.items():
        winds = np.array([layer.wind_mps(hours) for hours in times])
        field[line] = {
            "utc": [(night.midnight + dt.timedelta(hours=float(h))).isoformat() for h in times],
            "zonal_mps": winds[:, 0].tolist(),
            "meridional_mps": winds[:, 1].tolist(),
            "vertical_mps": winds[:, 2].tolist(),
            "temperature_k": [layer.temperature_k.at(hours) for hours in times],
        }
    return {
        "instrument": night.instrument.key,
        "site": night.site.key,
        "date": night.date.isoformat(),
        "tags": list(night.tags),
        "seed": night.seed,
        "scenario": asdict(night.scenario),
        "midnight_utc": night.midnight.isoformat(),
        "optics": asdict(truth.optics),
        "gap_moments_over_plates": {f"m{power}": plates.gap_moment(power) for power in (2, 3, 4)},
        "vignetting": asdict(truth.vignetting),
        "camera": {key: value for key, value in camera.items() if value is not None},
        "hot_pixels": [] if hot is None else np.stack(hot[:2], axis=1).tolist(),
        "sensitivity": truth.sensitivity,
        "laser_wavelength_m": truth.laser_wavelength_m,
        "zero_offset_mps": truth.zero_offset_mps,
        "illumination_tilt": list(truth.illumination_tilt),
        "center_by_direction_px": {key: list(value) for key, value in truth.center_by_direction_px.items()},
        "jumps_utc": [(night.midnight + dt.timedelta(hours=jump[0])).isoformat() for jump in truth.jumps],
        "wind_field": field,
    }
