"""Readings of which nothing may be wrong, since something is replaced or deleted for them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from airglow.store.bucket import Store
from airglow.store.objects import DamagedRead, Reading, StoredObject, is_md5

MAX_PARTS = 10_000  # of an upload, by the rules of S3
_MIB = 1 << 20


def read_surely(store: Store, found: StoredObject) -> tuple[bytes, bool]:
    """Read an object into memory, and say whether its ETag proves what arrived.

    Where it proves nothing (encryption, parts of odd sizes), two readings are alike; but what stands between
    here and the bucket may damage both in the same way.

    Parameters
    ----------
    store
        The bucket.
    found
        The object, as it was listed or looked at.

    Returns
    -------
    data : bytes
        What arrived, of the size that was listed.
    is_proven : bool
        Whether these are its bytes beyond doubt.

    Raises
    ------
    MissingObject, ChangedObject, DamagedRead, StoreError
    """
    parts: list[bytes] = []
    stream_surely(store, found, lambda _offset, chunk: parts.append(chunk), parts.clear)
    data = b"".join(parts)
    return data, proves(found.etag, data)


def proves(etag: str, data: bytes) -> bool:
    """Whether an ETag can only be that of these bytes.

    It is their MD5; or, of an upload in several parts, the MD5 of the MD5s of the parts and their number. All
    parts but the last have one size then, which for the tools in use is a whole number of mebibytes.

    Parameters
    ----------
    etag
        The ETag.
    data
        The bytes.

    Returns
    -------
    bool
    """
    if is_md5(etag):
        return _md5(data).hex() == etag
    digest, dash, count = etag.rpartition("-")
    if not (dash and is_md5(digest) and count.isdigit() and 0 < int(count) <= MAX_PARTS):
        return False
    parts, mebibytes = int(count), max(1, -(-len(data) // _MIB))
    smallest = -(-mebibytes // parts)
    largest = mebibytes if parts == 1 else (len(data) - 1) // (parts - 1) // _MIB
    for size in range(smallest * _MIB, largest * _MIB + 1, _MIB):
        of_parts = b"".join(_md5(data[at : at + size]) for at in range(0, max(1, len(data)), size))
        if _md5(of_parts).hex() == digest:
            return True
    return False


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def stream_surely(
    store: Store,
    found: StoredObject,
    write: Callable[[int, bytes], Any],
    restart: Callable[[], Any] = lambda: None,
) -> Reading:
    """Read an object chunk by chunk, as `Store.stream` does, of the size that was listed.

    Where its ETag is no MD5, it is read twice, and both readings must be alike.

    Parameters
    ----------
    store
        The bucket.
    found
        The object, as it was listed or looked at.
    write
        Takes the offset in bytes and a chunk.
    restart
        Called before the first chunk of every attempt.

    Returns
    -------
    Reading
        What arrived.

    Raises
    ------
    MissingObject, ChangedObject, DamagedRead, StoreError
    """
    reading = store.stream(found.key, write, found.etag, restart)
    if reading.size != found.size:
        raise DamagedRead(f"{found.key}: {reading.size:,} bytes arrived, not {found.size:,}. Try again")
    if not reading.is_proven:
        again = store.stream(found.key, lambda _offset, _chunk: None, found.etag)
        if again.md5 != reading.md5:
            raise DamagedRead(f"{found.key}: two readings are not alike. Try again")
    return reading
