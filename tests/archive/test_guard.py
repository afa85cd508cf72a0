"""Raw objects go at once where the store guards deletions, and rest first where it does not."""

import datetime as dt
from pathlib import Path

import pytest
from known import known_registry
from running import front
from uploading import (
    MINIME05,
    archive_night,
    counted,
    deliver,
    keys,
    part_key,
    send,
)

from airglow.archive import archive_weather, cleanup_night, cleanup_weather
from airglow.store import Deletion, Guard, Store, guard_of, open_store, settings_from_environment
from airglow.uploads import State, clear_pending, read_memory, scan

REGISTRY = known_registry()
DAY = dt.timedelta(hours=24)
SETTINGS = {"quarantine_hours": 24}


@pytest.fixture
def forgetful(s3, bucket: str):
    """The store behind a front that ignores If-Match on DELETE."""
    with front(s3.endpoint_url, knows_if_match=False) as before:
        environment = {**s3.environment(bucket), "AWS_S3_ENDPOINT_URL": before.url}
        yield open_store(settings_from_environment(environment))


def _clean_up(store: Store, directory: Path, guard: Guard) -> dict:
    """A night until its cleanup is on record."""
    send(store, MINIME05)
    archive_weather(store, MINIME05.site, MINIME05.date)
    manifest = archive_night(store, MINIME05, directory)
    record = cleanup_night(store, REGISTRY, manifest, *deliver(store, manifest), guard=guard)
    store.put_json(MINIME05.cleaned_key, record)
    clear_pending(store, MINIME05)
    return record


def test_a_store_that_guards_deletions_needs_no_rest(store: Store, tmp_path: Path):
    guard = guard_of(store, SETTINGS, tmp_path)
    record = _clean_up(store, tmp_path, guard)
    assert (len(record["deleted"]), record["kept"]) == (5, [])


def test_an_upload_rests_where_the_store_has_no_guard(forgetful: Store, tmp_path: Path):
    guard = guard_of(forgetful, SETTINGS, tmp_path)
    record = _clean_up(forgetful, tmp_path, guard)
    assert record["deleted"] == []
    newest = max(found.modified for found in forgetful.list(MINIME05.raw_prefix))
    assert dt.datetime.fromisoformat(record["rests_until"]) == newest + DAY
    reasons = {kept["key"]: kept["reason"] for kept in record["kept"]}
    assert reasons[part_key(MINIME05, 0)].startswith("rests until ")
    assert reasons["raw/Cloud_uao_20260429.txt"] == "needed by minime05_uao_20260429"


def test_a_night_that_rests_costs_nothing_and_is_taken_up_when_that_is_over(store: Store, tmp_path: Path):
    _clean_up(store, tmp_path, Guard(Deletion(), DAY))
    first = scan(store, REGISTRY, memory=(memory := read_memory(tmp_path / "memory.json", store)))
    assert (first.nights, [night for night, _ in first.resting]) == ((), [MINIME05])
    memory.write(tmp_path / "memory.json")
    memory = read_memory(tmp_path / "memory.json", store)
    with counted(store) as sent:
        assert scan(store, REGISTRY, memory=memory).resting == first.resting
    assert sent == ["ListObjectsV2"] * 2
    later = dt.datetime.now(dt.UTC) + DAY
    (report,) = scan(store, REGISTRY, memory=memory, now=later).nights
    assert (report.state, report.reason) == (State.CONTINUING, "archived, to be finished")


@pytest.mark.parametrize(
    "damaged", [b"{", b"[]", b'{"rests_until": 5}', b'{"rests_until": "2999-01-01T00:00:00"}']
)
def test_a_record_that_is_damaged_lets_nothing_rest(store: Store, tmp_path: Path, damaged: bytes):
    _clean_up(store, tmp_path, Guard(Deletion(), DAY))
    store.put_bytes(MINIME05.cleaned_key, damaged)
    assert scan(store, REGISTRY).resting == ()


def test_another_upload_ends_the_rest(store: Store, tmp_path: Path):
    _clean_up(store, tmp_path, Guard(Deletion(), DAY))
    store.put_bytes(part_key(MINIME05, 1), b"of another upload")
    found = scan(store, REGISTRY)
    assert found.resting == ()
    assert found.nights[0].state is State.WAITING


def test_what_has_rested_goes(store: Store, tmp_path: Path):
    record = _clean_up(store, tmp_path, Guard(Deletion(), dt.timedelta(seconds=-1)))
    assert len(record["deleted"]) == 5
    assert keys(store, "raw/") == []


@pytest.mark.parametrize(("hours", "stays"), [(24, True), (-1, False)])
def test_weather_files_rest_too(store: Store, hours: int, stays: bool):
    key = f"raw/Cloud_uao_{MINIME05.day}.txt"
    store.put_bytes(key, b"clouds")
    cleanup_weather(store, REGISTRY, "uao", MINIME05.date, Guard(Deletion(), dt.timedelta(hours=hours)))
    assert (store.head(key) is not None) is stays


def test_with_a_guard_a_cleanup_looks_once(store: Store, tmp_path: Path):
    send(store, MINIME05, clouds=False)
    manifest = archive_night(store, MINIME05, tmp_path)
    delivered = deliver(store, manifest)
    for guard, lists in ((Guard(), 5), (Guard(Deletion(honours_if_match=True)), 3)):
        with counted(store) as sent:
            cleanup_night(store, REGISTRY, manifest, *delivered, just_read=True, guard=guard)
        assert sent.count("ListObjectsV2") == lists
        assert sent.count("HeadObject") == 0
        send(store, MINIME05, clouds=False)
