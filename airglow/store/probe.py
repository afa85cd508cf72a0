"""What the bucket lets us do, and what it promises: tried on objects of our own, which go again."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator

from airglow.model.errors import StoreError
from airglow.store.answers import CHANGED, asked, botocore_errors, code_of, refusal
from airglow.store.bucket import Store

PROBES = "state/probe/"  # keys of all probe objects begin so
_CONTENTS = b"made by airglow to see what this bucket allows; it can be deleted\n"
_BELOW = "airglow-probe-"  # names of objects that are tried below other prefixes
_OTHER_ETAG = "0" * 32
_UNKNOWN = ("NotImplemented", "501", "MethodNotAllowed", "405")


def honours_if_match(store: Store) -> bool:
    """Whether a DELETE with ``If-Match`` spares an object that has changed since it was read.

    Found out with an object of our own (`PROBES`), which goes again; costs four requests, and one more where
    the bucket keeps versions.

    Parameters
    ----------
    store
        The bucket.

    Returns
    -------
    bool
        False where the header is ignored (Ceph RGW 16), or where the server refuses it as unknown.

    Raises
    ------
    StoreError
        If the bucket does not answer, or does not let us write, look or delete.
    """
    with probe_object(store) as key:
        try:
            store.client.delete_object(Bucket=store.bucket, Key=key, IfMatch=_OTHER_ETAG)
        except botocore_errors().ClientError as error:
            code = code_of(error)
            if code in CHANGED:
                return True
            if code in _UNKNOWN:
                return False
            raise refusal(store.place, f"delete {key}", error) from error
        except botocore_errors().BotoCoreError as error:
            raise StoreError(f"could not delete {key} from {store.place}: {error}") from error
        return store.head(key) is not None


@contextlib.contextmanager
def probe_object(store: Store) -> Iterator[str]:
    """Write an object of our own, and remove it at the end, with all its versions.

    Parameters
    ----------
    store
        The bucket.

    Yields
    ------
    str
        Its key, below `PROBES`.
    """
    key = f"{PROBES}{secrets.token_hex(8)}"
    try:
        store.put_bytes(key, _CONTENTS, "text/plain")
        yield key
    finally:
        remove_probes(store, key)


def try_prefix(store: Store, prefix: str, may_write: bool = True) -> str:
    """Write, read and delete one small object below a prefix; it goes again, with all its versions.

    Parameters
    ----------
    store
        The bucket.
    prefix
        With a slash at its end. What is there is not touched.
    may_write
        Whether an object is written; else reading and deleting is tried with a name of which there is none.

    Returns
    -------
    str
        What is not allowed, with the answer; empty if all is.
    """
    beginning = f"{prefix}{_BELOW}"
    key = f"{beginning}{secrets.token_hex(8)}"
    doing = "list and delete"
    try:
        remove_probes(store, beginning)  # of a process that was killed
        if may_write:
            doing = "write"
            store.put_bytes(key, _CONTENTS, "text/plain")
        doing = "read"
        if may_write:
            store.get_bytes(key)
        else:
            store.head(key)
        doing = "delete"
        store.delete(key)
    except StoreError as error:
        with contextlib.suppress(StoreError):  # what is not allowed is told already
            remove_probes(store, beginning)
        return f"{doing}: {error}"
    try:
        remove_probes(store, beginning)
    except StoreError as error:
        return f"list and delete: {error}"
    return ""


def remove_probes(store: Store, prefix: str = PROBES) -> list[str]:
    """Remove probes, also those that a killed process left, with all their versions.

    Parameters
    ----------
    store
        The bucket.
    prefix
        What their keys begin with; by default all of them.

    Returns
    -------
    list of str
        Keys of the objects that were there.

    Raises
    ------
    StoreError
        If the bucket cannot be listed, or does not let us delete.
    """
    keys = [found.key for found in store.list(prefix)]
    for key in keys:
        store.delete(key)
    keeps_versions = ""
    with contextlib.suppress(StoreError):  # an account that may not ask can remove no version either
        keeps_versions = versioning(store)
    if keeps_versions:
        for key, version in _versions(store, prefix):
            with asked(store.place, f"delete {key}, version {version}"):
                store.client.delete_object(Bucket=store.bucket, Key=key, VersionId=version)
    return keys


def versioning(store: Store) -> str:
    """Whether the bucket keeps what is overwritten or deleted.

    Parameters
    ----------
    store
        The bucket.

    Returns
    -------
    str
        ``Enabled``, ``Suspended`` (versions of before are still there), or empty: it never kept any.

    Raises
    ------
    StoreError
        If the bucket does not say.
    """
    try:
        return store.client.get_bucket_versioning(Bucket=store.bucket).get("Status", "")
    except botocore_errors().ClientError as error:
        if code_of(error) in _UNKNOWN:
            return ""
        raise refusal(store.place, "ask for versioning", error) from error
    except botocore_errors().BotoCoreError as error:
        raise StoreError(f"could not ask {store.place} for its versioning: {error}") from error


def _versions(store: Store, prefix: str) -> list[tuple[str, str]]:
    """Key and identifier of all versions and delete markers of objects whose key begins with a prefix."""
    found = []
    with asked(store.place, f"list versions of {prefix}*"):
        pages = store.client.get_paginator("list_object_versions")
        for page in pages.paginate(Bucket=store.bucket, Prefix=prefix):
            for kind in ("Versions", "DeleteMarkers"):
                found += [(one["Key"], one["VersionId"]) for one in page.get(kind, [])]
    return found
