"""Frames of both formats, whole and broken."""

import datetime as dt
import fcntl
import struct
from pathlib import Path

import h5py
import numpy as np
import pytest

from airglow.frames import is_frame_name, read_frame, tag_of_name
from airglow.model.errors import BadInput, MachineError

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


def hostile(path, make):
    """A file whose dataset is made by hand, with a header that is right."""
    good = write_hdf5(path.with_name("good.hdf5"))
    with h5py.File(path, "w") as file, h5py.File(good) as other:
        make(file)
        if isinstance(file.get("image", getlink=True), h5py.HardLink):
            file["image"].attrs.update(other["image"].attrs)
    return path


def secret_file(path):
    secret = path.with_name("secret")
    secret.write_bytes(b"AWS_SECRET_ACCESS_KEY=never-to-be-seen " * 400)
    return secret


def external_storage(path):
    secret = secret_file(path)
    return lambda file: file.create_dataset("image", (64, 64), "u1", external=[(str(secret), 0, 64 * 64)])


def virtual(path):
    layout = h5py.VirtualLayout((512, 512), "u2")
    layout[:] = h5py.VirtualSource(str(path.with_name("good.hdf5")), "image", (512, 512))
    return lambda file: file.create_virtual_dataset("image", layout)


def linked(path):
    return lambda file: file.__setitem__("image", h5py.ExternalLink("good.hdf5", "/image"))


def soft_to_external(path):
    def make(file):
        file["there"] = h5py.ExternalLink("good.hdf5", "/image")
        file["image"] = h5py.SoftLink("/there")

    return make


def declared(shape, dtype="u2", **options):
    return lambda path: lambda file: file.create_dataset("image", shape, dtype, **options)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (external_storage, "stored in another file"),
        (virtual, "virtual dataset"),
        (linked, "link to another file"),
        (soft_to_external, "is a link to '/there'"),
        (declared((100_000, 100_000), chunks=(64, 64)), "not a CCD frame"),
        (declared((512, 512)), "524,288 bytes of its pixels were never written"),
        (declared((512, 512), chunks=(256, 256)), "4 of 4 pieces of its pixels were never written"),
        (declared((64, 64), maxshape=(None, None), chunks=(30_000, 30_000)), "in 1 pieces of"),
        (declared((4096, 4096), "f8", fillvalue=7, chunks=(4096, 4096)), "not a CCD frame"),
        (declared((4000, 4000), chunks=(4, 4)), "in 1000000 pieces of"),
        (declared((64,)), r"shape \(64,\)"),
        (declared(()), "not a CCD frame"),
        (declared((64, 64), "S10"), "not numbers"),
        (declared((64, 64), h5py.string_dtype()), "not numbers"),
        (declared((64, 64), h5py.ref_dtype), "not numbers"),
        (declared((64, 64), [("a", "f4"), ("b", "f4")]), "not numbers"),
        (declared((64, 64), "c16"), "not numbers"),
        (lambda path: lambda file: file.create_group("image"), "is a group"),
        (lambda path: lambda file: file.__setitem__("image", np.dtype("f8")), "is a datatype"),
        (lambda path: lambda file: file.__setitem__("image", h5py.Empty("u2")), "not a CCD frame"),
        (lambda path: lambda file: file.__setitem__("image", np.full((64, 64), 1e308)), "which cannot be"),
        (lambda path: lambda file: file.__setitem__("image", np.full((64, 64), np.inf)), "not finite"),
    ],
)
def test_what_no_camera_writes_is_refused_unread(tmp_path, make, reason):
    path = tmp_path / "UAO_XR_20250429_213400.hdf5"
    with pytest.raises(BadInput, match=reason) as error:
        read_frame(hostile(path, make(path)))
    assert error.value.name == path.name


def test_headers_that_are_too_much_cost_their_value_only(tmp_path):
    path = write_hdf5(tmp_path / "UAO_XR_20250429_213400.hdf5")
    with h5py.File(path, "r+", libver="latest") as file:
        attributes = file["image"].attrs
        attributes["Comment"] = np.zeros(5_000)
        attributes["Humidity (%)"] = h5py.Empty("f")
        attributes["Pressure (Pa)"] = np.array(["many", "words"], dtype=h5py.string_dtype())
    frame = read_frame(path)
    assert (frame.humidity_percent, frame.pressure_hpa) == (None, None)
    assert frame.ambient_temperature_c == 12.5
    assert frame.remarks == ("Pressure (Pa) is 'many', not a number", "Humidity (%) is '', not a number")


@pytest.mark.parametrize("value", ["--", "", "None", "DRV_TEMP_OFF", np.nan, np.inf, 1e308, -999.0])
def test_a_ccd_temperature_that_is_none_is_not_known(tmp_path, value):
    frame = read_frame(write_hdf5(tmp_path / "UAO_XR_20250429_213400.hdf5", CCDTemperature=value))
    assert frame.ccd_temperature_c is None
    (remark,) = frame.remarks
    assert remark.startswith("CCDTemperature is ")


