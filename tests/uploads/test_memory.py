"""What a second look at ``raw/`` asks for, on a real server over HTTP, and what it never takes on trust."""

import dataclasses
import datetime as dt
import json
from pathlib import Path

import pytest
from known import known_registry
from running import front
from uploading import MINIME05, counted, cut, part_key, receipt, send

from airglow.store import Store, open_store, settings_from_environment
from airglow.uploads import (
    MEMORY,
    TABLE,
    Discovery,
    NightId,
    State,
    archived_upload,
    mark_pending,
    note_written,
    read_memory,
    scan,
    take_up,
)

REGISTRY = known_registry()
NOW = dt.datetime(2026, 5, 20, 12, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(hours=1)


def look(store: Store, work: Path, now: dt.datetime = NOW) -> Discovery:
    """What the workflow's discovery does."""
    memory = read_memory(work / MEMORY, store)
    found = scan(store, REGISTRY, now=now, memory=memory)
    memory.write(work / MEMORY)
    take_up(store, found)
    return found


def asked(store: Store, work: Path, now: dt.datetime = LATER) -> list[str]:
    """Which requests that sends."""
    with counted(store) as sent:
        look(store, work, now)
    return sent


def send_half(store: Store, night: NightId) -> None:
    store.put_bytes(part_key(night, 0), b"x")
    store.put_bytes(night.receipt_key, receipt(night, 17, 87647090))


def nights(count: int, year: int) -> list[NightId]:
    days = [dt.date(year, 1, 1) + dt.timedelta(days=day) for day in range(count)]
    return [NightId("minime05", "uao", day) for day in days]


def test_a_second_look_at_a_hundred_errors_and_a_hundred_half_uploads_costs_two_requests(
    store: Store, s3, tmp_path: Path
):
    for night in nights(100, 2025):
        store.put_bytes(night.receipt_key, receipt(night, 0, 0))
    for night in nights(100, 2026):
        send_half(store, night)
    with front(s3.environment(store.bucket)["AWS_S3_ENDPOINT_URL"]) as way:
        environment = {**s3.environment(store.bucket), "AWS_S3_ENDPOINT_URL": way.url}
        through = open_store(settings_from_environment(environment))
        first = look(through, tmp_path)
        costs_first = len(way.requests)
        way.forget()
        second = look(through, tmp_path)
        assert [method for method, _ in way.requests] == ["GET", "GET"], way.requests  # two listings
    assert costs_first > 300
    assert second == dataclasses.replace(first, states={})  # what is not asked for is not known
    states = [report.state for report in second.nights]
    assert (states.count(State.COLLECTION_ERROR), states.count(State.WAITING)) == (100, 100)


def test_a_receipt_that_changed_is_read_again(store: Store, tmp_path: Path):
    store.put_bytes(MINIME05.receipt_key, receipt(MINIME05, 0, 0))
    (report,) = look(store, tmp_path).nights
    assert report.state is State.COLLECTION_ERROR
    store.put_bytes(MINIME05.receipt_key, receipt(MINIME05, 5, 1000))
    (report,) = look(store, tmp_path).nights
    assert (report.state, report.reason) == (State.WAITING, "0 of 5 parts")


def test_a_part_that_came_is_seen(store: Store, tmp_path: Path):
    archive = send(store, MINIME05)
    store.delete(part_key(MINIME05, 1))
    assert look(store, tmp_path).nights[0].reason == "2 of 3 parts"
    assert asked(store, tmp_path) == ["ListObjectsV2"] * 2
    store.put_bytes(part_key(MINIME05, 1), cut(archive)[1])
    (report,) = look(store, tmp_path, LATER).nights
    assert report.state is State.READY


def test_without_the_file_it_costs_requests_and_nothing_else(store: Store, tmp_path: Path):
    store.put_bytes(MINIME05.receipt_key, receipt(MINIME05, 0, 0))
    send_half(store, nights(1, 2026)[0])
    first = look(store, tmp_path)
    (tmp_path / MEMORY).unlink()
    with counted(store) as sent:
        assert look(store, tmp_path) == first
    # Two receipts; raw/, the markers, and what the bucket has of the night that waits.
    assert sorted(sent) == ["GetObject"] * 2 + ["ListObjectsV2"] * 3
    assert asked(store, tmp_path) == ["ListObjectsV2"] * 2


def damaged(value: dict) -> dict:
    return {**value, "receipts": {etag: receipt(MINIME05, 2, 5).decode() for etag in value["receipts"]}}


@pytest.mark.parametrize(
    "spoil",
    [
        damaged,
        lambda value: {**value, "format": 0},
        lambda value: {**value, "receipts": [1]},
        lambda value: {**value, "not_archived": {"minime05_uao_20260101": ["0", "yesterday"]}},
        lambda value: [],
    ],
)
def test_what_is_no_memory_or_does_not_prove_its_etag_is_not_believed(store: Store, tmp_path: Path, spoil):
    store.put_bytes(MINIME05.receipt_key, receipt(MINIME05, 0, 0))
    first = look(store, tmp_path)
    file = tmp_path / MEMORY
    file.write_text(json.dumps(spoil(json.loads(file.read_text()))))
    with counted(store) as sent:
        assert look(store, tmp_path) == first
    assert sent.count("GetObject") == 1
    assert asked(store, tmp_path) == ["ListObjectsV2"] * 2


def test_bytes_that_are_no_text_are_no_memory(store: Store, tmp_path: Path):
    (tmp_path / MEMORY).write_bytes(b"\xff\x00")
    assert look(store, tmp_path).nights == ()


def test_memory_of_another_bucket_is_not_believed(store: Store, s3, tmp_path: Path):
    send_half(store, MINIME05)
    look(store, tmp_path)
    s3.create_bucket(f"{store.bucket}-b")
    other = open_store(settings_from_environment(s3.environment(f"{store.bucket}-b")))
    send_half(other, MINIME05)
    assert sorted(asked(other, tmp_path)) == ["GetObject"] + ["ListObjectsV2"] * 3


def test_whether_a_waiting_night_is_archived_is_asked_once_a_day(store: Store, tmp_path: Path):
    send_half(store, MINIME05)
    look(store, tmp_path)
    assert asked(store, tmp_path, NOW + dt.timedelta(hours=23)) == ["ListObjectsV2"] * 2
    # an answer that was used is no younger for it
    assert asked(store, tmp_path, NOW + dt.timedelta(hours=24)) == ["ListObjectsV2"] * 3
    # and a clock that ran ahead is no reason to trust one longer
    assert asked(store, tmp_path, NOW) == ["ListObjectsV2"] * 3


def archive_as_it_is(store: Store, night: NightId) -> None:
    """A manifest of what is in ``raw/``, as of a night that was archived by way of another working disk."""
    listed = {found.key: found.etag for found in store.list("raw/")}
    first, *rest = ({"key": key, "etag": etag} for key, etag in listed.items())
    store.put_json(night.manifest_key, {"receipt": first, "parts": rest})
    assert archived_upload(store, night) == listed


def test_a_night_whose_objects_changed_is_asked_for(store: Store, tmp_path: Path):
    send_half(store, MINIME05)
    look(store, tmp_path)
    store.put_bytes(part_key(MINIME05, 1), b"y")
    archive_as_it_is(store, MINIME05)
    (report,) = look(store, tmp_path, LATER).nights
    assert report.state is State.CONTINUING


def test_a_complete_night_is_asked_for(store: Store, tmp_path: Path):
    send(store, MINIME05)
    memory = read_memory(tmp_path / MEMORY, store)
    (report,) = scan(store, REGISTRY, now=NOW, memory=memory).nights
    assert report.state is State.READY
    memory.write(tmp_path / MEMORY)
    archive_as_it_is(store, MINIME05)
    (report,) = scan(store, REGISTRY, now=LATER, memory=read_memory(tmp_path / MEMORY, store)).nights
    assert report.state is State.CONTINUING


def test_a_marked_night_is_asked_for(store: Store, tmp_path: Path):
    send_half(store, MINIME05)
    look(store, tmp_path)
    archive_as_it_is(store, MINIME05)
    mark_pending(store, MINIME05, "upload")
    (report,) = look(store, tmp_path, LATER).nights
    assert report.state is State.CONTINUING


def test_what_has_gone_from_raw_is_forgotten(store: Store, tmp_path: Path):
    send_half(store, MINIME05)
    look(store, tmp_path)
    before = (tmp_path / MEMORY).read_text()
    assert MINIME05.name in before
    assert MINIME05.upload in before
    for found in store.list("raw/"):
        store.delete(found.key)
    look(store, tmp_path)
    after = json.loads((tmp_path / MEMORY).read_text())
    assert (after["receipts"], after["not_archived"]) == ({}, {})


def test_what_a_run_wrote_is_not_read_and_nothing_else_is_forgotten(store: Store, tmp_path: Path):
    store.put_bytes(MINIME05.receipt_key, receipt(MINIME05, 0, 0))
    look(store, tmp_path)
    data = b'{"format": 1}'
    store.put_bytes(TABLE, data)
    note_written(tmp_path / MEMORY, store, data)
    with counted(store) as sent:
        look(store, tmp_path)
    assert sent == ["ListObjectsV2", "ListObjectsV2"]
    store.put_bytes(TABLE, b'{"format": 2}')  # by another machine
    with counted(store) as sent:
        look(store, tmp_path)
    assert sent == ["ListObjectsV2", "GetObject", "ListObjectsV2"]
