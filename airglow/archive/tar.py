"""The members of a tar: every header is checked, and nothing that they say is believed unseen.

`tarfile` takes a damaged header for the end of the archive, and reads maps of sparse files of any length into
memory: so only its reading of single headers is used.
"""

from __future__ import annotations

import errno
import os
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from airglow.archive.sparse import SparseMap, attributes_map, check_map, has_attributes_map, header_map
from airglow.model.errors import BadInput

BLOCK = tarfile.BLOCKSIZE
CHUNK_BYTES = 1 << 20
MAX_EXTENSION_BYTES = 1 << 16  # a long name, or attributes: read into memory
HINT = "nothing of it was archived; upload the night again"
_ATTRIBUTES = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
_EXTENSIONS = (
    *_ATTRIBUTES,
    tarfile.XGLTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
_RECORD = re.compile(rb"(\d{1,9}) ([^=]+)=")


@dataclass(frozen=True)
class UnpackLimits:
    """What an archive may unpack to; a night has some hundred frames of half a megabyte.

    Parameters
    ----------
    max_members
        Most members of the archive.
    max_bytes
        Most bytes of all members together.
    max_member_bytes
        Most bytes of one member.
    """

    max_members: int = 5_000
    max_bytes: int = 4 << 30
    max_member_bytes: int = 64 << 20


@dataclass(frozen=True)
class Member:
    """A member of a tar."""

    name: str  # path, as packed
    kind: bytes  # as in `tarfile`
    link: str  # where a link leads
    size: int  # bytes of the file
    offset: int  # where its data begin in the tar
    pieces: SparseMap | None  # (place in the file, length) of what is stored of a sparse file, in bytes
    problem: str  # why it cannot be unpacked; empty if it can


@dataclass(frozen=True)
class Contents:
    """What is in a tar."""

    members: tuple[Member, ...]
    ends_properly: bool  # it has its end mark
    notes: tuple[str, ...]  # what an operator should know of the whole


@dataclass
class _Extensions:
    """What headers before a member's own say of it."""

    name: str = ""
    link: str = ""
    attributes: list[tuple[str, str]] = field(default_factory=list)
    any: bool = False


@dataclass(frozen=True)
class _Tar:
    name: str  # for messages
    file: BinaryIO
    size: int
    limits: UnpackLimits

    def read(self, offset: int, length: int) -> bytes:
        self.file.seek(offset)
        return self.file.read(length)

    def refused(self, reason: str) -> BadInput:
        return BadInput(self.name, reason, HINT)


def read_members(name: str, file: BinaryIO, limits: UnpackLimits) -> Contents:
    """Walk through a whole tar.

    An archive may go on behind its end mark (archives that were joined with ``cat``): what is there is read
    like the rest if it begins with a header, and is passed over with a note if it does not.

    Parameters
    ----------
    name
        The archive, for messages.
    file
        The tar, open for reading.
    limits
        What the archive may unpack to.

    Returns
    -------
    Contents

    Raises
    ------
    BadInput
        If it is damaged, breaks off, or goes beyond the limits.
    """
    tar = _Tar(name, file, file.seek(0, os.SEEK_END), limits)
    members: list[Member] = []
    notes: list[str] = []
    before_end: int | None = None  # how many members come before the first end mark
    ends_properly = False
    offset = headers = total = 0
    last = "its beginning"
    extensions = _Extensions()
    while offset < tar.size:
        block = tar.read(offset, BLOCK)
        if len(block) == BLOCK and not block.strip(b"\0") and not extensions.any:
            ends_properly = True
            offset = _after_zeros(tar, offset + BLOCK)
            if offset < tar.size and not _is_header(tar.read(offset, BLOCK)):
                notes.append(f"{tar.size - offset:,} bytes behind its end mark were passed over")
                break
            before_end = len(members) if before_end is None else before_end
            continue
        ends_properly = False
        info = _header(tar, block, last)
        headers += 1
        if headers > 4 * limits.max_members:
            raise tar.refused(f"archive has more than {limits.max_members:,} members")
        if info.type in _EXTENSIONS:
            offset = _extend(tar, offset, info, extensions, last)
            continue
        member, offset = _member(tar, offset, block, info, extensions)
        if member.pieces is not None and not member.problem and total + member.size > limits.max_bytes:
            member = _kept_out(member, f"with this sparse file, more than {limits.max_bytes:,} bytes in all")
        total += 0 if member.problem else member.size
        members.append(member)
        if len(members) > limits.max_members:
            raise tar.refused(f"archive has more than {limits.max_members:,} members")
        extensions, last = _Extensions(), printable(member.name)
    if offset > tar.size or extensions.any:
        raise tar.refused(f"archive breaks off {'after' if extensions.any else 'inside'} {last}")
    if before_end is not None and len(members) > before_end:
        notes.append(f"it goes on behind its end mark: {len(members) - before_end:,} more members were read")
    return Contents(tuple(members), ends_properly, tuple(notes))


def contents(file: BinaryIO, member: Member) -> Iterator[bytes]:
    """The bytes of a file in a tar, chunk by chunk, with the zeros that a sparse one does not store."""
    if member.pieces is None:
        yield from _span(file, member.offset, member.size)
        return
    at, stored = 0, member.offset
    for start, length in member.pieces:
        yield from _zeros(start - at)
        yield from _span(file, stored, length)
        at, stored = start + length, stored + length
    yield from _zeros(member.size - at)


def printable(name: str) -> str:
    """A name from an archive as text that every log and JSON can hold."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def _after_zeros(tar: _Tar, offset: int) -> int:
    """Where the first block begins that is not all zeros; the end, if there is none."""
    tar.file.seek(offset)
    while chunk := tar.file.read(CHUNK_BYTES):
        rest = chunk.lstrip(b"\0")
        if rest:
            found = offset + len(chunk) - len(rest)
            return found - found % BLOCK
        offset += len(chunk)
    return tar.size


def _is_header(block: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def _header(tar: _Tar, block: bytes, last: str) -> tarfile.TarInfo:
    try:
        info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError as error:
        raise tar.refused(f"archive is damaged after {last} ({error})") from error
    if info.size < 0:
        raise tar.refused(f"archive has a member of a kind that is not taken, {printable(info.name)}")
    return info


def _extend(tar: _Tar, offset: int, info: tarfile.TarInfo, extensions: _Extensions, last: str) -> int:
    """Read a header that says something of the member after it; returns where the next header is."""
    if info.size > MAX_EXTENSION_BYTES:
        raise tar.refused(f"archive has a header of {info.size:,} bytes after {last}")
    data = tar.read(offset + BLOCK, info.size)
    if len(data) < info.size:
        raise tar.refused(f"archive breaks off after {last}")
    text = data.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")
    if info.type == tarfile.GNUTYPE_LONGNAME:
        extensions.name = text
    elif info.type == tarfile.GNUTYPE_LONGLINK:
        extensions.link = text
    elif info.type in _ATTRIBUTES:
        extensions.attributes = list(_records(tar, data, last))
    # XGLTYPE is of all members: of no use here.
    extensions.any = extensions.any or info.type != tarfile.XGLTYPE
    return offset + BLOCK + _padded(info.size)


def _records(tar: _Tar, data: bytes, last: str) -> Iterator[tuple[str, str]]:
    """Names and values of attributes: each is ``length name=value``, and a line."""
    at = 0
    while match := _RECORD.match(data, at):
        end = at + int(match[1])
        if not match.end() < end <= len(data) or data[end - 1 : end] != b"\n":
            raise tar.refused(f"archive is damaged after {last} (attributes)")
        yield (
            match[2].decode("utf-8", "surrogateescape"),
            data[match.end() : end - 1].decode("utf-8", "surrogateescape"),
        )
        at = end


def _member(
    tar: _Tar, offset: int, block: bytes, info: tarfile.TarInfo, extensions: _Extensions
) -> tuple[Member, int]:
    """A member by its headers, and where the next header is."""
    attributes = dict(extensions.attributes)
    name = attributes.get("GNU.sparse.name") or attributes.get("path") or extensions.name or info.name
    link = attributes.get("linkpath") or extensions.link or info.linkname
    data = offset + BLOCK
    if not (info.isreg() or info.type not in tarfile.SUPPORTED_TYPES):
        return Member(name, info.type, link, 0, data, None, ""), data
    stored = _stored_size(tar, name, info.size, attributes.get("size"))
    size, pieces, problem = stored, None, ""
    if info.type == tarfile.GNUTYPE_SPARSE:
        found = header_map(block, data, tar.read)
        data, size, pieces, problem = found.data, found.size, found.pieces, found.problem
        next_header = data + _padded(stored)
    else:
        next_header = data + _padded(stored)
        if has_attributes_map(attributes):
            found = attributes_map(extensions.attributes, data, stored, tar.read)
            stored -= found.data - data
            data, size, pieces, problem = found.data, found.size, found.pieces, found.problem
    if pieces is not None and not problem:
        problem = check_map(pieces, size, stored, tar.limits.max_member_bytes)
    return Member(name, info.type, link, size, data, pieces, problem), next_header


def _stored_size(tar: _Tar, name: str, size: int, attribute: str | None) -> int:
    """How many bytes of a file are in the tar."""
    shown = printable(name)
    if attribute is not None:
        if not (attribute.isascii() and attribute.isdigit() and len(attribute) < 20):
            raise tar.refused(f"archive is damaged: the size of {shown} is {printable(attribute[:40])!r}")
        size = int(attribute)
        if size > tar.limits.max_member_bytes:
            raise tar.refused(f"archive is damaged, or {shown} in it has {size:,} bytes")
    if size > tar.limits.max_member_bytes:
        raise tar.refused(f"{shown} in it has {size:,} bytes, more than {tar.limits.max_member_bytes:,}")
    return size


def _kept_out(member: Member, problem: str) -> Member:
    return Member(member.name, member.kind, member.link, member.size, member.offset, None, problem)


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _span(file: BinaryIO, offset: int, length: int) -> Iterator[bytes]:
    while length:
        file.seek(offset)
        chunk = file.read(min(length, CHUNK_BYTES))
        if not chunk:
            raise OSError(
                errno.EIO, f"the tar ends early, at {offset:,}"
            )  # the walk saw more than the disk has now
        yield chunk
        offset, length = offset + len(chunk), length - len(chunk)


def _zeros(length: int) -> Iterator[bytes]:
    while length:
        chunk = bytes(min(length, CHUNK_BYTES))
        yield chunk
        length -= len(chunk)
