"""Archives that are whole and a little odd: what they hold is taken, and what is odd is told."""

import gzip
import io
import random
import resource
import subprocess
import tarfile
import tracemalloc
from pathlib import Path

import pytest
from uploading import FRAMES, pack

from airglow.archive import UnpackLimits, unpack
from airglow.archive.sparse import MAX_PIECES
from airglow.model.errors import BadInput, MachineError


def _unpack(tmp_path: Path, data: bytes, **limits) -> tuple[dict[str, bytes], set[tuple[str, str]]]:
    """Files by their name, and what was kept out or told, with why."""
    (tmp_path / "night.tar.gz").write_bytes(data)
    directory = tmp_path / "unpacked"
    directory.mkdir()
    files, kept_out = unpack(tmp_path / "night.tar.gz", directory, UnpackLimits(**limits))
    for file in files:
        assert file.size == file.path.stat().st_size
    return {file.member: file.path.read_bytes() for file in files}, {
        (kept.member, kept.reason) for kept in kept_out
    }


def _refused(tmp_path: Path, data: bytes, **limits) -> str:
    with pytest.raises(BadInput) as refused:
        _unpack(tmp_path, data, **limits)
    return refused.value.reason


def _tar(files: dict[str, bytes]) -> bytes:
    return gzip.decompress(pack(files))


@pytest.mark.parametrize(
    "behind",
    [b"\n", b"x", b"\x1f", b"rubbish" * 1000, bytes(7), bytes(600) + b"x", bytes(3_000_000) + b"x" * 9],
)
def test_bytes_behind_the_gzip_are_passed_over_and_told(tmp_path: Path, behind: bytes):
    files, remarks = _unpack(tmp_path, pack() + behind)
    assert files == FRAMES
    assert remarks == {("", f"archive: {len(behind):,} bytes behind the end of the gzip were passed over")}


def test_bytes_behind_a_gzip_whose_tar_has_no_end_can_be_what_is_missing(tmp_path: Path):
    """The beginning of a second member was damaged."""
    tar = _tar({"a": b"x" * 512, "b": b"y"})
    second = bytearray(gzip.compress(tar[1024:]))
    assert len(_unpack(tmp_path, gzip.compress(tar[:1024]) + second)[0]) == 2
    second[0] ^= 1
    (tmp_path / "again").mkdir()
    reason = _refused(tmp_path / "again", gzip.compress(tar[:1024]) + second)
    assert reason.startswith(f"gzip is damaged: {len(second):,} bytes behind its end")


@pytest.mark.parametrize("padding", [b"", bytes(100)])
@pytest.mark.parametrize("at", [512, 1024, 5000])
def test_a_gzip_of_several_members_is_one_file(tmp_path: Path, at: int, padding: bytes):
    tar = _tar(FRAMES)
    files, remarks = _unpack(tmp_path, gzip.compress(tar[:at]) + padding + gzip.compress(tar[at:]))
    assert (files, remarks) == (FRAMES, set())


def _flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]


@pytest.mark.parametrize("padding", [b"", bytes(100)])
@pytest.mark.parametrize(
    "behind",
    [
        b"\x1f\x8b",
        b"\x1f\x8b rubbish" * 1000,
        b"\x1f\x8b\x08" + bytes(7) + b"\xff" * 5000,
        pack({"more": b"x"})[:-9],
        pack({"more": b"x"})[:30],
        _flipped(pack({"more": random.Random(1).randbytes(3_000_000)}), -6),  # found out at its very end
    ],
    ids=["mark", "rubbish", "no deflate", "breaks off late", "breaks off early", "CRC"],
)
def test_what_begins_like_a_gzip_behind_the_end_is_passed_over_and_told(
    tmp_path: Path, behind: bytes, padding: bytes
):
    files, remarks = _unpack(tmp_path, pack() + padding + behind)
    assert files == FRAMES
    size = len(padding) + len(behind)
    assert remarks == {("", f"archive: {size:,} bytes behind the end of the gzip were passed over")}


@pytest.mark.parametrize("at", [1024, 2048])
def test_a_second_member_that_is_damaged_and_has_the_end_of_the_tar_refuses_the_night(
    tmp_path: Path, at: int
):
    tar = _tar({"a": b"x" * 512, "b": b"y" * 3000})
    for number, second in enumerate((gzip.compress(tar[at:])[:-9], _flipped(gzip.compress(tar[at:]), -6))):
        (tmp_path / str(number)).mkdir()
        reason = _refused(tmp_path / str(number), gzip.compress(tar[:at]) + second)
        assert "no end mark" in reason or "breaks off" in reason


def test_a_second_member_that_is_a_bomb_refuses_the_night_also_if_it_is_damaged(tmp_path: Path):
    bomb = gzip.compress(bytes(50_000_000))[:-4]
    assert "unpacks to more than" in _refused(tmp_path, pack() + bomb, max_bytes=1_000_000)


