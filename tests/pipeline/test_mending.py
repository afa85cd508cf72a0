"""An archive that lacks frames, or has a damaged manifest, is mended from what is left."""

from functools import partial
from pathlib import Path

import pytest
from known import known_registry
from uploading import FRAMES, MINIME05, deliver, keys, pack, send

from airglow.archive import Manifest, NotArchived, NotLoaded, UnpackLimits, cleanup_night, load_manifest
from airglow.model.errors import BadInput
from airglow.pipeline.archiving import archive_upload
from airglow.pipeline.mending import bring_frames_surely, cleanup_surely, read_archived
from airglow.pipeline.states import manifest_bytes, put_state
from airglow.pipeline.table import new_trouble, row_of_report
from airglow.store import Guard, Store
from airglow.uploads import State, mark_pending, mend_manifests, scan, take_up

REGISTRY = known_registry()


def _archiving(store: Store, directory: Path) -> partial:
    return partial(
        archive_upload,
        store,
        MINIME05,
        directory,
        directory / "unpacked",
        directory / "states",
        UnpackLimits(),
    )


def _clean_up(store: Store, directory: Path, archived: Manifest, published: dict, loaded: dict) -> dict:
    archive, states = _archiving(store, directory), directory / "states"
    return cleanup_surely(store, REGISTRY, archived, published, loaded, archive, Guard(), 0, states)


@pytest.fixture
def archived(store: Store, tmp_path: Path) -> Manifest:
    """A night that is archived and whose upload is still in raw/."""
    send(store, MINIME05)
    return _archiving(store, tmp_path)()


def _lose(store: Store, manifest: Manifest) -> None:
    store.delete(manifest.frames[1].key)


def _damage(store: Store, manifest: Manifest) -> None:
    store.put_bytes(manifest.frames[1].key, b"damaged")


@pytest.mark.parametrize("spoil", [_lose, _damage])
def test_a_lost_frame_is_extracted_again(store: Store, tmp_path: Path, archived: Manifest, spoil):
    spoil(store, archived)
    frames, unpacked = tmp_path / "frames", tmp_path / "elsewhere"
    now = bring_frames_surely(store, archived, frames, unpacked, _archiving(store, tmp_path))
    assert now == archived
    assert {path.read_bytes() for path in frames.iterdir()} == set(FRAMES.values())
    assert {store.get_bytes(frame.key) for frame in archived.frames} == set(FRAMES.values())


@pytest.mark.parametrize("spoil", [_lose, _damage])
def test_a_night_is_cleaned_up_after_its_archive_was_mended(
    store: Store, tmp_path: Path, archived: Manifest, spoil
):
    delivered = deliver(store, archived)
    spoil(store, archived)
    record = _clean_up(store, tmp_path, archived, *delivered)
    assert len(record["deleted"]) == 5
    assert {store.get_bytes(frame.key) for frame in archived.frames} == set(FRAMES.values())


def test_rows_of_other_products_are_to_be_loaded_again_before_anything_goes(
    store: Store, tmp_path: Path, archived: Manifest
):
    published, loaded = deliver(store, archived)
    before = keys(store, "raw/")
    put_state(store, MINIME05, "loaded", {**loaded, "products_sha256": 64 * "0"}, tmp_path / "states")
    of_others = store.get_json(MINIME05.loaded_key)
    with pytest.raises(NotLoaded, match=r"loaded\.json: of other products .*Nothing was deleted"):
        _clean_up(store, tmp_path, archived, published, of_others)
    assert keys(store, "raw/") == before
    assert store.head(MINIME05.loaded_key) is None  # so that the next attempt loads it
    assert len(_clean_up(store, tmp_path, archived, published, loaded)["deleted"]) == 5


def test_a_frame_that_nothing_can_bring_back_is_told_with_what_to_do(
    store: Store, tmp_path: Path, archived: Manifest
):
    cleanup_night(store, REGISTRY, archived, *deliver(store, archived))
    _lose(store, archived)
    with pytest.raises(
        NotArchived, match=r"not in the bucket\. .* put it back from a backup, or upload the night again"
    ):
        bring_frames_surely(
            store, archived, tmp_path / "frames", tmp_path / "elsewhere", _archiving(store, tmp_path)
        )


