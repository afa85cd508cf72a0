"""A night's tar.gz, unpacked without trusting it."""

from __future__ import annotations

import gzip
import hashlib
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from airglow.errors import BadInput

BLOCK = tarfile.BLOCKSIZE
CHUNK_BYTES = 1 << 20
MAX_EXTENSION_BYTES = 1 << 16  # a long name, or attributes: read into memory by tarfile
_EXTENSIONS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
_HINT = "nothing of it was archived; upload the night again"


@dataclass(frozen=True)
class UnpackLimits:
    """What an archive may unpack to; a night has some hundred frames of half a megabyte."""

    max_members: int = 5_000
    max_bytes: int = 4 << 30  # in all
    max_member_bytes: int = 64 << 20  # each


@dataclass(frozen=True)
class Unpacked:
    """A regular file of the archive, written to disk."""

    member: str  # path in the archive
    path: Path
    size: int  # bytes
    sha256: str
    md5: str
    problem: str  # why its path in the archive is not to be trusted; empty if it is


@dataclass(frozen=True)
class KeptOut:
    """A member that was not unpacked, and why."""

    member: str
    reason: str


def unpack(
    tar_gz: Path, directory: Path, limits: UnpackLimits | None = None
) -> tuple[list[Unpacked], list[KeptOut]]:
    """Unpack the regular files of an archive under names of our own.

    The whole gzip is read and checked (CRC, length), and the whole tar is walked, before the first member
    is used: an archive that breaks off is refused as a whole, whatever it begins with.

    Parameters
    ----------
    tar_gz
        The archive.
    directory
        An empty directory to unpack into; files are named by their number.
    limits
        What the archive may unpack to.

    Returns
    -------
    files : list of Unpacked
        In the order of the archive.
    kept_out : list of KeptOut
        Links, devices and other members that are not files.

    Raises
    ------
    BadInput
        If the archive is damaged, is empty, or goes beyond the limits.
    """
    limits = limits or UnpackLimits()
    name = Path(tar_gz).name
    tar = Path(directory) / "night.tar"
    try:
        _decompress(name, Path(tar_gz), tar, limits.max_bytes)
        members, ends_properly = _walk(name, tar, limits)
        files, kept_out = _unpack_members(name, tar, Path(directory), members, limits.max_member_bytes)
    finally:
        tar.unlink(missing_ok=True)
    if not files:
        raise BadInput(name, "archive is empty: there is no file in it", _HINT)
    if not ends_properly:
        kept_out.append(
            KeptOut("", f"archive has no end mark: there may have been more after {files[-1].member}")
        )
    return files, kept_out


def _decompress(name: str, tar_gz: Path, tar: Path, max_bytes: int) -> None:
    total = 0
    try:
        with gzip.open(tar_gz) as source, open(tar, "wb") as target:
            while chunk := source.read(CHUNK_BYTES):
                total += len(chunk)
                if total > max_bytes:
                    raise BadInput(name, f"archive unpacks to more than {max_bytes:,} bytes", _HINT)
                target.write(chunk)
    except EOFError as error:
        raise BadInput(name, f"gzip ends early, after {total:,} bytes unpacked", _HINT) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise BadInput(name, f"gzip is damaged ({error})", _HINT) from error