@pytest.mark.parametrize(
    ("values", "start"),
    [
        ({"LocalTime": "2025-04-30 02:30:00.250000+00:00"}, (2, 30, 0, 250000)),
        ({"LocalTime": "2025-04-30T02:30:00Z"}, (2, 30, 0, 0)),
        ({"LocalTime": "2025-04-29 21:30:00-05:00"}, (2, 30, 0, 0)),
        ({"UTC": "2025-04-30 02:34:02"}, (2, 30, 2, 0)),
        ({"UTC": "2025-04-30 02:34:02 UTC"}, (2, 30, 2, 0)),
        ({"LocalTime": None, "UTC": "2025-04-30 02:34:02+00:00"}, (2, 30, 2, 0)),
        ({"LocalTime": "2025-04-29 21:30:00+00:00", "UTC": "2025-04-30 02:34:02"}, (2, 30, 2, 0)),
    ],
)
def test_utc_is_taken_where_the_header_tells_it(tmp_path, values, start):
    frame = read_frame(write_hdf5(tmp_path / "UAO_XR_20250429_213400.hdf5", **values))
    assert frame.utc_start == dt.datetime(2025, 4, 30, *start, tzinfo=dt.UTC)
    contradicts = "UTC" in values and "+00:00" in str(values.get("LocalTime"))
    remarks = [remark.partition(" off")[0] for remark in frame.remarks]
    assert remarks == ["LocalTime with its zone is -5.00 h"] * contradicts


def test_utc_that_is_no_time_leaves_the_clock(tmp_path):
    frame = read_frame(write_hdf5(tmp_path / "UAO_XR_20250429_213400.hdf5", UTC="unknown"))
    assert (frame.utc_start, frame.local_start) == (None, dt.datetime(2025, 4, 29, 21, 30, 0, 250000))
    assert frame.remarks == ("UTC is 'unknown', not a time",)


@pytest.mark.parametrize(
    "value", ["2025-04-29 23", "2025-04-29", "20250429", "2025-W18-3", "2025-04-29T2130", 20250429, "", "now"]
)
def test_half_a_time_is_none(tmp_path, value):
    path = tmp_path / "UAO_XR_20250429_213400.hdf5"
    with pytest.raises(BadInput, match="start of the exposure is not known"):
        read_frame(write_hdf5(path, LocalTime=value))
    frame = read_frame(write_hdf5(path, UTC=value))
    assert (frame.utc_start, frame.local_start.hour) == (None, 21)
    assert frame.remarks[0].startswith("UTC is ")


def test_a_utc_clock_that_was_never_set_is_passed_over(tmp_path):
    path = tmp_path / "UAO_XR_20250429_213400.hdf5"
    frame = read_frame(write_hdf5(path, UTC="1970-01-01 00:04:00"))
    assert frame.utc_start is None
    assert frame.remarks == ("UTC is '1970-01-01 00:04:00', days off LocalTime: it was never set",)


@pytest.mark.parametrize("values", [{"XBinning": 1.5}, {"ExposureTime": "2_40"}, {"ExposureTime": "٢٤٠"}])
def test_numbers_are_those_that_instruments_write(tmp_path, values):
    with pytest.raises(BadInput, match=r"not a (whole )?number"):
        read_frame(write_hdf5(tmp_path / "UAO_XR_20250429_213400.hdf5", **values))


@pytest.mark.parametrize("angle", [{"zeAngle": -180.007}, {"azAngle": None}, {"zeAngle": "parked"}])
def test_a_laser_needs_no_direction(tmp_path, angle):
    frame = read_frame(write_hdf5(tmp_path / "UAO_L_20250429_213400.hdf5", **angle))
    assert frame.tag == "L"


def test_errors_of_the_machine_are_no_verdict_on_a_frame(tmp_path):
    with pytest.raises(MachineError, match="No such file"):
        read_frame(tmp_path / "UAO_XR_20250429_213400.hdf5")
    folder = tmp_path / "UAO_XR_20250429_213500.hdf5"
    folder.mkdir()
    with pytest.raises(BadInput, match="not a file"):
        read_frame(folder)
    link = tmp_path / "UAO_XR_20250429_213600.hdf5"
    link.symlink_to(tmp_path / "gone")
    with pytest.raises(BadInput, match=r"link to .*gone, which is not there"):
        read_frame(link)


def test_out_of_memory_is_no_verdict_on_a_frame(tmp_path, monkeypatch):
    def no_room(*_):
        raise MemoryError

    path = write_hdf5(tmp_path / "UAO_XR_20250429_213400.hdf5")
    monkeypatch.setattr("airglow.frames.hdf5._pixels", no_room)
    with pytest.raises(MachineError, match="out of memory"):
        read_frame(path)


def test_frames_are_read_without_hdf5_locks(tmp_path):
    """Another process holds the lock that HDF5 would want."""
    path = write_hdf5(tmp_path / "UAO_XR_20250429_213400.hdf5")
    with path.open("rb") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        assert read_frame(path).tag == "XR"


@pytest.mark.skipif(not REAL.is_dir(), reason="the real frames are not here")
def test_real_frames_are_read():
    frames = [read_frame(path) for path in sorted(REAL.glob("*.img"))]
    assert [frame.tag for frame in frames] == ["L", "L", "X", "X"]
    assert {frame.image.shape for frame in frames} == {(512, 512)}
    assert [frame.exposure_s for frame in frames] == [30.0, 30.0, 30.0, 50.0]
    assert frames[0].local_start == dt.datetime(2013, 10, 1, 19, 6, 3, 127000)
    assert abs(frames[2].zenith_deg) < 0.1
