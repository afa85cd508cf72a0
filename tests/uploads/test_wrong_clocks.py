"""A clock that is wrong, here or where a record was written, cuts no pause short and deletes nothing."""

import datetime as dt
import json
import sys

import pytest
from known import known_registry
from uploading import MINIME05, MINIME13, send

from airglow.archive.superseded import _mark
from airglow.model.states import ErrorClass
from airglow.pipeline.stored_table import table_from_json, table_to_json
from airglow.pipeline.table import Table
from airglow.store import Store
from airglow.uploads import Fault, NightRecord, State, failed, pending, scan, standing, upload_digest
from airglow.uploads.expiry import markers_of
from airglow.uploads.pending import put_record, read_marker

REGISTRY = known_registry()
MACHINE = Fault("load", "the database does not answer", ErrorClass.MACHINE)
HOUR = dt.timedelta(hours=1)
MODULES = ("airglow.uploads.scan", "airglow.uploads.pending", "airglow.archive.superseded")


class _Datetime:
    """The module ``datetime`` with another clock."""

    def __init__(self, off: dt.timedelta) -> None:
        class Wrong(dt.datetime):
            @classmethod
            def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:
                return dt.datetime.now(tz) + off

        self.datetime = Wrong

    def __getattr__(self, name: str) -> object:
        return getattr(dt, name)


def _jump(monkeypatch: pytest.MonkeyPatch, off: dt.timedelta) -> None:
    for module in MODULES:
        monkeypatch.setattr(sys.modules[module], "dt", _Datetime(off))


def _fail(store: Store, now: dt.datetime) -> None:
    """Put on record that a step failed."""
    upload = upload_digest(store.list(MINIME05.raw_prefix))
    record = failed(NightRecord(), MACHINE, now, alone=False, others_pass=False, upload=upload)
    put_record(store, MINIME05, record)


def _state(store: Store, now: dt.datetime | None = None) -> State:
    (report,) = scan(store, REGISTRY, now=now).nights
    return report.state


@pytest.mark.parametrize("off_h", [-48, -7, 7, 48])
def test_a_pause_is_as_long_whatever_the_clock_was_that_began_it(
    store: Store, monkeypatch: pytest.MonkeyPatch, off_h: int
) -> None:
    send(store, MINIME05)
    real = dt.datetime.now(dt.UTC)
    with monkeypatch.context() as patch:
        _jump(patch, off_h * HOUR)
        _fail(store, real + off_h * HOUR)
    assert _state(store, real + HOUR / 2) is State.FAILED
    assert _state(store, real + 1.2 * HOUR) is State.CONTINUING


@pytest.mark.parametrize("off_h", [-48, 48])
def test_a_pause_is_as_long_whatever_the_clock_is_that_ends_it(
    store: Store, monkeypatch: pytest.MonkeyPatch, off_h: int
) -> None:
    send(store, MINIME05)
    _fail(store, dt.datetime.now(dt.UTC))
    _jump(monkeypatch, off_h * HOUR)
    assert _state(store) is State.FAILED


def test_a_time_to_come_at_which_a_step_was_passed_ends_no_pause(store: Store) -> None:
    send(store, MINIME05)
    now = dt.datetime.now(dt.UTC)
    _fail(store, now)
    for at, state in ((now + 48 * HOUR, State.FAILED), (now + dt.timedelta(seconds=30), State.CONTINUING)):
        table = Table(passed={"load": (MINIME13.name, at.isoformat(timespec="seconds"))})
        value = table_to_json(table) | {"written_at": now.isoformat()}
        store.put_json(pending.TABLE, value)
        assert _state(store, now + HOUR / 4) is state


def test_times_to_come_in_the_table_count_for_nothing() -> None:
    """Else a fault of them would speak against holding a night for ever."""
    now = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
    at, later = now.isoformat(timespec="seconds"), (now + HOUR).isoformat(timespec="seconds")
    value = table_to_json(
        Table(passed={"a": ("n", at), "b": ("n", later)}, faults={"f": {"n": at, "m": later}})
    )
    table = table_from_json(value | {"written_at": at}, now)
    assert (dict(table.passed), dict(table.faults)) == ({"a": ("n", at)}, {"f": {"n": at}})


def test_a_record_of_a_time_to_come_does_not_count_others_out() -> None:
    now = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
    once = failed(NightRecord(), MACHINE, now + 48 * HOUR, alone=True, others_pass=True)
    assert failed(once, MACHINE, now, alone=True, others_pass=True).since == now


@pytest.mark.parametrize("off_d", [-40, 40])
def test_superseded_frames_are_kept_by_the_clock_of_the_store(
    store: Store, monkeypatch: pytest.MonkeyPatch, off_d: int
) -> None:
    real = dt.datetime.now(dt.UTC)
    with monkeypatch.context() as patch:
        _jump(patch, dt.timedelta(days=off_d))
        _mark(store, MINIME05, "a" * 64, 30)
        (kept,) = markers_of(store.list("state/pending/superseded/"))
        assert abs(kept.keep_until - real.date() - dt.timedelta(days=30)) <= dt.timedelta(days=1)
        assert scan(store, REGISTRY).expired == ()
    assert scan(store, REGISTRY, now=real + dt.timedelta(days=32)).expired == (kept,)


def test_nothing_expires_where_the_store_does_not_tell_its_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    _mark(store, MINIME05, "a" * 64, 30)
    _jump(monkeypatch, dt.timedelta(days=40))
    monkeypatch.setattr("airglow.store.clock.date_of", lambda _: None)
    store.clock._seen = None
    assert scan(store, REGISTRY).expired == ()


def test_a_record_is_moved_by_what_its_writer_was_off() -> None:
    at = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
    ahead, then = "2026-05-03T00:00:00+00:00", "2026-05-03T01:00:00+00:00"
    marker = {"made_at": ahead, "state": "failed", "last_tried": ahead, "next_try": then}
    record = read_marker(json.dumps(marker).encode(), at)
    assert (record.last_tried, record.next_try) == (at, at + HOUR)
    assert standing._is_to_wait(record, at + HOUR / 2)
