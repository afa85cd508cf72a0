"""Weather files that come when their nights are published: which are finished again, when, at what cost."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from known import known_registry
from uploading import MINIME05, MINIME13, cloud_lines, counted, counted_keys, receipt, send

from airglow.archive import archive_weather, cleanup_weather, with_uploads
from airglow.model.states import ErrorClass
from airglow.store import Store
from airglow.uploads import (
    MEMORY,
    WEATHER,
    Fault,
    Memory,
    NightId,
    NightReport,
    ScanSettings,
    State,
    cloud_file,
    failed,
    mark_pending,
    pending_nights,
    put_record,
    read_memory,
    read_record,
    scan,
    take_up,
    what_counts,
)
from airglow.uploads.late_weather import list_states

REGISTRY = known_registry()
DATE = MINIME05.date
NEXT = DATE + dt.timedelta(days=1)
BEFORE = NightId("minime05", "uao", DATE - dt.timedelta(days=1))
RAW, RAW_NEXT = (cloud_file("uao", date).raw_key for date in (DATE, NEXT))
NOW = dt.datetime(2026, 4, 30, 18, tzinfo=dt.UTC)  # eight hours after the end of the night at UAO
MUCH_LATER = NOW + dt.timedelta(days=3)
MIDNIGHT_TO_MORNING = cloud_lines(NEXT, "09:00:00")


def publish(store: Store, night: NightId, made_at: dt.datetime = NOW, **more: object) -> dict:
    """What the workflow leaves of a night that it analysed with the weather files that are there."""
    record = archive_weather(store, night.site, night.date)
    files = []
    for entry in record["files"]:
        data = store.get_bytes(entry["key"])
        sha256 = hashlib.sha256(data).hexdigest()
        files.append({"name": entry["name"], "size": len(data), "sha256": sha256})
    outcome = {"state": "analysed", "reason": "", "weather": with_uploads(files, record), **more}
    index = {"outcomes": {"XR": outcome}, "made_at": made_at.isoformat()}
    store.put_json(night.published_key, index)
    store.put_json(night.cleaned_key, {})
    return index


def look(store: Store, now: dt.datetime = MUCH_LATER, memory: Memory | None = None, **settings) -> dict:
    """Reports by night."""
    found = scan(store, REGISTRY, ScanSettings(**settings), now, memory=memory)
    return {report.night: report for report in found.nights}


def is_refreshed(report: NightReport | None) -> bool:
    return report is not None and report.refresh and report.is_wanted


@pytest.fixture
def night(store: Store) -> Store:
    """A bucket with a night that was analysed with the cloud file of its date, until midnight."""
    store.put_bytes(RAW, cloud_lines(DATE))
    publish(store, MINIME05)
    store.delete(RAW)
    return store


def test_a_night_without_weather_gets_what_comes(store: Store):
    publish(store, MINIME05)
    assert look(store) == {}
    store.put_bytes(RAW, cloud_lines(DATE))
    report = look(store)[MINIME05]
    assert is_refreshed(report)
    assert report.reason == "to be finished again: Cloud_uao_20260429.txt came after it was analysed"


def test_the_next_date_s_file_counts_for_its_hours_after_midnight(night: Store):
    night.put_bytes(RAW_NEXT, MIDNIGHT_TO_MORNING)
    assert set(look(night)) == {MINIME05}
    night.put_bytes(RAW_NEXT, cloud_lines(NEXT)[len(cloud_lines(NEXT, "07:00:00")) :])  # of the day alone
    assert look(night) == {}


def test_a_file_that_grew_counts_if_it_grew_within_the_night(night: Store):
    night.put_bytes(RAW, cloud_lines(DATE) + b"a late remark, of no time\n")
    assert look(night) == {}
    night.put_bytes(RAW_NEXT, cloud_lines(NEXT, "03:00:00"))
    publish(night, MINIME05)
    size = len(cloud_lines(NEXT, "03:00:00"))
    night.put_bytes(RAW_NEXT, cloud_lines(NEXT, "05:00:00"))
    now_has = len(cloud_lines(NEXT, "05:00:00"))
    assert f"Cloud_uao_20260430.txt grew from {size:,} to {now_has:,} bytes" in look(night)[MINIME05].reason
    night.put_bytes(RAW_NEXT, cloud_lines(NEXT, "06:30:00"))
    publish(night, MINIME05)
    night.put_bytes(RAW_NEXT, cloud_lines(NEXT))
    assert look(night) == {}


def test_a_line_that_was_cut_counts_when_it_is_whole(night: Store):
    whole = cloud_lines(NEXT, "04:00:00")
    night.put_bytes(RAW_NEXT, whole[:-25])
    publish(night, MINIME05)
    night.put_bytes(RAW_NEXT, whole)
    assert is_refreshed(look(night).get(MINIME05))


def test_other_contents_count_if_they_say_something_else(night: Store):
    night.put_bytes(RAW, b"# another head\n" + cloud_lines(DATE))
    assert look(night) == {}
    night.put_bytes(RAW, cloud_lines(DATE).replace(b" 13.67 ", b" 12.67 "))
    assert "came with other contents" in look(night)[MINIME05].reason


def test_a_shorter_file_than_the_archived_one_is_no_news(night: Store):
    night.put_bytes(RAW, cloud_lines(DATE, "21:00:00"))
    assert look(night) == {}


def test_the_same_file_again_costs_no_look_into_it(night: Store):
    night.put_bytes(RAW, cloud_lines(DATE))
    with counted(night) as sent:
        assert look(night) == {}
    # Of two instruments and two dates, those that are published; then what is published of the night.
    assert sorted(sent) == ["GetObject", *["ListObjectsV2"] * 4]


@pytest.mark.parametrize(
    ("until", "hours_after", "state"),
    [
        ("03:00:00", 8, State.WAITING),
        ("05:16:00", 8, State.CONTINUING),  # within ten minutes of the last dark moment
        ("03:00:00", 35, State.WAITING),
        ("03:00:00", 37, State.CONTINUING),
    ],
)
def test_it_waits_until_the_night_is_covered_or_36_hours_have_passed(
    night: Store, until: str, hours_after: float, state: State
):
    night.put_bytes(RAW_NEXT, cloud_lines(NEXT, until))
    end = dt.datetime(2026, 4, 30, 10, 20, tzinfo=dt.UTC)
    now = end + dt.timedelta(hours=hours_after)
    report = look(night, now)[MINIME05]
    assert report.state is state
    assert is_refreshed(report) == (state is State.CONTINUING)
    if state is State.WAITING:
        assert "or after 2026-05-01 22:" in report.reason
        assert is_refreshed(look(night, now, late_weather_hours=hours_after - 1)[MINIME05])


def test_a_night_that_is_not_over_waits_for_its_end(store: Store):
    publish(store, MINIME05)
    store.put_bytes(RAW, cloud_lines(DATE, "22:00:00"))
    assert look(store, dt.datetime(2026, 4, 30, 5, tzinfo=dt.UTC)) == {}


def test_a_logger_s_file_is_waited_for_too(night: Store):
    night.put_bytes(RAW_NEXT, MIDNIGHT_TO_MORNING)
    publish(night, MINIME05)
    lines = [
        f"04/30/2026 {hour:02d}:{m:02d}:00, {20 + hour}.5, {18 + m}.5\r\n"
        for hour in range(9)
        for m in range(60)
    ]
    night.put_bytes("raw/TempL02_uao_20260430.txt", "".join(lines[:180]).encode())
    assert look(night, NOW)[MINIME05].state is State.WAITING
    night.put_bytes("raw/TempL02_uao_20260430.txt", "".join(lines).encode())
    assert is_refreshed(look(night, NOW)[MINIME05])


def test_every_night_of_the_site_gets_its_turn(store: Store):
    for each in (MINIME05, MINIME13, BEFORE):
        publish(store, each)
    other_site = NightId("minime05", "par", DATE)
    store.put_json(other_site.published_key, {"outcomes": {}, "made_at": NOW.isoformat()})
    store.put_bytes(RAW, cloud_lines(DATE))
    assert {each for each, report in look(store).items() if is_refreshed(report)} == {
        MINIME05,
        MINIME13,
        BEFORE,
    }


@pytest.mark.parametrize(
    "outcome",
    [
        {"state": "no sky frames", "weather": []},
        {"state": "analysed", "weather": [], "kept": {"state": "no line", "reason": ""}},
    ],
)
def test_a_night_without_a_result_that_weather_could_change_stays(store: Store, outcome: dict):
    publish(store, MINIME05, **outcome)
    store.put_bytes(RAW, cloud_lines(DATE))
    assert look(store) == {}


def test_what_an_earlier_version_published_counts_by_its_time(store: Store):
    index = publish(store, MINIME05)
    store.put_bytes(RAW, cloud_lines(DATE))
    del index["outcomes"]["XR"]["weather"]
    now = dt.datetime.now(dt.UTC)
    for made_at, refreshed in ((now + dt.timedelta(hours=1), False), (now - dt.timedelta(hours=1), True)):
        store.put_json(MINIME05.published_key, {**index, "made_at": made_at.isoformat()})
        assert is_refreshed(look(store).get(MINIME05)) == refreshed


def test_nights_that_are_uploaded_held_or_at_work_are_left_alone(store: Store):
    publish(store, MINIME05)
    store.put_bytes(RAW, cloud_lines(DATE))
    assert look(store, hold=(MINIME05.name,)) == {}
    mark_pending(store, MINIME05, "delivery")
    assert not is_refreshed(look(store)[MINIME05])
    store.delete(MINIME05.pending_key)
    send(store, MINIME05)
    assert not look(store)[MINIME05].refresh


def test_what_cannot_be_read_of_one_night_costs_no_other(store: Store):
    publish(store, MINIME05)
    store.put_bytes(MINIME13.published_key, b"rubbish")
    store.put_bytes(RAW, cloud_lines(DATE))
    assert set(look(store)) == {MINIME05}


def test_a_second_look_costs_nothing(night: Store, tmp_path: Path):
    night.put_bytes(RAW, cloud_lines(DATE, "21:00:00"))
    night.put_bytes(RAW_NEXT, cloud_lines(NEXT)[len(cloud_lines(NEXT, "07:00:00")) :])

    def asked(now: dt.datetime) -> list[str]:
        memory = read_memory(tmp_path / MEMORY, night)
        with counted(night) as sent:
            look(night, now, memory)
        memory.write(tmp_path / MEMORY)
        return sent

    hour = dt.timedelta(hours=1)
    assert len(asked(NOW)) > 2
    assert asked(NOW + hour) == ["ListObjectsV2"] * 2
    assert asked(NOW + 2 * hour) == ["ListObjectsV2"] * 2
    night.put_bytes(RAW_NEXT, cloud_lines(NEXT, "03:00:00"))
    assert len(asked(NOW + 3 * hour)) > 2
    assert asked(NOW + 4 * hour) == ["ListObjectsV2"] * 2
    memory = read_memory(tmp_path / MEMORY, night)
    assert look(night, NOW + 4 * hour, memory)[MINIME05].state is State.WAITING
    assert is_refreshed(look(night, NOW + 36 * hour, memory)[MINIME05])


def test_it_is_marked_for_what_it_is_and_goes_on_when_killed(night: Store):
    night.put_json(MINIME05.manifest_key, {"receipt": {"key": "r", "etag": "e"}, "parts": []})
    night.put_bytes(RAW_NEXT, MIDNIGHT_TO_MORNING)
    take_up(night, scan(night, REGISTRY, now=MUCH_LATER))
    assert pending_nights(night) == {MINIME05}
    assert night.get_json(MINIME05.pending_key)["why"] == WEATHER
    assert night.head(MINIME05.cleaned_key) is None
    report = look(night)[MINIME05]
    assert (is_refreshed(report), report.state) == (True, State.CONTINUING)
    night.delete(RAW_NEXT)  # even if the file is gone meanwhile, the archive may have it
    assert is_refreshed(look(night)[MINIME05])
    send(night, MINIME05)
    assert not look(night)[MINIME05].refresh


def test_a_file_stays_in_raw_until_every_night_that_needs_it_has_it(night: Store):
    publish(night, BEFORE, weather=[])
    publish(night, MINIME13)
    night.put_bytes(RAW, cloud_lines(DATE))

    def kept() -> list[str]:
        record = cleanup_weather(night, REGISTRY, "uao", DATE)
        return [entry["reason"] for entry in record["kept"]]

    assert kept() == [f"{BEFORE.name} is to be finished again with it"]
    found = scan(night, REGISTRY, ScanSettings(cloud_wait_hours=0), MUCH_LATER)
    assert [day for day in found.weather_leftovers if day.date == DATE] == []
    night.delete(BEFORE.published_key)
    mark_pending(night, BEFORE, WEATHER)
    assert kept() == [f"{BEFORE.name} is at work"]
    assert night.head(RAW) is not None
    publish(night, BEFORE)
    night.delete(BEFORE.pending_key)
    assert kept() == []
    assert night.list("raw/") == []


@pytest.mark.parametrize("date", [DATE, dt.date(2027, 1, 1)])
def test_one_listing_tells_of_a_night_and_of_the_one_before(store: Store, date: dt.date) -> None:
    night, before = (NightId("minime05", "uao", date - dt.timedelta(days=days)) for days in (0, 1))
    far = [NightId("minime05", "uao", date + dt.timedelta(days=days)) for days in (-2, 1)]
    for each in (night, before, *far, NightId("minime05", "uaoo", date)):
        store.put_json(each.published_key, {})
        store.put_json(each.manifest_key, {})
    with counted(store) as sent:
        found = list_states(store, night)
    assert sent == ["ListObjectsV2"]
    assert found == {each: store.list(each.state_prefix) for each in (before, night)}
    assert all(map(len, found.values()))


def test_what_is_known_of_the_night_before_is_not_asked(store: Store) -> None:
    """A new upload's weather concerns the night before too, of which nothing is published here."""
    send(store, MINIME05)
    with counted_keys(store) as sent:
        look(store)
    assert ("GetObject", BEFORE.published_key) not in sent
    publish(store, BEFORE, weather=[])
    with counted_keys(store) as sent:
        assert BEFORE in look(store)
    assert ("GetObject", BEFORE.published_key) in sent


