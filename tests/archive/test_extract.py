"""From a joined archive to frames in the bucket and a manifest that tells the truth about them."""

import hashlib
import json
import tarfile
from pathlib import Path

import pytest
from uploading import FRAMES, MINIME05, MINIME13, archive_night, counted, cut, keys, pack, part_key, send

from airglow.archive import UnpackLimits, extract_night, join_parts, read_manifest
from airglow.model.errors import BadInput, StoreError
from airglow.store import Store, open_store, settings_from_environment

FOLDER = MINIME05.frames_prefix
LASER = "UAO_L_20260429_213000_001.hdf5"


def _archive(store: Store, directory: Path, files: dict[str, bytes] | None = None, members=()):
    send(store, MINIME05, pack(files, members))
    return archive_night(store, MINIME05, directory)


def test_every_frame_is_in_the_bucket_as_the_manifest_says(store: Store, tmp_path: Path):
    manifest = _archive(store, tmp_path)
    assert keys(store, FOLDER) == [frame.key for frame in manifest.frames]
    contents = {Path(member).name: data for member, data in FRAMES.items()}
    for frame in manifest.frames:
        data = contents[frame.name]
        assert store.get_bytes(frame.key) == data == (tmp_path / "frames" / frame.name).read_bytes()
        assert (frame.size, frame.sha256) == (len(data), hashlib.sha256(data).hexdigest())
        assert frame.etag == store.head(frame.key).etag
    assert {part.key: part.etag for part in (*manifest.parts, manifest.receipt)} == {
        found.key: found.etag for found in store.list(MINIME05.raw_prefix)
    }
    stored = store.get_bytes(MINIME05.manifest_key)
    assert read_manifest(stored) == manifest
    assert manifest.sha256 == hashlib.sha256(stored).hexdigest()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "frames",
        "manifest.json",
        "night.tar.gz",
        "parts.json",
    ]


def test_a_byte_behind_the_upload_costs_no_night(store: Store, tmp_path: Path):
    """An archive with a line feed at its end, as some tools leave it, of a receipt that counts it."""
    send(store, MINIME05, pack() + b"\n")
    manifest = archive_night(store, MINIME05, tmp_path)
    assert {frame.name for frame in manifest.frames} == {Path(member).name for member in FRAMES}
    assert [(one.member, one.reason) for one in manifest.excluded] == [
        ("", "archive: 1 bytes behind the end of the gzip were passed over")
    ]


def test_the_same_upload_gives_the_same_manifest_and_sends_nothing_twice(store: Store, tmp_path: Path):
    first = _archive(store, tmp_path)
    with counted(store) as sent:
        again = archive_night(store, MINIME05, tmp_path)
    assert again == first
    assert sent.count("PutObject") == 3  # marker, kept manifest, manifest: no frame


def test_the_manifest_comes_after_all_frames(store: Store, s3, tmp_path: Path):
    """Nothing that looks like a manifest is there when the uploads are cut off."""
    send(store, MINIME05)
    other = open_store(settings_from_environment(s3.environment(store.bucket)))
    sent = 0

    def cut_off(model, params, **_):
        nonlocal sent
        if model.name == "PutObject" and "/fpi/" in params["url_path"]:
            sent += 1
            if sent > 2:
                raise KeyboardInterrupt

    store.client.meta.events.register("before-call.s3", cut_off)
    with pytest.raises(KeyboardInterrupt):
        archive_night(store, MINIME05, tmp_path)
    assert len(keys(other, FOLDER)) == 2
    assert [key for key in keys(other, "state/") if "manifest" in key] == []
    assert not (tmp_path / "manifest.json").exists()
    archive_night(other, MINIME05, tmp_path)
    assert len(keys(other, FOLDER)) == 3


def test_equal_names_of_two_folders(store: Store, tmp_path: Path):
    manifest = _archive(
        store,
        tmp_path,
        {
            f"20260430/{LASER}": b"second",
            f"20260429/{LASER}": b"first",
            f"20260501/{LASER}": b"second",  # the same file once more
        },
    )
    assert {frame.name: frame.member for frame in manifest.frames} == {
        LASER: f"20260429/{LASER}",
        "UAO_L_20260429_213000_001__20260430.hdf5": f"20260430/{LASER}",
    }
    assert store.get_bytes(f"{FOLDER}{LASER}") == b"first"
    assert store.get_bytes(f"{FOLDER}UAO_L_20260429_213000_001__20260430.hdf5") == b"second"
    (excluded,) = manifest.excluded
    assert (excluded.member, excluded.reason) == (
        f"20260501/{LASER}",
        f"the same file as 20260430/{LASER}",
    )


