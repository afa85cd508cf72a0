"""Weather files to the archive: of two dates, never shorter than before, nothing lost."""

import datetime as dt
import json
from pathlib import Path

import pytest
from uploading import counted, keys

from airglow.archive import archive_weather, fetch_weather, sync_weather_file
from airglow.model.errors import BadInput
from airglow.store import MissingObject, Store, open_store, settings_from_environment
from airglow.uploads import cloud_file

DATE = dt.date(2026, 4, 29)
RAW = "raw/Cloud_uao_20260429.txt"
ARCHIVED = "cloudsensor/uao/2026/Cloud_uao_20260429.txt"


def test_files_of_the_date_and_the_next(store: Store, tmp_path: Path):
    for name in (
        "Cloud_uao_20260428",
        "Cloud_uao_20260429",
        "Cloud_uao_20260430",
        "Cloud_blo_20260429",
        "TempL00_uao_20260429",
        "TempL01_uao_20260430",
        "TempL00_blo_20260429",
    ):
        store.put_bytes(f"raw/{name}.txt", name.encode())
    record = archive_weather(store, "uao", DATE, tmp_path / "record.json")
    assert record == json.loads((tmp_path / "record.json").read_text())
    assert [(f["kind"], f["date"], f["key"]) for f in record["files"]] == [
        ("cloud", "20260429", ARCHIVED),
        ("temperature", "20260429", "templogs/uao/2026/TempL00_uao_20260429.txt"),
        ("cloud", "20260430", "cloudsensor/uao/2026/Cloud_uao_20260430.txt"),
        ("temperature", "20260430", "templogs/uao/2026/TempL01_uao_20260430.txt"),
    ]
    assert len(keys(store, "cloudsensor/") + keys(store, "templogs/")) == 4
    paths = fetch_weather(store, tmp_path / "record.json", tmp_path / "weather")
    assert [path.read_text() for path in paths] == [path.stem for path in paths]


def test_files_that_are_archived_are_found_without_raw(store: Store):
    store.put_bytes(ARCHIVED, b"lines\n")
    store.put_bytes("templogs/uao/2026/TempL00_uao_20260430.txt", b"lines\n")
    store.put_bytes("templogs/uao/2026/TempL00_uao_20260501.txt", b"lines\n")
    record = archive_weather(store, "uao", DATE)
    assert [(f["name"], f["raw_key"]) for f in record["files"]] == [
        ("Cloud_uao_20260429.txt", None),
        ("TempL00_uao_20260430.txt", None),
    ]


def test_new_year(store: Store):
    store.put_bytes("raw/Cloud_uao_20261231.txt", b"a")
    store.put_bytes("raw/Cloud_uao_20270101.txt", b"b")
    archive_weather(store, "uao", dt.date(2026, 12, 31))
    assert keys(store, "cloudsensor/") == [
        "cloudsensor/uao/2026/Cloud_uao_20261231.txt",
        "cloudsensor/uao/2027/Cloud_uao_20270101.txt",
    ]


def test_none_at_all(store: Store, tmp_path: Path):
    record = archive_weather(store, "uao", DATE, tmp_path / "record.json")
    assert (record["files"], record["left_out"]) == ([], [])
    assert fetch_weather(store, record, tmp_path) == []


@pytest.mark.parametrize(
    ("archived", "uploaded", "result"),
    [
        (None, b"1\n2\n", b"1\n2\n"),
        (b"1\n", b"1\n2\n", b"1\n2\n"),  # the day went on
        (b"1\n2\n", b"1\n", b"1\n2\n"),  # an old upload came late
        (b"1\n2\n", b"", b"1\n2\n"),
        (b"1\n2\n", b"1\n2\n", b"1\n2\n"),
        (b"1\n2\n", b"3\n", b"3\n"),
    ],
)
def test_what_becomes_of_the_archived_file(store: Store, archived, uploaded: bytes, result: bytes):
    if archived is not None:
        store.put_bytes(ARCHIVED, archived)
    store.put_bytes(RAW, uploaded)
    synced = sync_weather_file(store, cloud_file("uao", DATE))
    assert store.get_bytes(ARCHIVED) == result
    there = store.head(ARCHIVED)
    assert (synced.archived.size, synced.archived.etag) == (there.size, there.etag)
    assert synced.raw == store.head(RAW)
    kept = [store.get_bytes(key) for key in keys(store, "cloudsensor/uao/2026/superseded/")]
    assert kept == ([archived] if result == b"3\n" else [])  # no line is lost


def test_what_is_archived_is_not_sent_again(store: Store):
    store.put_bytes(RAW, b"1\n")
    archive_weather(store, "uao", DATE)
    with counted(store) as sent:
        archive_weather(store, "uao", DATE)
    assert set(sent) == {"ListObjectsV2"}


def test_a_file_that_changes_while_it_is_read(store: Store, s3):
    other = open_store(settings_from_environment(s3.environment(store.bucket)))
    store.put_bytes(RAW, b"1\n")
    changes = 1

    def upload(model, **_):
        nonlocal changes
        if model.name == "GetObject" and changes > 0:
            changes -= 1
            other.put_bytes(RAW, b"1\n2\n" + bytes(changes))

    store.client.meta.events.register("before-call.s3", upload)
    assert sync_weather_file(store, cloud_file("uao", DATE)).archived.size == 4
    store.delete(ARCHIVED)
    changes = 9
    with pytest.raises(BadInput, match="changes while it is read"):
        sync_weather_file(store, cloud_file("uao", DATE))


def test_a_file_that_is_too_large_is_left_out_with_a_word(store: Store, monkeypatch):
    monkeypatch.setattr("airglow.archive.weather.MAX_WEATHER_BYTES", 10)
    store.put_bytes(RAW, b"x" * 11)
    record = archive_weather(store, "uao", DATE)
    assert record["files"] == []
    assert record["left_out"] == [
        {"key": RAW, "reason": "11 bytes are too many for a weather file"},
    ]


def test_fetching_what_is_wrong(store: Store, tmp_path: Path):
    (tmp_path / "record.json").write_text("[]")
    with pytest.raises(BadInput, match=r"record\.json: not a weather record"):
        fetch_weather(store, tmp_path / "record.json", tmp_path)
    record = {"format": 1, "files": [{"key": ARCHIVED, "name": "Cloud_uao_20260429.txt", "etag": "0"}]}
    with pytest.raises(MissingObject, match=ARCHIVED):
        fetch_weather(store, record, tmp_path)
