"""A night's tar.gz, unpacked without trusting it."""

from __future__ import annotations

import hashlib
import os
import tarfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from airglow.archive.tar import CHUNK_BYTES, HINT, Member, UnpackLimits, contents, printable, read_members
from airglow.model.errors import BadInput, MachineError

_GZIP = b"\x1f\x8b"
_ZLIB = {"incorrect data check": "CRC check failed", "incorrect length check": "not the length that it says"}


class _DamagedGzip(BadInput):
    """A member of a gzip that breaks off or is not what it was."""


@dataclass(frozen=True)
class Unpacked:
    """A regular file of the archive, written to disk.

    Parameters
    ----------
    member
        Path in the tar.
    path
        The file on the disk.
    size
        Size in bytes.
    sha256
        SHA-256 in hexadecimal.
    md5
        MD5 in hexadecimal.
    problem
        Why its path in the tar is not to be trusted; empty if it is.
    """

    member: str
    path: Path
    size: int
    sha256: str
    md5: str
    problem: str


@dataclass(frozen=True)
class KeptOut:
    """A member of an archive that was not unpacked.

    Parameters
    ----------
    member
        Path in the tar; empty for a remark on the whole archive.
    reason
        Why it was not unpacked.
    """

    member: str
    reason: str


def unpack(
    tar_gz: Path, directory: Path, limits: UnpackLimits | None = None
) -> tuple[list[Unpacked], list[KeptOut]]:
    """Unpack the regular files of an archive under names of our own.

    The whole gzip is read and checked (CRC, length), and the whole tar is walked, before the first member
    is used: an archive that breaks off is refused as a whole, whatever it begins with. What follows its end
    is passed over, with a word.

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
        Links, devices and other members that are not files, sparse files that cannot be unpacked, and what is
        odd about the archive as a whole.

    Raises
    ------
    BadInput
        If the archive is damaged, is empty, or goes beyond the limits.
    MachineError
        If the local disk cannot be read or written.
    """
    limits = limits or UnpackLimits()
    name = Path(tar_gz).name
    tar = Path(directory) / "night.tar"
    try:
        try:
            behind, is_padding = _decompress(name, Path(tar_gz), tar, limits.max_bytes)
            with open(tar, "rb") as file:
                found = read_members(name, file, limits)
                if not is_padding and not found.ends_properly:
                    reason = (
                        f"gzip is damaged: {behind:,} bytes behind its end, and the tar in it has no end mark"
                    )
                    raise BadInput(name, reason, HINT)
                files, kept_out = _unpack_members(file, Path(directory), found.members)
        finally:
            tar.unlink(missing_ok=True)
    except OSError as error:
        raise MachineError.from_os(str(error.filename or tar), error) from error
    if not files:
        why = "".join(f"; {kept.member} is kept out: {kept.reason}" for kept in kept_out[:1])
        raise BadInput(name, f"archive is empty: there is no file in it{why}", HINT)
    notes = [f"archive: {note}" for note in found.notes]
    if behind:
        notes.append(f"archive: {behind:,} bytes behind the end of the gzip were passed over")
    if not found.ends_properly:
        notes.append(f"archive has no end mark: there may have been more after {files[-1].member}")
    return files, kept_out + [KeptOut("", note) for note in notes]


def _decompress(name: str, tar_gz: Path, tar: Path, max_bytes: int) -> tuple[int, bool]:
    """Decompress a gzip, with all its members that are whole.

    What begins like another member behind the first and is none, or a damaged one, is like other bytes that
    follow: the end mark of the tar decides whether anything is missing.

    Returns
    -------
    behind : int
        How many bytes follow that are no gzip that is whole.
    is_padding : bool
        Whether all of these are zero.
    """
    total = 0
    with open(tar_gz, "rb") as source, open(tar, "wb") as target:
        size = os.fstat(source.fileno()).st_size
        data = source.read(CHUNK_BYTES)
        zeros = 0
        while data:
            begins = source.tell() - len(data)
            try:
                data, total = _decompress_member(name, source, target, data, total, max_bytes)
            except _DamagedGzip:
                if begins == 0:
                    raise
                target.truncate(total)
                return zeros + size - begins, False
            zeros, data = _skip_zeros(source, data)
            if not data.startswith(_GZIP):
                behind = len(data) + size - source.tell()
                return zeros + behind, behind == 0
    return 0, True  # an empty file


def _decompress_member(
    name: str, source: BinaryIO, target: BinaryIO, data: bytes, total: int, max_bytes: int
) -> tuple[bytes, int]:
    """Decompress one member; returns what was read behind it, and how many bytes there are in all."""
    member = zlib.decompressobj(zlib.MAX_WBITS | 16)  # checks CRC and length
    try:
        while not member.eof:
            data = data or source.read(CHUNK_BYTES)
            if not data:
                raise _DamagedGzip(name, f"gzip ends early, after {total:,} bytes unpacked", HINT)
            chunk = member.decompress(data, CHUNK_BYTES)
            data = member.unconsumed_tail
            total += len(chunk)
            if total > max_bytes:
                raise BadInput(name, f"archive unpacks to more than {max_bytes:,} bytes", HINT)
            target.write(chunk)
    except zlib.error as error:
        reason = next((words for code, words in _ZLIB.items() if code in str(error)), str(error))
        raise _DamagedGzip(name, f"gzip is damaged ({reason})", HINT) from error
    return member.unused_data, total


def _skip_zeros(source: BinaryIO, data: bytes) -> tuple[int, bytes]:
    """How many zeros follow, and what comes after them: two bytes or more, if there are so many."""
    zeros = 0
    while True:
        rest = data.lstrip(b"\0")
        zeros += len(data) - len(rest)
        more = source.read(CHUNK_BYTES) if len(rest) < len(_GZIP) else b""
        if not more:
            return zeros, rest
        data = rest + more


def _unpack_members(
    file: BinaryIO, directory: Path, members: Iterable[Member]
) -> tuple[list[Unpacked], list[KeptOut]]:
    files: list[Unpacked] = []
    kept_out: list[KeptOut] = []
    for number, member in enumerate(members, 1):
        shown = printable(member.name)
        if member.kind == tarfile.DIRTYPE:
            continue
        if reason := member.problem or _kind(member):
            kept_out.append(KeptOut(shown, reason))
            continue
        path = directory / f"{number:06d}"
        size, sha256, md5 = _write(contents(file, member), path)
        files.append(Unpacked(shown, path, size, sha256, md5, _path_problem(member.name)))
    return files, kept_out


def _write(chunks: Iterable[bytes], path: Path) -> tuple[int, str, str]:
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    with open(path, "xb") as target:
        for chunk in chunks:
            target.write(chunk)
            sha256.update(chunk)
            md5.update(chunk)
            size += len(chunk)
    return size, sha256.hexdigest(), md5.hexdigest()


def _kind(member: Member) -> str:
    """What a member is that is not a file; empty if it is one."""
    match member.kind:
        case tarfile.SYMTYPE:
            return f"symbolic link to {printable(member.link)}"
        case tarfile.LNKTYPE:
            return f"hard link to {printable(member.link)}"
        case tarfile.CHRTYPE | tarfile.BLKTYPE | tarfile.FIFOTYPE:
            return "device or pipe"
    return "" if member.kind in tarfile.REGULAR_TYPES else "not a file"


def _path_problem(name: str) -> str:
    if name.startswith("/") or "\\" in name or name[1:2] == ":":
        return "absolute or foreign path"
    return "path leads to a parent folder" if ".." in PurePosixPath(name).parts else ""
