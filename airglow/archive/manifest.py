"""The manifest of a night: which frames are in the bucket, and which upload they came from."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airglow.archive.join import RawObject
from airglow.model.errors import BadInput
from airglow.model.files import parse_json
from airglow.store import Store, StoredFile, download_many
from airglow.uploads import NightId

FORMAT = 1
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class ArchivedFile:
    """A file of the upload that is in the bucket.

    Parameters
    ----------
    key
        Key of the object.
    name
        File name in the archive folder.
    size
        Size in bytes.
    sha256
        SHA-256 in hexadecimal.
    etag
        ETag of the object.
    member
        Path in the tar.
    """

    key: str
    name: str
    size: int
    sha256: str
    etag: str
    member: str

    @property
    def stored(self) -> StoredFile:
        """The object, as transfers want it."""
        return StoredFile(self.key, self.size, self.sha256, self.etag)


@dataclass(frozen=True)
class Excluded:
    """A member of the upload that is not among the frames.

    Parameters
    ----------
    member
        Path in the tar.
    reason
        Why it is not a frame.
    key
        Key under which it is kept; None if it is not kept.
    """

    member: str
    reason: str
    key: str | None


@dataclass(frozen=True)
class Manifest:
    """What is archived of a night.

    Parameters
    ----------
    night
        The night.
    receipt
        The receipt that was read.
    parts
        The parts that were read, in order.
    frames
        Frames in the bucket, in the order of their names.
    others
        Files that are not frames, kept so that nothing is lost.
    excluded
        Members that are not among the frames, with the reason.
    sha256
        SHA-256 of the manifest itself.
    """

    night: NightId
    receipt: RawObject
    parts: tuple[RawObject, ...]
    frames: tuple[ArchivedFile, ...]
    others: tuple[ArchivedFile, ...]
    excluded: tuple[Excluded, ...]
    sha256: str


def read_manifest(data: bytes, name: str = "manifest.json") -> Manifest:
    """Read a manifest.

    Parameters
    ----------
    data
        Its bytes.
    name
        The object or file, for messages.

    Returns
    -------
    Manifest

    Raises
    ------
    BadInput
        If it is not a manifest.
    """
    try:
        value = parse_json(data)
        if value["format"] != FORMAT:
            raise ValueError(f"format {value['format']!r}")
        night = NightId.parse(value["night"])
        manifest = Manifest(
            night=night,
            receipt=_raw_object(value["receipt"]),
            parts=tuple(_raw_object(entry) for entry in value["parts"]),
            frames=tuple(_archived_file(night, entry) for entry in value["frames"]),
            others=tuple(_archived_file(night, entry) for entry in value["others"]),
            excluded=tuple(Excluded(e["member"], e["reason"], e["key"]) for e in value["kept_out"]),
            sha256=hashlib.sha256(data).hexdigest(),
        )
    except (KeyError, TypeError, ValueError, AttributeError, BadInput) as error:
        raise BadInput(name, f"not a manifest ({error!r})", "archive the night again") from error
    if len({file.key for file in manifest.frames}) != len(manifest.frames):
        raise BadInput(name, "manifest names a frame twice", "archive the night again")
    return manifest


def load_manifest(store: Store, night: NightId) -> Manifest:
    """Read a night's manifest from the bucket.

    Parameters
    ----------
    store
        The bucket.
    night
        The night.

    Returns
    -------
    Manifest

    Raises
    ------
    MissingObject
        If the night is not archived.
    BadInput
        If it is not a manifest.
    """
    return read_manifest(store.get_bytes(night.manifest_key), night.manifest_key)


def fetch_frames(store: Store, manifest: Manifest, directory: Path, threads: int = 8) -> list[Path]:
    """Make sure that a directory has a night's frames, as the manifest says they are.

    Frames that are there with the right SHA-256 are left alone, others are downloaded and verified.

    Parameters
    ----------
    store
        The bucket.
    manifest
        What the frames are.
    directory
        Where to put them; what else is in it is left alone.
    threads
        How many are downloaded at once.

    Returns
    -------
    list of Path
        The frames, in the order of their names.

    Raises
    ------
    MissingObject, StoreError
        If the bucket does not have a frame as it was archived.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    return download_many(
        store, [(frame.stored, directory / frame.name) for frame in manifest.frames], threads
    )


def _raw_object(entry: Mapping[str, Any]) -> RawObject:
    key, size, etag = entry["key"], entry["size"], entry["etag"]
    if not (isinstance(key, str) and key.startswith("raw/") and isinstance(size, int) and etag):
        raise ValueError(f"raw object {dict(entry)!r}")
    return RawObject(key, size, etag)


def _archived_file(night: NightId, entry: Mapping[str, Any]) -> ArchivedFile:
    file = ArchivedFile(**{field: entry[field] for field in ArchivedFile.__dataclass_fields__})
    fine = (
        file.key.startswith(night.frames_prefix)
        and file.name not in ("", ".", "..")
        and "/" not in file.name
        and isinstance(file.size, int)
        and file.size >= 0
        and _SHA256.fullmatch(file.sha256)
        and file.etag
    )
    if not fine:
        raise ValueError(f"file {dict(entry)!r}")
    return file
