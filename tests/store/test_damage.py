"""What is damaged on the way, without an error, is noticed: by size, by ETag, or by reading twice."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from running import Front, front

from airglow.demo.servers import S3Server
from airglow.store import (
    DamagedRead,
    Store,
    StoredObject,
    open_store,
    proves,
    read_surely,
    settings_from_environment,
    stream_surely,
)

DATA = b"0123456789" * 1000


@pytest.fixture(scope="module")
def way(s3: S3Server) -> Iterator[Front]:
    """What is between here and the bucket."""
    with front(s3.endpoint_url) as made:
        yield made


@pytest.fixture
def far(way: Front, s3: S3Server, bucket: str) -> Store:
    """The bucket, by that way."""
    way.forget()
    return open_store(settings_from_environment({**s3.environment(bucket), "AWS_S3_ENDPOINT_URL": way.url}))


def truncate(data: bytes) -> bytes:
    return data[:-7]


def flip(data: bytes) -> bytes:
    return data[:99] + b"?" + data[100:]


def times(count: int, damage: Callable[[bytes], bytes]) -> Callable[[str, bytes], bytes]:
    """Damage the first answers only."""
    left = [count]

    def act(_path: str, data: bytes) -> bytes:
        left[0] -= 1
        return damage(data) if left[0] >= 0 else data

    return act


def read_as_listed(store: Store, found: StoredObject) -> tuple[bytes, bool] | str:
    """A sure reading, or why there is none."""
    try:
        return read_surely(store, found)
    except DamagedRead as damaged:
        return str(damaged)


def put_in_parts(store: Store, key: str, data: bytes, part_bytes: int = 5 << 20) -> None:
    """An upload whose ETag is no MD5."""
    where = {"Bucket": store.bucket, "Key": key}
    upload = store.client.create_multipart_upload(**where)["UploadId"]
    parts = []
    for number, at in enumerate(range(0, max(1, len(data)), part_bytes), 1):
        sent = store.client.upload_part(
            **where, UploadId=upload, PartNumber=number, Body=data[at : at + part_bytes]
        )
        parts.append({"ETag": sent["ETag"], "PartNumber": number})
    store.client.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": parts})
    assert store.head(key).etag.endswith(f"-{len(parts)}")


@pytest.mark.parametrize("damage", [truncate, flip])
def test_a_damaged_reading_is_repeated(far: Store, way: Front, damage, tmp_path: Path):
    far.put_bytes("key", DATA)
    way.damage = times(2, damage)
    assert far.get_bytes("key") == DATA
    way.damage = times(2, damage)
    far.download("key", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == DATA


@pytest.mark.parametrize("damage", [truncate, flip])
def test_a_reading_that_stays_damaged_is_no_reading(far: Store, way: Front, damage, tmp_path: Path):
    far.put_bytes("key", DATA)
    way.damage = times(9, damage)
    with pytest.raises(DamagedRead, match=r"key: damaged on the way, 3 times: .*proxy, cache"):
        far.get_bytes("key", far.head("key").etag)
    with pytest.raises(DamagedRead):
        far.download("key", tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_a_sure_reading_of_what_has_no_md5_is_two_that_are_alike(far: Store, way: Front):
    put_in_parts(far, "key", DATA)
    found = far.head("key")
    assert read_surely(far, found) == (DATA, True)
    way.damage = times(1, flip)
    assert far.get_bytes("key") != DATA  # nothing can tell
    way.damage = times(1, flip)
    assert read_as_listed(far, found) == "key: two readings are not alike. Try again"
    way.damage = times(2, truncate)
    assert read_as_listed(far, found) == "key: 9,993 bytes arrived, not 10,000. Try again"
    way.damage = times(2, flip)
    assert read_surely(far, found) == (flip(DATA), False)  # and is not proven


def test_what_an_md5_proves():
    etag = hashlib.md5(DATA).hexdigest()
    assert proves(etag, DATA)
    assert not proves(etag, flip(DATA))
    assert not proves(etag, truncate(DATA))


@pytest.mark.parametrize("size", [0, 1, 5 << 20, (8 << 20) + 1, (13 << 20) + 77])
@pytest.mark.parametrize("part", [5 << 20, 8 << 20])
def test_what_the_etag_of_several_parts_proves(far: Store, size: int, part: int):
    """As the server computes it; the last part is smaller, or of the same size."""
    data = bytes(range(251)) * (size // 251 + 1)
    put_in_parts(far, "key", data[:size], part)
    etag = far.head("key").etag
    assert "-" in etag
    assert proves(etag, data[:size])
    assert not proves(etag, data[: size + 1])
    assert not proves(etag, data[:1] + b"?" + data[2:size])
    assert not proves("rubbish-2", data[:size])


def test_a_sure_reading_asks_once_where_the_etag_proves_it(far: Store, way: Front):
    far.put_bytes("key", DATA)
    found = far.head("key")
    way.forget()
    chunks: list[bytes] = []
    reading = stream_surely(far, found, lambda _offset, chunk: chunks.append(chunk), chunks.clear)
    assert (reading.size, reading.md5, reading.is_proven) == (found.size, found.etag, True)
    assert b"".join(chunks) == DATA
    assert [method for method, _ in way.requests] == ["GET"]
