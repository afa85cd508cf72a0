"""An object goes only if it is the one that was read, by the means that the store has for it."""

import dataclasses
import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from running import front
from uploading import counted

from airglow.model.errors import StoreError
from airglow.store import (
    Deletion,
    Store,
    delete_read,
    known_deletion,
    open_store,
    probe_deletion,
    remembered_deletion,
    set_aside,
    settings_from_environment,
)
from airglow.store.deletion import RECORD


@pytest.fixture
def forgetful(s3, bucket: str):
    """The store behind a front that ignores If-Match on DELETE."""
    with front(s3.endpoint_url, knows_if_match=False) as before:
        environment = {**s3.environment(bucket), "AWS_S3_ENDPOINT_URL": before.url}
        yield open_store(settings_from_environment(environment))


@pytest.fixture
def versioned(store: Store) -> Store:
    store.client.put_bucket_versioning(Bucket=store.bucket, VersioningConfiguration={"Status": "Enabled"})
    return store


def _before_deletion(store: Store, act) -> None:
    """Do something once, when the first DELETE is about to be sent."""
    done = []

    def once(model, **_) -> None:
        if model.name == "DeleteObject" and not done:
            done.append(True)
            act()

    store.client.meta.events.register("before-call.s3", once)


def _same_store(store: Store, s3) -> Store:
    return open_store(settings_from_environment(s3.environment(store.bucket)))


def test_what_a_probe_finds(store: Store, forgetful: Store):
    found, of_forgetful = probe_deletion(store), probe_deletion(forgetful)
    assert (found.honours_if_match, found.keeps_versions, found.is_guarded) == (True, False, True)
    assert (of_forgetful.honours_if_match, of_forgetful.is_guarded) == (False, False)
    assert store.list("") == []


def test_a_probe_of_a_bucket_with_versions_leaves_none(versioned: Store):
    found = probe_deletion(versioned)
    assert found.keeps_versions
    answer = versioned.client.list_object_versions(Bucket=versioned.bucket)
    assert "Versions" not in answer
    assert "DeleteMarkers" not in answer


def test_versions_that_are_suspended_do_not_guard(versioned: Store):
    versioned.client.put_bucket_versioning(
        Bucket=versioned.bucket, VersioningConfiguration={"Status": "Suspended"}
    )
    assert not probe_deletion(versioned).keeps_versions


def test_a_probe_is_remembered(store: Store, tmp_path: Path):
    at_hand = tmp_path / "deletion.json"
    found = known_deletion(store, at_hand)
    with counted(store) as sent:
        assert known_deletion(store, at_hand) == found
        assert sent == []
        at_hand.write_text("{")
        assert known_deletion(store, at_hand) == found
        assert sent == ["GetObject"]
        other = dataclasses.replace(store, endpoint_url="https://elsewhere.example.org")
        known_deletion(other, at_hand)
        assert "DeleteObject" in sent


def test_a_store_is_asked_anew_after_a_month(store: Store, tmp_path: Path):
    at_hand = tmp_path / "deletion.json"
    known_deletion(store, at_hand)
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=31)
    with counted(store) as sent:
        known_deletion(store, at_hand, later)
    assert "DeleteObject" in sent


def test_a_record_that_is_damaged_is_no_proof(store: Store):
    store.put_bytes(RECORD, b'{"format": 1, "honours_if_match": true')
    known, probed = known_deletion(store), probe_deletion(store)
    assert replace(known, found_at=None) == replace(probed, found_at=None)
    assert store.get_json(RECORD)["honours_if_match"] is True


def test_without_a_guard_what_comes_between_look_and_deletion_is_lost(forgetful: Store, store: Store):
    """Why objects rest first on such a store; the same on one that honours If-Match loses nothing."""
    for deletion, there, is_lost in ((Deletion(), forgetful, True), (Deletion(True), store, False)):
        etag = store.put_bytes("raw/key", b"read")
        _before_deletion(there, lambda: store.put_bytes("raw/key", b"uploaded again"))
        assert delete_read(there, {"raw/key": etag}, deletion)["raw/key"] is is_lost
        assert (store.head("raw/key") is None) is is_lost


def test_without_a_guard_what_was_listed_earlier_is_looked_at_again(forgetful: Store, store: Store):
    etag = store.put_bytes("raw/key", b"read")
    there = {found.key: found for found in store.list("raw/")}
    store.put_bytes("raw/key", b"uploaded again")
    assert delete_read(forgetful, {"raw/key": etag}, Deletion(), there) == {"raw/key": False}
    assert store.get_bytes("raw/key") == b"uploaded again"


