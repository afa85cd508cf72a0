"""Values of headers and names where a slip would not be noticed: other binnings, zeros, numbers in names."""

import datetime as dt
import struct

import numpy as np
import pytest

from airglow.frames import read_frame, saved_of_name
from airglow.frames.names import date_of_name, number_of_name, prefix_of_name

from .test_read import img_bytes, write_hdf5


def test_an_img_has_the_rows_and_columns_of_its_own_binning(tmp_path):
    """A sensor of 512 rows and 1024 columns, with pixels of two rows and four columns."""
    data = bytearray(img_bytes(pixels=np.arange(256 * 256, dtype="<u2")))
    struct.pack_into("<2i", data, 100 + 84, 4, 2)
    path = tmp_path / "UAO_X_20131002_002816_010.img"
    path.write_bytes(data)
    frame = read_frame(path)
    assert frame.image.shape == (256, 256)
    assert (frame.x_binning, frame.y_binning) == (4, 2)
    assert (frame.image[0, 255], frame.image[1, 0]) == (255, 256)
    assert frame.pressure_hpa == 990.0


def test_a_sensor_that_shows_zero_among_other_values_is_there(tmp_path):
    frame = read_frame(
        write_hdf5(tmp_path / "UAO_XR_20250429_213400.hdf5", **{"AmbientTemperature (C)": 0.0})
    )
    assert (frame.ambient_temperature_c, frame.sky_temperature_c) == (0.0, -22.5)
    assert (frame.pressure_hpa, frame.humidity_percent) == (1013.0, 45.0)


@pytest.mark.parametrize(
    ("name", "prefix", "date", "saved", "number"),
    [
        (
            "UAO_L_20091103_210005_017.img",
            "UAO",
            dt.date(2009, 11, 3),
            dt.datetime(2009, 11, 3, 21, 0, 5),
            17,
        ),
        ("L20091103017.img", None, dt.date(2009, 11, 3), None, 17),
        (
            "UAO_XR_20221129_121336.hdf5",
            "UAO",
            dt.date(2022, 11, 29),
            dt.datetime(2022, 11, 29, 12, 13, 36),
            None,
        ),
        ("UAO_XR_20221129_251336.hdf5", "UAO", dt.date(2022, 11, 29), None, None),
        ("notes.txt", None, None, None, None),
    ],
)
def test_what_a_name_says(name, prefix, date, saved, number):
    assert (prefix_of_name(name), date_of_name(name)) == (prefix, date)
    assert (saved_of_name(name), number_of_name(name)) == (saved, number)
