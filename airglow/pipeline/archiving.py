"""From the parts of an upload to an archived night, which its manifest in the bucket makes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from airglow.archive import Manifest, UnpackLimits, criteria, extract_night, join_if_changed
from airglow.model.errors import RefusedUpload
from airglow.pipeline.states import mirror_written
from airglow.store import Store, StoredObject
from airglow.uploads import NightId


def archive_upload(
    store: Store,
    night: NightId,
    folder: Path,
    unpacked: Path,
    states: Path,
    limits: UnpackLimits,
    threads: int = 8,
    maybe_refused: bool = True,
    is_marked: bool = False,
    read_receipt: Callable[[Store, StoredObject], bytes] | None = None,
    keep_superseded_days: int = 0,
) -> Manifest:
    """Join the parts of a night, put its frames into the bucket, and the manifest after them.

    The joined archive stays in ``folder`` if that fails, so that the next attempt need not fetch the parts
    again, and goes when it succeeds or the upload is refused.

    Parameters
    ----------
    store
        The bucket.
    night
        Which night.
    folder
        The night's directory below ``work``: gets ``manifest.json``, as the bucket has it.
    unpacked
        Where the frames are left for the analysis; emptied first.
    states
        The directory of the mirrors of sentinels (`airglow.pipeline.states`).
    limits
        What the archive may unpack to.
    threads
        How many uploads run at once.
    maybe_refused, is_marked, read_receipt
        What is known of the upload, as in `airglow.archive.join_parts`.
    keep_superseded_days
        For how many days frames of an earlier upload are kept; 0 for ever.

    Returns
    -------
    Manifest

    Raises
    ------
    BadInput, RefusedUpload, StoreError, MachineError
        As `airglow.archive.join_parts` and `airglow.archive.extract_night`.
    """
    tar, record, manifest_path = (folder / name for name in ("night.tar.gz", "parts.json", "manifest.json"))
    known = {} if read_receipt is None else {"read_receipt": read_receipt}
    try:
        join_if_changed(
            store, night, tar, record,
            criteria=criteria(limits), maybe_refused=maybe_refused, is_marked=is_marked, **known,
        )  # fmt: skip
        manifest = extract_night(
            store, night, tar, record, manifest_path, unpacked, limits, threads, maybe_refused,
            just_joined=True, keep_superseded_days=keep_superseded_days,
        )  # fmt: skip
    except RefusedUpload:
        _remove(tar, record)
        raise
    etag = store.put_file(night.manifest_key, manifest_path, "application/json")
    mirror_written(night, "manifest", etag, states)
    _remove(tar, record)
    return manifest


def _remove(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
