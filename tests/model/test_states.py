"""The table of states: what else says it says the same."""

import datetime as dt
from pathlib import Path

import pytest

from airglow.catalogue import NoAnswer, known_migrations
from airglow.model.errors import (
    AirglowError,
    BadInput,
    CatalogueError,
    MachineError,
    RefusedUpload,
    RegistryError,
    StoreError,
)
from airglow.model.states import (
    EXIT_MEANINGS,
    INFO,
    LONGEST_PAUSE_H,
    STATES,
    TRANSITIONS,
    ErrorClass,
    Event,
    ExitStatus,
    NightState,
    error_class_of,
    exits_help,
    exits_table,
    next_try,
    state_of_outcomes,
    states_table,
    transitions_table,
)
from airglow.pages.states import KINDS, kind_of_row

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
NOW = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize("table", [states_table(), transitions_table(), exits_table()])
def test_the_readme_has_the_tables_of_the_code(table: str) -> None:
    assert f"\n{table}\n" in README


def test_every_state_is_described_reached_and_left() -> None:
    assert [info.state for info in STATES] == list(NightState)
    assert set(INFO) == set(NightState)
    assert {one.after for one in TRANSITIONS} == set(NightState)
    assert {state for one in TRANSITIONS for state in one.before} == set(NightState)
    assert {one.event for one in TRANSITIONS} == set(Event)


def test_what_needs_a_person_is_told_once_and_what_lasts_as_long_as_it_lasts() -> None:
    by_event = {one.event: one for one in TRANSITIONS}
    for event in (Event.BAD_DATA, Event.SAME_FAULT):
        assert (by_event[event].exit_first, by_event[event].exit_later) == (ExitStatus.LOOK, ExitStatus.OK)
    assert by_event[Event.FAULT].exit_later is ExitStatus.FAILING
    assert set(EXIT_MEANINGS) == set(ExitStatus)
    assert [line[:4] for line in exits_help().splitlines() if line[2:3].isdigit() and line[3] == " "] == [
        f"  {status.value} " for status in ExitStatus
    ]


def test_the_pages_have_a_kind_for_every_state_that_is_not_done() -> None:
    for state in set(NightState) - {NightState.DONE, NightState.DEGRADED}:
        kind = kind_of_row(state.value)
        working = {NightState.READY, NightState.QUEUED, NightState.RUNNING, NightState.CONTINUING}
        assert kind is KINDS["working"] if state in working else kind.label == state.value


def test_the_database_names_the_states_of_the_code() -> None:
    (migration,) = [one for one in known_migrations() if "states_of_nights" in one.name]
    assert ", ".join(sorted(state.value for state in NightState)) == ", ".join(
        sorted(migration.sql.split("state VARCHAR(20) NOT NULL COMMENT '")[1].split("'")[0].split(", "))
    )


@pytest.mark.parametrize(
    ("error", "error_class"),
    [
        (BadInput("a", "b"), ErrorClass.DATA),
        (RefusedUpload("a", "b"), ErrorClass.DATA),
        (RegistryError("a"), ErrorClass.CONFIGURATION),
        (StoreError("a"), ErrorClass.MACHINE),
        (CatalogueError("a"), ErrorClass.MACHINE),
        (NoAnswer("a"), ErrorClass.MACHINE),
        (MachineError("a", "b"), ErrorClass.MACHINE),
        (AirglowError("a"), ErrorClass.MACHINE),
        (OSError(28, "No space left on device"), ErrorClass.MACHINE),
        (MemoryError(), ErrorClass.MACHINE),
        (KeyError("a"), ErrorClass.CODE),
        (ValueError("a"), ErrorClass.CODE),
    ],
)
def test_every_error_has_a_class(error: Exception, error_class: ErrorClass) -> None:
    assert error_class_of(error) is error_class


def test_pauses_grow_to_a_day_and_an_hourly_run_is_not_a_minute_too_early() -> None:
    pauses = [(next_try(NOW, count) - NOW) / dt.timedelta(hours=1) for count in (1, 2, 3, 4, 5, 6, 999)]
    assert pauses == pytest.approx([h - 5 / 60 for h in (1, 2, 4, 8, 16, LONGEST_PAUSE_H, LONGEST_PAUSE_H)])


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ([], NightState.DONE),
        (["analysed", "analysed"], NightState.DONE),
        (["analysed", "camera off"], NightState.DEGRADED),
        (["no frames", "camera off"], NightState.DONE),
    ],
)
def test_a_night_is_degraded_where_some_tags_lack_a_result(outcomes: list[str], state: NightState) -> None:
    assert state_of_outcomes(outcomes) is state
