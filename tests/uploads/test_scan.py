"""What a look at ``raw/`` says of each night, on a real server."""

import dataclasses
import datetime as dt
import itertools
import json

import pytest
from known import known_registry
from uploading import (
    MINIME05,
    MINIME13,
    counted,
    cut,
    keys,
    pack,
    part_key,
    receipt,
    send,
)

from airglow.model.errors import BadInput
from airglow.store import Store
from airglow.uploads import (
    NightId,
    Plan,
    ScanSettings,
    State,
    WeatherDay,
    discovery_from_json,
    discovery_to_json,
    mark_pending,
    scan,
    take_up,
)

REGISTRY = known_registry()
OF_THE_MOMENT = {
    "marked": None, "states": {}, "weather": {}, "asides": (), "damaged": {}, "expired": ()
}  # fmt: skip
CLOUDS = "raw/Cloud_uao_20260429.txt"


def _look(store: Store, **settings):
    hours, plan = settings.pop("hours_later", 0), settings.pop("plan", None)
    now = dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours)
    found = scan(store, REGISTRY, ScanSettings(**settings), now, plan=plan)
    written = discovery_from_json(json.loads(json.dumps(discovery_to_json(found))))
    assert written == dataclasses.replace(found, **OF_THE_MOMENT)
    return found


def _only(store: Store, **settings) -> tuple[State, str]:
    (report,) = _look(store, **settings).nights
    return report.state, report.reason


def test_nothing_there(store: Store):
    found = _look(store)
    assert (found.nights, found.unrecognised, found.weather_leftovers, found.finished) == ((), (), (), ())


def test_a_complete_night(store: Store):
    archive = send(store, MINIME05)
    (report,) = _look(store).nights
    assert (report.night, report.state, report.is_wanted) == (MINIME05, State.READY, True)
    assert (report.parts_present, report.parts_expected) == (3, 3)
    assert report.size_present == report.size_expected == len(archive)


def test_parts_missing(store: Store):
    send(store, MINIME05, pack())
    store.delete(part_key(MINIME05, 1))
    assert _only(store) == (State.WAITING, "2 of 3 parts")


def test_parts_in_the_wording_of_operators(store: Store):
    for number in range(12):
        store.put_bytes(part_key(MINIME05, number), b"x")
    store.put_bytes(MINIME05.receipt_key, receipt(MINIME05, 17, 87647090))
    assert _only(store) == (State.WAITING, "12 of 17 parts")
    for number in range(12, 17):
        store.put_bytes(part_key(MINIME05, number), b"x")
    assert _only(store) == (State.WAITING, "87,647,090 bytes announced, 17 there")
    store.put_bytes(part_key(MINIME05, 17), b"x")
    assert _only(store) == (State.WAITING, "18 parts there, 17 announced")


def test_a_gap_is_not_filled_by_a_later_part(store: Store):
    send(store, MINIME05)
    store.copy(part_key(MINIME05, 1), part_key(MINIME05, 3))
    store.delete(part_key(MINIME05, 1))
    assert _only(store) == (State.WAITING, "2 of 3 parts")


def test_receipt_missing(store: Store):
    send(store, MINIME05)
    store.delete(MINIME05.receipt_key)
    assert _only(store) == (State.WAITING, "receipt missing")


def test_receipt_before_the_parts(store: Store):
    store.put_bytes(MINIME05.receipt_key, receipt(MINIME05, 17, 87647090))
    assert _only(store) == (State.WAITING, "0 of 17 parts")


def test_collection_error(store: Store):
    store.put_bytes(MINIME05.receipt_key, receipt(MINIME05, 0, 0))
    assert _only(store) == (State.COLLECTION_ERROR, "collection error")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x89PNG\0\0", "receipt contains NUL bytes"),
        (b"\xff\xfe rubbish", "receipt is not text (byte 0 is not UTF-8)"),
        (receipt(MINIME13, 3, 500), "receipt names 'fpi13_uao_20260429.tar.gz000000' as its first part"),
        (b"x" * 100_000, "receipt of 100,000 bytes is too long to be one"),
    ],
)
def test_bad_receipt(store: Store, data: bytes, reason: str):
    send(store, MINIME05)
    store.put_bytes(MINIME05.receipt_key, data)
    state, shown = _only(store)
    assert state is State.REFUSED
    assert shown.startswith(reason)


def test_receipt_that_changes_while_it_is_read(store: Store, s3):
    from airglow.store import open_store, settings_from_environment

    other = open_store(settings_from_environment(s3.environment(store.bucket)))
    send(store, MINIME05)

    def upload(model, **_):
        if model.name == "GetObject":
            other.put_bytes(MINIME05.receipt_key, receipt(MINIME05, 4, 1000))

    store.client.meta.events.register("before-call.s3", upload)
    assert _only(store) == (State.WAITING, "receipt was uploaded again while it was read")


