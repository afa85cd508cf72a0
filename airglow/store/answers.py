"""What the bucket answers where it does not do what was asked: botocore's errors, in our words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

from airglow.model.errors import StoreError
from airglow.store.objects import ChangedObject, EmptyObject, MissingObject, SilentStore

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

GONE = ("404", "NoSuchKey", "NotFound")
CHANGED = ("412", "PreconditionFailed")
_NOTHING_THERE = ("416", "InvalidRange")
_HINTS = {  # by the code of a refusal
    "InvalidAccessKeyId": "check AWS_ACCESS_KEY_ID",
    "SignatureDoesNotMatch": "check AWS_SECRET_ACCESS_KEY",
    "RequestTimeTooSkewed": "this machine's clock is wrong",
    "AccessDenied": "check the credentials and the bucket's policy",
    "403": "check the credentials and the bucket's policy",
    "NoSuchBucket": "check DEST_BUCKET",
    "QuotaExceeded": "the bucket is full: make room or ask for more",
}


@contextmanager
def asked(
    where: str, action: str, key: str = "", passing: tuple[type[Exception], ...] = ()
) -> Iterator[None]:
    """Turn botocore's errors within a ``with`` block into ours, which name the object and the place.

    Parameters
    ----------
    where
        The bucket, in words.
    action
        What was asked of it: a verb.
    key
        Of which object.
    passing
        Errors that the caller sees to.
    """
    try:
        yield
    except passing:
        raise
    except botocore_errors().ClientError as error:
        code = code_of(error)
        if key and code in GONE:
            raise MissingObject(f"{key}: not in {where}") from error
        if key and code in CHANGED:
            raise ChangedObject(f"{key}: it was uploaded again since it was listed") from error
        if key and code in _NOTHING_THERE:
            raise EmptyObject(f"{key}: is empty in {where}") from error
        raise refusal(where, f"{action} {key}".strip(), error) from error
    except botocore_errors().BotoCoreError as error:
        raise StoreError(f"could not {action} {key} in {where}: {error}") from error


@contextmanager
def answered_check(where: str) -> Iterator[None]:
    """The same where it is asked whether there is a bucket at all: names what is to be corrected."""
    try:
        yield
    except botocore_errors().ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == 404:
            raise StoreError(f"{where} does not exist: create it, or correct DEST_BUCKET") from error
        if status == 403:
            raise StoreError(f"{where}: access denied. Check the credentials") from error
        kind = SilentStore if status >= 500 else StoreError
        raise kind(f"{where}: {error}") from error
    except botocore_errors().BotoCoreError as error:
        raise SilentStore(f"{where} does not answer: {error}. Check AWS_S3_ENDPOINT_URL") from error


def refusal(where: str, action: str, error: ClientError) -> StoreError:
    """What the bucket would not do, and what to check, if that is known."""
    code = code_of(error)
    hint = f". Hint: {_HINTS[code]}" if code in _HINTS else ""
    return StoreError(f"could not {action} in {where}: {error}{hint}")


def code_of(error: ClientError) -> str:
    """The code of a refusal, by the rules of S3; empty if it has none."""
    return error.response.get("Error", {}).get("Code", "")


@cache
def botocore_errors() -> ModuleType:
    """Botocore's errors. Who has a client has loaded them; the others need not."""
    from botocore import exceptions

    return exceptions


def broken_stream() -> tuple[type[Exception], ...]:
    """Errors of an answer that does not arrive whole: botocore tries a request again, but not its reading."""
    errors = botocore_errors()
    return errors.IncompleteReadError, errors.ReadTimeoutError, errors.ResponseStreamingError
