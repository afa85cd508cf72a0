"""Objects rest by the clock of the store, whatever the clock of this machine says."""

import datetime as dt
import time
from pathlib import Path

import pytest

from airglow.store import Deletion, Guard, Store, StoredObject, guard_of
from airglow.store.clock import BucketClock, clock_error, date_of

AT = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def answer(date: str | None) -> dict:
    return {"ResponseMetadata": {"HTTPHeaders": {} if date is None else {"date": date}}}


def found(modified: dt.datetime = AT) -> StoredObject:
    return StoredObject("raw/key", 1, "etag", modified)


def test_objects_rest_where_the_store_has_no_guard() -> None:
    guard = Guard(Deletion(), HOUR)
    assert guard.rests_until([found()], AT + HOUR / 2) == AT + HOUR
    assert guard.rests_until([found()], AT + HOUR) is None
    assert Guard(Deletion(honours_if_match=True), HOUR).rests_until([found()], AT) is None


def test_a_rest_is_over_by_the_clock_of_the_store(store: Store, tmp_path: Path) -> None:
    """A store whose time is that of its dates: months before the clock of this machine."""
    guard = guard_of(store, {"quarantine_hours": 1}, tmp_path)
    unguarded = Guard(Deletion(), guard.quarantine, guard.clock)
    store.clock.note(answer("Fri, 01 May 2026 00:30:00 GMT"))
    assert unguarded.rests_until([found()]) == AT + HOUR
    store.clock.note(answer("Fri, 01 May 2026 01:30:00 GMT"))
    assert unguarded.rests_until([found()]) is None


def test_without_a_clock_nothing_goes() -> None:
    assert Guard(Deletion(), HOUR, lambda: None).rests_until([found()]) == AT + HOUR


def test_where_answers_have_no_date_an_object_tells_the_time(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else what rests would rest for ever, and its night be finished anew by every run."""
    guard = guard_of(store, {"quarantine_hours": 1}, tmp_path)
    monkeypatch.setattr("airglow.store.clock.date_of", lambda _: None)
    store.clock._seen = None
    unguarded = Guard(Deletion(), guard.quarantine, guard.clock)
    store.put_bytes("raw/key", b"x")
    (young,) = store.list("raw/")
    old = found(young.modified - 2 * HOUR)
    assert unguarded.rests_until([young]) == young.modified + HOUR
    assert unguarded.rests_until([old]) is None
    assert [one.key for one in store.list("")] == ["raw/key", "state/store/deletion.json"]


def test_the_store_tells_its_time(store: Store) -> None:
    assert store.clock.now() is None
    assert store.now() is not None
    store.list("raw/")
    put = store.put_bytes("raw/key", b"x")
    modified = store.list("raw/")[0].modified
    assert put
    assert abs(store.now() - modified) < dt.timedelta(minutes=1)


def test_the_clock_of_the_store_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, ticks = BucketClock(), [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: ticks[0])
    clock.note(answer("Fri, 01 May 2026 00:00:00 GMT"))
    ticks[0] += 90
    assert clock.now() == AT + dt.timedelta(seconds=90)


@pytest.mark.parametrize("date", [None, "", "yesterday", "Fri, 99 May 2026 00:00:00 GMT"])
def test_an_answer_without_a_date_does_not_set_the_clock(date: str | None) -> None:
    clock = BucketClock()
    clock.note(answer(date))
    assert date_of(answer(date)) is None
    assert clock.now() is None


def test_by_how_much_a_clock_was_wrong() -> None:
    assert clock_error(AT, AT + HOUR) == HOUR
    assert clock_error(AT, AT - HOUR) == -HOUR
    assert clock_error(AT, AT + dt.timedelta(minutes=2)) == dt.timedelta()
