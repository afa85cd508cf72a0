"""Whether cloud files cover a night, on a real server: what they hold decides, and few requests tell."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from known import known_registry
from uploading import MINIME05, MINIME13, cloud_lines, counted, receipt, send

from airglow.store import Store
from airglow.uploads import NightId, ScanSettings, State, cloud_file, mark_pending, scan
from airglow.uploads.clouds import hours_to_cover

REGISTRY = known_registry()
DATE = MINIME05.date
NEXT = DATE + dt.timedelta(days=1)
RAW, RAW_NEXT = (cloud_file("uao", date).raw_key for date in (DATE, NEXT))
ARCHIVED = cloud_file("uao", DATE).archive_key
LATE = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)


def look(store: Store, hours_later: float = 0, **settings) -> tuple[State, str]:
    now = dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours_later)
    report = scan(store, REGISTRY, ScanSettings(**settings), now).nights[0]
    return report.state, report.reason.split(" UTC: ")[-1]


@pytest.fixture
def evening(store: Store) -> Store:
    """A bucket with a night that ended at 23:45 by the site's clock, without cloud files."""
    send(store, MINIME05, clouds=False)
    return store


@pytest.fixture
def night(store: Store) -> Store:
    """A bucket with a night whose receipt was made at 08:05, and the whole cloud file of its date."""
    size = len(send(store, MINIME05))
    store.put_bytes(MINIME05.receipt_key, receipt(MINIME05, 3, size, "2026-04-30 13:05:07.123456"))
    return store


def test_a_file_that_ends_in_the_afternoon_is_waited_for(evening: Store):
    evening.put_bytes(RAW, cloud_lines(DATE, "15:00:00"))
    waits = (State.WAITING, "Cloud_uao_20260429.txt ends at 15:00, before 23:43 (site's clock)")
    assert look(evening) == waits
    assert look(evening, hours_later=23.9) == waits
    assert look(evening, hours_later=24.1) == (State.READY, "")


@pytest.mark.parametrize(("until", "state"), [("23:31:00", State.WAITING), ("23:35:00", State.READY)])
def test_a_night_that_ended_early_needs_no_more(evening: Store, until: str, state: State):
    evening.put_bytes(RAW, cloud_lines(DATE, until))
    assert look(evening)[0] is state


def test_the_hours_after_midnight_need_the_next_file(night: Store):
    assert look(night) == (State.WAITING, "Cloud_uao_20260430.txt is not there")
    night.put_bytes(RAW_NEXT, cloud_lines(NEXT, "02:00:00"))
    assert look(night) == (State.WAITING, "Cloud_uao_20260430.txt ends at 02:00, before 05:23 (site's clock)")
    night.put_bytes(RAW_NEXT, cloud_lines(NEXT, "05:20:00"))  # it gets light
    assert look(night) == (State.READY, "")
    night.put_bytes(RAW, cloud_lines(DATE, "22:00:00"))
    assert look(night) == (State.WAITING, "Cloud_uao_20260429.txt ends at 22:00, before 23:58 (site's clock)")


def test_a_sensor_that_broke_in_the_night_holds_it_no_longer_than_a_missing_file(night: Store):
    night.put_bytes(RAW_NEXT, cloud_lines(NEXT, "02:00:00"))  # uploaded long after the end of its day
    assert look(night, hours_later=5.9, cloud_wait_hours=6)[0] is State.WAITING
    assert look(night, hours_later=6.1, cloud_wait_hours=6) == (State.READY, "")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "Cloud_uao_20260429.txt is empty"),
        (b"\0" * 100_000, "no time can be read at the end of Cloud_uao_20260429.txt"),
        (b"a line of something else\n" * 9, "no time can be read at the end of Cloud_uao_20260429.txt"),
        (cloud_lines(dt.date(1970, 1, 1)), "no time can be read at the end of Cloud_uao_20260429.txt"),
        (cloud_lines(dt.date(2035, 4, 29)), "no time can be read at the end of Cloud_uao_20260429.txt"),
    ],
)
def test_a_file_without_a_time_covers_nothing(evening: Store, data: bytes, reason: str):
    evening.put_bytes(RAW, data)
    assert look(evening) == (State.WAITING, reason)
    assert look(evening, hours_later=24.1)[0] is State.READY


@pytest.mark.parametrize("uploaded", [None, b"", b"rubbish", cloud_lines(DATE, "20:00:00")])
def test_the_file_may_be_archived_already(evening: Store, uploaded: bytes | None):
    if uploaded is not None:
        evening.put_bytes(RAW, uploaded)
    evening.put_bytes(ARCHIVED, cloud_lines(DATE))
    assert look(evening) == (State.READY, "")
    evening.put_bytes(ARCHIVED, cloud_lines(DATE, "21:00:00"))
    assert look(evening) == (
        State.WAITING,
        "Cloud_uao_20260429.txt ends at 21:00, before 23:43 (site's clock)",
    )
    evening.put_bytes(ARCHIVED, b"")
    assert look(evening)[0] is State.WAITING


