"""Whose turn it is: the last two nights, then the oldest, as many as a plan may take and the disk holds."""

import datetime as dt

import pytest

from airglow.uploads import NightId, NightReport, Plan, State, disk_need_bytes, lacks_room
from airglow.uploads.queue import in_order, with_queue

NOW = dt.datetime(2026, 5, 20, 11, tzinfo=dt.UTC)
GB = 10**9


def report(day: str, instrument: str = "minime05", state: State = State.READY, size: int = GB) -> NightReport:
    night = NightId.parse(f"{instrument}_uao_202605{day}")
    return NightReport(night, state, "", size_present=size)


def turns(reports: list[NightReport], now: dt.datetime = NOW) -> list[str]:
    return [f"{one.night.day[-2:]} {one.night.instrument[-2:]}" for one in in_order(reports, now)]


@pytest.mark.parametrize(
    ("days", "order"),
    [
        (["17", "18", "19"], ["19", "18", "17"]),
        (["19", "01", "18", "02", "17"], ["19", "18", "01", "02", "17"]),
        (["16", "01", "17"], ["01", "16", "17"]),  # none of the last two: oldest first
        (["20", "19", "03"], ["20", "19", "03"]),  # east of Greenwich this date may be over
    ],
)
def test_the_order_of_dates(days: list[str], order: list[str]) -> None:
    assert [turn[:2] for turn in turns([report(day) for day in days])] == order


def test_the_order_does_not_depend_on_that_of_the_listing_or_on_the_state() -> None:
    reports = [report("01", "minime13"), report("01", "minime05", State.CONTINUING), report("19")]
    assert turns(reports) == turns(reports[::-1]) == ["19 05", "01 05", "01 13"]


def test_the_last_two_nights_go_by_the_clock_of_greenwich() -> None:
    here = dt.timezone(dt.timedelta(hours=-10))
    evening = dt.datetime(2026, 5, 20, 20, tzinfo=here)  # it is the 21st in Greenwich
    assert turns([report("18"), report("17"), report("19")], evening) == ["19 05", "17 05", "18 05"]


def queued(reports: list[NightReport], plan: Plan) -> dict[str, str]:
    return {
        one.night.day[-2:]: one.reason for one in with_queue(reports, plan, NOW) if one.state is State.QUEUED
    }


def test_a_plan_takes_as_many_as_it_may() -> None:
    reports = [report("01"), report("02", state=State.CONTINUING), report("03"), report("19")]
    assert queued(reports, Plan()) == {}
    assert queued(reports, Plan(2)) == {
        "02": "begun; other nights come first",
        "03": "complete; other nights come first",
    }
    done = with_queue(reports, Plan(2), NOW)
    assert [one.night for one in done] == [one.night for one in reports]


def test_nights_that_are_not_wanted_take_no_place() -> None:
    reports = [report("01", state=State.WAITING), report("02", state=State.HELD), report("03")]
    assert with_queue(reports, Plan(1), NOW) == reports


def test_what_an_earlier_plan_of_the_run_took_is_for_a_later_run() -> None:
    reports = [report("01", state=State.CONTINUING), report("02"), report("03")]
    plan = Plan(1, taken=frozenset({reports[0].night.name}))
    assert queued(reports, plan) == {
        "01": "begun in this run, and did not come to its end; a later run goes on with it",
        "03": "complete; other nights come first",
    }


def test_the_disk_bounds_a_plan() -> None:
    reports = [report("01"), report("02"), report("03", size=10 * GB), report("04", size=1000)]
    need = disk_need_bytes(reports[0])
    assert 2 * GB < need < 6 * GB
    assert queued(reports, Plan(None, free_bytes=50 * GB)) == {}
    done = with_queue(reports, Plan(None, free_bytes=1.5 * need), NOW)
    states = [(one.state, lacks_room(one)) for one in done]
    assert states == [
        (State.READY, False),
        (State.QUEUED, False),  # next time
        (State.QUEUED, True),
        (State.READY, False),  # small enough for what is left
    ]
    assert "needs about 30.1 GB" in done[2].reason
    assert not lacks_room(*with_queue(reports[:1], Plan(free_bytes=need), NOW))
    assert lacks_room(*with_queue(reports[:1], Plan(free_bytes=need - 1), NOW))
    assert "airglow clean" in done[2].reason


def test_a_night_whose_upload_is_gone_needs_room_too() -> None:
    assert disk_need_bytes(report("01", size=0)) > 10**8
