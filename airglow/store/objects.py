"""What a bucket says of its objects: their description, and why it refuses."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from airglow.errors import StoreError

HINTS = {  # by the code of a refusal
    "InvalidAccessKeyId": "check AWS_ACCESS_KEY_ID",
    "SignatureDoesNotMatch": "check AWS_SECRET_ACCESS_KEY",
    "RequestTimeTooSkewed": "this machine's clock is wrong",
    "AccessDenied": "check the credentials and the bucket's policy",
    "403": "check the credentials and the bucket's policy",
    "NoSuchBucket": "check DEST_BUCKET",
    "QuotaExceeded": "the bucket is full: make room or ask for more",
}


class MissingObject(StoreError):
    """An object that should be in the bucket is not there."""


class ChangedObject(StoreError):
    """An object is no longer the one that was listed: it was uploaded again."""


class EmptyObject(StoreError):
    """A part of an object was asked for that has no bytes at all."""


@dataclass(frozen=True)
class StoredObject:
    """An object as the store describes it: ``etag`` without quotes, ``modified`` in UTC."""

    key: str
    size: int
    etag: str
    modified: dt.datetime
