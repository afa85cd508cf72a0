"""Whatever JSON lies where markers, holds and the table are: it costs no other night, and is told once."""

import contextlib
import datetime as dt
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known import known_registry
from uploading import MINIME05, MINIME13, send

from airglow.model.errors import AirglowError
from airglow.pipeline.healing import heal_bucket
from airglow.pipeline.rows import done_row, night_row
from airglow.pipeline.stored_table import table_from_json, table_to_json
from airglow.pipeline.table import open_rows
from airglow.store import Store, known_deletion
from airglow.uploads import State, read_hold, scan, take_up
from airglow.uploads.holds import hold_key, hold_of
from airglow.uploads.pending import TABLE, read_record, record_of

REGISTRY = known_registry()
NOW = dt.datetime(2026, 5, 2, tzinfo=dt.UTC)
AT = "2026-05-01T00:00:00+00:00"
SETTINGS = {"quarantine_hours": 24}
NAIVE = "2026-05-01T00:00:00"
EVENT = {
    "at": AT,
    "result": "failed",
    "step": "load",
    "reason": "r",
    "error_class": "machine",
    "code": "1",
    "log": "k",
}
RECORD = {
    "format": 2, "night": MINIME05.name, "made_at": AT, "state": "failed", "why": "upload", "reason": "r",
    "error_class": "machine", "step": "load", "since": AT, "last_tried": AT, "attempts": 2, "same_fault": 1,
    "next_try": AT, "code": "1", "settings": "s", "upload": "u", "events": [EVENT], "over": "o",
}  # fmt: skip
HOLD = {"format": 1, "night": MINIME05.name, "because": "of rain", "at": AT}
ROW = {"name": MINIME05.name, "state": "failed", "reason": "r", "since": AT, "error_class": "machine",
       "last_tried": AT, "attempts": 2, "next_try": AT, "code": "1", "settings": "s"}  # fmt: skip
TABLE_VALUE = {
    "format": 1, "nights": [ROW], "passed": {"load": [MINIME13.name, AT]},
    "faults": {"f": {MINIME05.name: AT}}, "others": ["bwc00_"], "counts": {"bwc00_": 3},
    "written_at": AT, "seen_at": AT,
}  # fmt: skip
CLEANED = {
    "format": 1,
    "made_at": AT,
    "state": "done",
    "attempts": 1,
    "code": "1",
    "settings": "s",
    "events": [EVENT],
}
INDEX = {
    "format": 1, "night": MINIME05.name, "manifest_sha256": "m",
    "outcomes": {"XR": {"state": "analysed", "reason": "", "sky_frames": 3, "kept": {
        "state": "no frames", "reason": "none", "at": AT, "manifest_sha256": "m"}}},
    "products": [{"tag": "XR", "name": "n.nc", "key": "results/n.nc", "size": 3, "sha256": "0", "etag": "e"}],
}  # fmt: skip

ODD_RECORDS = [[1], None, {"events": [3]}, {"next_try": NAIVE}, {"step": ["load"]}]


def odd(base: dict, value: object) -> object:
    return {**base, **value} if isinstance(value, dict) else value


@pytest.mark.parametrize("value", ODD_RECORDS, ids=repr)
def test_an_odd_marker_is_told_once_and_kept(store: Store, tmp_path: Path, value: object) -> None:
    send(store, MINIME05)
    store.put_json(MINIME05.pending_key, odd(RECORD, value))
    before = store.get_bytes(MINIME05.pending_key)
    said: list[str] = []
    discovery = scan(store, REGISTRY, now=NOW)
    take_up(store, discovery)
    heal_bucket(store, discovery, tmp_path, said.append, SETTINGS)
    assert [report.state for report in discovery.nights] == [State.CONTINUING]
    assert [line for line in said if MINIME05.pending_key in line]
    (kept,) = store.list(f"{MINIME05.state_prefix}damaged/")
    assert kept.key in said[0]
    assert store.get_bytes(kept.key) == before
    said.clear()
    heal_bucket(store, scan(store, REGISTRY, now=NOW), tmp_path, said.append, SETTINGS)
    assert said == []
    assert read_record(store, MINIME05).state is State.RUNNING


@pytest.mark.parametrize("value", [3, {"at": NAIVE}, {"because": None}], ids=repr)
def test_an_odd_hold_holds_and_is_told_once(store: Store, tmp_path: Path, value: object) -> None:
    send(store, MINIME05)
    store.put_json(hold_key(MINIME05), odd(HOLD, value))
    said: list[str] = []
    discovery = scan(store, REGISTRY, now=NOW)
    heal_bucket(store, discovery, tmp_path, said.append, SETTINGS)
    assert [report.state for report in discovery.nights] == [State.HELD]
    assert len([line for line in said if hold_key(MINIME05) in line]) == 1
    said.clear()
    discovery = scan(store, REGISTRY, now=NOW)
    heal_bucket(store, discovery, tmp_path, said.append, SETTINGS)
    assert [report.state for report in discovery.nights] == [State.HELD]
    assert said == []
    assert read_hold(store, MINIME05).at is not None


