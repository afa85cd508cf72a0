"""An upload that is refused for what is in it stays refused, until another one or other criteria come."""

from pathlib import Path

import pytest
from known import known_registry
from uploading import MINIME05, archive_night, counted, pack, part_key, send

from airglow.archive import UnpackLimits, criteria, extract_night, join_parts
from airglow.model.errors import BadInput, RefusedUpload
from airglow.pipeline.rows import night_row
from airglow.store import Store
from airglow.uploads import ScanSettings, State, read_refusal, record_refusal, scan, take_up

REGISTRY = known_registry()
LIMITS = UnpackLimits()
RUBBISH = b"no archive at all " * 100


def _report(store: Store, limits: UnpackLimits = LIMITS):
    (report,) = scan(store, REGISTRY, ScanSettings(), criteria=criteria(limits)).nights
    return report


def _refuse(store: Store, directory: Path, archive: bytes = RUBBISH, limits: UnpackLimits = LIMITS) -> None:
    """A run that takes the night up and finds out what is in it."""
    send(store, MINIME05, archive)
    take_up(store, scan(store, REGISTRY, criteria=criteria(limits)))
    tar, record = directory / "night.tar.gz", directory / "parts.json"
    join_parts(store, MINIME05, tar, record, criteria=criteria(limits))
    with pytest.raises(RefusedUpload):
        extract_night(store, MINIME05, tar, record, directory / "m", directory / "frames", limits)


@pytest.fixture
def refused(store: Store, tmp_path: Path) -> Store:
    """A bucket with an upload that was refused."""
    _refuse(store, tmp_path)
    return store


def test_it_is_not_taken_up_again_and_the_reason_is_told(refused: Store) -> None:
    report = _report(refused)
    assert report.state is State.REFUSED
    assert "gzip is damaged" in report.reason
    assert report.since == read_refusal(refused, MINIME05).made_at
    assert night_row(refused, MINIME05).state == "refused"
    assert night_row(refused, MINIME05).reason == report.reason
    assert len(refused.list(MINIME05.raw_prefix)) == 4
    assert refused.list(MINIME05.frames_prefix) == []


def test_asked_for_by_name_it_is_refused_before_anything_is_read(refused: Store, tmp_path: Path) -> None:
    with counted(refused) as sent, pytest.raises(RefusedUpload, match="gzip is damaged"):
        join_parts(refused, MINIME05, tmp_path / "t", tmp_path / "r", criteria=criteria(LIMITS))
    assert sent == ["ListObjectsV2", "GetObject", "GetObject"]  # the upload, its receipt, the refusal
    with counted(refused) as sent, pytest.raises(RefusedUpload, match="gzip is damaged"):
        extract_night(
            refused,
            MINIME05,
            tmp_path / "night.tar.gz",
            tmp_path / "parts.json",
            tmp_path / "m",
            tmp_path / "f",
        )
    assert sent == ["GetObject"]


def test_another_upload_is_taken_up(refused: Store, tmp_path: Path) -> None:
    send(refused, MINIME05)
    assert _report(refused).state is State.CONTINUING
    archive_night(refused, MINIME05, tmp_path)
    assert read_refusal(refused, MINIME05) is None
    assert _report(refused).reason == "archived, to be finished"


def test_one_that_was_refused_for_its_size_is_taken_up_with_other_limits(
    store: Store, tmp_path: Path
) -> None:
    _refuse(store, tmp_path, pack(), UnpackLimits(max_members=1))
    assert _report(store, UnpackLimits(max_members=1)).state is State.REFUSED
    assert _report(store).state is State.CONTINUING


def test_another_upload_of_an_archived_night_that_is_refused_and_withdrawn(
    store: Store, tmp_path: Path
) -> None:
    send(store, MINIME05)
    archived = archive_night(store, MINIME05, tmp_path)
    store.delete(MINIME05.pending_key)
    _refuse(store, tmp_path)
    assert _report(store).state is State.REFUSED
    for found in store.list(MINIME05.raw_prefix):
        store.delete(found.key)
    report = _report(store)
    assert (report.state, report.withdrawn) == (State.CONTINUING, True)
    take_up(store, scan(store, REGISTRY))
    assert read_refusal(store, MINIME05) is None
    row = night_row(store, MINIME05)
    assert (row.state, row.reason) == ("running", "archived, not finished")
    assert archived.frames


def test_a_part_that_is_missing_again_waits_and_is_not_refused(refused: Store) -> None:
    refused.delete(part_key(MINIME05, 1))
    assert _report(refused).state is State.WAITING


def test_machine_errors_and_unreadable_records_are_no_refusal(store: Store, tmp_path: Path) -> None:
    send(store, MINIME05)
    tar, record = tmp_path / "night.tar.gz", tmp_path / "parts.json"
    join_parts(store, MINIME05, tar, record)
    rest = (tmp_path / "m", tmp_path / "frames")
    record.write_bytes(b"{}")
    with pytest.raises(BadInput) as caught:
        extract_night(store, MINIME05, tar, record, *rest)
    assert not isinstance(caught.value, RefusedUpload)
    assert read_refusal(store, MINIME05) is None
    record_refusal(store, MINIME05, "once", {}, {})
    store.put_bytes(MINIME05.refused_key, b"rubbish")
    assert read_refusal(store, MINIME05) is None
