"""From a joined archive to frames in the bucket, and the manifest that says what is there."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from airglow.archive.join import joined_from
from airglow.archive.manifest import FORMAT, ArchivedFile, Manifest, read_manifest
from airglow.archive.superseded import keep_before_overwriting
from airglow.archive.tar import UnpackLimits
from airglow.archive.unpack import KeptOut, Unpacked, unpack
from airglow.frames import is_frame_name
from airglow.model.errors import BadInput, RefusedUpload, StoreError
from airglow.model.files import parse_json, sha256_of_file, write_whole
from airglow.model.version import code_version
from airglow.store import FileHashes, Store, json_bytes, upload_many
from airglow.uploads import NightId, check_not_refused, kept_manifest_key, record_refusal

OTHER = "other/"
MAX_NAME = 160


@dataclass(frozen=True)
class _Placed:
    """An unpacked file and the name it gets in the archive folder."""

    file: Unpacked
    name: str


def extract_night(
    store: Store,
    night: NightId,
    tar_path: Path,
    record_path: Path,
    out_manifest: Path,
    work_dir: Path,
    limits: UnpackLimits | None = None,
    threads: int = 8,
    maybe_refused: bool = True,
    just_joined: bool = False,
    keep_superseded_days: int = 0,
) -> Manifest:
    """Unpack a night, put its frames into the bucket, verify them there, and write the manifest.

    The manifest is written to a local file; the night is archived when that file is in the bucket under
    ``night.manifest_key``, which is for the caller to do last. The same upload gives the same manifest, byte
    for byte. Frames that an earlier upload left under the same key with other contents are kept
    (`airglow.archive.superseded`); files that are not frames are kept under ``other/``.

    Parameters
    ----------
    store
        The bucket.
    night
        Which night.
    tar_path, record_path
        What `join_parts` wrote.
    out_manifest
        The manifest to write.
    work_dir
        Where the frames are left for the analysis; emptied first.
    limits
        What the archive may unpack to.
    threads
        How many uploads run at once.
    maybe_refused
        False if it is known that no upload of the night was refused.
    just_joined
        True if the archive was compared with its record a moment ago, as `join_if_changed` does.
    keep_superseded_days
        For how many days frames of an earlier upload are kept that this one overwrites; 0 for ever.

    Returns
    -------
    Manifest

    Raises
    ------
    RefusedUpload
        If the archive is refused for what is in it: then nothing was uploaded, and the refusal is on record
        in the bucket, so that this upload is refused at once the next time.
    BadInput
        If the archive is not the one of the record.
    StoreError
        If the bucket does not have what was sent.
    """
    limits = limits or UnpackLimits()
    record = _read_record(Path(record_path), Path(tar_path), night, just_joined)
    if maybe_refused:
        check_not_refused(store, night, joined_from(record), criteria(limits))
    work_dir = Path(work_dir)
    shutil.rmtree(work_dir, ignore_errors=True)
    unpacked_dir = work_dir.with_name(work_dir.name + ".unpacked")
    shutil.rmtree(unpacked_dir, ignore_errors=True)
    unpacked_dir.mkdir(parents=True)
    work_dir.mkdir(parents=True)
    try:
        try:
            files, kept_out = unpack(Path(tar_path), unpacked_dir, limits)
            frames, others, more_kept_out = _place(Path(tar_path).name, night, files)
        except BadInput as problem:
            record_refusal(store, night, str(problem), joined_from(record), criteria(limits))
            raise RefusedUpload(problem.name, problem.reason, problem.hint) from problem
        for placed in frames:
            os.replace(placed.file.path, work_dir / placed.name)
        to_send = [(work_dir / p.name, f"{night.frames_prefix}{p.name}", p) for p in frames]
        to_send += [(p.file.path, f"{night.frames_prefix}{OTHER}{p.name}", p) for p in others]
        archived = _upload(store, night, to_send, threads, keep_superseded_days)
    finally:
        shutil.rmtree(unpacked_dir, ignore_errors=True)
    return _write_manifest(
        store, night, record, archived[: len(frames)], archived[len(frames) :], kept_out + more_kept_out,
        Path(out_manifest),
    )  # fmt: skip


def criteria(limits: UnpackLimits) -> dict[str, Any]:
    """What decides, beside the bytes of an upload, whether its archive is refused.

    Parameters
    ----------
    limits
        What the archive may unpack to.

    Returns
    -------
    dict
        As JSON can hold it.
    """
    return {"code_version": code_version(), **asdict(limits)}


def _read_record(record_path: Path, tar_path: Path, night: NightId, just_joined: bool) -> dict:
    """What `join_parts` wrote down, if it is of this night and of this very archive."""
    try:
        record = parse_json(record_path.read_bytes())
        of_night, sha256 = record["night"], record["sha256"]
        joined_from(record)
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(str(record_path), "not a record of joined parts", "join the parts again") from error
    if of_night != night.name or not (just_joined or sha256 == sha256_of_file(tar_path)):
        raise BadInput(str(tar_path), f"not the archive that {record_path} describes", "join the parts again")
    return record


def _place(
    name: str, night: NightId, files: Iterable[Unpacked]
) -> tuple[list[_Placed], list[_Placed], list[KeptOut]]:
    """Tell frames from other files, and give each file a name of its own.

    Sorted by their path in the archive, so that names do not depend on the order of packing.
    """
    frames: dict[str, _Placed] = {}
    others: dict[str, _Placed] = {}
    kept_out: list[KeptOut] = []
    for file in sorted(files, key=lambda f: f.member):
        base = PurePosixPath(file.member).name
        reason = file.problem or _name_problem(base)
        chosen = others if reason else frames
        wanted = _tame(base) if reason else base
        same = _same_contents(chosen, wanted, file)
        if same:
            kept_out.append(KeptOut(file.member, f"the same file as {same.file.member}"))
            continue
        free = _free_name(chosen, wanted, file)
        chosen[free] = _Placed(file, free)
        if reason:
            kept_out.append(KeptOut(file.member, reason))
    if not frames:
        raise BadInput(
            name,
            f"there is no frame among its {len(others)} files",
            "if the frames have new names, teach airglow.frames their form",
        )
    return _by_name(frames), _by_name(others), kept_out


def _name_problem(base: str) -> str:
    if len(base) > MAX_NAME:
        return "name is too long"
    return "" if is_frame_name(base) else "not named like a frame"


def _tame(base: str) -> str:
    """A name that every store and disk takes."""
    name = quote(base, safe="+=@()") or "unnamed"
    if len(name) <= MAX_NAME:
        return name
    return f"{name[:100]}_{hashlib.sha256(base.encode()).hexdigest()[:16]}"


def _same_contents(taken: Mapping[str, _Placed], name: str, file: Unpacked) -> _Placed | None:
    """A file of that base name (under whatever name it got) with the same contents."""
    stem = name.rpartition(".")[0]
    for placed in taken.values():
        of_that_name = placed.name == name or placed.name.startswith(f"{stem}__")
        if of_that_name and placed.file.sha256 == file.sha256:
            return placed
    return None


def _free_name(taken: Mapping[str, _Placed], name: str, file: Unpacked) -> str:
    """The base name; if another file has it, ``<stem>__<folder>.<extension>``."""
    if name not in taken:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot:
        stem, extension = name, ""
    folder = re.sub(r"[^A-Za-z0-9-]", "-", PurePosixPath(file.member).parent.name) or "top"
    candidate = f"{stem}__{folder}{dot}{extension}"
    number = 2
    while candidate in taken:  # one path twice in the archive
        candidate = f"{stem}__{folder}_{number}{dot}{extension}"
        number += 1
    return candidate


def _by_name(placed: Mapping[str, _Placed]) -> list[_Placed]:
    return [placed[name] for name in sorted(placed)]


def _upload(
    store: Store, night: NightId, to_send: list[tuple[Path, str, _Placed]], threads: int, keep_days: int
) -> list[ArchivedFile]:
    """Upload, and ask the bucket once more, apart from the answers to the uploads, what it has."""
    there = {found.key: found for found in store.list(night.frames_prefix)}
    sent_md5 = {key: placed.file.md5 for _, key, placed in to_send}
    keep_before_overwriting(store, night, there, sent_md5, keep_days)  # the earlier upload is gone
    # By the hashes of what was unpacked: the bucket refuses a file that has changed on the disk since.
    hashes = [FileHashes(p.file.size, p.file.sha256, p.file.md5) for _, _, p in to_send]
    sent = upload_many(store, [(path, key) for path, key, _ in to_send], there, threads, hashes)
    there = {found.key: found for found in store.list(night.frames_prefix)}
    archived = []
    for stored, (_, key, placed) in zip(sent, to_send, strict=True):
        found = there.get(key)
        if found is None or (found.size, found.etag) != (stored.size, stored.etag):
            if found is not None:  # nobody is to take it for the frame
                store.delete_if_unchanged(key, found.etag)
            raise StoreError(f"{key}: not in the bucket as it was sent. Try again")
        archived.append(
            ArchivedFile(key, placed.name, stored.size, stored.sha256, stored.etag, placed.file.member)
        )
    return archived


def _write_manifest(
    store: Store,
    night: NightId,
    record: dict,
    frames: list[ArchivedFile],
    others: list[ArchivedFile],
    kept_out: list[KeptOut],
    out_manifest: Path,
) -> Manifest:
    keys = {file.member: file.key for file in others}
    value = {
        "format": FORMAT,
        "night": night.name,
        "receipt": record["receipt"],
        "parts": record["parts"],
        "archive": {"size": record["size"], "sha256": record["sha256"]},
        "frames": [asdict(frame) for frame in frames],
        "others": [asdict(other) for other in others],
        "kept_out": [
            {"member": k.member, "reason": k.reason, "key": keys.get(k.member)}
            for k in sorted(kept_out, key=lambda k: (k.member, k.reason))
        ],
        "totals": {
            "frames": len(frames),
            "bytes": sum(frame.size for frame in frames),
            "kept_out": len(kept_out),
        },
    }
    data = json_bytes(value)
    manifest = read_manifest(data, str(out_manifest))
    store.put_bytes(kept_manifest_key(night, manifest.sha256), data, "application/json")
    write_whole(out_manifest, data)
    return manifest
