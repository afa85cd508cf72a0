"""A night that is killed at any request and started again ends as if it had never been killed."""

import dataclasses
from contextlib import contextmanager
from pathlib import Path

import pytest
from known import known_registry
from uploading import (
    MINIME05,
    archive_night,
    deliver,
    keys,
    pack,
    send,
)

from airglow.archive import archive_weather, cleanup_night, load_manifest
from airglow.store import Store
from airglow.uploads import clear_pending, scan, take_up

REGISTRY = known_registry()
WRITES = ("PutObject", "DeleteObject", "CopyObject")
# Before every write, or before one in five: each has a bucket and a night of its own.
EVERY = (pytest.param(1, id="any", marks=pytest.mark.long), pytest.param(5, id="one in five"))
FILES = {"20260429/UAO_X_20260429_213500_001.hdf5": b"sky", "20260429/notes.txt": b"clear"}


class Killed(BaseException):
    """As sudden as a signal: nothing in the code catches it."""


def _hour(store: Store, directory: Path) -> None:
    """What an hourly run does: go on where each night stands, by its sentinels alone."""
    found = scan(store, REGISTRY)
    take_up(store, found)
    for report in found.wanted:
        night = report.night
        archive_weather(store, night.site, night.date)
        if store.head(night.manifest_key) is None:
            archive_night(store, night, directory)
        manifest = load_manifest(store, night)
        record = cleanup_night(store, REGISTRY, manifest, *deliver(store, manifest))
        store.put_json(night.cleaned_key, record)
        clear_pending(store, night)


@contextmanager
def _killed_at(store: Store, write: int):
    """Let the process die before its n-th writing request; collects those that it begins."""
    begun: list[str] = []

    def count(model, **_) -> None:
        if len(begun) > write:
            raise Killed  # other threads are dead too
        if model.name in WRITES:
            begun.append(model.name)
        if len(begun) > write:
            raise Killed

    store.client.meta.events.register("before-call.s3", count)
    try:
        yield begun
    finally:
        store.client.meta.events.unregister("before-call.s3", count)


def _state(store: Store) -> dict[str, str]:
    """Everything in the bucket; the record of the cleanup, which has times, by its name only."""
    return {o.key: "" if o.key.endswith("cleaned.json") else o.etag for o in store.list("")}


def _nothing_is_lost(store: Store, archive: bytes) -> None:
    """Either the upload is whole, or all of its files and the manifest are in the bucket."""
    raw = [key for key in keys(store, MINIME05.raw_prefix) if not key.endswith(".txt")]
    if b"".join(store.get_bytes(key) for key in raw) == archive and store.head(MINIME05.receipt_key):
        return
    archived = {store.get_bytes(key) for key in keys(store, MINIME05.frames_prefix)}
    assert archived == set(FILES.values())
    assert store.head(MINIME05.manifest_key) is not None


@pytest.fixture(scope="module")
def archive() -> bytes:
    return pack(FILES)


@pytest.mark.parametrize("every", EVERY)
def test_killed_anywhere_and_started_again(s3, store: Store, tmp_path: Path, archive: bytes, every: int):
    def upload(name: str) -> Store:
        s3.create_bucket(name)
        fresh = dataclasses.replace(store, bucket=name)
        send(fresh, MINIME05, archive, parts=2)
        return fresh

    undisturbed = upload(f"{store.bucket}-never")
    with _killed_at(undisturbed, 10_000) as writes:
        _hour(undisturbed, tmp_path / "never")
    end = _state(undisturbed)
    assert len(writes) > 15
    assert not any(key.startswith(("raw/", "state/pending/")) for key in end)

    for write in range(0, len(writes), every):
        killed = upload(f"{store.bucket}-{write}")
        directory = tmp_path / str(write)
        with pytest.raises(Killed), _killed_at(killed, write):
            _hour(killed, directory)
        _nothing_is_lost(killed, archive)
        _hour(killed, directory)
        assert _state(killed) == end, f"killed before write {write}, {writes[write]}"
        assert scan(killed, REGISTRY).nights == ()
