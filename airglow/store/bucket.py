"""One bucket: list, read, write, verify, and delete only what is still what was read."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from airglow.model.errors import StoreError
from airglow.model.files import parse_json, written_whole
from airglow.store.answers import (
    CHANGED,
    GONE,
    answered_check,
    asked,
    botocore_errors,
    broken_stream,
    code_of,
    refusal,
)
from airglow.store.hashes import CHUNK_BYTES, FileHashes, hash_file, json_bytes
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
class Store:
    """A bucket and the client that talks to it; may be shared by threads.

    Parameters
    ----------
    bucket
        Name of the bucket.
    endpoint_url
        Address of the service, for messages.
    client
        Botocore's client for S3.
    """

    bucket: str
    endpoint_url: str
    client: Any = field(repr=False, compare=False)

    def check(self) -> None:
        """Make sure that the endpoint answers and the bucket exists.

        Raises
        ------
        StoreError
            Naming the endpoint, the bucket and what to check.
        """
        with answered_check(self.place):
            self.client.head_bucket(Bucket=self.bucket)

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

    def put_bytes(
        self,
        key: str,
        data: bytes,
        content_type: str = "application/octet-stream",
        cache_control: str | None = None,
    ) -> str:
        """Write an object and make sure that it arrived.

        Parameters
        ----------
        key
            Which object.
        data
            Its contents.
        content_type
            What it is.
        cache_control
            How long those who read it over the web may keep it, as HTTP writes it.

        Returns
        -------
        str
            Its ETag.
        """
        md5 = hashlib.md5(data, usedforsecurity=False).digest()
        sha256 = hashlib.sha256(data).hexdigest()
        return self._put(key, data, md5, sha256, content_type, cache_control)

    def put_file(
        self,
        key: str,
        path: Path,
        content_type: str | None = None,
        hashes: FileHashes | None = None,
    ) -> str:
        """Write a file as an object, in one part so that its ETag is its MD5, and make sure that it arrived.

        Parameters
        ----------
        key
            Which object.
        path
            The file.
        content_type
            What it is; told by the file's name if not given.
        hashes
            Of the file, if they are known already.

        Returns
        -------
        str
            Its ETag.
        """
        hashes = hashes or hash_file(path)
        content_type = content_type or _content_type(path)
        with open(path, "rb") as file:
            return self._put(key, file, bytes.fromhex(hashes.md5), hashes.sha256, content_type)

    def put_json(self, key: str, value: Any) -> str:
        """Write a value as JSON, the same bytes for the same value.

        Parameters
        ----------
        key
            Key of the object.
        value
            A value that JSON can hold.

        Returns
        -------
        str
            The ETag.
        """
        return self.put_bytes(key, json_bytes(value), "application/json")

    def copy(self, source: str, destination: str, etag: str | None = None) -> StoredObject:
        """Copy an object inside the bucket, and make sure that the copy is whole.

        Parameters
        ----------
        source
            Key of the object.
        destination
            Key of the copy. A copy that is not the same object does not stay there.
        etag
            If given, the object must still have this ETag.

        Returns
        -------
        StoredObject
            The copy.

        Raises
        ------
        MissingObject, ChangedObject, StoreError
        """
        before = self.head(source)
        if before is None:
            raise MissingObject(f"{source}: not in bucket {self.bucket}")
        if etag is not None and before.etag != etag:
            raise ChangedObject(f"{source}: it was uploaded again since it was listed")
        condition = {} if etag is None else {"CopySourceIfMatch": etag}
        with asked(self.place, "copy", source):
            self.client.copy_object(
                Bucket=self.bucket,
                Key=destination,
                CopySource={"Bucket": self.bucket, "Key": source},
                **condition,
            )
        after = self.head(destination)
        # the ETag of an object in several parts is not kept by a copy
        same = after and after.size == before.size and (after.etag == before.etag or "-" in before.etag)
        if not same:
            left = self._take_back(destination, after.etag) if after else ""
            raise StoreError(f"{destination}: the copy of {source} is not the same object{left}. Try again")
        return after

    def delete(self, key: str) -> None:
        """Delete an object of our own, if it is there; raw objects need `delete_if_unchanged`.

        Parameters
        ----------
        key
            Key of the object.
        """
        with asked(self.place, "delete", key):
            self.client.delete_object(Bucket=self.bucket, Key=key)

    def delete_if_unchanged(self, key: str, etag: str, there: StoredObject | None = None) -> bool:
        """Delete an object only if it is still the very object that was read.

        Parameters
        ----------
        key
            Which object.
        etag
            The ETag it had when it was read.
        there
            The object as it was listed a moment ago; without it, it is looked at now.

        Returns
        -------
        bool
            True when it is gone (also when it was gone before), False when it has changed and was kept.

        Raises
        ------
        StoreError
            If the service does not answer, or refuses.
        """
        there = there or self.head(key)
        if there is None:
            return True
        if there.etag != etag:
            return False
        try:
            # Servers that know If-Match on DELETE close the gap between the look and the deletion.
            self.client.delete_object(Bucket=self.bucket, Key=key, IfMatch=etag)
        except botocore_errors().ClientError as error:
            code = code_of(error)
            if code in ("NotImplemented", "501"):
                self.delete(key)
            elif code not in GONE + CHANGED:
                raise refusal(self.place, f"delete {key}", error) from error
            else:  # an answer that was lost and asked again finds the object gone
                return self.head(key) is None
        except botocore_errors().BotoCoreError as error:
            raise StoreError(f"could not delete {key} from {self.place}: {error}") from error
        return True

    @property
    def place(self) -> str:
        """The bucket and its endpoint, for messages."""
        return f"bucket {self.bucket} at {self.endpoint_url}"

    def _put(
        self,
        key: str,
        body: Any,
        md5: bytes,
        sha256: str,
        content_type: str,
        cache_control: str | None = None,
    ) -> str:
        more = {"CacheControl": cache_control} if cache_control else {}
        with asked(self.place, "write", key):
            answer = self.client.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=body,
                ContentMD5=base64.b64encode(md5).decode(),
                ContentType=content_type,
                **more,
            )
        etag = answer["ETag"].strip('"')
        # Some servers have ETags of their own (encryption at rest): then the bytes are read back.
        if etag != md5.hex() and hashlib.sha256(self.get_bytes(key, etag)).hexdigest() != sha256:
            left = self._take_back(key, etag)
            raise StoreError(f"{key}: what arrived in {self.place} is not what was sent{left}. Try again")
        return etag

    def _take_back(self, key: str, etag: str) -> str:
        """Remove what failed its check, so that nobody takes it for whole; says so if it stays there."""
        try:
            is_gone = self.delete_if_unchanged(key, etag)
        except StoreError as error:
            return f", and it could not be removed: remove it by hand ({error})"
        return "" if is_gone else ", and another object has taken its place"


def _utc(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC)


def _content_type(path: Path) -> str:
    """What a browser is told a file is."""
    import mimetypes  # reads the machine's tables of types

    own = {".nc": "application/x-netcdf", ".log": "text/plain", ".hdf5": "application/x-hdf5"}
    guessed = own.get(Path(path).suffix) or mimetypes.guess_type(path)[0]
    return guessed or "application/octet-stream"