def test_an_archive_behind_another_is_read_too(tmp_path: Path):
    """cat one.tar.gz two.tar.gz: nothing of either is lost, since the raw objects go in the end."""
    files, remarks = _unpack(tmp_path, pack() + pack({"other/UAO_X_20260429_220000_001.hdf5": b"one more"}))
    assert files == {**FRAMES, "other/UAO_X_20260429_220000_001.hdf5": b"one more"}
    assert remarks == {("", "archive: it goes on behind its end mark: 1 more members were read")}


def test_rubbish_behind_the_end_mark_is_passed_over_and_told(tmp_path: Path):
    tar = _tar(FRAMES)
    files, remarks = _unpack(tmp_path, gzip.compress(tar + b"rubbish" * 1000))
    assert files == FRAMES
    assert remarks == {("", "archive: 7,000 bytes behind its end mark were passed over")}


def test_an_archive_behind_another_is_no_less_protected(tmp_path: Path):
    first, second = _tar({"a": b"x"}), _tar({"b": b"y" * 2000, "c": b"z"})
    damaged = bytearray(second)
    damaged[512 + 2048 + 150] ^= 1  # in the header of c
    for number, (behind, limits, reason) in enumerate(
        [
            (bytes(damaged), {}, "damaged after b"),
            (second[:1500], {}, "breaks off inside b"),
            (second, {"max_members": 2}, "more than 2 members"),
            (second, {"max_member_bytes": 1999}, "b in it has 2,000 bytes"),
        ]
    ):
        directory = tmp_path / str(number)
        directory.mkdir()
        assert reason in _refused(directory, gzip.compress(first + behind), **limits)


def _holes(directory: Path) -> dict[str, bytes]:
    """Files with holes, as a frame with a block of zeros is one; some begin or end with one."""
    rng = random.Random(5)
    whole = {
        "UAO_X_20260429_213500_001.hdf5": [(0, 4096), (65536, 100), (200_000, 5000)],
        "UAO_X_20260429_220000_001.hdf5": [(40_960 * n + 8192, 4096) for n in range(120)],  # in many pieces
        "UAO_X_20260429_223000_001.hdf5": [],
        "d" * 90 + "_" + "e" * 60 + ".hdf5": [(8192, 4096)],
    }
    files = {}
    for name, pieces in whole.items():
        path = directory / name
        with open(path, "wb") as file:
            for start, length in pieces:
                file.seek(start)
                file.write(rng.randbytes(length))
            file.truncate(max((start + length for start, length in pieces), default=0) + 100_000)
        files[f"20260429/{name}"] = path.read_bytes()
    return files


@pytest.mark.parametrize(
    "form",
    [
        ["--format=gnu"],
        ["--format=posix", "--sparse-version=0.0"],
        ["--format=posix", "--sparse-version=0.1"],
        ["--format=posix", "--sparse-version=1.0"],
    ],
    ids=" ".join,
)
def test_sparse_files_as_tar_packs_them(tmp_path: Path, form: list[str]):
    night = tmp_path / "in" / "20260429"
    night.mkdir(parents=True)
    expected = _holes(night)
    (night / "plain.hdf5").write_bytes(b"as it is")
    archive = tmp_path / "sparse.tar.gz"
    subprocess.run(
        ["tar", "-czSf", archive, "--hole-detection=raw", *form, "-C", night.parent, "20260429"], check=True
    )
    assert b"GNU.sparse" in gzip.decompress(archive.read_bytes()) or form == ["--format=gnu"]
    assert len(gzip.decompress(archive.read_bytes())) < sum(map(len, expected.values()))
    files, remarks = _unpack(tmp_path, archive.read_bytes())
    assert files == {**expected, "20260429/plain.hdf5": b"as it is"}
    assert remarks == set()


def _sparse_header(size: int, pieces: list[tuple[int, int]], stored: int, name: str = "sparse") -> bytes:
    """A sparse file in the old manner of GNU tar, without its data; of up to four pieces."""
    info = tarfile.TarInfo(name)
    info.type, info.size = tarfile.GNUTYPE_SPARSE, stored
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    for number, piece in enumerate(pieces):
        block[386 + 24 * number : 410 + 24 * number] = b"%011o\0%011o\0" % piece
    block[483:495] = b"%011o\0" % size
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def _with_attributes(name: str, attributes: dict[str, str], data: bytes = b"") -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.pax_headers = len(data), attributes
    return info.tobuf(tarfile.PAX_FORMAT) + data + bytes(-len(data) % 512)


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (
            _sparse_header(7 << 30, [(0, 512)], 512) + b"x" * 512,
            "of 7,516,192,768 bytes, more than 67,108,864",
        ),
        (_sparse_header(600, [(0, 512), (500, 0)], 512) + b"x" * 512, "map makes no sense"),  # overlaps
        (_sparse_header(600, [(500, 512)], 512) + b"x" * 512, "map makes no sense"),  # beyond its end
        (_sparse_header(600, [(0, 100)], 512) + b"x" * 512, "map makes no sense"),  # not all that is stored
        (
            _with_attributes(
                "sparse",
                {"GNU.sparse.map": "0,1", "GNU.sparse.size": "9" * 12, "GNU.sparse.numblocks": "1"},
                b"x",
            ),
            "of 999,999,999,999 bytes, more than 67,108,864",
        ),
        (_with_attributes("sparse", {"GNU.sparse.map": "0,1,2", "GNU.sparse.size": "5"}, b"x"), "no sense"),
        (_with_attributes("sparse", {"GNU.sparse.map": "0,x", "GNU.sparse.size": "5"}, b"x"), "no sense"),
        (_with_attributes("sparse", {"GNU.sparse.map": "0,1"}, b"x"), "no sense"),
        (
            _with_attributes("sparse", {"GNU.sparse.size": "5", "GNU.sparse.major": "7"}, b"x"),
            "unknown form, 7.0",
        ),
        *(
            (
                _with_attributes(
                    "sparse",
                    {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "5"},
                    data,
                ),
                reason,
            )
            for data, reason in [
                (b"", "no sense"),
                (b"1\n0\n", "no sense"),
                (b"-1\n", "no sense"),
                (b"1\n0\n1\n" + bytes(506), "no sense"),  # the data are missing
                (b"%d\n" % (MAX_PIECES + 1), f"more than {MAX_PIECES:,} pieces"),
            ]
        ),
    ],
)
def test_a_sparse_file_that_cannot_be_unpacked_is_kept_out_alone(tmp_path: Path, member: bytes, reason: str):
    files, remarks = _unpack(tmp_path, gzip.compress(member + _tar(FRAMES)))
    assert files == FRAMES
    [(name, why)] = remarks
    assert name == "sparse"
    assert why.startswith("sparse file")
    assert reason in why


