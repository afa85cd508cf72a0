"""What the bucket says of its objects, and what can be wrong with them."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from airglow.model.errors import StoreError

_MD5 = re.compile(r"[0-9a-f]{32}")


class MissingObject(StoreError):
    """An object that should be in the bucket is not there."""


class ChangedObject(StoreError):
    """An object is no longer the one that was listed: it was uploaded again."""


class SilentStore(StoreError):
    """The service does not answer, or says that it cannot now: later it may, with the same settings."""


class EmptyObject(StoreError):
    """A part of an object was asked for that has no bytes at all."""


class DamagedRead(StoreError):
    """What arrives of an object is not what the bucket has."""


@dataclass(frozen=True)
class StoredObject:
    """An object as the store describes it.

    Parameters
    ----------
    key
        Key of the object.
    size
        Size in bytes.
    etag
        ETag without quotes.
    modified
        Time of the upload by the server's clock, UTC.
    """

    key: str
    size: int
    etag: str
    modified: dt.datetime


@dataclass(frozen=True)
class Reading:
    """What arrived of an object.

    Parameters
    ----------
    size
        Size in bytes.
    md5
        MD5 in hexadecimal.
    is_proven
        True if the ETag proves that what arrived is the object.
    """

    size: int
    md5: str
    is_proven: bool


def is_md5(etag: str) -> bool:
    """Whether an ETag can be the MD5 of its object; that of an upload in several parts has a dash."""
    return _MD5.fullmatch(etag) is not None