def _walk(name: str, tar: Path, limits: UnpackLimits) -> tuple[int, bool]:
    """Check every header of a tar; `tarfile` alone takes a damaged one for the end.

    Returns
    -------
    members : int
        How many members there are.
    ends_properly : bool
        Whether the tar has its end mark.
    """
    size = tar.stat().st_size
    offset = members = headers = 0
    last = "its beginning"
    with open(tar, "rb") as file:
        while offset < size:
            file.seek(offset)
            block = file.read(BLOCK)
            if not block.strip(b"\0") and len(block) == BLOCK:
                _expect_zeros(name, file)
                return members, True
            info = _header(name, block, last)
            headers += 1
            extends = info.type in _EXTENSIONS
            if extends and info.size > MAX_EXTENSION_BYTES:
                raise BadInput(name, f"archive has a header of {info.size:,} bytes after {last}", _HINT)
            if not extends:
                members += 1
                last = printable(info.name)
            if members > limits.max_members or headers > 4 * limits.max_members:
                raise BadInput(name, f"archive has more than {limits.max_members:,} members", _HINT)
            offset += BLOCK
            if info.isreg() or info.type not in tarfile.SUPPORTED_TYPES or extends:
                if info.size > limits.max_member_bytes:
                    reason = f"{last} in it has {info.size:,} bytes, more than {limits.max_member_bytes:,}"
                    raise BadInput(name, reason, _HINT)
                offset += -(-info.size // BLOCK) * BLOCK
    if offset > size:
        raise BadInput(name, f"archive breaks off inside {last}", _HINT)
    return members, False


def _header(name: str, block: bytes, last: str) -> tarfile.TarInfo:
    try:
        info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError as error:
        raise BadInput(name, f"archive is damaged after {last} ({error})", _HINT) from error
    if info.size < 0 or info.type == tarfile.GNUTYPE_SPARSE:
        raise BadInput(
            name, f"archive has a member of a kind that is not taken, {printable(info.name)}", _HINT
        )
    return info


def _expect_zeros(name: str, file) -> None:
    while chunk := file.read(CHUNK_BYTES):
        if chunk.strip(b"\0"):
            raise BadInput(name, "archive goes on after its end mark", _HINT)


def _unpack_members(
    name: str, tar: Path, directory: Path, expected: int, size_limit: int
) -> tuple[list[Unpacked], list[KeptOut]]:
    files: list[Unpacked] = []
    kept_out: list[KeptOut] = []
    seen = 0
    try:
        with tarfile.open(tar, "r:", encoding="utf-8", errors="surrogateescape") as archive:
            for info in archive:
                seen += 1
                member = printable(info.name)
                if info.isdir():
                    continue
                if not info.isreg():
                    kept_out.append(KeptOut(member, _kind(info)))
                    continue
                if info.issparse() or info.size > size_limit:  # by attributes that the walk does not read
                    raise BadInput(name, f"archive has a member of a kind that is not taken, {member}", _HINT)
                path = directory / f"{seen:06d}"
                size, sha256, md5 = _write(archive.extractfile(info), path)
                files.append(Unpacked(member, path, size, sha256, md5, _path_problem(info.name)))
    except (tarfile.TarError, ValueError, OverflowError) as error:  # the latter from odd attributes
        if expected == 0:
            return [], []  # tarfile does not open what is empty
        raise BadInput(name, f"archive is damaged ({error})", _HINT) from error
    if seen != expected:
        raise BadInput(name, f"archive is damaged: {seen} members found, {expected} expected", _HINT)
    return files, kept_out


def _write(source, path: Path) -> tuple[int, str, str]:
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    with open(path, "xb") as target:
        for chunk in _chunks(source):
            target.write(chunk)
            sha256.update(chunk)
            md5.update(chunk)
            size += len(chunk)
    return size, sha256.hexdigest(), md5.hexdigest()


def _chunks(source) -> Iterator[bytes]:
    while chunk := source.read(CHUNK_BYTES):
        yield chunk


def _kind(info: tarfile.TarInfo) -> str:
    if info.issym():
        return f"symbolic link to {printable(info.linkname)}"
    if info.islnk():
        return f"hard link to {printable(info.linkname)}"
    if info.isdev():
        return "device or pipe"
    return "not a file"


def _path_problem(name: str) -> str:
    if name.startswith("/") or "\\" in name or name[1:2] == ":":
        return "absolute or foreign path"
    return "path leads to a parent folder" if ".." in PurePosixPath(name).parts else ""


def printable(name: str) -> str:
    """A name from an archive as text that every log and JSON can hold."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
