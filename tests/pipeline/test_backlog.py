"""A run plans until nothing is left or its hours are over, and takes no night twice."""

import dataclasses
import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from airglow.pipeline.backlog import BACKLOG, plan_at_hand, what_is_left, work_off
from airglow.pipeline.last_discovery import DISCOVERY
from airglow.uploads import Discovery, NightId, NightReport, Plan, State, discovery_to_json
from airglow.uploads.queue import with_queue

RUN = "0123456789abcdef"
FIRST = dt.date(2026, 1, 1)
NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


@dataclasses.dataclass
class Machine:
    """Stands for Snakemake and the bucket: nights that are to be worked on, and what each costs."""

    work: Path
    nights: int
    seconds_per_night: float = 10.0
    failing: frozenset[int] = frozenset()
    free_bytes: float | None = None
    plans: list[list[int]] = dataclasses.field(default_factory=list)
    done: set[int] = dataclasses.field(default_factory=set)
    now: float = 0.0
    act: Callable[[], None] = lambda: None

    def plan_and_work(self) -> tuple[int, int]:
        plan = dataclasses.replace(plan_at_hand(self.work, RUN), free_bytes=self.free_bytes)
        reports = [
            NightReport(night_of(number), State.READY, "", size_present=1000)
            for number in range(self.nights)
            if number not in self.done
        ]
        made_at = NOW + dt.timedelta(seconds=self.now)
        found = Discovery(made_at, tuple(with_queue(reports, plan, made_at)), (), (), ())
        (self.work / DISCOVERY).write_text(json.dumps(discovery_to_json(found)))
        taken = [(report.night.date - FIRST).days for report in found.wanted]
        self.plans.append(taken)
        self.done |= set(taken) - self.failing
        self.now += self.seconds_per_night * len(taken) + 1.0
        self.act()
        return (1 if self.failing & set(taken) else 0), 0


def night_of(number: int) -> NightId:
    return NightId("minime05", "uao", FIRST + dt.timedelta(days=number))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path, 60)


def run(machine: Machine, hours: float = 12):
    return work_off(machine.work, RUN, hours, machine.plan_and_work, lambda: machine.now)


def taken(machine: Machine) -> list[int]:
    return [number for plan in machine.plans for number in plan]


def test_all_nights_are_taken_in_portions_oldest_first(machine: Machine) -> None:
    ended = run(machine)
    assert [len(plan) for plan in machine.plans] == [20, 20, 20]
    assert taken(machine) == list(range(60))
    assert (ended.code, ended.left, what_is_left(ended, 12)) == (0, (), [])


def test_a_portion_is_what_half_an_hour_holds(machine: Machine) -> None:
    machine.seconds_per_night = 200.0
    run(machine, 24)
    assert [len(plan) for plan in machine.plans] == [20, 9, 9, 9, 9, 4]


def test_nights_that_take_long_still_keep_the_cores_at_work(machine: Machine) -> None:
    machine.seconds_per_night, machine.nights = 4000.0, 26
    run(machine, 100)
    assert [len(plan) for plan in machine.plans] == [20, 4, 2]


def test_when_the_hours_are_over_it_says_what_is_left(machine: Machine) -> None:
    machine.seconds_per_night = 90.0
    ended = run(machine, 0.75)  # the second plan begins after half an hour
    assert [len(plan) for plan in machine.plans] == [20, 20]
    assert len(ended.left) == 20
    (line,) = what_is_left(ended, 0.75)
    assert line.startswith(
        "the 0.75 hours of this run (run: hours) are over; left for the next run: 20 nights ("
    )
    assert "minime05_uao_20260210, " in line
    assert line.endswith(" and 15 more)")


def test_without_hours_there_is_one_plan(machine: Machine) -> None:
    assert len(run(machine, 0).left) == 40
    assert len(machine.plans) == 1


def test_a_night_that_fails_is_taken_once_and_keeps_none_of_the_others_back(machine: Machine) -> None:
    machine.failing = frozenset({0, 1, 2})
    ended = run(machine)
    assert taken(machine) == list(range(60))
    assert (ended.code, ended.left) == (1, ())


def test_a_run_that_only_fails_ends(machine: Machine) -> None:
    machine.failing = frozenset(range(60))
    run(machine)
    assert [len(plan) for plan in machine.plans] == [20, 20, 20]


def test_a_night_that_arrives_meanwhile_is_taken_too(machine: Machine) -> None:
    def arrive() -> None:
        machine.nights = 61

    machine.act = arrive
    run(machine)
    assert 60 in machine.plans[-1]


def test_nights_without_room_are_told_and_end_the_run(machine: Machine) -> None:
    machine.free_bytes, machine.nights = 1000.0, 2
    ended = run(machine)
    assert machine.plans == [[]]
    assert ended.without_room == ("minime05_uao_20260101", "minime05_uao_20260102")
    (line,) = what_is_left(ended, 12)
    assert line.startswith("the working disk has no room for 2 nights (minime05_uao_20260101, ")


def test_a_signal_and_a_snakemake_that_gives_up_end_the_run(machine: Machine) -> None:
    assert work_off(machine.work, RUN, 1, lambda: (1, 15)).stopped_by == 15
    assert work_off(machine.work, RUN, 1, lambda: (2, 0)).code == 2
    assert work_off(machine.work, RUN, 1, lambda: (1, 0)).code == 1  # no discovery was made


def test_a_plan_of_another_run_is_none_of_ours(machine: Machine) -> None:
    note = {"run": RUN, "nights": 7, "taken": ["minime05_uao_20260101"]}
    (machine.work / BACKLOG).write_text(json.dumps(note))
    ours, other = plan_at_hand(machine.work, RUN), plan_at_hand(machine.work, "another")
    assert (ours.nights, ours.taken) == (7, frozenset({"minime05_uao_20260101"}))
    assert (other.nights, other.taken) == (20, frozenset())
    assert ours.free_bytes == pytest.approx(other.free_bytes, rel=0.1)
    (machine.work / BACKLOG).write_text("no JSON")
    assert plan_at_hand(machine.work, RUN) == Plan(20, plan_at_hand(machine.work, RUN).free_bytes)
