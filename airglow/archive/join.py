"""The parts of an upload, joined to the archive that the instrument packed."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from airglow.model.errors import AirglowError, BadInput, MachineError
from airglow.model.files import parse_json, sha256_of_file, write_whole, written_whole
from airglow.store import (
    ChangedObject,
    MissingObject,
    Store,
    StoredObject,
    in_threads,
    json_bytes,
    stream_surely,
)
from airglow.uploads import (
    NightId,
    RawPart,
    Receipt,
    check_not_refused,
    first_part,
    is_of_upload,
    mark_pending,
    parse_raw_key,
    parse_receipt,
    what_is_missing,
)

FORMAT = 1
THREADS = 4
_AGAIN = "the next run reads it again"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RawObject:
    """An object of an upload, as it was when it was read.

    Parameters
    ----------
    key
        Key of the object.
    size
        Size in bytes.
    etag
        ETag of the object.
    """

    key: str
    size: int
    etag: str


def _from_bucket(store: Store, listed: StoredObject) -> bytes:
    return store.get_bytes(listed.key, listed.etag)


def join_parts(
    store: Store,
    night: NightId,
    out_tar: Path,
    out_record: Path,
    threads: int = THREADS,
    criteria: Mapping[str, Any] | None = None,
    maybe_refused: bool = True,
    is_marked: bool = False,
    read_receipt: Callable[[Store, StoredObject], bytes] = _from_bucket,
) -> dict[str, Any]:
    """Download the parts of an upload into one file, in order, and write down what was read.

    Marks the night as pending first, and removes the refusal of an earlier upload. Needs as much memory as
    ``threads`` small buffers.

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
    criteria
        Under which the archive will be judged (`airglow.archive.criteria`).
    maybe_refused
        False if it is known that no upload of the night was refused.
    is_marked
        True if this run has marked the night as pending already.
    read_receipt
        Gives the bytes of the receipt, as it was just listed (`airglow.uploads.Memory.read_receipt`).

    Returns
    -------
    dict
        What was written to ``out_record``.

    Raises
    ------
    BadInput
        If the upload is not complete, or an object changed while it was read.
    RefusedUpload
        If this very upload was refused before, under the same criteria: then nothing is read.
    StoreError
        If the bucket does not do its part.
    MachineError
        If the local disk cannot be read or written.
    """
    listed, receipt = _read_receipt(store, night, read_receipt)
    parts = _complete_parts(night, listed, receipt)
    if maybe_refused:
        check_not_refused(store, night, {found.key: found.etag for found in listed.values()}, criteria or {})
    if not is_marked:
        mark_pending(store, night, "upload")
    out_tar, out_record = Path(out_tar), Path(out_record)
    try:
        return _join(store, night, listed, receipt, parts, out_tar, out_record, threads)
    except OSError as error:
        raise MachineError.from_os(str(error.filename or out_tar), error) from error


def join_if_changed(
    store: Store,
    night: NightId,
    tar: Path,
    record: Path,
    threads: int = THREADS,
    criteria: Mapping[str, Any] | None = None,
    **known: Any,
) -> bool:
    """Join the parts again, where the archive at hand is not the upload that is in ``raw/`` now.

    An archive outlives a step that refused it, and a run that was killed. It is of use only while it is what
    its record says, and ``raw/`` still has the objects it was joined from; unrecognised objects beside them
    are none of the upload. Costs one request if nothing has changed.

    Parameters
    ----------
    store
        The bucket.
    night
        Which night.
    tar, record
        What `join_parts` wrote.
    threads
        How many parts are read at once.
    criteria
        As in `join_parts`.
    **known
        For `join_parts`: what is known of the night and need not be asked.

    Returns
    -------
    bool
        Whether the parts were joined again.

    Raises
    ------
    BadInput, RefusedUpload, StoreError, MachineError
        As `join_parts`, if it has to be done again.
    """
    problem = _not_as_recorded(night, Path(tar), Path(record))
    if not problem:
        there = {key: found.etag for key, found in _listed(store, night).items()}
        if there == joined_from(parse_json(Path(record).read_bytes())):
            return False
        problem = "another upload of the night is in raw/"
    log.info("%s: %s; the parts are joined again", tar, problem)
    join_parts(store, night, tar, record, threads, criteria, **known)
    return True


def _listed(store: Store, night: NightId) -> dict[str, StoredObject]:
    """The objects of the night's upload, by key."""
    return {found.key: found for found in store.list(night.raw_prefix) if is_of_upload(found.key, night)}


def _not_as_recorded(night: NightId, tar: Path, record_path: Path) -> str:
    """Why an archive at hand is not the one of its record; empty if it is."""
    try:
        record = parse_json(record_path.read_bytes())
        if record["night"] != night.name or sha256_of_file(tar) != record["sha256"]:
            return f"not the archive that {record_path} describes"
        joined_from(record)
    except FileNotFoundError as error:
        return f"{error.filename} is missing"
    except (ValueError, KeyError, TypeError):
        return f"{record_path} is not a record of joined parts"
    except OSError as error:
        raise MachineError.from_os(str(error.filename or tar), error) from error
    return ""


def joined_from(record: Mapping[str, Any]) -> dict[str, str]:
    """ETag by key of the raw objects that an archive was joined from, by its record."""
    return {entry["key"]: entry["etag"] for entry in (record["receipt"], *record["parts"])}


def _join(
    store: Store,
    night: NightId,
    listed: dict[str, StoredObject],
    receipt: Receipt,
    parts: list[StoredObject],
    out_tar: Path,
    out_record: Path,
    threads: int,
) -> dict[str, Any]:
    with written_whole(out_tar) as partial:
        _download(store, parts, partial, threads)
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
        "sha256": sha256_of_file(out_tar),
    }
    write_whole(out_record, json_bytes(record))
    return record


def _read_receipt(
    store: Store, night: NightId, read: Callable[[Store, StoredObject], bytes]
) -> tuple[dict[str, StoredObject], Receipt]:
    listed = _listed(store, night)
    receipt_object = listed.get(night.receipt_key)
    if receipt_object is None:
        raise BadInput(night.receipt_key, "receipt missing", "the night waits for it")
    try:
        data = read(store, receipt_object)
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
        parsed = parse_raw_key(key)
        if isinstance(parsed, RawPart):
            numbered[parsed.number] = found
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
                stream_surely(store, part, lambda offset, chunk: _write(descriptor, chunk, start + offset))
            except (ChangedObject, MissingObject) as error:
                raise BadInput(part.key, "changed while the parts were read", _AGAIN) from error

        in_threads(fetch, list(zip(parts, offsets[:-1], strict=True)), threads)
    finally:
        os.close(descriptor)


def _write(descriptor: int, chunk: bytes, offset: int) -> None:
    left = memoryview(chunk)
    while left:
        written = os.pwrite(descriptor, left, offset)
        left, offset = left[written:], offset + written
