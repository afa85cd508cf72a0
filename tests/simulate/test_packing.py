"""Uploads as instruments make them."""

import datetime as dt
import gzip
import io
import tarfile

import pytest

from airglow.simulate import pack_upload, write_frames
from airglow.uploads.receipt import parse_receipt

from .common import COARSE

PART_BYTES = 10_000


@pytest.fixture(scope="module")
def night(draw):
    return draw(camera=COARSE, sky_frames=20, laser_frames=5)


@pytest.fixture(scope="module")
def frames(night, tmp_path_factory):
    directory = tmp_path_factory.mktemp("frames")
    write_frames(night, directory)
    return directory


def opened(upload):
    joined = b"".join(path.read_bytes() for path in upload.parts)
    return tarfile.open(fileobj=io.BytesIO(gzip.decompress(joined)))


def test_parts_joined_in_order_are_the_archive(night, frames, tmp_path):
    upload = pack_upload(frames, tmp_path, night, PART_BYTES)
    assert [path.name for path in upload.parts] == [
        f"fpi05_uao_20250429.tar.gz{number:06d}" for number in range(len(upload.parts))
    ]
    sizes = [path.stat().st_size for path in upload.parts]
    assert set(sizes[:-1]) == {PART_BYTES}
    assert 0 < sizes[-1] <= PART_BYTES
    assert sum(sizes) == upload.size_bytes
    with opened(upload) as archive:
        assert archive.getmember("20250429").isdir()
        files = {member.name: member for member in archive if member.isfile()}
        assert set(files) == {f"20250429/{frame.name}" for frame in night.frames}
        for frame in night.frames:
            member = files[f"20250429/{frame.name}"]
            assert archive.extractfile(member).read() == (frames / frame.name).read_bytes()
            assert member.mtime == int(frame.end_utc.timestamp())


def test_the_receipt_agrees_with_the_parts(night, frames, tmp_path):
    upload = pack_upload(frames, tmp_path, night, PART_BYTES)
    assert upload.receipt.name == "fpi05_uao_20250429.txt"
    lines = upload.receipt.read_text().splitlines()
    assert len(lines) == 10
    assert lines[:3] == [upload.parts[0].name, str(len(upload.parts)), str(upload.size_bytes)]
    receipt = parse_receipt(upload.receipt.name, upload.receipt.read_bytes(), upload.parts[0].name)
    assert receipt.parts == len(upload.parts)
    assert receipt.made_at > night.frames[-1].end_utc


def test_the_same_frames_give_the_same_bytes(night, frames, tmp_path):
    first, second = (pack_upload(frames, tmp_path / name, night, PART_BYTES) for name in "ab")
    assert [p.read_bytes() for p in first.parts] == [p.read_bytes() for p in second.parts]


def test_an_archive_of_whole_parts_has_no_empty_one(night, frames, tmp_path):
    size = pack_upload(frames, tmp_path, night).size_bytes
    upload = pack_upload(frames, tmp_path, night, size)
    assert [path.stat().st_size for path in upload.parts] == [size]
    half = next((size // k for k in range(2, 50) if size % k == 0), size)
    assert len(pack_upload(frames, tmp_path, night, half).parts) == size // half


def test_packing_again_leaves_no_old_parts(night, frames, tmp_path):
    many = pack_upload(frames, tmp_path, night, PART_BYTES // 2)
    few = pack_upload(frames, tmp_path, night, PART_BYTES)
    assert len(few.parts) < len(many.parts)
    assert sorted(tmp_path.glob("*.tar.gz*")) == sorted(few.parts)


def test_a_night_may_span_two_folders(night, frames, tmp_path):
    with opened(pack_upload(frames, tmp_path, night, two_folders=True)) as archive:
        names = [name for name in archive.getnames() if "/" in name]
    assert len(names) == len(night)
    assert {name.split("/")[0] for name in names} == {f"{night.midnight - dt.timedelta(hours=12):%Y%m%d}"} | (
        {"20250430"} if night.frames[-1].end_utc > night.midnight else set()
    )
    for name in names:
        folder, base = name.split("/")
        assert base.split("_")[2] == folder


def test_anything_can_be_smuggled_in(night, frames, tmp_path):
    link = tarfile.TarInfo("20250429/UAO_L_link.hdf5")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    twin = tarfile.TarInfo(f"20250430/{night.frames[0].name}")
    upload = pack_upload(frames, tmp_path, night, extra_members=[(link, b""), (twin, b"other bytes")])
    with opened(upload) as archive:
        assert archive.getmember(link.name).issym()
        assert archive.extractfile(twin.name).read() == b"other bytes"


def test_without_frames_the_receipt_is_a_collection_error(night, tmp_path):
    (tmp_path / "none").mkdir()
    upload = pack_upload(tmp_path / "none", tmp_path, night)
    assert upload.parts == ()
    receipt = parse_receipt(upload.receipt.name, upload.receipt.read_bytes())
    assert receipt.is_collection_error