@pytest.mark.parametrize("upload", ["refused", "half"])
def test_an_upload_that_stays_as_it_is_does_not_block_late_weather(night: Store, upload: str):
    night.put_bytes(MINIME05.receipt_key, b"?" if upload == "refused" else receipt(MINIME05, 3, 1000))
    (state,) = (report.state for report in look(night).values())
    night.put_bytes(RAW_NEXT, MIDNIGHT_TO_MORNING)
    found = scan(night, REGISTRY, ScanSettings(), MUCH_LATER)
    (report,) = found.nights  # and no other of the same night
    assert is_refreshed(report)
    take_up(night, found)  # killed right after it
    (again,) = look(night).values()
    assert is_refreshed(again)
    publish(night, MINIME05)
    night.delete(MINIME05.pending_key)
    assert [report.state for report in look(night).values()] == [state]


def test_a_refresh_that_was_held_is_tried_again_when_its_weather_file_changes(night: Store):
    night.put_bytes(RAW_NEXT, MIDNIGHT_TO_MORNING)
    found = scan(night, REGISTRY, ScanSettings(), MUCH_LATER)
    take_up(night, found)
    (report,) = found.nights
    record = read_record(night, MINIME05)
    for state in (State.HELD, State.REFUSED):
        fault = Fault("refresh", "a line that nobody expected", ErrorClass.CODE, state is State.REFUSED)
        counts = what_counts(report.tried, fault.step, fault.error_class)
        how = {"alone": True, "others_pass": True, "upload": counts}
        stopped = replace(failed(record, fault, MUCH_LATER, **how), state=state)
        put_record(night, MINIME05, stopped)
        assert look(night)[MINIME05].state is state
    night.put_bytes(RAW_NEXT, MIDNIGHT_TO_MORNING + b"# repaired\n")
    assert is_refreshed(look(night)[MINIME05])


def test_a_pause_after_a_fault_of_the_machine_outlasts_a_file_that_grows(night: Store):
    night.put_bytes(RAW_NEXT, MIDNIGHT_TO_MORNING)
    found = scan(night, REGISTRY, ScanSettings(), MUCH_LATER)
    take_up(night, found)
    fault = Fault("refresh", "no answer", ErrorClass.MACHINE)
    counts = what_counts(found.nights[0].tried, fault.step, fault.error_class)
    how = {"alone": True, "others_pass": True, "upload": counts}
    put_record(night, MINIME05, failed(read_record(night, MINIME05), fault, MUCH_LATER, **how))
    night.put_bytes(RAW_NEXT, MIDNIGHT_TO_MORNING + b"# grown\n")
    assert look(night)[MINIME05].state is State.FAILED
