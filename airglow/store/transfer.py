"""Many objects at once, each one verified."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from airglow.model.errors import StoreError
from airglow.model.files import sha256_of_file
from airglow.store.bucket import Store
from airglow.store.hashes import FileHashes, hash_file
from airglow.store.objects import StoredObject

THREADS = 8
_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class StoredFile:
    """A file that is in the bucket.

    Parameters
    ----------
    key
        Key of the object.
    size
        Size in bytes.
    sha256
        SHA-256 in hexadecimal.
    etag
        ETag of the object, without quotes.
    """

    key: str
    size: int
    sha256: str
    etag: str


def upload_many(
    store: Store,
    files: Iterable[tuple[Path, str]],
    there: Mapping[str, StoredObject] | None = None,
    threads: int = THREADS,
    hashes: Iterable[FileHashes] | None = None,
) -> list[StoredFile]:
    """Upload files, several at once, and verify each.

    Parameters
    ----------
    store
        The bucket.
    files
        Pairs of a file and the key to give it.
    there
        What is in the bucket already, by key: an object of the same size and ETag is not sent again.
    threads
        How many to send at once.
    hashes
        Of the files, in their order, if they are known already: a file that has changed since is refused.

    Returns
    -------
    list of StoredFile
        In the order of ``files``.

    Raises
    ------
    StoreError
        If one fails; the others that were not yet begun are given up.
    """
    there = there or {}
    files = list(files)

    def upload(task: tuple[tuple[Path, str], FileHashes | None]) -> StoredFile:
        (path, key), given = task
        of_file = given or hash_file(path)
        known = there.get(key)
        if known and known.size == of_file.size and known.etag == of_file.md5:
            return StoredFile(key, of_file.size, of_file.sha256, known.etag)
        return StoredFile(key, of_file.size, of_file.sha256, store.put_file(key, path, hashes=of_file))

    given = [None] * len(files) if hashes is None else hashes
    return in_threads(upload, list(zip(files, given, strict=True)), threads)


def download_many(
    store: Store, files: Iterable[tuple[StoredFile, Path]], threads: int = THREADS
) -> list[Path]:
    """Download objects, several at once, and verify each by size and SHA-256.

    A file that is there already with the right SHA-256 is left alone.

    Parameters
    ----------
    store
        The bucket.
    files
        Objects, each with the file to be.
    threads
        How many are fetched at once.

    Returns
    -------
    list of Path
        In the order of ``files``.

    Raises
    ------
    MissingObject
        If one is not in the bucket.
    StoreError
        If one is not what was stored.
    """

    def download(task: tuple[StoredFile, Path]) -> Path:
        stored, path = task
        if path.is_file() and path.stat().st_size == stored.size and sha256_of_file(path) == stored.sha256:
            return path
        if store.download(stored.key, path) != stored.sha256:
            path.unlink()
            raise StoreError(f"{stored.key}: its SHA-256 is not the recorded {stored.sha256}")
        return path

    return in_threads(download, list(files), threads)


def in_threads(
    work: Callable[[_Task], _Result], tasks: Sequence[_Task], threads: int = THREADS
) -> list[_Result]:
    """Apply a function to tasks in several threads; after a failure no further task is begun.

    Parameters
    ----------
    work
        The function.
    tasks
        Its argument, one for each call.
    threads
        How many calls run at once.

    Returns
    -------
    list
        Results in the order of the tasks.
    """
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=max(1, min(threads, len(tasks)))) as pool:
        futures = [pool.submit(work, task) for task in tasks]
        try:
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
