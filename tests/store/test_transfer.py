"""Many objects at once, each verified; and no more begun after a failure."""

import hashlib
import threading
from pathlib import Path

import pytest
from uploading import counted

from airglow.model.errors import StoreError
from airglow.store import MissingObject, Store, StoredFile, download_many, in_threads, upload_many


def _files(tmp_path: Path, count: int) -> list[tuple[Path, str]]:
    files = []
    for number in range(count):
        path = tmp_path / f"{number}"
        path.write_bytes(bytes([number]) * 1000)
        files.append((path, f"there/{number}"))
    return files


def test_up_and_down_again(store: Store, tmp_path: Path):
    files = _files(tmp_path, 20)
    stored = upload_many(store, files)
    assert [s.key for s in stored] == [key for _, key in files]
    assert stored[7].sha256 == hashlib.sha256(bytes([7]) * 1000).hexdigest()
    assert {o.key: o.etag for o in store.list("there/")} == {s.key: s.etag for s in stored}

    wanted = [(s, tmp_path / "back" / s.key.rsplit("/")[-1]) for s in stored]
    paths = download_many(store, wanted)
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path, _ in files]


def test_what_is_there_is_not_sent_again(store: Store, tmp_path: Path):
    files = _files(tmp_path, 3)
    stored = upload_many(store, files)
    changed = bytes([9]) * 1000  # of the same size
    files[1][0].write_bytes(changed)
    with counted(store) as sent:
        again = upload_many(store, files, {o.key: o for o in store.list("there/")})
    assert sent.count("PutObject") == 1
    assert again[0] == stored[0]
    assert store.get_bytes("there/1") == changed


def test_what_is_there_is_not_fetched_again(store: Store, tmp_path: Path):
    stored = upload_many(store, _files(tmp_path, 3))
    wanted = [(s, tmp_path / "back" / s.key.rsplit("/")[-1]) for s in stored]
    download_many(store, wanted)
    wanted[2][1].write_bytes(b"x" * 1000)
    with counted(store) as sent:
        download_many(store, wanted)
    assert sent == ["GetObject"]
    assert wanted[2][1].read_bytes() == bytes([2]) * 1000


def test_a_download_that_is_not_what_was_stored(store: Store, tmp_path: Path):
    etag = store.put_bytes("key", b"other")
    wrong = StoredFile("key", 5, hashlib.sha256(b"first").hexdigest(), etag)
    try:
        download_many(store, [(wrong, tmp_path / "file")])
        problem = ""
    except StoreError as refused:
        problem = str(refused)
    assert problem == f"key: its SHA-256 is not the recorded {wrong.sha256}"
    assert not (tmp_path / "file").exists()
    with pytest.raises(MissingObject, match="nothing"):
        download_many(store, [(StoredFile("nothing", 5, wrong.sha256, etag), tmp_path / "file")])


def test_nothing_is_begun_after_a_failure():
    begun = []
    release = threading.Event()

    def work(number: int) -> None:
        begun.append(number)
        if number == 0:
            raise StoreError("broken")
        release.wait()

    threading.Timer(1.0, release.set).start()
    with pytest.raises(StoreError, match="broken"):
        in_threads(work, list(range(50)), threads=2)
    assert len(begun) < 10