def test_sparse_files_count_in_all(tmp_path: Path):
    """Each is within the limit, and there is no limit to their number."""
    bombs = b"".join(
        _sparse_header(1 << 20, [(0, 512)], 512, f"bomb{number}") + b"x" * 512 for number in range(20)
    )
    files, remarks = _unpack(tmp_path, gzip.compress(bombs + _tar(FRAMES)), max_bytes=5 << 20)
    assert FRAMES.items() <= files.items()
    assert sorted(files.keys() - FRAMES.keys()) == [f"bomb{number}" for number in range(5)]
    assert {name for name, _ in remarks} == {f"bomb{number}" for number in range(5, 20)}
    assert {reason for _, reason in remarks} == {"with this sparse file, more than 5,242,880 bytes in all"}


def test_the_map_of_a_sparse_file_takes_no_memory(tmp_path: Path):
    """Blocks of map without end, and a map of millions of lines: each is a member like any other."""
    head = bytearray(_sparse_header(600, [(0, 0)], 0))
    head[482] = 1  # goes on in the next block
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    block = (b"%011o\0%011o\0" % (1, 1)) * 21 + b"\1" + bytes(7)
    endless = bytes(head) + block * 40_000 + bytes(512)
    lines = _with_attributes(
        "lines",
        {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "5"},
        b"9000000\n" + b"0\n" * 9_000_000,
    )
    data = gzip.compress(endless + lines + _tar(FRAMES), 1)
    tracemalloc.start()
    files, remarks = _unpack(tmp_path, data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert files == FRAMES
    assert {name for name, _ in remarks} == {"sparse", "lines"}
    assert all(f"more than {MAX_PIECES:,} pieces" in reason for _, reason in remarks)
    assert peak < 20 << 20


def test_an_archive_of_nothing_that_can_be_taken_says_why(tmp_path: Path):
    data = gzip.compress(_sparse_header(7 << 30, [(0, 512)], 512) + bytes(2048))
    reason = _refused(tmp_path, data)
    assert reason.startswith(
        "archive is empty: there is no file in it; sparse is kept out: sparse file of 7,5"
    )


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_members_are_those_that_tarfile_finds(tmp_path: Path, form: int):
    """Names, sizes and contents, with long and foreign names, links and folders between."""
    rng = random.Random(int(form))
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for number in range(60):
            name = (
                "/".join(rng.choice(["a", "ü" * 9, "d" * 40]) for _ in range(rng.randint(1, 2)))
                + f"/{number}"
            )
            info = tarfile.TarInfo(name)
            info.type = rng.choice(
                [tarfile.REGTYPE] * 4 + [tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE]
            )
            data = rng.randbytes(rng.choice([0, 1, 511, 512, 513, 5000]) if info.isreg() else 0)
            info.size, info.linkname = len(data), "" if info.isreg() else "to/" + "f" * 90
            archive.addfile(info, io.BytesIO(data))
    buffer.seek(0)
    with tarfile.open(fileobj=buffer) as archive:
        expected = {info.name: archive.extractfile(info).read() for info in archive if info.isreg()}
        links = {info.name for info in archive if info.islnk() or info.issym()}
    files, remarks = _unpack(tmp_path, gzip.compress(buffer.getvalue()))
    assert files == expected
    assert {name for name, _ in remarks} == links


def test_a_disk_that_fails_is_no_verdict_on_the_archive(tmp_path: Path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    data = pack()
    (tmp_path / "night.tar.gz").write_bytes(data)
    (tmp_path / "unpacked").mkdir()
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(MachineError, match="cannot be read or written: File too large"):
            unpack(tmp_path / "night.tar.gz", tmp_path / "unpacked")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list((tmp_path / "unpacked").iterdir()) == []