def test_what_this_disk_remembers_is_asked_of_nobody(store: Store, tmp_path: Path):
    at_hand = tmp_path / "deletion.json"
    with counted(store) as sent:
        assert remembered_deletion(store, at_hand) == Deletion()
    found = known_deletion(store, at_hand)
    with counted(store) as sent:
        assert remembered_deletion(store, at_hand) == found
    assert sent == []


def test_with_if_match_no_look_is_needed(store: Store):
    etags = {f"raw/key{n}": store.put_bytes(f"raw/key{n}", b"read") for n in range(3)}
    there = {found.key: found for found in store.list("raw/")}
    with counted(store) as sent:
        gone = delete_read(store, etags, Deletion(honours_if_match=True), there)
    assert sent == ["DeleteObject"] * 3
    assert gone == dict.fromkeys(etags, True)


def test_a_version_that_comes_during_the_deletion_stays(versioned: Store, s3):
    etag = versioned.put_bytes("raw/key", b"read")
    other = _same_store(versioned, s3)
    _before_deletion(versioned, lambda: other.put_bytes("raw/key", b"uploaded again"))
    deletion = Deletion(keeps_versions=True)
    assert delete_read(versioned, {"raw/key": etag}, deletion) == {"raw/key": False}
    assert other.get_bytes("raw/key") == b"uploaded again"


def test_of_an_object_with_one_version_nothing_is_left(versioned: Store):
    etag = versioned.put_bytes("raw/key", b"read")
    assert delete_read(versioned, {"raw/key": etag}, Deletion(keeps_versions=True)) == {"raw/key": True}
    answer = versioned.client.list_object_versions(Bucket=versioned.bucket)
    assert "Versions" not in answer
    assert "DeleteMarkers" not in answer
    assert delete_read(versioned, {"raw/key": etag}, Deletion(keeps_versions=True)) == {"raw/key": True}


def test_an_older_version_does_not_come_back(versioned: Store):
    versioned.put_bytes("raw/key", b"older")
    etag = versioned.put_bytes("raw/key", b"read")
    assert delete_read(versioned, {"raw/key": etag}, Deletion(keeps_versions=True)) == {"raw/key": True}
    assert versioned.list("raw/") == []
    assert delete_read(versioned, {"raw/key": etag}, Deletion(keeps_versions=True)) == {"raw/key": True}


def test_beside_an_older_version_too_what_comes_meanwhile_is_seen(versioned: Store, s3):
    versioned.put_bytes("raw/key", b"older")
    etag = versioned.put_bytes("raw/key", b"read")
    other = _same_store(versioned, s3)
    _before_deletion(versioned, lambda: other.put_bytes("raw/key", b"uploaded again"))
    deletion = Deletion(keeps_versions=True)
    assert delete_read(versioned, {"raw/key": etag}, deletion) == {"raw/key": False}
    assert other.get_bytes("raw/key") == b"uploaded again"


def test_another_version_than_the_one_that_was_read_stays(versioned: Store):
    etag = versioned.put_bytes("raw/key", b"read")
    versioned.put_bytes("raw/key", b"uploaded again")
    assert delete_read(versioned, {"raw/key": etag}, Deletion(keeps_versions=True)) == {"raw/key": False}


@pytest.mark.parametrize("deletion", [Deletion(), Deletion(True)])
def test_set_aside(store: Store, deletion: Deletion):
    store.put_bytes("raw/key", b"bytes")
    found = store.head("raw/key")
    assert set_aside(store, found, "aside/key", deletion)
    assert set_aside(store, found, "aside/key", deletion)  # once more, as after a kill
    assert [(one.key, one.etag) for one in store.list("")] == [("aside/key", found.etag)]


def test_what_was_uploaded_again_is_not_set_aside(store: Store):
    store.put_bytes("raw/key", b"bytes")
    found = store.head("raw/key")
    store.put_bytes("raw/key", b"other")
    assert not set_aside(store, found, "aside/key", Deletion(True))
    assert [one.key for one in store.list("")] == ["raw/key"]


def test_what_fails_its_check_after_writing_does_not_stay(store: Store, s3):
    """A server that writes something else than it was sent, and says so by its ETag."""

    def damage(params, **_) -> None:
        params["Body"] = b"damaged"

    store.client.meta.events.register("before-parameter-build.s3.PutObject", damage)
    with pytest.raises(StoreError, match=r"is not what was sent\. Try again"):
        store.put_bytes("key", b"whole")
    assert store.list("") == []


def test_a_copy_that_fails_its_check_does_not_stay(store: Store, s3):
    store.put_bytes("source", b"bytes")
    other = _same_store(store, s3)
    store.client.meta.events.register(
        "after-call.s3.CopyObject", lambda **_: other.put_bytes("copy", b"damaged")
    )
    with pytest.raises(StoreError, match=r"the copy of source is not the same object\. Try again"):
        store.copy("source", "copy")
    assert [found.key for found in store.list("")] == ["source"]
