"""What leaves raw/ without being analysed: left-behind parts, nights without data, refused uploads."""

import datetime as dt
import json
import time
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from known import known_registry
from uploading import MINIME05, archive_night, cut, keys, pack, part_key, receipt, send

from airglow.store import Deletion, Guard, Store
from airglow.uploads import (
    NightId,
    ScanSettings,
    State,
    mark_pending,
    move_aside,
    pending_nights,
    record_refusal,
    scan,
    take_up,
)

REGISTRY = known_registry()
ASIDE = f"raw-refused/{MINIME05.upload}/"


def _next_second() -> None:
    """Times in the bucket have a resolution of a second."""
    time.sleep(1.1)


def _look(store: Store, days_later: float = 0, **settings):
    now = dt.datetime.now(dt.UTC) + dt.timedelta(days=days_later)
    return scan(store, REGISTRY, ScanSettings(**settings), now)


def _move(store: Store, found) -> list[str]:
    told: list[str] = []
    take_up(store, found)
    move_aside(store, found.asides, lambda: Guard(Deletion(True)), told.append)
    return told


def _contents(store: Store, prefix: str) -> set[bytes]:
    return {store.get_bytes(key) for key in keys(store, prefix) if "/why_" not in key}


def test_parts_that_a_repacked_upload_left_behind_are_set_aside(store: Store):
    old = send(store, MINIME05, parts=5)
    _next_second()
    new = send(store, MINIME05, parts=2)
    found = _look(store)
    (report,) = found.nights
    assert report.state is State.READY
    assert report.reason == "3 parts left by an earlier upload of more parts"
    (told,) = _move(store, found)
    assert "3 of 3 objects leave raw/; 3 are in raw-refused/" in told
    assert b"".join(store.get_bytes(part_key(MINIME05, n)) for n in range(2)) == new
    assert len(keys(store, MINIME05.raw_prefix)) == 3
    assert _contents(store, ASIDE) == set(cut(old, 5)[2:])
    (why,) = [key for key in keys(store, ASIDE) if "/why_" in key]
    value = json.loads(store.get_bytes(why))
    assert value["reason"] == "left by an earlier upload of more parts"
    assert [entry["was"] for entry in value["objects"]] == [part_key(MINIME05, n) for n in (2, 3, 4)]


def test_parts_that_are_archived_are_copied_too(store: Store, tmp_path: Path):
    send(store, MINIME05, parts=5)
    archive_night(store, MINIME05, tmp_path)
    _next_second()
    send(store, MINIME05, pack({"n/UAO_X_20260429_213500_001.hdf5": b"other"}), parts=2)
    found = _look(store)
    assert found.nights[0].changed
    (told,) = _move(store, found)
    assert "3 of 3 objects leave raw/; 3 are in raw-refused/" in told
    assert len(keys(store, "raw-refused/")) == 3 + 1  # what is in the archive is proven only at the cleanup
    assert len(keys(store, MINIME05.raw_prefix)) == 3


def test_a_part_that_is_not_older_than_the_receipt_may_be_of_the_next_upload(store: Store):
    send(store, MINIME05, parts=2)
    _next_second()
    store.put_bytes(part_key(MINIME05, 2), b"of a later upload of more parts")
    found = _look(store)
    assert (found.nights[0].state, found.asides) == (State.WAITING, ())
    assert found.nights[0].reason == "3 parts there, 2 announced"


def test_nothing_is_set_aside_while_the_new_upload_is_not_complete(store: Store):
    archive = send(store, MINIME05, parts=5)
    _next_second()
    store.put_bytes(MINIME05.receipt_key, receipt(MINIME05, 2, len(archive)))
    found = _look(store)
    assert (found.nights[0].state, found.asides) == (State.WAITING, ())


def test_nothing_is_set_aside_before_the_night_is_taken_up(store: Store):
    send(store, MINIME05, parts=5)
    _next_second()
    send(store, MINIME05, parts=2)
    assert _look(store, hold=(MINIME05.name,)).asides == ()


@pytest.mark.parametrize("days", [29, 31])
def test_a_collection_error_leaves_after_its_time(store: Store, days: int):
    store.put_bytes(MINIME05.receipt_key, receipt(MINIME05, 0, 0))
    found = _look(store, days, keep_collection_errors_days=30)
    assert found.nights[0].state is State.COLLECTION_ERROR
    told = _move(store, found)
    assert len(told) == (days > 30)
    assert len(keys(store, "raw/")) == (days < 30)
    assert _contents(store, ASIDE) == ({receipt(MINIME05, 0, 0)} if days > 30 else set())


