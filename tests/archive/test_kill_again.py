"""A night that is uploaded again, killed at any request and started again, ends as if never killed."""

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from known import known_registry
from uploading import MINIME05, archive_night, deliver, keys, pack, part_key, receipt

from airglow.archive import (
    Manifest,
    archive_weather,
    bring_back,
    cleanup_night,
    load_manifest,
)
from airglow.store import Deletion, Guard, Store
from airglow.uploads import NightId, ScanSettings, clear_pending, mend_manifests, move_aside, scan, take_up

from .test_kill import EVERY, Killed, _killed_at

REGISTRY = known_registry()
OLD = pack({"n/UAO_X_20260429_213500_001.hdf5": b"sky", "n/UAO_X_20260429_214000_001.hdf5": b"more sky"})
NEW = pack({"n/UAO_X_20260429_213500_001.hdf5": b"sky, once more"})
KEEP_DAYS = 100
SETTINGS = ScanSettings(cloud_wait_hours=0)


def _hour(store: Store, directory: Path) -> None:
    """What an hourly run does: go on where each night stands, by its sentinels alone."""
    found = scan(store, REGISTRY, SETTINGS)
    take_up(store, found)
    found = mend_manifests(store, found)
    move_aside(store, found.asides, lambda: Guard(Deletion(True)))
    for night in (report.night for report in found.wanted):
        archive_weather(store, night.site, night.date)
        manifest = _archived(store, night, directory)
        bring_back(store, manifest, {one.key: one for one in store.list(night.frames_prefix)})
        guard = Guard(Deletion(True))
        record = cleanup_night(
            store, REGISTRY, manifest, *deliver(store, manifest), guard=guard, keep_superseded_days=KEEP_DAYS
        )
        store.put_json(night.cleaned_key, record)
        clear_pending(store, night)


def _archived(store: Store, night: NightId, directory: Path) -> Manifest:
    if store.head(night.manifest_key) is None:
        archive_night(store, night, directory)
    return load_manifest(store, night)


def _send(store: Store, archive: bytes, parts: int) -> None:
    size = -(-len(archive) // parts)
    for number in range(parts):
        store.put_bytes(part_key(MINIME05, number), archive[number * size : (number + 1) * size])
    made_at = "2026-04-30 04:45:07.123456"
    store.put_bytes(MINIME05.receipt_key, receipt(MINIME05, parts, len(archive), made_at))


def _repacked(store: Store, directory: Path) -> None:
    """Four parts that were never archived, under two of a later upload."""
    _send(store, OLD, 4)
    _send(store, NEW, 2)


def _done_before(store: Store, directory: Path) -> None:
    """A night that was done, and comes again with other contents."""
    _send(store, OLD, 2)
    _hour(store, directory)
    _send(store, NEW, 2)


def _state(store: Store) -> dict[str, str]:
    """Everything in the bucket; what has times in it by its name only, and dates of markers not at all."""
    dated = ("cleaned.json", "/why_")
    return {
        re.sub(r"superseded/\d{8}_", "superseded/", o.key): ""
        if any(part in o.key for part in dated)
        else o.etag
        for o in store.list("")
    }


def _contents(store: Store) -> set[bytes]:
    return {store.get_bytes(key) for key in keys(store, "fpi/")}


@pytest.mark.parametrize("every", EVERY)
@pytest.mark.parametrize("prepare", [_repacked, _done_before])
def test_killed_anywhere_and_started_again(
    s3, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prepare: Callable, every: int
):
    # All parts of the first upload count as older than the receipt of the second, without waiting a second.
    monkeypatch.setattr("airglow.uploads.aside.is_older", lambda part, receipt: True)

    def bucket(name: str) -> Store:
        s3.create_bucket(name)
        fresh = dataclasses.replace(store, bucket=name)
        prepare(fresh, tmp_path / name)
        return fresh

    undisturbed = bucket(f"{store.bucket}-never")
    with _killed_at(undisturbed, 10_000) as writes:
        _hour(undisturbed, tmp_path / "never")
    end = _state(undisturbed)
    assert keys(undisturbed, "raw/") == []
    if prepare is _repacked:
        assert len(keys(undisturbed, "raw-refused/")) == 3
        assert _contents(undisturbed) == {b"sky, once more"}
    else:
        assert _contents(undisturbed) == {b"sky", b"more sky", b"sky, once more"}

    for write in range(0, len(writes), every):
        killed = bucket(f"{store.bucket}-{write}")
        old = _contents(killed)
        directory = tmp_path / str(write)
        with pytest.raises(Killed), _killed_at(killed, write):
            _hour(killed, directory)
        assert old <= _contents(killed)
        _hour(killed, directory)
        assert _state(killed) == end, f"killed before write {write}, {writes[write]}"
        assert scan(killed, REGISTRY, SETTINGS).nights == ()