def test_what_it_costs(night: Store):
    night.put_bytes(RAW_NEXT, cloud_lines(NEXT, "09:00:00"))
    with counted(night) as patient:
        assert look(night) == (State.READY, "")
    with counted(night) as impatient:
        assert look(night, cloud_wait_hours=0) == (State.READY, "")
    assert len(patient) - len(impatient) == 2
    size = len(send(night, MINIME13))
    night.put_bytes(MINIME13.receipt_key, receipt(MINIME13, 3, size))
    with counted(night) as both:  # each file is looked into once, whatever the number of instruments
        assert [r.state for r in scan(night, REGISTRY).nights] == [State.READY] * 2
    with counted(night) as impatient:
        assert len(scan(night, REGISTRY, ScanSettings(cloud_wait_hours=0)).nights) == 2
    assert len(both) - len(impatient) == 2


def test_only_the_end_of_a_file_is_read(evening: Store):
    evening.put_bytes(RAW, cloud_lines(DATE, "12:00:00") + b"x\n" * 500_000 + cloud_lines(DATE))
    read = []

    def note(parsed, model, **_):
        if model.name == "GetObject" and "ContentLength" in parsed:
            read.append(parsed["ContentLength"])

    evening.client.meta.events.register("after-call.s3", note)
    assert look(evening) == (State.READY, "")
    assert max(read) == 64 * 1024


def test_an_interrupted_night_goes_on_whatever_its_clouds(evening: Store):
    raw = [{"key": o.key, "etag": o.etag, "size": o.size} for o in evening.list(MINIME05.raw_prefix)]
    evening.put_json(MINIME05.manifest_key, {"parts": raw[:3], "receipt": raw[3]})
    mark_pending(evening, MINIME05, "upload")
    assert look(evening)[0] is State.CONTINUING


@pytest.mark.parametrize("day", ["20251101", "20260307"])
def test_the_nights_when_the_clock_is_set(store: Store, day: str):
    """Back from 02:00 to 01:00 on 2025-11-02, and forward from 02:00 to 03:00 on 2026-03-08."""
    night = NightId.parse(f"minime05_uao_{day}")
    first, second = night.date, night.date + dt.timedelta(days=1)
    size = len(send(store, night))
    store.put_bytes(night.receipt_key, receipt(night, 3, size, f"{second} 15:00:00"))
    (_, midnight), (_, dawn) = hours_to_cover(REGISTRY.site("uao"), first, LATE, LATE)
    zone = ZoneInfo("America/Chicago")
    assert midnight.astimezone(zone).strftime("%d %H:%M") == f"{first:%d} 23:58"
    for minutes, state in ((-15, State.WAITING), (-5, State.READY)):
        until = (dawn + dt.timedelta(minutes=minutes)).astimezone(zone)
        store.put_bytes(cloud_file("uao", second).raw_key, cloud_lines(second, f"{until:%H:%M:%S}"))
        assert look(store)[0] is state


@pytest.mark.parametrize(
    ("site", "date", "expected"),
    [
        ("uao", "2026-04-29", [("2026-04-29", "04:58"), ("2026-04-30", "10:23")]),
        # clocks in UTC: in the east of Brazil both dates, at Kwajalein all of the night is on one date
        ("car", "2026-04-29", [("2026-04-29", "23:58"), ("2026-04-30", "07:58")]),
        ("kwj", "2026-04-29", [("2026-04-29", "18:15")]),
    ],
)
def test_hours_by_the_sites_clock(site: str, date: str, expected: list[tuple[str, str]]):
    needed = hours_to_cover(REGISTRY.site(site), dt.date.fromisoformat(date), LATE, LATE)
    assert [str(day) for day, _ in needed] == [day for day, _ in expected]
    for (_, moment), (_, utc) in zip(needed, expected, strict=True):
        expected_moment = dt.datetime.strptime(utc, "%H:%M")
        minutes = (moment.hour - expected_moment.hour) * 60 + moment.minute - expected_moment.minute
        assert abs(minutes) <= 10


def test_a_receipt_with_a_wrong_clock_shortens_nothing():
    site = REGISTRY.site("uao")
    whole = hours_to_cover(site, DATE, LATE, LATE)
    for made_at in (dt.datetime(1970, 1, 1, tzinfo=dt.UTC), dt.datetime(2026, 4, 29, 18, tzinfo=dt.UTC)):
        assert hours_to_cover(site, DATE, made_at, LATE) == whole
    late_evening = dt.datetime(2026, 4, 30, 3, tzinfo=dt.UTC)
    until_then = [(DATE, dt.datetime(2026, 4, 30, 2, 58, tzinfo=dt.UTC))]
    assert hours_to_cover(site, DATE, late_evening, LATE) == until_then
    assert hours_to_cover(site, DATE, LATE, late_evening) == until_then
