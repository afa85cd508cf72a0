"""The parts of an upload, joined to the archive that the instrument packed."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from airglow.errors import AirglowError, BadInput
from airglow.store import (
    ChangedObject,
    MissingObject,
    Store,
    StoredObject,
    hash_file,
    in_threads,
    json_bytes,
)
from airglow.uploads import (
    NightId,
    RawPart,
    Receipt,
    first_part,
    mark_pending,
    parse_raw_key,
    parse_receipt,
    what_is_missing,
)

FORMAT = 1
THREADS = 4
_AGAIN = "the next run reads it again"


@dataclass(frozen=True)
class RawObject:
    """An object of an upload, as it was when it was read; size in bytes."""

    key: str
    size: int
    etag: str


def join_parts(
    store: Store, night: NightId, out_tar: Path, out_record: Path, threads: int = THREADS
) -> dict[str, Any]:
    """Download the parts of an upload into one file, in order, and write down what was read.

    Marks the night as pending first. Needs as much memory as ``threads`` small buffers.

    Parameters
    ----------
    store
        The bucket.
    night
        Which night.
    out_tar
        The tar.gz to write; it appears when it is whole.
    out_record
        The JSON to write: the receipt, the parts with their ETags, size and SHA-256 of the tar.gz.
    threads
        How many parts are read at once.

    Returns
    -------
    dict
        What was written to ``out_record``.

    Raises
    ------
    BadInput
        If the upload is not complete, or an object changed while it was read.
    StoreError
        If the bucket does not do its part.
    """
    listed, receipt = _read_receipt(store, night)
    parts = _complete_parts(night, listed, receipt)
    mark_pending(store, night, "upload")
    out_tar, out_record = Path(out_tar), Path(out_record)
    out_tar.parent.mkdir(parents=True, exist_ok=True)
    partial = out_tar.with_name(out_tar.name + ".partial")
    try:
        _download(store, parts, partial, threads)
        os.replace(partial, out_tar)
    finally:
        partial.unlink(missing_ok=True)
    receipt_object = listed[night.receipt_key]
    record = {
        "format": FORMAT,
        "night": night.name,
        "receipt": {
            **asdict(RawObject(receipt_object.key, receipt_object.size, receipt_object.etag)),
            "first_part": receipt.first_part,
            "parts": receipt.parts,
            "size_bytes": receipt.size_bytes,
            "made_at": receipt.made_at.isoformat(),
            "disk_left_gb": receipt.disk_left_gb,
        },
        "parts": [asdict(RawObject(part.key, part.size, part.etag)) for part in parts],
        "size": receipt.size_bytes,
        "sha256": hash_file(out_tar).sha256,
    }
    out_record.parent.mkdir(parents=True, exist_ok=True)
    out_record.write_bytes(json_bytes(record))
    return record


def _read_receipt(store: Store, night: NightId) -> tuple[dict[str, StoredObject], Receipt]:
    listed = {found.key: found for found in store.list(night.raw_prefix)}
    receipt_object = listed.get(night.receipt_key)
    if receipt_object is None:
        raise BadInput(night.receipt_key, "receipt missing", "the night waits for it")
    try:
        data = store.get_bytes(receipt_object.key, receipt_object.etag)
    except (ChangedObject, MissingObject) as error:
        raise BadInput(night.receipt_key, "changed while it was read", _AGAIN) from error
    receipt = parse_receipt(night.receipt_key, data, first_part(night))
    if receipt.is_collection_error:
        raise BadInput(night.receipt_key, "collection error", "there are no data of this night")
    return listed, receipt


def _complete_parts(night: NightId, listed: dict[str, StoredObject], receipt: Receipt) -> list[StoredObject]:
    """The parts in their order, of an upload that is what its receipt announces."""
    numbered = {}
    for key, found in listed.items():
        what = parse_raw_key(key)
        if isinstance(what, RawPart):
            numbered[what.number] = found
    if missing := what_is_missing(numbered, receipt):
        raise BadInput(f"raw/{night.upload}.tar.gz", missing, "the night waits until its upload is complete")
    return [numbered[number] for number in sorted(numbered)]


def _download(store: Store, parts: list[StoredObject], path: Path, threads: int) -> None:
    """Write every part at its place in the file, several at once."""
    offsets = [0]
    for part in parts:
        offsets.append(offsets[-1] + part.size)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        try:
            os.posix_fallocate(descriptor, 0, offsets[-1])
        except OSError as error:
            raise AirglowError(
                f"{path}: no room for {offsets[-1]:,} bytes ({error.strerror}): free some disk space"
            ) from error

        def fetch(task: tuple[StoredObject, int]) -> None:
            part, start = task
            try:
                read = store.stream(
                    part.key, lambda offset, chunk: _write(descriptor, chunk, start + offset), part.etag
                )
            except (ChangedObject, MissingObject) as error:
                raise BadInput(part.key, "changed while the parts were read", _AGAIN) from error
            if read.size != part.size:
                raise BadInput(part.key, f"{read.size:,} bytes, not {part.size:,} as listed", _AGAIN)

        in_threads(fetch, list(zip(parts, offsets[:-1], strict=True)), threads)
    finally:
        os.close(descriptor)


def _write(descriptor: int, chunk: bytes, offset: int) -> None:
    left = memoryview(chunk)
    while left:
        written = os.pwrite(descriptor, left, offset)
        left, offset = left[written:], offset + written
