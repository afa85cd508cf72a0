"""A night that is done stays on record, whenever a run is killed that takes it up again."""

import sys

import pytest
from known import known_registry
from uploading import MINIME05

from airglow.store import Store, StoredObject
from airglow.uploads import NightId, mark_pending, scan, take_up
from airglow.uploads.late_weather import list_states
from airglow.uploads.pending import clear_pending, read_record

REGISTRY = known_registry()


@pytest.fixture
def done(store: Store) -> Store:
    """A night that was done yesterday."""
    store.put_json(MINIME05.manifest_key, {"receipt": {"key": "raw/a", "etag": "b"}, "parts": []})
    store.put_json(MINIME05.cleaned_key, {"format": 1, "state": "done", "events": []})
    return store


def marked_until(store: Store, request: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mark the night, and stop in place of a request of that name."""

    class Killed(BaseException):
        pass

    def kill(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Store, request, kill)
        with pytest.raises(Killed):
            mark_pending(store, MINIME05, "reanalysis")


def test_killed_before_the_mark_it_is_done(done: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    marked_until(done, "put_json", monkeypatch)
    assert done.get_json(MINIME05.cleaned_key)["state"] == "done"
    assert scan(done, REGISTRY).nights == ()


def test_killed_after_the_mark_its_work_goes_on(done: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    marked_until(done, "delete", monkeypatch)
    assert read_record(done, MINIME05).why == "reanalysis"
    found = scan(done, REGISTRY)
    assert found.finished == ()
    assert [report.night for report in found.nights] == [MINIME05]


def test_a_sentinel_that_came_after_the_mark_ends_it(done: Store) -> None:
    mark_pending(done, MINIME05, "reanalysis")
    assert done.head(MINIME05.cleaned_key) is None
    done.put_json(MINIME05.cleaned_key, {"format": 1, "state": "done", "events": [], "again": True})
    assert scan(done, REGISTRY).finished == (MINIME05,)


def test_what_another_run_finishes_during_the_look_stays_done(
    done: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark_pending(done, MINIME05, "delivery")

    def list_after_the_other_run(store: Store, night: NightId) -> dict[NightId, list[StoredObject]]:
        store.put_json(night.cleaned_key, {"format": 1, "state": "done", "events": [], "again": True})
        clear_pending(store, night)
        return list_states(store, night)

    monkeypatch.setattr(sys.modules[scan.__module__], "list_states", list_after_the_other_run)
    found = scan(done, REGISTRY)
    take_up(done, found)  # killed right after it
    assert done.get_json(MINIME05.cleaned_key)["again"]
