"""A file that a result was made with, as products name it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class InputFile:
    """A file that a result was made with.

    Parameters
    ----------
    name
        File name.
    size
        Bytes; -1 if not known, as of results of earlier versions.
    sha256
        SHA-256 of its bytes, in hexadecimal; empty if not known.
    """

    name: str
    size: int = -1
    sha256: str = ""