@pytest.mark.parametrize(
    ("night", "reason"),
    [
        ("minime77_uao_20260429", "unknown instrument fpi77"),
        ("minime05_xyz_20260429", "unknown site xyz"),
        ("minime05_car_20260429", "instrument was not at this site on that date"),
        ("minime05_uao_20110429", "instrument was not at this site on that date"),
        ("minime05_uao_20990429", "the date has not come yet: the instrument's clock is wrong"),
    ],
)
def test_refused_by_the_registry(store: Store, night: str, reason: str):
    send(store, NightId.parse(night))
    assert _only(store) == (State.REFUSED, reason)


def test_unrecognised_objects_are_named(store: Store):
    for key in ("raw/", "raw/fpi05_uao_20261340.txt", "raw/holiday.jpg"):
        store.put_bytes(key, b"x")
    store.put_bytes("raw/Cloud_xyz_20260429.txt", b"x")
    assert dict(_look(store).unrecognised) == {
        "raw/Cloud_xyz_20260429.txt": "unknown site xyz",
        "raw/fpi05_uao_20261340.txt": "20261340 is not a date",
        "raw/holiday.jpg": "not from a Fabry-Perot interferometer",
    }


def test_objects_of_other_instruments_are_counted_and_not_named(store: Store):
    names = [
        "bwc00_uao_20260429.tar.gz000000",
        "bwc00_uao_20260429.txt",
        "x3t00_uao_20260429.txt",
        "asi_uao.png",
    ]
    for name in names:
        store.put_bytes(f"raw/{name}", b"x")
    found = _look(store)
    assert found.others == (("asi_", 1), ("bwc00_", 2), ("x3t00_", 1))
    assert (found.unrecognised, found.asides) == ((), ())


def test_waiting_for_the_cloud_file(store: Store):
    send(store, MINIME05, clouds=False)
    since = store.head(MINIME05.receipt_key).modified
    (report,) = _look(store).nights
    assert report.reason == (
        f"waiting for the cloud file since {since:%Y-%m-%d %H:%M} UTC: Cloud_uao_20260429.txt is not there"
    )
    assert (report.state, report.since) == (State.WAITING, since)
    assert _only(store, hours_later=23.9)[0] is State.WAITING
    assert _only(store, hours_later=24.1)[0] is State.READY
    assert _only(store, cloud_wait_hours=0)[0] is State.READY


def test_a_plan_takes_the_oldest(store: Store):
    nights = [NightId.parse(f"minime05_uao_2026042{day}") for day in (7, 3, 5)]
    for night in nights:
        send(store, night)
    found = _look(store, plan=Plan(2))
    assert [(r.night.day, r.state) for r in found.nights] == [
        ("20260423", State.READY),
        ("20260425", State.READY),
        ("20260427", State.QUEUED),
    ]
    assert [report.night.day for report in found.wanted] == ["20260423", "20260425"]


def test_held_nights_are_not_wanted(store: Store):
    send(store, MINIME05)
    send(store, MINIME13)
    found = _look(store, hold=(MINIME05.name,))
    assert [(r.state, r.is_wanted) for r in found.nights] == [(State.HELD, False), (State.READY, True)]
    assert "held" in found.nights[0].reason


def test_work_that_was_interrupted_before_the_manifest(store: Store):
    send(store, MINIME05)
    mark_pending(store, MINIME05, "upload")
    assert _only(store) == (State.CONTINUING, "interrupted before it was archived")
    assert _only(store, plan=Plan(0)) == (State.QUEUED, "begun; other nights come first")


def test_an_upload_that_went_away_before_it_was_archived(store: Store):
    mark_pending(store, MINIME05, "upload")
    state, reason = _only(store)
    assert state is State.WAITING
    assert "went away before it was archived" in reason


def _archive(store: Store) -> None:
    """What the archiving leaves, as far as a scan looks at it."""
    raw = [{"key": o.key, "etag": o.etag, "size": o.size} for o in store.list(MINIME05.raw_prefix)]
    store.put_json(MINIME05.manifest_key, {"parts": raw[:3], "receipt": raw[3]})


def test_a_cleanup_that_was_interrupted(store: Store):
    """Some parts are gone, then all, then the receipt too: the night is still asked for."""
    send(store, MINIME05)
    _archive(store)
    mark_pending(store, MINIME05, "upload")
    for key in (part_key(MINIME05, 0), part_key(MINIME05, 1), part_key(MINIME05, 2), MINIME05.receipt_key):
        store.delete(key)
        assert _only(store) == (State.CONTINUING, "archived, to be finished")


