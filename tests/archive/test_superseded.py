"""Frames of an upload that another one has replaced leave the folder, are kept for a time, and then go."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

from known import known_registry
from uploading import FRAMES, MINIME05, archive_night, counted, deliver, keys, pack, send

from airglow.archive import Manifest, cleanup_night, earlier_manifests, expire_superseded, upload_versions
from airglow.archive.superseded import keep_before_overwriting
from airglow.pipeline.history import describe_uploads
from airglow.store import Store
from airglow.uploads import clear_pending, kept_manifest_key, mark_pending, scan, take_up
from airglow.uploads.expiry import markers_of

REGISTRY = known_registry()
FOLDER = MINIME05.frames_prefix
OTHER_FRAMES = {
    "20260429/UAO_L_20260429_213000_001.hdf5": b"laser, once more",
    "20260429/UAO_X_20260429_213500_001.hdf5": FRAMES["20260429/UAO_X_20260429_213500_001.hdf5"],
}


def _finish(store: Store, directory: Path, files: dict[str, bytes]) -> tuple[Manifest, dict]:
    """A night from its upload to its cleanup, as hourly runs do it."""
    send(store, MINIME05, pack(files))
    take_up(store, scan(store, REGISTRY))
    manifest = archive_night(store, MINIME05, directory)
    record = cleanup_night(store, REGISTRY, manifest, *deliver(store, manifest), keep_superseded_days=10)
    store.put_json(MINIME05.cleaned_key, record)
    clear_pending(store, MINIME05)
    return manifest, record


def test_frames_of_an_earlier_upload_leave_the_folder(store: Store, tmp_path: Path):
    first, record = _finish(store, tmp_path, FRAMES)
    assert "superseded" not in record
    second, record = _finish(store, tmp_path, OTHER_FRAMES)
    aside = f"{FOLDER}superseded/{first.sha256}/"
    in_folder = {key for key in keys(store, FOLDER) if not key.startswith(aside)}
    assert in_folder == {frame.key for frame in second.frames}
    # That which was overwritten, and that which the other upload does not have; not that which both have.
    kept = {key.removeprefix(aside): store.get_bytes(key) for key in keys(store, aside)}
    assert kept == {
        "UAO_L_20260429_213000_001.hdf5": FRAMES["20260429/UAO_L_20260429_213000_001.hdf5"],
        "UAO_X_20260430_013500_001.hdf5": FRAMES["20260430/UAO_X_20260430_013500_001.hdf5"],
    }
    assert record["superseded"] == [{"manifest_sha256": first.sha256, "frames": 1, "prefix": aside}]
    uploads = upload_versions(store, MINIME05)
    assert {(one.manifest_sha256, one.frames, one.is_current, one.kept) for one in uploads} == {
        (first.sha256, 3, False, 2),
        (second.sha256, 2, True, 0),
    }
    told = describe_uploads(uploads)
    assert told[0] == "2 uploads were archived:"
    assert sum("replaced; 2 files of it are kept" in line for line in told) == 1
    assert [manifest.sha256 for manifest in earlier_manifests(store, MINIME05, but=second.sha256)] == [
        first.sha256
    ]


def test_superseded_frames_go_after_their_time(store: Store, tmp_path: Path):
    first, _ = _finish(store, tmp_path, FRAMES)
    second, _ = _finish(store, tmp_path, OTHER_FRAMES)
    now = dt.datetime.now(dt.UTC)
    for days, is_gone in ((10, False), (12, True)):
        expire_superseded(store, scan(store, REGISTRY, now=now + dt.timedelta(days=days)).expired)
        assert (keys(store, f"{FOLDER}superseded/") == []) is is_gone
        assert (keys(store, "state/pending/") == []) is is_gone
    assert {frame.key for frame in second.frames} == set(keys(store, FOLDER))
    assert earlier_manifests(store, MINIME05, but=second.sha256)[0] == first  # the history stays


def test_what_the_night_may_go_back_to_stays(store: Store, tmp_path: Path):
    first, _ = _finish(store, tmp_path, FRAMES)
    _finish(store, tmp_path, OTHER_FRAMES)
    late = dt.datetime.now(dt.UTC) + dt.timedelta(days=400)
    (overdue,) = scan(store, REGISTRY, now=late).expired
    aside = keys(store, f"{FOLDER}superseded/")
    assert aside
    now = store.get_bytes(MINIME05.manifest_key)
    for manifest in (None, store.get_bytes(kept_manifest_key(MINIME05, first.sha256))):  # gone; taken back
        store.delete(MINIME05.manifest_key)
        if manifest is not None:
            store.put_bytes(MINIME05.manifest_key, manifest)
        expire_superseded(store, [overdue])
        assert keys(store, f"{FOLDER}superseded/") == aside
    store.put_bytes(MINIME05.manifest_key, now)
    mark_pending(store, MINIME05, "upload")  # work that is not done
    expire_superseded(store, [overdue])
    assert keys(store, f"{FOLDER}superseded/") == aside
    clear_pending(store, MINIME05)
    again = replace(overdue, keep_until=overdue.keep_until + dt.timedelta(days=1))
    store.put_bytes(again.marker_key, b"")  # superseded once more
    expire_superseded(store, [overdue])
    assert (keys(store, f"{FOLDER}superseded/"), store.head(overdue.marker_key)) == (aside, None)
    expire_superseded(store, [again])
    assert keys(store, f"{FOLDER}superseded/") == []


def test_what_is_kept_costs_a_run_nothing(store: Store, tmp_path: Path):
    _finish(store, tmp_path, FRAMES)
    _finish(store, tmp_path, OTHER_FRAMES)
    with counted(store) as sent:
        found = scan(store, REGISTRY)
        take_up(store, found)
        expire_superseded(store, found.expired)
    assert sent == ["ListObjectsV2"] * 2
    assert (found.nights, found.expired) == ((), ())


def test_with_no_limit_they_stay(store: Store, tmp_path: Path):
    for files in (FRAMES, OTHER_FRAMES):
        send(store, MINIME05, pack(files))
        take_up(store, scan(store, REGISTRY))
        manifest = archive_night(store, MINIME05, tmp_path)
        cleanup_night(store, REGISTRY, manifest, *deliver(store, manifest))
        clear_pending(store, MINIME05)
    assert keys(store, "state/pending/") == []
    assert len(keys(store, f"{FOLDER}superseded/")) == 2


def test_what_no_manifest_names_is_left_alone(store: Store, tmp_path: Path):
    """The system of before left frames without any manifest."""
    store.put_bytes(f"{FOLDER}UAO_X_20260429_230000_001.img", b"of the system before")
    _, record = _finish(store, tmp_path, FRAMES)
    assert store.get_bytes(f"{FOLDER}UAO_X_20260429_230000_001.img") == b"of the system before"
    assert "superseded" not in record


def test_frames_of_no_manifest_go_after_their_time_too(store: Store, tmp_path: Path):
    """What an upload left that went away half archived, and an earlier version put there without a note."""
    _finish(store, tmp_path, FRAMES)
    stray = f"{FOLDER}superseded/unknown/0_stray.hdf5"
    store.put_bytes(stray, b"of nobody knows what")
    _finish(store, tmp_path, OTHER_FRAMES)
    modified = store.head(stray).modified
    for days, is_gone in ((10, False), (12, True)):
        expire_superseded(store, scan(store, REGISTRY, now=modified + dt.timedelta(days=days)).expired)
        assert (store.head(stray) is None) is is_gone


def test_what_is_overwritten_and_of_no_manifest_is_noted_at_once(store: Store):
    key = f"{FOLDER}UAO_L_20260429_213000_001.hdf5"
    store.put_bytes(key, b"of an upload that went away")
    there = {found.key: found for found in store.list(FOLDER)}
    keep_before_overwriting(store, MINIME05, there, {key: "0" * 32}, keep_days=10)
    (kept,) = markers_of(store.list("state/pending/superseded/"))
    assert [store.get_bytes(one) for one in keys(store, kept.prefix)] == [b"of an upload that went away"]
    assert kept.prefix == f"{FOLDER}superseded/unknown/"
