"""An archive is unpacked without trusting it, and refused as a whole when it is damaged anywhere."""

import gzip
import io
import tarfile
from pathlib import Path
from random import Random

import pytest
from uploading import FRAMES, pack

from airglow.archive import UnpackLimits, unpack
from airglow.model.errors import BadInput


def _unpack(tmp_path: Path, data: bytes, **limits):
    (tmp_path / "night.tar.gz").write_bytes(data)
    directory = tmp_path / "unpacked"
    directory.mkdir()
    files, kept_out = unpack(tmp_path / "night.tar.gz", directory, UnpackLimits(**limits))
    assert sorted(directory.iterdir()) == sorted(file.path for file in files)  # nothing else is left
    return files, {member.member: member.reason for member in kept_out}


def _refused(tmp_path: Path, data: bytes, **limits) -> str:
    with pytest.raises(BadInput) as refused:
        _unpack(tmp_path, data, **limits)
    assert refused.value.name == "night.tar.gz"
    assert refused.value.hint
    return refused.value.reason


def _member(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def _tar(files: dict[str, bytes] | None = None) -> bytes:
    return gzip.decompress(pack(files))


def test_files_as_they_were_packed(tmp_path: Path):
    files, kept_out = _unpack(tmp_path, pack())
    assert {file.member: file.path.read_bytes() for file in files} == FRAMES
    assert kept_out == {}
    assert not any(file.problem for file in files)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_form_of_tar(tmp_path: Path, form: int):
    name = ("d" * 60 + "/") * 2 + "UAO_X_20260429_213500_001.hdf5"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=form) as archive:
        archive.addfile(_member("d" * 60, tarfile.DIRTYPE))
        info = tarfile.TarInfo(name)
        info.size = 3
        archive.addfile(info, io.BytesIO(b"abc"))
    files, _ = _unpack(tmp_path, buffer.getvalue())
    assert [(file.member, file.path.read_bytes()) for file in files] == [(name, b"abc")]


def test_what_is_not_a_file_is_kept_out(tmp_path: Path):
    members = [
        _member("a/soft", tarfile.SYMTYPE, "/etc/passwd"),
        _member("a/hard", tarfile.LNKTYPE, "20260429/x"),
        _member("a/disk", tarfile.BLKTYPE),
        _member("a/tty", tarfile.CHRTYPE),
        _member("a/pipe", tarfile.FIFOTYPE),
        _member("a/folder", tarfile.DIRTYPE),
    ]
    files, kept_out = _unpack(tmp_path, pack(None, members))
    assert len(files) == 3
    assert kept_out == {
        "a/soft": "symbolic link to /etc/passwd",
        "a/hard": "hard link to 20260429/x",
        "a/disk": "device or pipe",
        "a/tty": "device or pipe",
        "a/pipe": "device or pipe",
    }


def test_a_link_is_not_followed(tmp_path: Path):
    """A link to a folder, and a file that would be written through it."""
    outside = tmp_path / "outside"
    outside.mkdir()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.addfile(_member("a", tarfile.SYMTYPE, str(outside)))
        info = tarfile.TarInfo("a/UAO_X_20260429_213500_001.hdf5")
        info.size = 3
        archive.addfile(info, io.BytesIO(b"abc"))
    files, _ = _unpack(tmp_path, buffer.getvalue())
    assert list(outside.iterdir()) == []
    assert files[0].path.parent == tmp_path / "unpacked"


@pytest.mark.parametrize("path", ["/etc/x.hdf5", "../x.hdf5", "a/../../x.hdf5", "..\\x.hdf5", "C:/x.hdf5"])
def test_paths_that_lead_elsewhere(tmp_path: Path, path: str):
    files, _ = _unpack(tmp_path, pack({path: b"abc"}))
    assert files[0].problem
    assert files[0].path.parent == tmp_path / "unpacked"


def test_names_of_bytes_become_text(tmp_path: Path):
    files, _ = _unpack(tmp_path, pack({"a/\udcff\x07.hdf5": b"abc"}))
    assert files[0].member == "a/\\xff\\x07.hdf5"


@pytest.mark.parametrize("keep", [0.2, 0.9, -9, -8, -1])
def test_gzip_that_ends_early(tmp_path: Path, keep: float):
    """Also when only the checksum at its end is missing."""
    data = pack()
    cut = data[: int(len(data) * keep)] if keep > 0 else data[:keep]
    assert "gzip ends early" in _refused(tmp_path, cut)


def test_gzip_with_a_wrong_checksum(tmp_path: Path):
    data = bytearray(pack())
    data[-8] ^= 1
    assert "gzip is damaged (CRC check failed" in _refused(tmp_path, bytes(data))


def test_gzip_with_a_wrong_length(tmp_path: Path):
    data = bytearray(pack())
    data[-4] ^= 1
    assert "gzip is damaged" in _refused(tmp_path, bytes(data))


