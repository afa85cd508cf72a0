"""Local days, who needs their weather files, and what counts as a whole upload: without a bucket."""

import datetime as dt

import pytest
from known import known_registry
from uploading import MINIME05, MINIME13, part_key

from airglow.store import StoredObject
from airglow.uploads import NightId, Receipt, is_of_upload, nights_that_need
from airglow.uploads.days import end_of_day
from airglow.uploads.receipt import what_is_missing
from airglow.uploads.refusals import Refusal

REGISTRY = known_registry()
NOW = dt.datetime(2026, 4, 30, 5, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("site", "date", "end"),
    [
        ("uao", dt.date(2026, 4, 29), dt.datetime(2026, 4, 30, 5, 0, tzinfo=dt.UTC)),  # UTC-5
        ("uao", dt.date(2026, 11, 1), dt.datetime(2026, 11, 2, 6, 0, tzinfo=dt.UTC)),  # the clock goes back
        ("kwj", dt.date(2026, 4, 29), dt.datetime(2026, 4, 30, 0, 0, tzinfo=dt.UTC)),  # its clock has UTC
    ],
)
def test_a_local_day_ends_at_midnight_by_its_clock(site, date, end):
    assert end_of_day(REGISTRY.site(site), date) == end


def test_a_night_needs_the_weather_of_its_date_and_of_the_next():
    nights = [NightId.parse(f"minime13_uao_202604{day}") for day in (27, 28, 29, 30)]
    nights.append(NightId.parse("minime11_low_20260429"))
    needing = nights_that_need(nights, "uao", dt.date(2026, 4, 29))
    assert [night.name for night in needing] == ["minime13_uao_20260428", "minime13_uao_20260429"]


def parts(**sizes):
    return {
        int(name[1:]): StoredObject(part_key(MINIME05, int(name[1:])), size, "0" * 32, NOW)
        for name, size in sizes.items()
    }


@pytest.mark.parametrize(
    ("there", "missing"),
    [
        (parts(p0=10, p1=10, p2=7), ""),
        (parts(p0=10, p1=10), "2 of 3 parts"),
        (parts(p0=10, p1=10, p3=7), "2 of 3 parts"),  # a later part fills no gap
        (parts(p0=10, p1=10, p2=7, p3=1), "4 parts there, 3 announced"),
        (parts(p0=10, p1=10, p2=6), "27 bytes announced, 26 there"),
        (parts(p0=10, p1=10, p2=8), "27 bytes announced, 28 there"),
    ],
)
def test_an_upload_is_whole_when_it_is_what_its_receipt_announces(there, missing):
    announced = Receipt(f"{MINIME05.upload}.tar.gz000000", 3, 27, NOW, 100.0)
    assert what_is_missing(there, announced) == missing


def test_a_refusal_is_of_one_upload_under_the_same_criteria():
    upload, criteria = {MINIME05.receipt_key: "a" * 32}, {"max_members": 5}
    refusal = Refusal("no frames", upload, criteria, NOW)
    assert refusal.is_of(dict(upload), dict(criteria))
    assert not refusal.is_of({MINIME05.receipt_key: "b" * 32}, criteria)
    assert not refusal.is_of(upload, {"max_members": 6})


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (MINIME05.receipt_key, True),
        (part_key(MINIME05, 16), True),
        (part_key(MINIME13, 16), False),
        (MINIME13.receipt_key, False),
        (f"{MINIME05.receipt_key}.md5", False),
        ("raw/Cloud_uao_20260429.txt", False),
    ],
)
def test_only_receipt_and_parts_are_of_an_upload(key, expected):
    assert is_of_upload(key, MINIME05) is expected
