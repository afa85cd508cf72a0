"""What can be asked of a bucket: list, describe, read, each whole and undamaged; and its time."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from airglow.model.errors import StoreError
from airglow.model.files import parse_json, written_whole
from airglow.store.answers import answered_check, asked, botocore_errors, broken_stream
from airglow.store.clock import BucketClock
from airglow.store.hashes import CHUNK_BYTES
from airglow.store.objects import (
    ChangedObject,
    DamagedRead,
    EmptyObject,
    MissingObject,
    Reading,
    StoredObject,
    is_md5,
)

STREAM_ATTEMPTS = 3  # botocore retries a request, but not the reading of its answer
_ENCRYPTED = ("ServerSideEncryption", "SSECustomerAlgorithm")  # then an ETag need not be an MD5
_NO_PROOF = (*_ENCRYPTED, "ContentRange")  # the latter of an answer with a part of the object


@dataclass(frozen=True)
class BucketReader:
    """A bucket and the client that talks to it, as far as it is read; may be shared by threads.

    Parameters
    ----------
    bucket
        Name of the bucket.
    endpoint_url
        Address of the service, for messages.
    client
        Botocore's client for S3.
    clock
        The time by the answers of the store.
    """

    bucket: str
    endpoint_url: str
    client: Any = field(repr=False, compare=False)
    clock: BucketClock = field(default_factory=BucketClock, repr=False, compare=False)

    def check(self) -> None:
        """Make sure that the endpoint answers and the bucket exists.

        Raises
        ------
        StoreError
            Naming the endpoint, the bucket and what to check.
        """
        with answered_check(self.place):
            self.clock.note(self.client.head_bucket(Bucket=self.bucket))

    def now(self) -> dt.datetime | None:
        """The present by the store's clock, which also gives objects their times.

        It decides where an object may go by its age: the clock of this machine may be wrong. Costs a request
        where nothing was listed or checked before.

        Returns
        -------
        datetime.datetime or None
            UTC, to the second; None if the store's answers have no date.

        Raises
        ------
        StoreError
            If the service does not answer.
        """
        now = self.clock.now()
        if now is None:
            self.check()
            now = self.clock.now()
        return now

    def list(self, prefix: str, after: str = "", until: str | None = None) -> list[StoredObject]:
        """List the objects whose key begins with a prefix, in the order of their keys.

        Parameters
        ----------
        prefix
            What the keys begin with.
        after, until
            Only keys that come after the one and before the other: what lies beyond costs nothing.

        Returns
        -------
        list of StoredObject

        Raises
        ------
        StoreError
            If the service does not answer.
        """
        found = []
        where = {"Bucket": self.bucket, "Prefix": prefix, **({"StartAfter": after} if after else {})}
        with asked(self.place, f"list {prefix}*"):
            for page in self.client.get_paginator("list_objects_v2").paginate(**where):
                self.clock.note(page)
                found += [
                    StoredObject(o["Key"], o["Size"], o["ETag"].strip('"'), _utc(o["LastModified"]))
                    for o in page.get("Contents", [])
                ]
                if until is not None and found and found[-1].key >= until:
                    break
        return [one for one in found if until is None or one.key < until]

    def head(self, key: str) -> StoredObject | None:
        """Describe an object; None when it does not exist.

        Parameters
        ----------
        key
            Key of the object.

        Returns
        -------
        StoredObject or None

        Raises
        ------
        StoreError
            If the service does not answer.
        """
        try:
            with asked(self.place, "look at", key):
                answer = self.client.head_object(Bucket=self.bucket, Key=key)
        except MissingObject:
            return None
        return StoredObject(
            key, answer["ContentLength"], answer["ETag"].strip('"'), _utc(answer["LastModified"])
        )

    def get_bytes(self, key: str, etag: str | None = None) -> bytes:
        """Read an object into memory.

        Parameters
        ----------
        key
            Which object.
        etag
            If given, the object must still have this ETag.

        Returns
        -------
        bytes

        Raises
        ------
        MissingObject, ChangedObject, DamagedRead, StoreError
        """
        parts: list[bytes] = []
        self.stream(key, lambda _offset, chunk: parts.append(chunk), etag, restart=parts.clear)
        return b"".join(parts)

    def get_end(self, key: str, count: int) -> bytes:
        """Read the last bytes of an object into memory, with one request.

        Parameters
        ----------
        key
            Which object.
        count
            How many bytes; fewer come if it has no more.

        Returns
        -------
        bytes

        Raises
        ------
        MissingObject, StoreError
        """
        parts: list[bytes] = []
        try:
            self.stream(key, lambda _offset, chunk: parts.append(chunk), restart=parts.clear, last=count)
        except EmptyObject:
            return b""
        return b"".join(parts)[-count:]  # a server may send everything

    def get_json(self, key: str) -> Any | None:
        """Read a JSON object; None when it does not exist.

        Parameters
        ----------
        key
            Key of the object.

        Returns
        -------
        object
            The value; None when the object does not exist.

        Raises
        ------
        StoreError
            If the object is not JSON, or cannot be read.
        """
        try:
            data = self.get_bytes(key)
        except MissingObject:
            return None
        try:
            return parse_json(data)
        except ValueError as error:
            raise StoreError(f"{key}: not JSON ({error})") from error

    def stream(
        self,
        key: str,
        write: Callable[[int, bytes], Any],
        etag: str | None = None,
        restart: Callable[[], Any] = lambda: None,
        last: int | None = None,
    ) -> Reading:
        """Read an object chunk by chunk, again from its beginning if it does not arrive whole.

        What arrived is compared with the ETag, where that is an MD5 and all of the object was asked for.

        Parameters
        ----------
        key
            Which object.
        write
            Takes the offset in bytes and a chunk.
        etag
            If given, the object must still have this ETag.
        restart
            Called before the first chunk of every attempt.
        last
            Ask for so many bytes at the end only.

        Returns
        -------
        Reading
            What arrived.

        Raises
        ------
        MissingObject, ChangedObject, DamagedRead, StoreError
        """
        options = {"IfMatch": etag} if etag else {}
        if last is not None:
            options["Range"] = f"bytes=-{last}"
        for attempt in range(1, STREAM_ATTEMPTS + 1):
            try:
                with asked(self.place, "read", key, passing=broken_stream()):
                    answer = self.client.get_object(Bucket=self.bucket, Key=key, **options)
                    found = answer["ETag"].strip('"')
                    if etag and found != etag:  # a server that ignores If-Match
                        raise ChangedObject(f"{key}: it was uploaded again since it was listed")
                    restart()
                    offset, digest = 0, hashlib.md5(usedforsecurity=False)
                    for chunk in answer["Body"].iter_chunks(CHUNK_BYTES):
                        write(offset, chunk)
                        digest.update(chunk)
                        offset += len(chunk)
                    if offset != answer["ContentLength"]:
                        raise botocore_errors().IncompleteReadError(
                            actual_bytes=offset, expected_bytes=answer["ContentLength"]
                        )
                    says_md5 = is_md5(found) and not any(answer.get(name) for name in _NO_PROOF)
                    if not says_md5 or digest.hexdigest() == found:
                        return Reading(offset, digest.hexdigest(), says_md5)
            except broken_stream() as error:
                if attempt == STREAM_ATTEMPTS:
                    raise StoreError(f"{key}: the connection broke {attempt} times: {error}") from error
        raise DamagedRead(
            f"{key}: damaged on the way, {STREAM_ATTEMPTS} times: its MD5 is not its ETag in {self.place}. "
            "Check what is between here and there (proxy, cache), and try again"
        )

    def download(self, key: str, path: Path, etag: str | None = None) -> str:
        """Read an object into a file, which appears only when it is whole.

        Parameters
        ----------
        key
            Key of the object.
        path
            File to be; its directory is made if absent.
        etag
            If given, the object must still have this ETag.

        Returns
        -------
        str
            SHA-256 of what was read, in hexadecimal.

        Raises
        ------
        MissingObject, ChangedObject, DamagedRead, StoreError
        """
        digest = hashlib.sha256()
        with written_whole(path) as partial, open(partial, "wb") as file:

            def restart() -> None:
                nonlocal digest
                digest = hashlib.sha256()
                file.seek(0)
                file.truncate()

            def write(_offset: int, chunk: bytes) -> None:
                digest.update(chunk)
                file.write(chunk)

            self.stream(key, write, etag, restart)
        return digest.hexdigest()

    @property
    def place(self) -> str:
        """The bucket and its endpoint, for messages."""
        return f"bucket {self.bucket} at {self.endpoint_url}"


def _utc(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC)