def test_a_cleanup_that_was_interrupted_whose_marker_is_lost(store: Store):
    send(store, MINIME05)
    _archive(store)
    store.delete(part_key(MINIME05, 0))
    assert _only(store) == (State.CONTINUING, "archived, to be finished")


def test_parts_of_another_upload_are_not_taken_for_leftovers(store: Store):
    send(store, MINIME05)
    _archive(store)
    mark_pending(store, MINIME05, "upload")
    store.delete(part_key(MINIME05, 0))
    store.put_bytes(part_key(MINIME05, 1), b"new")
    # What was begun with the archived upload is brought to its end meanwhile.
    reason = "archived, to be finished; another upload is under way (2 of 3 parts)"
    assert _only(store) == (State.CONTINUING, reason)


def test_a_finished_night_is_left_alone(store: Store):
    mark_pending(store, MINIME05, "upload")
    store.put_json(MINIME05.cleaned_key, {})
    found = _look(store)
    assert found.nights == ()
    assert found.finished == (MINIME05,)
    take_up(store, found)
    assert keys(store, "state/pending/") == []


def test_a_reanalysis_that_was_interrupted_is_continued(store: Store):
    """Marking takes away the proof that an earlier time finished."""
    send(store, MINIME05)
    _archive(store)
    for key in keys(store, MINIME05.raw_prefix):
        store.delete(key)
    store.put_json(MINIME05.cleaned_key, {})
    assert _look(store).nights == ()
    mark_pending(store, MINIME05, "reanalysis")
    assert _only(store) == (State.CONTINUING, "archived, to be finished")


def test_another_upload_of_an_archived_night(store: Store):
    send(store, MINIME05)
    _archive(store)
    store.put_json(MINIME05.cleaned_key, {})
    manifest = store.get_bytes(MINIME05.manifest_key)
    send(store, MINIME05, pack({"20260429/UAO_X_20260429_220000_001.hdf5": b"another" * 99}))
    (report,) = _look(store).nights
    assert (report.state, report.changed) == (State.READY, True)

    take_up(store, _look(store))
    kept = keys(store, f"{MINIME05.state_prefix}manifests/")
    assert [store.get_bytes(key) for key in kept] == [manifest]
    assert keys(store, MINIME05.state_prefix) == kept  # so it is archived and cleaned again
    assert keys(store, "state/pending/") == [MINIME05.pending_key]

    for key in keys(store, MINIME05.raw_prefix):  # the operator thinks better of it
        store.delete(key)
    found = _look(store)
    assert [(r.state, r.withdrawn) for r in found.nights] == [(State.CONTINUING, True)]
    take_up(store, found)
    assert store.get_bytes(MINIME05.manifest_key) == manifest
    assert _only(store) == (State.CONTINUING, "archived, to be finished")


def test_another_upload_of_a_night_whose_marker_outlived_its_cleanup_is_marked_anew(store: Store):
    """Killed between the last sentinel and the removal of the marker, which goes first here."""
    send(store, MINIME05)
    _archive(store)
    mark_pending(store, MINIME05, "upload")
    store.put_json(MINIME05.cleaned_key, {})
    send(store, MINIME05, pack({"20260429/UAO_X_20260429_220000_001.hdf5": b"another" * 99}))
    found = _look(store)
    assert [(report.state, report.changed) for report in found.nights] == [(State.READY, True)]
    assert found.finished == (MINIME05,)
    take_up(store, found)
    assert keys(store, "state/pending/") == [MINIME05.pending_key]
    assert store.head(MINIME05.cleaned_key) is None


def test_the_same_upload_again_is_only_cleaned_up_again(store: Store):
    send(store, MINIME05)
    _archive(store)
    store.put_json(MINIME05.cleaned_key, {})
    assert _only(store) == (State.CONTINUING, "archived, to be finished")
    take_up(store, _look(store))
    assert store.head(MINIME05.manifest_key) is not None
    assert store.head(MINIME05.cleaned_key) is None


def test_an_upload_that_is_sent_once_more_is_waited_for(store: Store):
    """Cleaning up after each object as it comes would leave the rest without its receipt for ever."""
    send(store, MINIME05)
    _archive(store)
    store.put_json(MINIME05.cleaned_key, {})
    for key in (part_key(MINIME05, 0), part_key(MINIME05, 1)):
        store.delete(key)
    assert _only(store) == (State.WAITING, "1 of 3 parts")
    store.delete(MINIME05.receipt_key)
    assert _only(store) == (State.WAITING, "receipt missing")


