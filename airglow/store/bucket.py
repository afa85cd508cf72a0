"""One bucket: read, write, verify, and delete only what is still what was read."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airglow.model.errors import StoreError
from airglow.store.answers import CHANGED, GONE, asked, botocore_errors, code_of, refusal
from airglow.store.hashes import FileHashes, hash_file, json_bytes
from airglow.store.objects import ChangedObject, MissingObject, StoredObject
from airglow.store.reader import BucketReader


@dataclass(frozen=True)
class Store(BucketReader):
    """A bucket that is also written to; may be shared by threads.

    Parameters
    ----------
    bucket, endpoint_url, client
        As of `airglow.store.reader.BucketReader`.
    """

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

    def keep(self, found: StoredObject, destination: str) -> None:
        """Keep what an object holds under another key before it is overwritten, whoever else does the same.

        It is read and written, not copied inside the bucket: there are stores that do not heed the condition
        on a copy's source. Of two processes that keep and overwrite the same object, the later one would then
        put the new contents over what the first one kept. What its ETag does not prove (encryption, parts) is
        copied all the same: nothing else would tell that it was damaged on its way here.

        Parameters
        ----------
        found
            The object, as it was listed.
        destination
            Key of what is kept. An object that has these contents already stays as it is.

        Raises
        ------
        MissingObject, ChangedObject
            If it is no more what was listed, and was not kept by another process before. Nothing is written.
        StoreError
            If the service does not answer, or refuses.
        """

        def is_kept() -> bool:
            there = self.head(destination)
            return there is not None and (there.size, there.etag) == (found.size, found.etag)

        if is_kept():
            return
        try:
            data = self.get_bytes(found.key, found.etag)
        except (MissingObject, ChangedObject):
            if is_kept():
                return
            raise
        if hashlib.md5(data, usedforsecurity=False).hexdigest() == found.etag:
            self.put_bytes(destination, data)
        else:
            self.copy(found.key, destination, found.etag)

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


def _content_type(path: Path) -> str:
    """What a browser is told a file is."""
    import mimetypes  # reads the machine's tables of types

    own = {".nc": "application/x-netcdf", ".log": "text/plain", ".hdf5": "application/x-hdf5"}
    guessed = own.get(Path(path).suffix) or mimetypes.guess_type(path)[0]
    return guessed or "application/octet-stream"
