"""Frames of both formats, whole and broken."""

import datetime as dt
import struct
from pathlib import Path

import h5py
import numpy as np
import pytest

from airglow.errors import BadInput
from airglow.frames import is_frame_name, read_frame, tag_of_name

REAL = Path(__file__).parents[3] / "shared" / "reference" / "real"
IMAGE = np.arange(512 * 512, dtype="u2").reshape(512, 512)


def write_hdf5(path, image=IMAGE, **changes):
    attributes = {
        "ExposureTime": 240.0,
        "azAngle": 90.0,
        "zeAngle": -45.0,
        "LocalTime": "2025-04-29 21:30:00.250000",
        "CCDTemperature": -70.0,
        "XBinning": 2,
        "YBinning": 2,
        "AmbientTemperature (C)": 12.5,
        "OutsideTemperature (C)": -22.5,
        "Pressure (Pa)": 1013.0,
        "Humidity (%)": 45.0,
    }
    attributes.update(changes)
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("image", data=image)
        for key, value in attributes.items():
            if value is not None:
                dataset.attrs[key] = value
    return path


def img_bytes(exposure_s=30.0, pixels=None, month=10):
    data = bytearray(1024)
    struct.pack_into("<4s3i", data, 0, b"A3OI", 1, 1, 1024)
    struct.pack_into("<10h", data, 16, 40, 20, 60, 40, 100, 100, 200, 60, 300, 60)
    struct.pack_into("<2i", data, 60 + 4, 512, 1024)
    struct.pack_into("<f", data, 100 + 56, exposure_s)
    struct.pack_into("<2i", data, 100 + 84, 2, 2)
    struct.pack_into("<4d", data, 200 + 16, 12.5, -45.0, 3.0, 990.0)
    struct.pack_into("<8h", data, 300 + 4, 2013, month, 2, 1, 19, 28, 18, 617)
    struct.pack_into("<i", data, 300 + 36, -70)
    pixels = np.arange(256 * 512, dtype="<u2") if pixels is None else pixels
    return bytes(data) + pixels.tobytes()


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("UAO_L_20091103_210000_001.img", "L"),
        ("L20091103001.img", "L"),
        ("X20091103001.img", "X"),
        ("UAO_XR_20221129_121336.hdf5", "XR"),
        ("UAO_XG_20250429_213000_001.hdf5", "XG"),
        ("UAO_XR_20250429_213000__20250430.hdf5", "XR"),
        ("D20091103001.img", "D"),
        ("notes.txt", None),
        ("Cloud_uao_20250429.txt", None),
        ("UAO_XR_2025.hdf5", None),
        ("._UAO_XR_20221129_121336.hdf5", None),
    ],
)
def test_names_tell_the_tag(name, tag):
    assert tag_of_name(name) == tag
    assert is_frame_name(name) == (tag is not None)


def test_hdf5_header_is_read(tmp_path):
    frame = read_frame(write_hdf5(tmp_path / "UAO_XR_20250429_213400.hdf5"))
    assert frame.tag == "XR"
    np.testing.assert_array_equal(frame.image, IMAGE)
    assert (frame.exposure_s, frame.azimuth_deg, frame.zenith_deg) == (240.0, 90.0, -45.0)
    assert frame.local_start == dt.datetime(2025, 4, 29, 21, 30, 0, 250000)
    assert (frame.ambient_temperature_c, frame.sky_temperature_c, frame.pressure_hpa) == (12.5, -22.5, 1013.0)


def test_old_hdf5_lacks_sensors_and_holds_text(tmp_path):
    gone = dict.fromkeys(("XBinning", "YBinning", "Pressure (Pa)", "Humidity (%)"))
    path = tmp_path / "UAO_XR_20250429_213400.hdf5"
    frame = read_frame(write_hdf5(path, ExposureTime="240.0", CCDTemperature=b"-70", **gone))
    assert (frame.exposure_s, frame.ccd_temperature_c) == (240.0, -70.0)
    assert (frame.x_binning, frame.y_binning) == (2, 2)
    assert frame.pressure_hpa is None


def test_a_sensor_that_is_not_there_is_not_an_overcast_sky(tmp_path):
    zeros = dict.fromkeys(
        ("AmbientTemperature (C)", "OutsideTemperature (C)", "Pressure (Pa)", "Humidity (%)"), 0.0
    )
    frame = read_frame(write_hdf5(tmp_path / "UAO_XR_20250429_213400.hdf5", **zeros))
    assert frame.ambient_temperature_c is None
    assert frame.sky_temperature_c is None


def test_img_is_read(tmp_path):
    path = tmp_path / "UAO_X_20131002_002816_010.img"
    path.write_bytes(img_bytes())
    frame = read_frame(path)
    assert frame.image.shape == (256, 512)
    assert frame.image[1, 0] == 512
    assert (frame.azimuth_deg, frame.zenith_deg, frame.ccd_temperature_c) == (12.5, -45.0, -70.0)
    assert frame.local_start == dt.datetime(2013, 10, 1, 19, 28, 18, 617000)
    assert frame.exposure_s == 30.0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"azAngle": np.nan}, "azAngle is 'nan', not a number"),
        ({"zeAngle": None}, "header lacks zeAngle"),
        ({"ExposureTime": 0.0}, "exposure time 0.0 s"),
        ({"ExposureTime": "long"}, "'long', not a number"),
        ({"LocalTime": "yesterday"}, "'yesterday', not a time"),
        ({"LocalTime": None}, "lacks LocalTime"),
        ({"image": np.zeros((3, 3))}, "not a CCD frame"),
        ({"image": np.full((64, 64), np.nan)}, "not finite"),
    ],
)
def test_headers_that_cannot_be_are_refused(tmp_path, changes, reason):
    path = tmp_path / "UAO_XR_20250429_213400.hdf5"
    with pytest.raises(BadInput, match=reason) as error:
        read_frame(write_hdf5(path, **changes))
    assert error.value.name == path.name


def test_truncated_hdf5_is_refused(tmp_path):
    path = write_hdf5(tmp_path / "UAO_XR_20250429_213400.hdf5")
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(BadInput, match="damaged or truncated HDF5"):
        read_frame(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (img_bytes()[:-10], "truncated: 10 of 262144 bytes"),
        (img_bytes()[:500], "less than the header"),
        (img_bytes(month=13), "damaged A3OI header"),
        (img_bytes(exposure_s=float("nan")), "exposure time nan"),
        (b"", "empty file"),
        (b"\xff\xd8\xff\xe0" + bytes(2000), "neither HDF5 nor A3OI"),
    ],
)
def test_broken_img_is_refused(tmp_path, content, reason):
    path = tmp_path / "UAO_X_20131002_002816_010.img"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=reason):
        read_frame(path)


def test_foreign_hdf5_is_refused(tmp_path):
    path = tmp_path / "UAO_XR_20250429_213400.hdf5"
    with h5py.File(path, "w") as file:
        file["something"] = 1
    with pytest.raises(BadInput, match="without a dataset 'image'"):
        read_frame(path)


@pytest.mark.skipif(not REAL.is_dir(), reason="the real frames are not here")
def test_real_frames_are_read():
    frames = [read_frame(path) for path in sorted(REAL.glob("*.img"))]
    assert [frame.tag for frame in frames] == ["L", "L", "X", "X"]
    assert {frame.image.shape for frame in frames} == {(512, 512)}
    assert [frame.exposure_s for frame in frames] == [30.0, 30.0, 30.0, 50.0]
    assert frames[0].local_start == dt.datetime(2013, 10, 1, 19, 6, 3, 127000)
    assert abs(frames[2].zenith_deg) < 0.1