@pytest.mark.parametrize("data", [b"{", b"[]", b'{"parts": []}'])
def test_a_manifest_that_is_none_stops_only_its_own_night(store: Store, data: bytes):
    send(store, MINIME05)
    send(store, MINIME13)
    store.put_bytes(MINIME05.manifest_key, data)
    first, second = _look(store).nights
    assert first.state is State.CONTINUING
    assert first.reason == "its manifest was damaged: archived again from its upload"
    assert second.state is State.READY


def test_a_damaged_manifest_without_copy_and_upload_holds_its_night(store: Store):
    mark_pending(store, MINIME05, "reanalysis")
    store.put_bytes(MINIME05.manifest_key, b"{")
    state, reason = _only(store)
    assert state is State.HELD
    assert reason.startswith(f"{MINIME05.manifest_key}: not a manifest")
    assert reason.endswith(
        "put back one of the copies under manifests/, or delete it and upload the night again"
    )


def test_what_lies_among_the_markers_is_passed_over(store: Store):
    store.put_bytes("state/pending/notes.txt", b"x")
    assert _look(store).nights == ()
    assert keys(store) == ["state/pending/notes.txt"]


def test_weather_leftovers(store: Store):
    store.put_bytes(CLOUDS, b"a line\n")
    store.put_bytes("raw/TempL00_uao_20260501.txt", b"a line\n")
    assert _look(store).weather_leftovers == ()  # may still be waited for
    assert _look(store, hours_later=25).weather_leftovers == (
        WeatherDay("uao", dt.date(2026, 4, 29)),
        WeatherDay("uao", dt.date(2026, 5, 1)),
    )


@pytest.mark.parametrize("day", ["20260429", "20260428"])
def test_weather_that_an_upload_needs_is_no_leftover(store: Store, day: str):
    night = NightId.parse(f"minime13_uao_{day}")
    store.put_bytes(CLOUDS, b"a line\n")
    store.put_bytes(night.receipt_key, receipt(night, 17, 87647090))
    assert _look(store, hours_later=25).weather_leftovers == ()
    store.put_bytes(night.receipt_key, receipt(night, 0, 0))  # a collection error needs nothing
    assert _look(store, hours_later=25).weather_leftovers == (WeatherDay("uao", dt.date(2026, 4, 29)),)


def test_weather_of_a_day_that_is_not_over_is_no_leftover(store: Store):
    today = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    store.put_bytes(f"raw/Cloud_uao_{today:%Y%m%d}.txt", b"a line\n")
    assert _look(store, hours_later=100).weather_leftovers == ()


def test_idle_is_cheap_whatever_is_archived(store: Store):
    for day in range(1, 29):
        night = NightId.parse(f"minime05_uao_202602{day:02d}")
        for name in ("manifest", "published", "loaded", "cleaned"):
            store.put_json(f"{night.state_prefix}{name}.json", {})
        store.put_bytes(f"{night.frames_prefix}UAO_X_202602{day:02d}_220000_001.hdf5", b"x")
    with counted(store) as sent:
        take_up(store, _look(store))
    assert sent == ["ListObjectsV2", "ListObjectsV2"]


def test_waiting_nights_cost_in_proportion(store: Store):
    def cost() -> int:
        with counted(store) as sent:
            _look(store)
        return len(sent)

    costs = [cost()]
    for day in (1, 2, 3):
        night = NightId.parse(f"minime05_uao_202602{day:02d}")
        for number, piece in enumerate(cut(pack())):
            store.put_bytes(part_key(night, number), piece)
        store.put_bytes(night.receipt_key, receipt(night, 17, 1))
        costs.append(cost())
    assert [later - sooner for sooner, later in itertools.pairwise(costs)] == [2, 2, 2]


def test_a_discovery_that_is_none():
    with pytest.raises(BadInput, match=r"x\.json: not a discovery"):
        discovery_from_json({"format": 2}, "x.json")


@pytest.mark.parametrize("request_number", [0, 1])
def test_a_mark_that_is_killed_is_never_taken_for_finished_work(store: Store, request_number: int):
    """An old proof of a finished cleanup beside a new mark would make the work be forgotten."""
    store.put_json(MINIME05.cleaned_key, {})
    sent = 0

    def kill(**_):
        nonlocal sent
        sent += 1
        if sent > request_number:
            raise KeyboardInterrupt

    store.client.meta.events.register("before-call.s3", kill)
    with pytest.raises(KeyboardInterrupt):
        mark_pending(store, MINIME05, "reanalysis")
    store.client.meta.events.unregister("before-call.s3", kill)
    assert store.head(MINIME05.pending_key) is None
