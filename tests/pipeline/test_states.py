"""Mirrors of sentinels: like the bucket before a night is planned, and never believed over another object."""

import os
import time
from pathlib import Path

import pytest
from uploading import MINIME05, counted

from airglow.pipeline.states import (
    STATES,
    forget_marked,
    is_marked,
    manifest_bytes,
    mirror_path,
    mirror_states,
    mirror_written,
    note_marked,
    put_state,
    read_state,
    remove_state,
    states_taken_up,
)
from airglow.store import Store, hash_file


def there(root: Path) -> set[str]:
    """States that have a mirror."""
    return {state for state in STATES if mirror_path(root, MINIME05, state).exists()}


def test_mirrors_are_made_like_the_bucket_with_one_request(store: Store, tmp_path: Path) -> None:
    store.put_json(MINIME05.manifest_key, {"a": 1})
    store.put_json(MINIME05.published_key, {"b": 2})
    store.put_json(f"{MINIME05.state_prefix}manifests/x.json", {})
    stale = mirror_path(tmp_path, MINIME05, "cleaned")
    stale.parent.mkdir(parents=True)
    stale.write_text('{"etag": "of an object that is gone"}')
    os.utime(stale, (1000, 1000))
    with counted(store) as sent:
        found = mirror_states(store, MINIME05, tmp_path)
    assert sent == ["ListObjectsV2"]
    assert there(tmp_path) == set(found) == {"manifest", "published"}


def test_a_lost_disk_gets_the_times_of_the_bucket_but_none_to_come(store: Store, tmp_path: Path) -> None:
    """A server's clock that is ahead would make a step look older than what it was made from."""
    store.put_json(MINIME05.manifest_key, {})
    (found,) = store.list(MINIME05.state_prefix)
    mirror_states(store, MINIME05, tmp_path)
    written = mirror_path(tmp_path, MINIME05, "manifest").stat().st_mtime
    assert written == pytest.approx(min(found.modified.timestamp(), time.time()), abs=1.5)

    ahead = type(found)(
        found.key, found.size, "another", found.modified.replace(year=found.modified.year + 1)
    )
    os.utime(mirror_path(tmp_path, MINIME05, "manifest"), (1000, 1000))
    mirror_states(store, MINIME05, tmp_path, [ahead])
    assert mirror_path(tmp_path, MINIME05, "manifest").stat().st_mtime <= time.time()


def test_the_mirror_of_the_very_object_keeps_its_time(store: Store, tmp_path: Path) -> None:
    put_state(store, MINIME05, "loaded", {"rows": 3}, tmp_path)
    path = mirror_path(tmp_path, MINIME05, "loaded")
    os.utime(path, (1000, 1000))
    mirror_states(store, MINIME05, tmp_path)
    assert path.stat().st_mtime == 1000
    store.put_json(MINIME05.loaded_key, {"rows": 4})
    mirror_states(store, MINIME05, tmp_path)
    assert path.stat().st_mtime > 1000


def test_what_a_step_writes_while_a_plan_looks_stays(store: Store, tmp_path: Path) -> None:
    """A dry run beside a run at work: its listing is older than the sentinel."""

    def write(**_: object) -> None:
        mirror_written(MINIME05, "loaded", "of the step", tmp_path, {"rows": 3})

    store.client.meta.events.register("after-call.s3.ListObjectsV2", write)
    mirror_states(store, MINIME05, tmp_path)
    assert there(tmp_path) == {"loaded"}


def test_a_value_is_read_from_the_mirror_only_if_it_is_of_the_object(store: Store, tmp_path: Path) -> None:
    put_state(store, MINIME05, "published", {"by": "us"}, tmp_path)
    with counted(store) as sent:
        assert read_state(store, MINIME05, "published", tmp_path) == {"by": "us"}
    assert sent == []
    store.put_json(MINIME05.published_key, {"by": "others"})
    (now,) = store.list(MINIME05.published_key)
    assert read_state(store, MINIME05, "published", tmp_path, now) == {"by": "others"}
    os.utime(mirror_path(tmp_path, MINIME05, "published"), (1000, 1000))
    mirror_states(store, MINIME05, tmp_path)
    assert read_state(store, MINIME05, "published", tmp_path) == {"by": "others"}


@pytest.mark.parametrize("damage", [b"", b"[]", b"{", b"\xff"])
def test_a_damaged_mirror_costs_a_request(store: Store, tmp_path: Path, damage: bytes) -> None:
    put_state(store, MINIME05, "published", {"by": "us"}, tmp_path)
    mirror_path(tmp_path, MINIME05, "published").write_bytes(damage)
    os.utime(mirror_path(tmp_path, MINIME05, "published"), (1000, 1000))
    assert read_state(store, MINIME05, "published", tmp_path) == {"by": "us"}
    mirror_states(store, MINIME05, tmp_path)
    assert there(tmp_path) == {"published"}


def test_what_is_removed_is_removed_here_first(store: Store, tmp_path: Path) -> None:
    """Killed in between, the next plan finds the object and makes the mirror again."""
    put_state(store, MINIME05, "published", {}, tmp_path)
    seen = []
    store.client.meta.events.register("before-call.s3.DeleteObject", lambda **_: seen.append(there(tmp_path)))
    remove_state(store, MINIME05, "published", tmp_path)
    assert seen == [set()]
    assert store.head(MINIME05.published_key) is None


def test_a_manifest_at_hand_counts_if_it_is_the_one_in_the_bucket(store: Store, tmp_path: Path) -> None:
    local = tmp_path / "manifest.json"
    local.write_bytes(b'{"frames": 1}')
    mirror_written(MINIME05, "manifest", store.put_file(MINIME05.manifest_key, local), tmp_path)
    assert mirror_path(tmp_path, MINIME05, "manifest").exists()
    with counted(store) as sent:
        assert manifest_bytes(store, MINIME05, local, tmp_path) == b'{"frames": 1}'
    assert sent == []
    local.write_bytes(b'{"frames": 2}')  # left by an earlier upload
    assert hash_file(local).md5 != store.head(MINIME05.manifest_key).etag
    assert manifest_bytes(store, MINIME05, local, tmp_path) == b'{"frames": 1}'


def test_what_was_there_when_a_night_was_taken_up_is_known_to_that_run_alone(tmp_path: Path) -> None:
    assert states_taken_up(MINIME05, "run 1", tmp_path) is None
    note_marked(MINIME05, "run 1", tmp_path)
    assert states_taken_up(MINIME05, "run 1", tmp_path) is None  # nobody has looked
    note_marked(MINIME05, "run 1", tmp_path, there=[])
    assert states_taken_up(MINIME05, "run 1", tmp_path) == set()
    note_marked(MINIME05, "run 1", tmp_path, there=[MINIME05.page_key])
    assert states_taken_up(MINIME05, "run 1", tmp_path) == {MINIME05.page_key}
    assert states_taken_up(MINIME05, "run 2", tmp_path) is None
    assert states_taken_up(MINIME05, None, tmp_path) is None


def test_a_mark_is_that_of_one_run(tmp_path: Path) -> None:
    assert not is_marked(MINIME05, "run 1", tmp_path)
    note_marked(MINIME05, "run 1", tmp_path)
    assert is_marked(MINIME05, "run 1", tmp_path)
    assert not is_marked(MINIME05, "run 2", tmp_path)
    assert not is_marked(MINIME05, None, tmp_path)
    forget_marked(MINIME05, tmp_path)
    assert not is_marked(MINIME05, "run 1", tmp_path)
