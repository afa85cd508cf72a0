"""Uploads for tests, as instruments send them: small, of bytes that need not be frames inside."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable
from contextlib import contextmanager
from pathlib import Path

from airglow.store import Store
from airglow.uploads import NightId

CONFIG = Path(__file__).parents[1] / "config"
MINIME05 = NightId.parse("minime05_uao_20250429")
MINIME13 = NightId.parse("minime13_uao_20250429")
LEGEND = [
    "1: 1st file name",
    "2: Number of parts",
    "3: Size of tar.gz",
    "4: Time of Creation",
    "5: GB Disk Free",
]
FRAMES = {
    "20250429/UAO_L_20250429_213000_001.hdf5": b"laser " * 500,
    "20250429/UAO_X_20250429_213500_001.hdf5": bytes(range(256)) * 8,
    "20250430/UAO_X_20250430_013500_001.hdf5": b"after midnight " * 100,
}


def pack(files: dict[str, bytes] | None = None, members: Iterable[tarfile.TarInfo] = ()) -> bytes:
    """A tar.gz of files, and of further members without data."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in (FRAMES if files is None else files).items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for info in members:
            archive.addfile(info)
    return buffer.getvalue()


def cut(archive: bytes, parts: int = 3) -> list[bytes]:
    """An archive cut as ``split`` does: all parts alike but the last."""
    length = -(-len(archive) // parts)
    return [archive[start : start + length] for start in range(0, len(archive), length)]


def receipt(night: NightId, parts: int, size: int) -> bytes:
    """The receipt that an instrument writes."""
    first = f"{night.upload}.tar.gz" + ("000000" if parts else "")
    lines = [first, str(parts), str(size), "2025-04-30 13:05:07.123456", "412.55", *LEGEND]
    return "\r\n".join(lines).encode()


def send(store: Store, night: NightId, archive: bytes | None = None, clouds: bool = True) -> bytes:
    """Upload a whole night; returns its archive."""
    archive = pack() if archive is None else archive
    pieces = cut(archive)
    for number, piece in enumerate(pieces):
        store.put_bytes(part_key(night, number), piece)
    store.put_bytes(night.receipt_key, receipt(night, len(pieces), len(archive)))
    if clouds:
        store.put_bytes(f"raw/Cloud_{night.site}_{night.day}.txt", b"a line of the cloud sensor\n" * 20)
    return archive


def part_key(night: NightId, number: int) -> str:
    return f"raw/{night.upload}.tar.gz{number:06d}"


def keys(store: Store, prefix: str = "") -> list[str]:
    return [found.key for found in store.list(prefix)]


@contextmanager
def counted(store: Store):
    """Collects the names of the requests that are sent meanwhile."""
    sent: list[str] = []

    def note(model, **_) -> None:
        sent.append(model.name)

    store.client.meta.events.register("before-call.s3", note)
    try:
        yield sent
    finally:
        store.client.meta.events.unregister("before-call.s3", note)
