"""Parts to one archive: in order, whole, and of one and the same upload."""

import hashlib
import json
import re
from pathlib import Path

import pytest
from uploading import MINIME05, counted, counted_keys, cut, keys, pack, part_key, receipt, send

from airglow.archive import join_if_changed, join_parts
from airglow.model.errors import AirglowError, BadInput
from airglow.store import Store, open_store, settings_from_environment


def _join(store: Store, directory: Path) -> dict:
    return join_parts(store, MINIME05, directory / "night.tar.gz", directory / "parts.json")


def test_joined_in_order(store: Store, tmp_path: Path):
    data = bytes(range(256)) * 4000
    pieces = cut(data, 11)  # more than ten: 000010 comes after 000009
    for number in reversed(range(len(pieces))):
        store.put_bytes(part_key(MINIME05, number), pieces[number])
    store.put_bytes(MINIME05.receipt_key, receipt(MINIME05, len(pieces), len(data)))
    record = _join(store, tmp_path)
    assert (tmp_path / "night.tar.gz").read_bytes() == data
    assert json.loads((tmp_path / "parts.json").read_text()) == record
    assert record["sha256"] == hashlib.sha256(data).hexdigest()
    assert [part["etag"] for part in record["parts"]] == [hashlib.md5(piece).hexdigest() for piece in pieces]
    assert record["receipt"]["etag"] == store.head(MINIME05.receipt_key).etag
    assert record["receipt"]["parts"] == 11


def test_the_night_is_marked_before_anything_is_read(store: Store, tmp_path: Path):
    send(store, MINIME05)
    store.put_json(MINIME05.cleaned_key, {})

    def stop(model, params, **_):
        if model.name == "GetObject" and ".tar.gz" in params["url_path"]:
            raise KeyboardInterrupt

    store.client.meta.events.register("before-call.s3", stop)
    with pytest.raises(KeyboardInterrupt):
        _join(store, tmp_path)
    assert keys(store, "state/") == [MINIME05.pending_key]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("key", "data", "reason"),
    [
        (part_key(MINIME05, 1), None, "2 of 3 parts"),
        (part_key(MINIME05, 1), b"shorter", "bytes announced"),
        (part_key(MINIME05, 3), b"more", "4 parts there, 3 announced"),
        (MINIME05.receipt_key, None, "receipt missing"),
        (MINIME05.receipt_key, b"rubbish", "receipt has 1 lines, not 10"),
        (MINIME05.receipt_key, receipt(MINIME05, 0, 0), "collection error"),
    ],
)
def test_what_is_not_complete_is_refused(store: Store, tmp_path: Path, key, data, reason):
    send(store, MINIME05)
    if data is None:
        store.delete(key)
    else:
        store.put_bytes(key, data)
    with pytest.raises(BadInput, match=reason) as refused:
        _join(store, tmp_path)
    assert refused.value.name.startswith("raw/fpi05_uao_20260429.")
    assert refused.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("change", ["swap", "delete"])