@pytest.mark.parametrize("days", [89, 91])
def test_a_refused_upload_leaves_after_its_time(store: Store, days: int):
    archive = send(store, MINIME05, clouds=False)
    upload = {found.key: found.etag for found in store.list(MINIME05.raw_prefix)}
    mark_pending(store, MINIME05, "upload")
    record_refusal(store, MINIME05, "gzip is damaged", upload, {})
    found = _look(store, days, keep_refused_days=90)
    assert found.nights[0].state is State.REFUSED
    _move(store, found)
    if days < 90:
        assert len(keys(store, "raw/")) == 4
        return
    assert keys(store, "raw/") == []
    assert set(cut(archive)) < _contents(store, ASIDE)
    assert pending_nights(store) == set()  # nothing is unfinished, and nothing is waited for
    assert _look(store, days).nights == ()
    assert store.head(MINIME05.refused_key) is not None


def test_a_receipt_that_is_none_is_refused_for_good_too(store: Store):
    store.put_bytes(MINIME05.receipt_key, b"rubbish")
    _move(store, _look(store, 91, keep_refused_days=90))
    assert (keys(store, "raw/"), _contents(store, ASIDE)) == ([], {b"rubbish"})


def test_what_the_registry_does_not_know_stays(store: Store):
    for name in ("minime77_uao_20260429", "minime05_xyz_20260429", "minime05_low_20260429"):
        night = NightId.parse(name)
        store.put_bytes(night.receipt_key, receipt(night, 3, 1000))
    found = _look(store, 1000)
    assert {report.state for report in found.nights} == {State.REFUSED}
    assert found.asides == ()


def test_an_upload_that_comes_while_another_is_moved_stays(store: Store):
    store.put_bytes(MINIME05.receipt_key, receipt(MINIME05, 0, 0))
    found = _look(store, 31)
    store.put_bytes(MINIME05.receipt_key, receipt(MINIME05, 3, 1000))
    (told,) = _move(store, found)
    assert "0 of 1 objects leave raw/" in told
    assert store.get_bytes(MINIME05.receipt_key) == receipt(MINIME05, 3, 1000)


def test_without_a_guard_what_leaves_raw_rests_first(store: Store):
    """Moving deletes at the old place: the same window as of a deletion."""
    send(store, MINIME05, parts=5)
    _next_second()
    send(store, MINIME05, parts=2)
    found = _look(store)
    there, told = keys(store, MINIME05.raw_prefix), []
    resting = Guard(Deletion(), dt.timedelta(hours=24), store.now)
    move_aside(store, found.asides, lambda: resting, told.append)
    assert (keys(store, MINIME05.raw_prefix), told) == (there, [])
    tomorrow = Guard(Deletion(), dt.timedelta(hours=24), lambda: store.now() + dt.timedelta(hours=25))
    move_aside(store, found.asides, lambda: tomorrow, told.append)
    assert len(keys(store, MINIME05.raw_prefix)) == len(there) - 3
    assert "3 of 3 objects leave raw/" in told[0]


@pytest.mark.parametrize("refused", ["raw-refused/", "raw/"])
def test_a_move_that_the_store_refuses_is_told_and_stops_no_other(store: Store, refused: str):
    other = NightId.parse("minime05_uao_20260428")
    for night in (MINIME05, other):
        store.put_bytes(night.receipt_key, receipt(night, 0, 0))
    found = _look(store, days_later=31)
    name = "PutObject" if refused == "raw-refused/" else "DeleteObject"

    def refuse(params, model, **_) -> None:
        if model.name == name and params.get("Key", "").startswith(refused) and other.upload in params["Key"]:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, name)

    store.client.meta.events.register("provide-client-params.s3", refuse)
    told = _move(store, found)
    store.client.meta.events.unregister("provide-client-params.s3", refuse)
    assert len(told) == 2
    failed, moved = told
    assert f"{other.name}: collection error: it could not be moved to raw-refused/{other.upload}/" in failed
    assert "1 of 1 objects leave raw/" in moved
    assert keys(store, "raw/") == [other.receipt_key]
    assert len(_move(store, _look(store, days_later=31))) == 1  # the next run goes on
    assert keys(store, "raw/") == []
