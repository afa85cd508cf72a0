"""What a dry run shows of a cleanup is what the cleanup then does."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from known import known_registry
from uploading import (
    MINIME05,
    MINIME13,
    archive_night,
    deliver,
    keys,
    part_key,
    send,
)

from airglow.__main__ import main
from airglow.archive import Manifest, archive_weather, cleanup_night, preview_cleanup
from airglow.demo.servers import S3Server
from airglow.model.errors import StoreError
from airglow.store import Guard, Store
from airglow.uploads import cloud_file

REGISTRY = known_registry()
CLOUDS = "raw/Cloud_uao_20260429.txt"


def nothing(store: Store, manifest: Manifest) -> None:
    pass


def another_part(store: Store, manifest: Manifest) -> None:
    store.put_bytes(part_key(MINIME05, 1), b"other")


def another_night_needs_the_clouds(store: Store, manifest: Manifest) -> None:
    send(store, MINIME13, clouds=False)


def clouds_that_are_not_archived(store: Store, manifest: Manifest) -> None:
    store.delete(cloud_file(MINIME05.site, MINIME05.date).archive_key)


def a_part_less(store: Store, manifest: Manifest) -> None:
    store.delete(part_key(MINIME05, 0))


def a_lost_frame(store: Store, manifest: Manifest) -> None:
    store.delete(manifest.frames[0].key)


def not_published(store: Store, manifest: Manifest) -> None:
    store.delete(manifest.night.published_key)


def not_loaded(store: Store, manifest: Manifest) -> None:
    store.delete(manifest.night.loaded_key)


Change = Callable[[Store, Manifest], None]


@pytest.mark.parametrize("hours", [0, 24])
@pytest.mark.parametrize(
    ("change", "why"),
    [
        (nothing, "a part of manifest "),
        (another_part, "raw/fpi05_uao_20260429.tar.gz000001 is not what was archived"),
        (another_night_needs_the_clouds, "needed by minime13_uao_20260429"),
        (clouds_that_are_not_archived, "after it is archived as "),
        (a_part_less, "the receipt of manifest "),
        (a_lost_frame, "not in the bucket"),
        (not_published, "not of the manifest that is archived now"),
        (not_loaded, "not of the manifest that is archived now"),
    ],
)
def test_a_dry_run_shows_what_a_cleanup_does(
    store: Store, tmp_path: Path, change: Change, why: str, hours: int
) -> None:
    """Also where an upload rests for some hours, since the store guards no deletion."""
    send(store, MINIME05)
    archive_weather(store, MINIME05.site, MINIME05.date)
    manifest = archive_night(store, MINIME05, tmp_path)
    deliver(store, manifest)
    change(store, manifest)
    guard = Guard(quarantine=dt.timedelta(hours=hours))

    before = {found.key: found.etag for found in store.list("")}
    listed = {found.key: found for found in store.list("raw/")}
    fates = preview_cleanup(store, REGISTRY, MINIME05, listed, guard)
    assert {found.key: found.etag for found in store.list("")} == before
    assert hours or any(why in fate.why for fate in fates)
    assert len({fate.key for fate in fates}) == len(fates)
    assert all(fate.size == listed[fate.key].size for fate in fates)

    sentinels = [store.get_json(key) or {} for key in (MINIME05.published_key, MINIME05.loaded_key)]
    try:
        record = cleanup_night(store, REGISTRY, manifest, *sentinels, guard=guard)
    except StoreError:
        record = {"deleted": []}
    assert sorted(fate.key for fate in fates if fate.goes) == sorted(record["deleted"])
    assert not hours or record["deleted"] == []
    if "kept" in record:
        kept = {one["key"]: one["reason"] for one in record["kept"]}
        assert {fate.key: fate.why for fate in fates if not fate.goes} == kept


def test_each_object_that_goes_has_its_proof(store: Store, tmp_path: Path) -> None:
    send(store, MINIME05)
    archive_weather(store, MINIME05.site, MINIME05.date)
    manifest = archive_night(store, MINIME05, tmp_path)
    deliver(store, manifest)
    listed = {found.key: found for found in store.list("raw/")}
    fates = {fate.key: fate.why for fate in preview_cleanup(store, REGISTRY, MINIME05, listed, Guard())}
    sha, etag = manifest.sha256[:12], listed[part_key(MINIME05, 2)].etag
    done = "3 files archived, 1 products published, rows committed"
    assert fates[part_key(MINIME05, 2)] == f"a part of manifest {sha}, ETag {etag}; {done}"
    assert fates[MINIME05.receipt_key].startswith(f"the receipt of manifest {sha}, ETag ")
    assert fates[CLOUDS].startswith("needed by no upload; ")
    assert fates[CLOUDS].endswith(f"has its ETag {listed[CLOUDS].etag}")


def test_the_command_shows_all_that_is_in_raw(
    store: Store,
    s3: S3Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    for name, value in s3.environment(store.bucket).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    send(store, MINIME13)
    before = keys(store, "raw/")
    assert main(["cleanup"]) == 2
    assert main(["cleanup", "--dry-run", "minime13_uao_2026"]) == 2
    capsys.readouterr()
    assert main(["cleanup", "--dry-run"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == MINIME13.name
    assert [line.split(":")[-1] for line in lines[1:5]] == [" the night is not archived"] * 4
    assert lines[-1] == "0 objects, 0.0 MB would be deleted; nothing was"
    assert main(["cleanup", "--dry-run", MINIME05.name]) == 0
    assert capsys.readouterr().out.splitlines()[0] == f"{MINIME05.name}: nothing of it is in raw/"
    assert keys(store, "raw/") == before