def test_frames_come_back_that_were_set_aside_for_an_upload_which_went_away(
    store: Store, tmp_path: Path, archived: Manifest
):
    cleanup_night(store, REGISTRY, archived, *deliver(store, archived))
    store.put_json(MINIME05.cleaned_key, {})
    other = {name: b"other " + data for name, data in FRAMES.items()}
    send(store, MINIME05, pack(other))
    take_up(store, scan(store, REGISTRY))
    archive = _archiving(store, tmp_path)

    def fail(*_: object, **__: object) -> None:
        raise KeyboardInterrupt  # killed before the manifest

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("airglow.archive.extract._write_manifest", fail)
        with pytest.raises(KeyboardInterrupt):
            archive()
    for key in keys(store, "raw/"):
        store.delete(key)
    take_up(store, scan(store, REGISTRY))
    back = load_manifest(store, MINIME05)
    assert back == archived
    bring_frames_surely(store, back, tmp_path / "frames", tmp_path / "elsewhere", archive)
    assert {store.get_bytes(frame.key) for frame in archived.frames} == set(FRAMES.values())


def test_a_copy_takes_the_place_of_a_damaged_manifest(store: Store, tmp_path: Path, archived: Manifest):
    store.put_bytes(MINIME05.manifest_key, b'{"format": 1')
    read, data = read_archived(store, MINIME05, tmp_path / "none", tmp_path / "states")
    assert read == archived
    assert store.get_bytes(MINIME05.manifest_key) == data
    # The mirror is of the manifest that is there now, so that the file at hand counts.
    (tmp_path / "manifest.json").write_bytes(data)
    assert manifest_bytes(store, MINIME05, tmp_path / "manifest.json", tmp_path / "states") == data
    assert [store.get_bytes(key) for key in keys(store, f"{MINIME05.state_prefix}damaged/")] == [
        b'{"format": 1'
    ]


def test_a_copy_that_is_damaged_itself_is_no_help(store: Store, tmp_path: Path, archived: Manifest):
    for key in (MINIME05.manifest_key, *keys(store, f"{MINIME05.state_prefix}manifests/")):
        store.put_bytes(key, b"{}")
    with pytest.raises(BadInput, match="put one back from a backup, or delete it and upload the night again"):
        read_archived(store, MINIME05, tmp_path / "none", tmp_path / "states")
    assert store.get_bytes(MINIME05.manifest_key) == b"{}"


def test_a_night_that_is_held_for_a_damaged_manifest_calls_a_person_once(store: Store):
    mark_pending(store, MINIME05, "reanalysis")
    store.put_bytes(MINIME05.manifest_key, b"{}")
    rows = [row_of_report(report) for report in scan(store, REGISTRY).nights]
    assert [row.name for row in new_trouble(rows, ())] == [MINIME05.name]
    assert new_trouble(rows, rows) == []


@pytest.mark.parametrize("has_copy", [True, False])
def test_the_next_run_mends_a_manifest_whose_upload_is_there(
    store: Store, tmp_path: Path, archived: Manifest, has_copy: bool
):
    store.put_bytes(MINIME05.manifest_key, b"{}")
    if not has_copy:
        for key in keys(store, f"{MINIME05.state_prefix}manifests/"):
            store.delete(key)
    found = scan(store, REGISTRY)
    (report,) = found.nights
    assert report.state is State.CONTINUING
    take_up(store, found)
    assert MINIME05 not in mend_manifests(store, found).states
    if has_copy:
        assert report.reason == "its manifest was damaged: back to a copy of it"
        assert load_manifest(store, MINIME05) == archived
    else:
        assert store.head(MINIME05.manifest_key) is None
        (report,) = scan(store, REGISTRY).nights
        assert report.reason == "interrupted before it was archived"
        assert _archiving(store, tmp_path)() == archived


def test_of_several_copies_the_one_of_the_upload_is_taken(store: Store, tmp_path: Path, archived: Manifest):
    first = b"".join(store.get_bytes(part.key) for part in archived.parts)
    other = send(store, MINIME05, pack({name: b"other " + data for name, data in FRAMES.items()}))
    take_up(store, scan(store, REGISTRY))
    second = _archiving(store, tmp_path)()
    mark_pending(store, MINIME05, "upload")
    for archive, manifest in ((first, archived), (other, second)):
        send(store, MINIME05, archive)
        store.put_bytes(MINIME05.manifest_key, b"{}")
        found = scan(store, REGISTRY)
        mend_manifests(store, found)
        assert load_manifest(store, MINIME05) == manifest
