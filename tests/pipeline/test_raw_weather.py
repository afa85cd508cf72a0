"""What the steps of a run know of weather files in raw/ without a listing of their own."""

import datetime as dt
from pathlib import Path

from uploading import CONFIG, MINIME05, cloud_lines, counted_keys, send

from airglow.archive import archive_weather
from airglow.pipeline.raw_weather import RAW_WEATHER, note_raw_weather, raw_weather_at_hand
from airglow.registry import load_registry
from airglow.store import Store
from airglow.uploads import ONE_DAY, ScanSettings, cloud_file, scan

REGISTRY = load_registry(CONFIG / "sites.yaml", CONFIG / "instruments.yaml")
DATES = (MINIME05.date, MINIME05.date + ONE_DAY)
NOW = dt.datetime(2026, 5, 3, 18, tzinfo=dt.UTC)


def test_the_weather_of_a_night_is_archived_from_what_the_run_saw(store: Store, tmp_path: Path) -> None:
    send(store, MINIME05)
    far = cloud_file("uao", MINIME05.date - 5 * ONE_DAY).raw_key
    store.put_bytes(far, cloud_lines(MINIME05.date, "09:00:00"))
    note_raw_weather(tmp_path, "this run", scan(store, REGISTRY, ScanSettings(), NOW))
    raw = raw_weather_at_hand(tmp_path, "this run", "uao", DATES)
    listed = {found.key: found for found in store.list("raw/Cloud_uao_") if found.key != far}
    assert raw == listed != {}
    with counted_keys(store) as sent:
        record = archive_weather(store, "uao", MINIME05.date, raw=raw)
    assert {entry["raw_key"] for entry in record["files"]} == set(listed)
    assert not [key for name, key in sent if name == "ListObjectsV2" and key.startswith("raw/")]


def test_an_upload_that_grew_since_is_archived_as_it_is_now(store: Store, tmp_path: Path) -> None:
    send(store, MINIME05)
    note_raw_weather(tmp_path, "this run", scan(store, REGISTRY, ScanSettings(), NOW))
    raw = raw_weather_at_hand(tmp_path, "this run", "uao", DATES)
    file = cloud_file("uao", MINIME05.date)
    grown = store.get_bytes(file.raw_key) + b"one more line\n"
    store.put_bytes(file.raw_key, grown)
    archive_weather(store, "uao", MINIME05.date, raw=raw)
    assert store.get_bytes(file.archive_key) == grown


def test_other_runs_and_other_days_look_for_themselves(store: Store, tmp_path: Path) -> None:
    assert raw_weather_at_hand(tmp_path, "this run", "uao", DATES) is None
    send(store, MINIME05)
    note_raw_weather(tmp_path, "this run", scan(store, REGISTRY, ScanSettings(), NOW))
    assert raw_weather_at_hand(tmp_path, "another run", "uao", DATES) is None
    assert raw_weather_at_hand(tmp_path, None, "uao", DATES) is None
    assert raw_weather_at_hand(tmp_path, "this run", "blo", DATES) is None
    assert raw_weather_at_hand(tmp_path, "this run", "uao", (*DATES, DATES[1] + ONE_DAY)) is None
    (tmp_path / RAW_WEATHER).write_text("{")
    assert raw_weather_at_hand(tmp_path, "this run", "uao", DATES) is None
