"""Manifests are believed only when they make sense, and frames come back only as they were archived."""

import json
from pathlib import Path

import pytest
from uploading import MINIME05, MINIME13, archive_night, counted, send

from airglow.archive import fetch_frames, load_manifest, read_manifest
from airglow.model.errors import BadInput, StoreError
from airglow.store import MissingObject, Store


@pytest.fixture
def manifest(store: Store, tmp_path: Path):
    send(store, MINIME05)
    return archive_night(store, MINIME05, tmp_path / "first")


def test_frames_come_back(store: Store, manifest, tmp_path: Path):
    paths = fetch_frames(store, manifest, tmp_path / "again")
    assert [path.name for path in paths] == [frame.name for frame in manifest.frames]
    for path in paths:
        assert path.read_bytes() == (tmp_path / "first" / "frames" / path.name).read_bytes()


def test_only_what_is_missing_or_different_is_fetched(store: Store, manifest, tmp_path: Path):
    frames = tmp_path / "first" / "frames"
    first, second, third = (frames / frame.name for frame in manifest.frames)
    first.unlink()
    second.write_bytes(second.read_bytes()[:-1] + b"?")
    with counted(store) as sent:
        fetch_frames(store, manifest, frames)
    assert sent == ["GetObject", "GetObject"]
    assert third.exists()


def test_a_frame_that_is_not_what_was_archived(store: Store, manifest, tmp_path: Path):
    store.put_bytes(manifest.frames[1].key, b"other")
    with pytest.raises(StoreError, match=f"{manifest.frames[1].key}: its SHA-256 is not"):
        fetch_frames(store, manifest, tmp_path / "again")
    store.delete(manifest.frames[1].key)
    with pytest.raises(MissingObject, match=manifest.frames[1].key):
        fetch_frames(store, manifest, tmp_path / "again")


def test_from_the_bucket(store: Store, manifest):
    assert load_manifest(store, MINIME05) == manifest
    with pytest.raises(MissingObject, match="minime13"):
        load_manifest(store, MINIME13)


def _spoil(value: dict, how: str) -> None:
    frame = value["frames"][0]
    match how:
        case "format":
            value["format"] = 2
        case "night":
            value["night"] = "tonight"
        case "no parts":
            del value["parts"]
        case "key":
            frame["key"] = "raw/fpi05_uao_20260429.txt"
        case "name":
            frame["name"] = "../../etc/passwd"
        case "size":
            frame["size"] = "many"
        case "hash":
            frame["sha256"] = "abc"
        case "raw":
            value["parts"][0]["key"] = frame["key"]  # it would be deleted
        case "twice":
            value["frames"].append(frame)


@pytest.mark.parametrize(
    "how", ["format", "night", "no parts", "key", "name", "size", "hash", "raw", "twice"]
)
def test_a_manifest_that_is_wrong(store: Store, manifest, how: str):
    value = json.loads(store.get_bytes(MINIME05.manifest_key))
    _spoil(value, how)
    with pytest.raises(BadInput, match=r"m\.json: .*manifest"):
        read_manifest(json.dumps(value).encode(), "m.json")


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff", b"null"])
def test_no_manifest_at_all(data: bytes):
    with pytest.raises(BadInput, match=r"m\.json: not a manifest"):
        read_manifest(data, "m.json")