def test_one_path_twice_in_an_archive(store: Store, tmp_path: Path):
    """tar lets the later one win; here neither is lost."""
    import io

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for data in (b"first", b"second", b"third"):
            info = tarfile.TarInfo(f"n/{LASER}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    send(store, MINIME05, buffer.getvalue())
    manifest = archive_night(store, MINIME05, tmp_path)
    assert {frame.name: store.get_bytes(frame.key) for frame in manifest.frames} == {
        LASER: b"first",
        "UAO_L_20260429_213000_001__n.hdf5": b"second",
        "UAO_L_20260429_213000_001__n_2.hdf5": b"third",
    }


def test_what_is_not_a_frame_is_kept_beside(store: Store, tmp_path: Path):
    link = tarfile.TarInfo("20260429/link.hdf5")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    strange = {
        "20260429/Thumbs.db": b"thumbs",
        "20260430/Thumbs.db": b"other thumbs",
        f"/etc/{LASER}": b"absolute",
        f"../{LASER}": b"parent",
        "20260429/ä b?.txt": b"odd name",
        "20260429/" + "n" * 300: b"long name",
    }
    manifest = _archive(store, tmp_path, {**FRAMES, **strange}, [link])
    assert len(manifest.frames) == 3
    assert sorted(store.get_bytes(other.key) for other in manifest.others) == sorted(strange.values())
    reasons = {excluded.member: excluded.reason for excluded in manifest.excluded}
    assert reasons["20260429/Thumbs.db"] == "not named like a frame"
    assert reasons[f"/etc/{LASER}"] == "absolute or foreign path"
    assert reasons[f"../{LASER}"] == "path leads to a parent folder"
    assert reasons["20260429/" + "n" * 300] == "name is too long"
    assert reasons["20260429/link.hdf5"] == "symbolic link to /etc/passwd"
    places = {excluded.member: excluded.key for excluded in manifest.excluded}
    assert places["20260429/Thumbs.db"] == f"{FOLDER}other/Thumbs.db"
    assert places["20260429/link.hdf5"] is None
    assert all(key.isascii() for key in keys(store))
    assert sorted(path.name for path in (tmp_path / "frames").iterdir()) == sorted(
        Path(member).name for member in FRAMES
    )


def test_frames_that_cannot_be_read_are_archived_as_they_are(store: Store, tmp_path: Path):
    other = "UAO_X_20260429_220000_001.img"
    manifest = _archive(store, tmp_path, {f"n/{LASER}": b"", f"n/{other}": b"A3OI cut"})
    assert {frame.name: frame.size for frame in manifest.frames} == {LASER: 0, other: 8}


@pytest.mark.parametrize(
    ("files", "reason"),
    [({}, "archive is empty"), ({"20260429/Thumbs.db": b"x"}, "there is no frame among its 1 files")],
)
def test_archives_without_frames_are_refused(store: Store, tmp_path: Path, files: dict, reason: str):
    with pytest.raises(BadInput, match=reason):
        _archive(store, tmp_path, files)
    assert keys(store, "fpi/") == []


def test_swapped_parts_are_refused_and_nothing_is_archived(store: Store, tmp_path: Path):
    """Two parts of one size in each other's place: the sizes agree, the archive does not."""
    files = {
        f"n/UAO_X_20260429_22{n:02d}00_001.hdf5": hashlib.sha256(bytes([n])).digest() * 9 for n in range(9)
    }
    archive = send(store, MINIME05, pack(files))
    pieces = cut(archive)
    assert len(pieces[0]) == len(pieces[1])
    store.put_bytes(part_key(MINIME05, 0), pieces[1])
    store.put_bytes(part_key(MINIME05, 1), pieces[0])
    before = keys(store, "raw/")
    with pytest.raises(BadInput, match=r"night\.tar\.gz: gzip is damaged .*upload the night again"):
        archive_night(store, MINIME05, tmp_path)
    assert keys(store, "raw/") == before
    assert keys(store, "fpi/") == []
    assert not (tmp_path / "manifest.json").exists()


def test_a_gzip_that_ends_early_is_refused(store: Store, tmp_path: Path):
    """Its receipt is right: it was the disk of the instrument that was full."""
    send(store, MINIME05, pack()[:-20])
    with pytest.raises(BadInput, match="gzip ends early"):
        archive_night(store, MINIME05, tmp_path)
    assert keys(store, "fpi/") == []


def test_limits_are_those_of_the_caller(store: Store, tmp_path: Path):
    send(store, MINIME05)
    join_parts(store, MINIME05, tmp_path / "t", tmp_path / "r")
    with pytest.raises(BadInput, match="more than 2 members"):
        extract_night(
            store,
            MINIME05,
            tmp_path / "t",
            tmp_path / "r",
            tmp_path / "m",
            tmp_path / "f",
            UnpackLimits(max_members=2),
        )


def test_an_archive_of_another_night_or_time_is_refused(store: Store, tmp_path: Path):
    send(store, MINIME05)
    tar, record = tmp_path / "night.tar.gz", tmp_path / "parts.json"
    join_parts(store, MINIME05, tar, record)

    def refused(night) -> str:
        try:
            extract_night(store, night, tar, record, tmp_path / "manifest.json", tmp_path / "frames")
        except BadInput as problem:
            return problem.reason
        return ""

    of_another_night = refused(MINIME13)
    tar.write_bytes(pack({f"n/{LASER}": b"other"}))
    another_archive = refused(MINIME05)
    assert keys(store, "fpi/") == []
    assert of_another_night == another_archive == f"not the archive that {record} describes"
    record.write_text("{}")
    assert refused(MINIME05) == "not a record of joined parts"
    assert not (tmp_path / "manifest.json").exists()


def test_frames_of_an_earlier_upload_are_kept_when_another_takes_their_names(store: Store, tmp_path: Path):
    first = _archive(store, tmp_path)
    send(store, MINIME05, pack({**FRAMES, f"20260429/{LASER}": b"laser, once more"}))
    second = archive_night(store, MINIME05, tmp_path)
    new = {frame.name: frame for frame in second.frames}
    assert store.get_bytes(new[LASER].key) == b"laser, once more"
    beside = f"{FOLDER}superseded/{first.sha256}/{LASER}"
    assert [key for key in keys(store, FOLDER) if "superseded" in key] == [beside]
    assert store.get_bytes(beside) == FRAMES[f"20260429/{LASER}"]


def _archived_while(store: Store, directory: Path, number: int, act) -> str:
    """Archive, and act before the bucket's frames are listed so often; returns why it was refused."""
    send(store, MINIME05)
    listings = 0

    def interfere(model, params, **_):
        nonlocal listings
        if model.name == "ListObjectsV2" and params["query_string"]["prefix"] == FOLDER:
            listings += 1
            if listings == number:
                act()

    store.client.meta.events.register("before-call.s3", interfere)
    try:
        archive_night(store, MINIME05, directory)
    except StoreError as refused:
        return str(refused)
    return ""


@pytest.mark.parametrize("there", [None, b"laser?" * 500, b"cut"])
def test_a_frame_that_does_not_arrive_is_noticed(store: Store, s3, tmp_path: Path, there: bytes | None):
    """The bucket is asked apart from the answers to the uploads: the frame is gone, or is something else."""
    other = open_store(settings_from_environment(s3.environment(store.bucket)))

    def lose():
        if there is None:
            other.delete(f"{FOLDER}{LASER}")
        else:
            other.put_bytes(f"{FOLDER}{LASER}", there)

    refused = _archived_while(store, tmp_path, 2, lose)
    assert other.head(MINIME05.manifest_key) is None
    assert refused == f"{FOLDER}{LASER}: not in the bucket as it was sent. Try again"


def test_a_frame_that_changes_on_the_disk_before_it_is_sent_is_noticed(store: Store, tmp_path: Path):
    """What arrives is not what was unpacked; of the same size."""

    def change():
        (tmp_path / "frames" / LASER).write_bytes(b"laser?" * 500)

    refused = _archived_while(store, tmp_path, 1, change)
    assert store.head(MINIME05.manifest_key) is None
    assert "is not what was sent" in refused


def test_work_left_by_a_kill_is_replaced(store: Store, tmp_path: Path):
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames" / "stale.hdf5").write_bytes(b"x")
    (tmp_path / "frames.unpacked").mkdir()
    (tmp_path / "frames.unpacked" / "000001").write_bytes(b"x")
    manifest = _archive(store, tmp_path)
    assert {path.name for path in (tmp_path / "frames").iterdir()} == {f.name for f in manifest.frames}
    assert not (tmp_path / "frames.unpacked").exists()


def test_the_manifest_has_what_is_promised(store: Store, tmp_path: Path):
    _archive(store, tmp_path)
    value = json.loads((tmp_path / "manifest.json").read_text())
    assert {"key", "size", "sha256", "etag", "name", "member"} == value["frames"][0].keys()
    assert value["receipt"]["made_at"] == "2026-04-30T04:45:07.123456+00:00"
    assert value["totals"]["frames"] == 3