@pytest.mark.parametrize("key", [part_key(MINIME05, 2), MINIME05.receipt_key])
def test_an_object_that_changes_between_listing_and_reading(
    store: Store, s3, tmp_path: Path, key: str, change: str
):
    archive = send(store, MINIME05)
    other = open_store(settings_from_environment(s3.environment(store.bucket)))

    def interfere(model, **_):
        if model.name == "GetObject" and other.head(key):
            if change == "swap":
                other.put_bytes(key, bytes(len(archive) // 3))  # same name, much the same size
            else:
                other.delete(key)

    store.client.meta.events.register("before-call.s3", interfere)
    with pytest.raises(BadInput, match=f"{re.escape(key)}: changed while.*next run reads it again"):
        _join(store, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_no_room_on_the_disk(store: Store, tmp_path: Path, monkeypatch):
    send(store, MINIME05)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)  # a full disk cannot be had otherwise
    with pytest.raises(AirglowError, match=r"no room for [\d,]+ bytes \(No space left on device\): free"):
        _join(store, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_larger_upload_takes_no_more_memory(store: Store, tmp_path: Path):
    """Parts are written at their place as they come; what is joined is what was sent."""
    import tracemalloc

    data = pack({"20260429/UAO_L_20260429_213000_001.hdf5": bytes(100)}) + bytes(24 << 20)
    pieces = cut(data, 3)
    for number, piece in enumerate(pieces):
        store.put_bytes(part_key(MINIME05, number), piece)
    store.put_bytes(MINIME05.receipt_key, receipt(MINIME05, len(pieces), len(data)))
    tracemalloc.start()
    record = _join(store, tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert record["sha256"] == hashlib.sha256(data).hexdigest()
    assert peak < 14 << 20


def _join_if_changed(store: Store, directory: Path) -> bool:
    return join_if_changed(store, MINIME05, directory / "night.tar.gz", directory / "parts.json")


def test_an_archive_of_what_is_in_raw_is_used_as_it_is(store: Store, tmp_path: Path):
    send(store, MINIME05)
    _join(store, tmp_path)
    with counted(store) as sent:
        assert _join_if_changed(store, tmp_path) is False
    assert sent == ["ListObjectsV2"]


def test_unrecognised_objects_beside_the_parts_are_no_other_upload(store: Store, tmp_path: Path):
    send(store, MINIME05)
    for end in ("tar.gz", "tar.gz.md5", "txt.part"):
        store.put_bytes(f"raw/{MINIME05.upload}.{end}", b"?")
    assert len(_join(store, tmp_path)["parts"]) == 3
    assert _join_if_changed(store, tmp_path) is False


def test_an_archive_of_another_upload_is_joined_again(store: Store, tmp_path: Path, caplog):
    """Of the same sizes: only the ETags tell."""
    archive = send(store, MINIME05)
    _join(store, tmp_path)
    other = archive[:-6] + bytes([archive[-6] ^ 1]) + archive[-5:]
    store.put_bytes(part_key(MINIME05, 2), cut(other)[2])
    with caplog.at_level("INFO"):
        assert _join_if_changed(store, tmp_path) is True
    assert "another upload of the night is in raw/; the parts are joined again" in caplog.text
    assert (tmp_path / "night.tar.gz").read_bytes() == other
    assert _join_if_changed(store, tmp_path) is False


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("night.tar.gz", lambda path: path.write_bytes(path.read_bytes()[:-1] + b"?")),
        ("night.tar.gz", Path.unlink),
        ("parts.json", Path.unlink),
        ("parts.json", lambda path: path.write_bytes(b"")),
        ("parts.json", lambda path: path.write_bytes(b"{}")),
        ("parts.json", lambda path: path.write_text(path.read_text().replace(MINIME05.name, "minime13_uao"))),
        ("parts.json", lambda path: path.write_text(path.read_text().replace('"parts": [', '"parts": [1, '))),
    ],
)
def test_an_archive_that_is_not_as_recorded_is_joined_again(store: Store, tmp_path: Path, name: str, damage):
    archive = send(store, MINIME05)
    record = _join(store, tmp_path)
    damage(tmp_path / name)
    assert _join_if_changed(store, tmp_path) is True
    assert (tmp_path / "night.tar.gz").read_bytes() == archive
    assert json.loads((tmp_path / "parts.json").read_text()) == record


def test_an_upload_that_is_on_its_way_is_waited_for(store: Store, tmp_path: Path):
    archive = send(store, MINIME05)
    _join(store, tmp_path)
    store.put_bytes(part_key(MINIME05, 3), b"more")
    with pytest.raises(BadInput, match=r"4 parts there, 3 announced.*waits until its upload is complete"):
        _join_if_changed(store, tmp_path)
    assert (tmp_path / "night.tar.gz").read_bytes() == archive


def test_a_part_without_an_md5_is_read_twice(store: Store, tmp_path: Path):
    """Of an upload in several parts the ETag proves nothing."""
    archive = send(store, MINIME05)
    where = {"Bucket": store.bucket, "Key": part_key(MINIME05, 1)}
    upload = store.client.create_multipart_upload(**where)["UploadId"]
    sent = store.client.upload_part(**where, UploadId=upload, PartNumber=1, Body=cut(archive)[1])
    parts = {"Parts": [{"ETag": sent["ETag"], "PartNumber": 1}]}
    store.client.complete_multipart_upload(**where, UploadId=upload, MultipartUpload=parts)
    with counted_keys(store) as requests:
        _join(store, tmp_path)
    read = [key for name, key in requests if name == "GetObject" and key.startswith("raw/")]
    assert len(read) == 1 + 3 + 1  # receipt, parts, one again
    assert read.count(part_key(MINIME05, 1)) == 2
    assert (tmp_path / "night.tar.gz").read_bytes() == archive
