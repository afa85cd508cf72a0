"""Hashes of files, and JSON that hashes alike."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class FileHashes:
    """Size and hashes of a file.

    Parameters
    ----------
    size
        Size in bytes.
    sha256
        SHA-256 in hexadecimal.
    md5
        MD5 in hexadecimal.
    """

    size: int
    sha256: str
    md5: str


def hash_file(path: Path) -> FileHashes:
    """Size, SHA-256 and MD5 of a file, in one reading.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    FileHashes
    """
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            sha256.update(chunk)
            md5.update(chunk)
            size += len(chunk)
    return FileHashes(size, sha256.hexdigest(), md5.hexdigest())


def json_bytes(value: Any) -> bytes:
    """A value as JSON, the same bytes for the same value.

    Parameters
    ----------
    value
        A value that JSON can hold.

    Returns
    -------
    bytes
    """
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
