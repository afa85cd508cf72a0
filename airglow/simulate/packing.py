"""A night as the instrument's computer uploads it: a tar.gz cut into parts, and the receipt."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from airglow.model.names import upload_name
from airglow.simulate.night import SimulatedNight

PART_BYTES = 5 * 2**20  # split -a 6 -b 5M -d
UPLOADED_AFTER = dt.timedelta(hours=2)  # the last exposure
DISK_LEFT_GB = 412.7
COMPRESSION = 1  # frames are mostly noise: more effort saves almost nothing
RECEIPT_TEXT = (
    "Name of the first part",
    "Number of parts",
    "Size of the whole archive in bytes",
    "Time of creation (UTC)",
    "Disk space left on the instrument computer (GB)",
)


@dataclass(frozen=True)
class Upload:
    """What was written for one night.

    Parameters
    ----------
    parts
        The parts in order.
    receipt
        The receipt.
    size_bytes
        Size of the whole tar.gz.
    """

    parts: tuple[Path, ...]
    receipt: Path
    size_bytes: int


class _Parts(io.RawIOBase):
    """A file that is cut into parts while it is written."""

    def __init__(self, base: Path, part_bytes: int) -> None:
        self.base = base
        self.part_bytes = part_bytes
        self.paths: list[Path] = []
        self.size = 0
        self._part: io.BufferedWriter | None = None

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:  # bytes, or anything like them
        view = memoryview(data).cast("B")
        done = 0
        while done < len(view):
            if self.size % self.part_bytes == 0:
                self._next()
            piece = view[done : done + self.part_bytes - self.size % self.part_bytes]
            self._part.write(piece)
            self.size += len(piece)
            done += len(piece)
        return done

    def _next(self) -> None:
        if self._part:
            self._part.close()
        self.paths.append(self.base.with_name(f"{self.base.name}{len(self.paths):06d}"))
        self._part = self.paths[-1].open("wb")

    def close(self) -> None:
        if self._part:
            self._part.close()
        super().close()


def upload_stem(night: SimulatedNight) -> str:
    """Base of an upload's names: ``fpi05_uao_20250429``."""
    return f"{upload_name(night.instrument.key)}_{night.site.key}_{night.date:%Y%m%d}"


def pack_upload(
    frames_dir: Path,
    out_dir: Path,
    night: SimulatedNight,
    part_bytes: int = PART_BYTES,
    two_folders: bool = False,
    extra_members: Sequence[tuple[tarfile.TarInfo, bytes]] = (),
    made_at: dt.datetime | None = None,
) -> Upload:
    """Pack a night's frames as its instrument would: the same frames give the same bytes.

    Parameters
    ----------
    frames_dir
        The frames; nothing else should be in it. If it is empty, the receipt says so: a collection error.
    out_dir
        Where the parts and the receipt go; parts of an earlier packing of this night are removed.
    night
        Whose frames they are.
    part_bytes
        Size of the parts, of all but the last.
    two_folders
        Frames saved after local midnight go into a folder of the next date.
    extra_members
        More to put into the archive, with its contents: links, strangers, the same name again.
    made_at
        The receipt's time (UTC); by default two hours after the last exposure.

    Returns
    -------
    Upload
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    stem = upload_stem(night)
    for old in out_dir.glob(f"{stem}.tar.gz" + "[0-9]" * 6):
        old.unlink()
    made_at = (made_at or night.frames[-1].end_utc + UPLOADED_AFTER).replace(microsecond=0)
    saved = {f.name: f.local_start + dt.timedelta(seconds=f.exposure_s) for f in night.frames}
    ended = {f.name: f.end_utc for f in night.frames}
    folders: dict[str, list[Path]] = {}
    for path in sorted(path for path in frames_dir.iterdir() if path.is_file()):
        date = saved[path.name].date() if two_folders and path.name in saved else night.date
        folders.setdefault(f"{date:%Y%m%d}", []).append(path)

    parts = _Parts(out_dir / f"{stem}.tar.gz", part_bytes)
    if folders or extra_members:
        with (
            parts,
            gzip.GzipFile("", "wb", COMPRESSION, parts, mtime=int(made_at.timestamp())) as packed,
            tarfile.open(fileobj=packed, mode="w|", format=tarfile.GNU_FORMAT) as archive,
        ):
            for folder, paths in folders.items():
                archive.addfile(_member(folder, made_at, tarfile.DIRTYPE))
                for path in paths:
                    member = _member(f"{folder}/{path.name}", ended.get(path.name, made_at))
                    member.size = path.stat().st_size
                    with path.open("rb") as stream:
                        archive.addfile(member, stream)
            for member, data in extra_members:
                member.size = len(data) if member.isreg() else 0
                archive.addfile(member, io.BytesIO(data))
    receipt = out_dir / f"{stem}.txt"
    receipt.write_text(receipt_text(f"{stem}.tar.gz000000", len(parts.paths), parts.size, made_at))
    return Upload(tuple(parts.paths), receipt, parts.size)


def receipt_text(first_part: str, parts: int, size_bytes: int, made_at: dt.datetime) -> str:
    """The ten lines of a receipt; 0 parts and 0 bytes are the instrument's collection error.

    Parameters
    ----------
    first_part
        File name of the first part.
    parts
        Number of parts.
    size_bytes
        Size of the whole tar.gz.
    made_at
        Time at which it was made, UTC.

    Returns
    -------
    str
    """
    values = (first_part, parts, size_bytes, f"{made_at:%Y-%m-%d %H:%M:%S}", DISK_LEFT_GB)
    return "".join(f"{line}\n" for line in (*values, *RECEIPT_TEXT))


def _member(name: str, when: dt.datetime, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type = kind
    member.mode = 0o755 if kind == tarfile.DIRTYPE else 0o644
    member.mtime = int(when.timestamp())
    member.uname = member.gname = "fpi"
    return member
