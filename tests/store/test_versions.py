"""A process that is killed while it deletes a version hides no upload: the next run finds its note."""

from collections.abc import Callable

import pytest

from airglow.store import (
    Deletion,
    Store,
    delete_read,
    finish_deletions,
    open_store,
    settings_from_environment,
)
from airglow.store.versions import UNFINISHED, versions_of_objects

VERSIONS = Deletion(keeps_versions=True)


class Killed(BaseException):
    """In place of a kill -9."""


@pytest.fixture
def versioned(store: Store) -> Store:
    """A bucket with two versions of an object."""
    store.client.put_bucket_versioning(Bucket=store.bucket, VersioningConfiguration={"Status": "Enabled"})
    store.put_bytes("raw/key", b"older")
    store.put_bytes("raw/key", b"read")
    return store


@pytest.fixture
def kill(versioned: Store, s3) -> Callable[[Callable[[], object]], None]:
    """Delete the object, do something right before the marker, and be killed before the listing after it."""

    def delete(meanwhile: Callable[[], object]) -> None:
        mortal = open_store(settings_from_environment(s3.environment(versioned.bucket)))
        markers = []

        def watch(model, **_) -> None:
            if model.name == "DeleteObject" and not markers:
                markers.append(model.name)
                meanwhile()
            elif model.name == "ListObjectVersions" and markers:
                raise Killed

        mortal.client.meta.events.register("before-call.s3", watch)
        (found,) = versioned.list("raw/key")
        with pytest.raises(Killed):
            delete_read(mortal, {found.key: found.etag}, VERSIONS)

    return delete


def finish(store: Store) -> list[str]:
    """What the next run does; returns what it says."""
    told: list[str] = []
    finish_deletions(store, store.list(UNFINISHED), told.append)
    return told


def test_the_next_run_uncovers_an_upload_that_a_killed_one_hid(versioned: Store, kill) -> None:
    kill(lambda: versioned.put_bytes("raw/key", b"uploaded again"))
    assert versioned.list("raw/") == []  # hidden
    (told,) = finish(versioned)
    assert told.startswith("raw/key: was uploaded while an earlier version was deleted")
    assert versioned.get_bytes("raw/key") == b"uploaded again"
    assert versioned.list(UNFINISHED) == []
    assert finish(versioned) == []


def test_a_deletion_that_hid_nothing_is_finished_in_silence(versioned: Store, kill) -> None:
    kill(lambda: None)
    assert len(versioned.list(UNFINISHED)) == 1
    assert finish(versioned) == []
    assert versioned.list("") == []


def test_an_upload_after_the_marker_is_left_as_it_is(versioned: Store, kill) -> None:
    kill(lambda: None)
    versioned.put_bytes("raw/key", b"uploaded later")
    before = versions_of_objects(versioned, "raw/key")
    finish(versioned)
    assert versions_of_objects(versioned, "raw/key") == before
    assert versioned.get_bytes("raw/key") == b"uploaded later"


def test_a_marker_that_was_sent_twice_is_no_upload(versioned: Store, s3) -> None:
    """As of an answer that was lost."""
    other = open_store(settings_from_environment(s3.environment(versioned.bucket)))
    done = []

    def once(**_) -> None:
        if not done:
            done.append(True)
            other.client.delete_object(Bucket=other.bucket, Key="raw/key")

    versioned.client.meta.events.register("before-call.s3.DeleteObject", once)
    (found,) = versioned.list("raw/key")
    assert delete_read(versioned, {"raw/key": found.etag}, VERSIONS) == {"raw/key": True}
    assert versioned.list("") == []


@pytest.mark.parametrize("data", [b"{", b"[]", b'{"key": 3}', b'{"key": "raw/key"}', b'{"known": ["a"]}'])
def test_a_note_that_cannot_be_read_is_told_once(versioned: Store, data: bytes) -> None:
    versioned.put_bytes(f"{UNFINISHED}0.json", data)
    (told,) = finish(versioned)
    assert told.startswith(f"{UNFINISHED}0.json cannot be read")
    assert finish(versioned) == []
    assert versioned.get_bytes("raw/key") == b"read"