@pytest.mark.parametrize("data", [b"not gzip at all", b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + b"\xff" * 50])
def test_not_gzip(tmp_path: Path, data: bytes):
    assert "gzip is damaged" in _refused(tmp_path, data)


@pytest.mark.parametrize("data", [b"", gzip.compress(b""), pack({}), gzip.compress(bytes(10240))])
def test_empty_archives(tmp_path: Path, data: bytes):
    assert _refused(tmp_path, data) == "archive is empty: there is no file in it"


def test_an_archive_of_links_only_is_empty(tmp_path: Path):
    data = pack({}, [_member("a", tarfile.SYMTYPE, "b")])
    assert "archive is empty" in _refused(tmp_path, data)


def test_a_tar_that_breaks_off_in_a_file(tmp_path: Path):
    tar = _tar()
    assert "breaks off inside 20260429/UAO_L" in _refused(tmp_path, gzip.compress(tar[:2000]))


def test_a_tar_that_breaks_off_in_a_header(tmp_path: Path):
    tar = _tar({"a": b"x" * 512, "b": b"y"})
    assert "damaged after a" in _refused(tmp_path, gzip.compress(tar[: 1024 + 100]))


def test_a_tar_without_its_end_mark_is_taken_with_a_word(tmp_path: Path):
    tar = _tar({"a": b"x" * 512, "b": b"y"})
    files, kept_out = _unpack(tmp_path, gzip.compress(tar[: 4 * 512]))
    assert [file.member for file in files] == ["a", "b"]
    assert kept_out == {"": "archive has no end mark: there may have been more after b"}


def test_a_damaged_header_is_not_the_end(tmp_path: Path):
    """tarfile alone takes it for the end and loses what follows, in silence."""
    tar = bytearray(_tar({"a": b"x" * 512, "b": b"y", "c": b"z"}))
    tar[1024 + 150] ^= 1  # in the checksum of b
    assert "damaged after a" in _refused(tmp_path, gzip.compress(bytes(tar)))


def test_not_a_tar(tmp_path: Path):
    assert "damaged after its beginning" in _refused(tmp_path, gzip.compress(b"just a text " * 100))


def test_bomb_in_bytes(tmp_path: Path):
    data = gzip.compress(_tar({"a": bytes(3_000_000)}))
    assert len(data) < 10_000
    assert "unpacks to more than 1,000,000 bytes" in _refused(tmp_path, data, max_bytes=1_000_000)


def test_bomb_in_one_member(tmp_path: Path):
    data = pack({"a": bytes(3_000_000)})
    assert _refused(tmp_path, data, max_member_bytes=1_000_000) == (
        "a in it has 3,000,000 bytes, more than 1,000,000"
    )


def test_bomb_in_members(tmp_path: Path):
    data = pack({f"{number}": b"" for number in range(101)})
    assert "more than 100 members" in _refused(tmp_path, data, max_members=100)


def test_bomb_in_a_header(tmp_path: Path):
    """A long name is read into memory: it must not be very long."""
    assert "has a header of 1,000," in _refused(tmp_path, pack({"a" * 1_000_000: b""}))


def test_a_negative_size_is_refused(tmp_path: Path):
    info = tarfile.TarInfo("negative")
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[124:136] = b"\xff" * 12  # minus one, in base 256
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block[:512])
    assert "not taken, negative" in _refused(tmp_path, gzip.compress(bytes(block) + bytes(1024)))


def test_a_size_in_attributes_is_limited_too(tmp_path: Path):
    """A file of a terabyte in a kilobyte of archive."""
    info = tarfile.TarInfo("bomb")
    info.pax_headers = {"size": "9" * 12}
    data = gzip.compress(info.tobuf(tarfile.PAX_FORMAT) + bytes(1024))
    assert "damaged, or bomb in it has 999,999,999,999 bytes" in _refused(tmp_path, data)


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_no_damage_is_more_than_a_refusal(tmp_path: Path, form: int):
    """Bytes changed anywhere in a tar give a refusal, or files of ours in our directory, and nothing else."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name in ("a" * 120, "b/c", "ü"):
            info = tarfile.TarInfo(name)
            info.size = 5
            archive.addfile(info, io.BytesIO(b"12345"))
    tar = buffer.getvalue()
    used = len(tar.rstrip(b"\0"))
    random = Random(20260429)
    refusals = 0
    for number in range(150):
        damaged = bytearray(tar)
        for _ in range(random.choice((1, 1, 3))):
            damaged[random.randrange(used)] = random.randrange(256)
        directory = tmp_path / str(number)
        directory.mkdir()
        (directory / "in.tar.gz").write_bytes(gzip.compress(bytes(damaged), 1))
        (directory / "out").mkdir()
        try:
            files, _ = unpack(directory / "in.tar.gz", directory / "out")
        except BadInput:
            refusals += 1
        else:
            assert all(file.path.parent == directory / "out" for file in files)
        assert sorted(path.name for path in directory.iterdir()) == ["in.tar.gz", "out"]
    assert 0 < refusals < 150
