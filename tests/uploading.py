"""Uploads for tests, as instruments send them: small, of bytes that need not be frames inside."""

from __future__ import annotations

import datetime as dt
import io
import tarfile
from collections.abc import Iterable
from contextlib import contextmanager
from pathlib import Path

from airglow.archive import Manifest, extract_night, join_parts
from airglow.store import Store
from airglow.uploads import NightId

CONFIG = Path(__file__).parents[1] / "airglow/data"
MINIME05 = NightId.parse("minime05_uao_20260429")
MINIME13 = NightId.parse("minime13_uao_20260429")
LEGEND = [
    "1: 1st file name",
    "2: Number of parts",
    "3: Size of tar.gz",
    "4: Time of Creation",
    "5: GB Disk Free",
]
FRAMES = {
    "20260429/UAO_L_20260429_213000_001.hdf5": b"laser " * 500,
    "20260429/UAO_X_20260429_213500_001.hdf5": bytes(range(256)) * 8,
    "20260430/UAO_X_20260430_013500_001.hdf5": b"after midnight " * 100,
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


def receipt(night: NightId, parts: int, size: int, made_at: str = "2026-04-30 13:05:07.123456") -> bytes:
    """The receipt that an instrument writes."""
    first = f"{night.upload}.tar.gz" + ("000000" if parts else "")
    lines = [first, str(parts), str(size), made_at, "412.55", *LEGEND]
    return "\r\n".join(lines).encode()


def send(
    store: Store, night: NightId, archive: bytes | None = None, clouds: bool = True, parts: int = 3
) -> bytes:
    """Upload a whole night that ended before midnight (of a site at UAO's longitude); returns its archive."""
    archive = pack() if archive is None else archive
    pieces = cut(archive, parts)
    for number, piece in enumerate(pieces):
        store.put_bytes(part_key(night, number), piece)
    made_at = f"{night.date + dt.timedelta(days=1)} 04:45:07.123456"
    store.put_bytes(night.receipt_key, receipt(night, len(pieces), len(archive), made_at))
    if clouds:
        store.put_bytes(f"raw/Cloud_{night.site}_{night.day}.txt", cloud_lines(night.date))
    return archive


def cloud_lines(date: dt.date, until: str = "23:59:59") -> bytes:
    """What a site's cloud sensor has written on a local date up to a time of its clock."""
    times = [f"{minute // 60:02d}:{minute % 60:02d}:00" for minute in range(24 * 60)]
    lines = [
        f"{date} {time} Data-2.4mE 13.67 -{k % 90}.91 1010\n" for k, time in enumerate(times) if time <= until
    ]
    return "".join(lines).encode()


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


@contextmanager
def counted_keys(store: Store):
    """Collects the names of the requests that are sent meanwhile, and their keys (of lists, prefixes)."""
    sent: list[tuple[str, str]] = []

    def note(params, model, **_) -> None:
        sent.append((model.name, params.get("Key") or params.get("Prefix", "")))

    store.client.meta.events.register("provide-client-params.s3", note)
    try:
        yield sent
    finally:
        store.client.meta.events.unregister("provide-client-params.s3", note)


def archive_night(store: Store, night: NightId, directory: Path) -> Manifest:
    """Do what the workflow does with a complete upload until its manifest is in the bucket."""
    tar, record, manifest = (directory / name for name in ("night.tar.gz", "parts.json", "manifest.json"))
    join_parts(store, night, tar, record)
    archived = extract_night(store, night, tar, record, manifest, directory / "frames")
    store.put_file(night.manifest_key, manifest)
    return archived


def deliver(store: Store, manifest: Manifest) -> tuple[dict, dict]:
    """Stand-ins for publication and load: one product, and the two records, which are also in the bucket."""
    key = f"results/{manifest.night.date:%Y}/{manifest.night.name}.nc"
    etag = store.put_bytes(key, b"winds")
    published = {
        "manifest_sha256": manifest.sha256,
        "products": [{"key": key, "size": 5, "etag": etag}],
    }
    loaded = {"manifest_sha256": manifest.sha256}
    store.put_json(manifest.night.published_key, published)
    store.put_json(manifest.night.loaded_key, loaded)
    return published, loaded
