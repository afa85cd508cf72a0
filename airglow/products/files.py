"""Files that are whole or not there at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(path: Path | str) -> Iterator[Path]:
    """Give a temporary path beside ``path``; what is there at the end takes its place in one step.

    If the block raises, ``path`` stays as it was and nothing is left behind.

    Parameters
    ----------
    path
        The file to be. Its directory is made if need be.

    Yields
    ------
    Path
        Where to write. It has the suffix of ``path``.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text_whole(path: Path | str, text: str) -> Path:
    """Write a text file (UTF-8, newlines as they are) that is whole or not there at all."""
    with written_whole(path) as temporary:
        temporary.write_bytes(text.encode())
    return Path(path)
