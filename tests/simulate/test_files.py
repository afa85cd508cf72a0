"""Files as the instruments write them, read by hand and by the reader of frames."""

import datetime as dt
import json
import math
import struct

import h5py
import numpy as np
import pytest

from airglow.frames import is_frame_name, read_frame, tag_of_name
from airglow.model.errors import BadInput
from airglow.simulate import read_truth, write_frames, write_truth
from airglow.simulate.truth import FrameTruth

from .common import COARSE


def test_hdf5_frames_have_one_dataset_with_everything_in_its_attributes(draw, tmp_path):
    night = draw(sky_frames=5, laser_frames=1)
    frame = next(frame for frame in night.frames if frame.direction == "West")
    paths = write_frames(night, tmp_path)
    assert [path.name for path in paths] == [frame.name for frame in night.frames]
    with h5py.File(tmp_path / frame.name) as file:
        assert list(file) == ["image"]
        dataset = file["image"]
        assert dataset.shape == (512, 512)
        assert np.issubdtype(dataset.dtype, np.integer)
        np.testing.assert_array_equal(dataset[()], night.image(frame))
        header = dict(dataset.attrs)
    assert header["ExposureTime"] == 240.0
    assert (header["azAngle"], header["zeAngle"]) == (90.0, -45.0)
    assert dt.datetime.strptime(header["LocalTime"], "%Y-%m-%d %H:%M:%S.%f") == frame.local_start
    assert header["CCDTemperature"] == -70
    assert (header["XBinning"], header["YBinning"]) == (2, 2)
    assert (header["SiteName"], header["Instrument"]) == ("uao", "minime05")
    assert header["SiteLatitude"] == pytest.approx(40.167)
    assert header["SiteLongitude"] == pytest.approx(-88.159)
    difference = header["OutsideTemperature (C)"] - header["AmbientTemperature (C)"]
    assert difference == pytest.approx(frame.sky_minus_ambient_c, abs=0.02)
    assert 900 < header["Pressure (Pa)"] < 1050
    assert 0 < header["Humidity (%)"] < 100


def test_img_frames_are_laid_out_as_their_format_says(draw, tmp_path):
    night = draw(sky_frames=5, laser_frames=1, file_format="img")
    frame = next(frame for frame in night.frames if frame.direction == "South")
    write_frames(night, tmp_path)
    data = (tmp_path / frame.name).read_bytes()
    assert len(data) == 1024 + 2 * 512 * 512
    assert data[:4] == b"A3OI"
    _versions, _, detector, _, camera, _, conditions, _, image, _ = struct.unpack_from("<10h", data, 16)
    assert struct.unpack_from("<2i", data, detector + 4) == (1024, 1024)
    assert struct.unpack_from("<f", data, camera + 56) == (240.0,)
    assert struct.unpack_from("<2i", data, camera + 84) == (2, 2)
    azimuth, zenith, outside, pressure = struct.unpack_from("<4d", data, conditions + 16)
    assert (azimuth, zenith) == (0.0, -45.0)
    assert outside == pytest.approx(frame.ambient_c + frame.sky_minus_ambient_c)
    assert 900 < pressure < 1050
    year, month, weekday, *rest = struct.unpack_from("<8h", data, image + 4)
    assert dt.datetime(year, month, *rest[:4], rest[4] * 1000) == frame.local_start
    assert weekday == (frame.local_start.weekday() + 1) % 7
    assert struct.unpack_from("<i", data, image + 36) == (-70,)
    pixels = np.frombuffer(data, "<u2", offset=1024).reshape(512, 512)
    np.testing.assert_array_equal(pixels, night.image(frame))


@pytest.mark.parametrize("file_format", ["hdf5", "img"])
def test_the_reader_of_frames_reads_them(draw, tmp_path, file_format):
    night = draw(file_format=file_format)
    for path, truth in zip(write_frames(night, tmp_path), night.frames, strict=True):
        frame = read_frame(path)
        assert is_frame_name(path.name)
        assert frame.tag == tag_of_name(path.name) == truth.tag
        assert frame.exposure_s == truth.exposure_s
        assert (frame.azimuth_deg, frame.zenith_deg) == (truth.header_azimuth_deg, truth.header_zenith_deg)
        assert frame.local_start == truth.local_start
        assert frame.image.shape == (512, 512)
        assert (frame.x_binning, frame.y_binning) == (2, 2)


@pytest.mark.parametrize("file_format", ["hdf5", "img"])
def test_spoilt_frames_are_refused_and_the_others_read(draw, tmp_path, file_format):
    night = draw("corrupt-frame", file_format=file_format)
    write_frames(night, tmp_path)
    assert sorted(f.flaw for f in night.frames if f.flaw) == ["foreign", "nan angle", "truncated"]
    for frame in night.frames:
        if frame.flaw in ("truncated", "foreign"):
            with pytest.raises(BadInput):
                read_frame(tmp_path / frame.name)
        elif not frame.flaw:
            assert read_frame(tmp_path / frame.name).tag == frame.tag
    spoilt = next(frame for frame in night.frames if frame.flaw == "nan angle")
    if file_format == "hdf5":
        with h5py.File(tmp_path / spoilt.name) as file:
            assert math.isnan(file["image"].attrs["azAngle"])


def test_truth_is_read_as_it_was_written(draw, tmp_path):
    night = draw("jumps", camera=COARSE)
    write_truth(night, tmp_path)
    for written, read in zip(night.frames, read_truth(tmp_path), strict=True):
        for name in FrameTruth.__dataclass_fields__:
            a, b = getattr(written, name), getattr(read, name)
            assert a == b or (math.isnan(a) and math.isnan(b)), name
    about = json.loads((tmp_path / "truth.json").read_text())
    plates = night.truth.optics.plates
    assert about["optics"]["plates"]["reflectivity"] == plates.reflectivity
    assert about["gap_moments_over_plates"]["m3"] == np.mean(plates.departures_m**3)
    assert about["vignetting"]["shift"] == night.truth.vignetting.shift
    assert about["scenario"]["gap_jump_nm"] == 3.0
    assert len(about["jumps_utc"]) == 2
    field = about["wind_field"]["red"]
    middle = night.hours(dt.datetime.fromisoformat(field["utc"][1]))
    assert field["zonal_mps"][1] == pytest.approx(
        night.atmosphere.layers["red"].zonal_mps.at(middle), abs=1e-3
    )


def test_another_table_is_not_taken_for_truth(tmp_path):
    (tmp_path / "truth.csv").write_text("a,b\n1,2\n")
    with pytest.raises(BadInput, match=r"truth\.csv"):
        read_truth(tmp_path)