@pytest.mark.parametrize("data", [b"{", b"[1]", b"null"])
def test_a_table_that_is_none_is_told(store: Store, tmp_path: Path, data: bytes) -> None:
    send(store, MINIME05)
    store.put_bytes(TABLE, data)
    said: list[str] = []
    discovery = scan(store, REGISTRY, now=NOW)
    heal_bucket(store, discovery, tmp_path, said.append, SETTINGS)
    assert [report.state for report in discovery.nights] == [State.READY]
    assert [line for line in said if TABLE in line]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from([AT, NAIVE, "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", MINIME13.name]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=4,
)  # fmt: skip


def places(value: object, path: tuple = ()) -> list[tuple]:
    """The paths of all values in a value, itself included."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, one in inner for found in places(one, (*path, key)))]


def put(value: object, path: tuple, new: object) -> object:
    """The value with another one at a place."""
    if not path:
        return new
    key, *rest = path
    if isinstance(value, dict):
        return {**value, key: put(value[key], tuple(rest), new)}
    return [put(one, tuple(rest), new) if k == key else one for k, one in enumerate(value)]


def damaged(value: object) -> st.SearchStrategy:
    """Any JSON value at any place."""
    return st.tuples(st.sampled_from(places(value)), JSON).map(lambda drawn: put(value, *drawn))


MANY = settings(max_examples=300, deadline=None, derandomize=True)


@MANY
@given(damaged(RECORD))
def test_any_marker_gives_a_record(value: object) -> None:
    """Of what is none, that work is under way."""
    record = record_of(json.dumps(value).encode(), NOW)
    for moment in (record.since, record.last_tried, record.next_try, *(event.at for event in record.events)):
        assert moment is None or moment.utcoffset() == dt.timedelta()


@MANY
@given(damaged(HOLD))
def test_any_hold_holds(value: object) -> None:
    found = hold_of(json.dumps(value).encode())
    assert isinstance(found.because, str)
    assert found.at is None or found.at.tzinfo is not None


@MANY
@given(damaged(TABLE_VALUE))
def test_of_any_table_what_can_be_read_stays(value: object) -> None:
    table = table_from_json(json.loads(json.dumps(value)), NOW)
    again = table_from_json(json.loads(json.dumps(table_to_json(table) | {"written_at": AT})), NOW)
    assert again.rows == table.rows
    assert dict(again.passed) == dict(table.passed)
    assert {name: dict(nights) for name, nights in again.faults.items()} == table.faults
    assert again.problems == ()
    open_rows(table.rows)


def test_one_odd_row_of_the_table_costs_no_other() -> None:
    value = {**TABLE_VALUE, "nights": [ROW, {**ROW, "name": 3}, {**ROW, "since": NAIVE}, 3], "faults": []}
    table = table_from_json(value, NOW)
    assert [row.name for row in table.rows] == [MINIME05.name]
    assert len(table.problems) == 4
    assert all(TABLE in problem for problem in table.problems)
    assert dict(table.passed) == {"load": (MINIME13.name, AT)}


@MANY
@given(damaged(CLEANED), damaged(INDEX))
def test_any_last_sentinel_gives_a_row(cleaned: object, published: object) -> None:
    row = done_row(MINIME05, cleaned, published)
    assert (row.name, isinstance(row.reason, str), isinstance(row.attempts, int)) == (
        MINIME05.name,
        True,
        True,
    )
    assert row.since is None or row.since.tzinfo is not None


@settings(max_examples=10, deadline=None, derandomize=True)
@given(damaged({"pending": RECORD, "held": HOLD, "cleaned": CLEANED, "published": INDEX, "refused": RECORD}))
def test_any_state_of_a_night_is_shown_or_an_error_of_ours(s3_night: Store, value: object) -> None:
    night = MINIME05
    keys = {"pending": night.pending_key, "held": hold_key(night), "cleaned": night.cleaned_key,
            "published": night.published_key, "refused": night.refused_key}  # fmt: skip
    for name, key in keys.items():
        if isinstance(value, dict):
            s3_night.put_json(key, value[name])
    for lacks in ("held", "pending", "refused", "cleaned"):
        with contextlib.suppress(AirglowError):  # any other error fails the test
            night_row(s3_night, night)
        s3_night.delete(keys[lacks])


@pytest.fixture(scope="module")
def s3_night(s3, any_bucket: Store) -> Store:
    """A bucket of the module's own."""
    from airglow.store import open_store, settings_from_environment

    any_bucket.client.create_bucket(Bucket="odd-json")
    return open_store(settings_from_environment(s3.environment("odd-json")))


@settings(max_examples=10, deadline=None, derandomize=True)
@given(damaged({"format": 1, "bucket": "odd-json", "endpoint": "e", "honours_if_match": True,
                "keeps_versions": True, "found_at": AT}))  # fmt: skip
def test_any_record_of_deletions_is_believed_or_made_anew(s3_night: Store, value: object) -> None:
    s3_night.put_json("state/store/deletion.json", value)
    assert known_deletion(s3_night).found_at is not None
