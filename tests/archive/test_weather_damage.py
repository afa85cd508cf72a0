"""A weather file goes only when the archive has its bytes, whatever happens to what is read on the way."""

import datetime as dt
import itertools
from collections.abc import Callable, Iterator

import pytest
from known import known_registry
from running import Front, front

from airglow.archive import archive_weather, cleanup_weather, sync_weather_file
from airglow.archive.weather import why_not_archived
from airglow.demo.servers import S3Server
from airglow.store import DamagedRead, Store, open_store, settings_from_environment
from airglow.uploads import cloud_file

REGISTRY = known_registry()
DATE = dt.date(2026, 4, 29)
FILE = cloud_file("uao", DATE)
DAY = b"".join(b"2026-04-29 %02d:00:00 M ~D -35.1 11.2\n" % hour for hour in range(24))


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


def put_in_parts(store: Store, key: str, data: bytes) -> None:
    """An upload whose ETag is no MD5."""
    where = {"Bucket": store.bucket, "Key": key}
    upload = store.client.create_multipart_upload(**where)["UploadId"]
    part = store.client.upload_part(**where, UploadId=upload, PartNumber=1, Body=data)
    parts = {"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]}
    store.client.complete_multipart_upload(**where, UploadId=upload, MultipartUpload=parts)


def put_encrypted(store: Store, key: str, data: bytes) -> None:
    """An upload that the store encrypts: what looks like an MD5 need not be one, and proves nothing."""
    store.client.put_object(Bucket=store.bucket, Key=key, Body=data, ServerSideEncryption="AES256")


def truncate(data: bytes) -> bytes:
    return data[: len(data) // 3]


def flip(data: bytes) -> bytes:
    return data[:9] + b"?" + data[10:]


ARCHIVED = (None, DAY[:300], DAY, DAY * 2, DAY[100:])


@pytest.mark.parametrize(
    "where",
    ["", pytest.param("raw/", marks=pytest.mark.long), pytest.param("/cloudsensor/", marks=pytest.mark.long)],
)
@pytest.mark.parametrize("put", [Store.put_bytes, put_in_parts, put_encrypted])
def test_no_line_is_lost_by_damaged_readings(store: Store, far: Store, way: Front, where: str, put):
    """Of one file or both, for a while or always: every line that was there is in raw/ or in the archive."""
    # Without an MD5 to compare with, it makes no difference in what way a reading is not as the other one.
    damages = [truncate, flip] if put is Store.put_bytes else [flip]
    for archived, damage, count in itertools.product(ARCHIVED, damages, [1, 99]):
        for found in store.list(""):
            store.delete(found.key)
        if archived is not None:
            put(store, FILE.archive_key, archived)
        put(store, FILE.raw_key, DAY)
        way.damage = damaging(where, damage, count)
        try:
            deleted = cleanup_weather(far, REGISTRY, "uao", DATE)["deleted"]
        except DamagedRead:
            deleted = []
        kept = [store.get_bytes(found.key) for found in store.list("cloudsensor/")]
        assert (store.head(FILE.raw_key) is None) == (deleted == [FILE.raw_key])
        if deleted:
            assert any(data.startswith(DAY) for data in kept)
        if archived:
            assert any(data.startswith(archived) for data in kept)
        assert {DAY, *ARCHIVED}.issuperset(kept)  # and nothing that never was

        way.damage = None
        assert cleanup_weather(far, REGISTRY, "uao", DATE)["deleted"] == ([] if deleted else [FILE.raw_key])
        assert any(store.get_bytes(found.key).startswith(DAY) for found in store.list("cloudsensor/"))


def damaging(where: str, damage: Callable[[bytes], bytes], count: int) -> Callable[[str, bytes], bytes]:
    """Damage the first readings of objects in one place."""
    left = [count]

    def act(path: str, data: bytes) -> bytes:
        if where not in path or "list-type" in path:
            return data
        left[0] -= 1
        return damage(data) if left[0] >= 0 else data

    return act


def test_the_step_that_archives_says_what_is_wrong_on_the_way(store: Store, far: Store, way: Front):
    store.put_bytes(FILE.raw_key, DAY)
    way.damage = lambda path, data: flip(data) if path.endswith(".txt") else data
    with pytest.raises(DamagedRead, match=f"{FILE.raw_key}: damaged on the way"):
        archive_weather(far, "uao", DATE)
    assert store.list("cloudsensor/") == []


@pytest.mark.parametrize("put", [Store.put_bytes, put_in_parts])
@pytest.mark.parametrize(
    ("archived", "reason"),
    [
        (DAY, ""),
        (DAY + b"more", ""),
        (DAY[:-1], f"the archived file has {len(DAY) - 1} bytes, this one {len(DAY)}"),
        (b"?" + DAY, "not proven to be in the archive"),
        (b"?" + DAY[1:], "not proven to be in the archive"),
        (None, "changed while the night was cleaned up"),
    ],
)
def test_a_file_is_proven_by_what_is_in_the_archive(store: Store, put, archived: bytes | None, reason: str):
    """Also where somebody else put it there meanwhile."""
    put(store, FILE.raw_key, DAY)
    believed = sync_weather_file(store, FILE)
    assert why_not_archived(store, believed) == ""
    store.delete(FILE.archive_key)
    if archived is not None:
        put(store, FILE.archive_key, archived)
    assert why_not_archived(store, believed) == reason
