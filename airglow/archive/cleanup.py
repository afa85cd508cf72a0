"""The end of a night's upload: raw objects are deleted, once nothing depends on them."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from airglow.archive.cleanup_plan import plan_upload, plan_weather
from airglow.archive.manifest import Manifest
from airglow.archive.proof import prove_archived, prove_loaded, prove_published
from airglow.archive.replaced import still_there
from airglow.archive.superseded import retire
from airglow.archive.weather import list_weather, sync_weather_file, why_not_archived
from airglow.model.errors import BadInput
from airglow.registry import Registry
from airglow.store import Guard, Store, StoredObject, delete_read, in_threads
from airglow.uploads import (
    ONE_DAY,
    RAW,
    Memory,
    NightId,
    WeatherFile,
)

FORMAT = 1
AT_ONCE = (
    8  # deletions that one look is good for where no guard is: none comes later after it than one request
)
log = logging.getLogger(__name__)


@dataclass
class _Outcome:
    """What a cleanup did, for the record."""

    deleted: list[str] = field(default_factory=list)
    kept: list[tuple[str, str]] = field(default_factory=list)  # key, reason
    rests_until: dt.datetime | None = None

    def record(self, **more: Any) -> dict[str, Any]:
        for key, reason in self.kept:
            log.info("kept %s: %s", key, reason)
        return {
            "format": FORMAT,
            **more,
            "deleted": self.deleted,
            "kept": [{"key": key, "reason": reason} for key, reason in self.kept],
            **({"rests_until": self.rests_until.isoformat()} if self.rests_until else {}),
            "made_at": dt.datetime.now(dt.UTC).isoformat(),
        }


def cleanup_night(
    store: Store,
    registry: Registry,
    manifest: Manifest,
    published: Mapping[str, Any],
    loaded: Mapping[str, Any],
    just_read: bool = False,
    guard: Guard | None = None,
    keep_superseded_days: int = 0,
    memory: Memory | None = None,
) -> dict[str, Any]:
    """Delete the raw objects that a manifest names, after proving that nothing depends on them.

    Proven, now and not by memory: every file of the manifest is in the bucket with its size and ETag, the
    products are there and were made from this manifest, the rows were committed. Then the parts are deleted,
    the receipt after them, and the weather files of the night that no other upload of the site needs. If any
    object of the upload is not the one that was read, another upload is under way: all of it is kept. Where
    the store does not guard deletions, an upload that changed lately rests first: the night is done, and the
    record says until when (``rests_until``). An upload that is long gone is no error. Unrecognised objects
    beside the parts stay, and say nothing of the upload.

    Two nights of one site should not be cleaned up at once: each would find the other's upload still there
    and leave the weather files to the other.

    Parameters
    ----------
    store
        The bucket.
    registry
        Sites, for their clocks.
    manifest
        What is archived.
    published
        The index of products: ``manifest_sha256``, ``products`` (each with ``key``, ``size``, ``etag``).
    loaded
        The record of the load: ``manifest_sha256``.
    just_read
        Whether the manifest was read from the bucket a moment ago.
    guard
        How raw objects are deleted: without it, with a look at each right before, and without a rest.
    keep_superseded_days
        For how many days frames of an earlier upload are kept; 0 for ever.
    memory
        What looks at ``raw/`` found out of published nights and weather files; without it the bucket is
        asked.

    Returns
    -------
    dict
        ``deleted`` keys, and ``kept`` ones with the reason; ``superseded``, if frames of earlier uploads were
        moved out of the folder of the night; ``products_deleted``, if the index had replaced any.

    Raises
    ------
    StoreError
        If a proof fails: then nothing was deleted. If a weather file arrives damaged when it is read: then it
        stays, and the step is to be repeated.
    """
    there = prove_archived(store, manifest, just_read)
    prove_published(store, manifest, published)
    prove_loaded(manifest, loaded, published)
    night = manifest.night
    listed = {found.key: found for found in store.list(RAW)}
    outcome = _Outcome()
    guard = guard or Guard()
    _delete_upload(store, manifest, listed, guard, outcome)
    dates = (night.date, night.date + ONE_DAY)
    _delete_weather(store, registry, night.site, dates, listed, guard, outcome, {night: published}, memory)
    superseded = retire(store, manifest, there, keep_superseded_days)
    more: dict[str, Any] = {"superseded": superseded} if superseded else {}
    # Not before: until rows and page are those of the new products, somebody may follow a link to the old.
    if replaced := still_there(store, published, night):
        in_threads(lambda found: store.delete_if_unchanged(found.key, found.etag, found), replaced)
        more["products_deleted"] = [found.key for found in replaced]
    return outcome.record(night=night.name, manifest_sha256=manifest.sha256, **more)


def cleanup_weather(
    store: Store,
    registry: Registry,
    site: str,
    date: dt.date,
    guard: Guard | None = None,
    memory: Memory | None = None,
) -> dict[str, Any]:
    """Archive and delete the raw weather files of a site and local date that no upload needs any more.

    Parameters
    ----------
    store
        The bucket.
    registry
        Sites, for their clocks.
    site
        Key of the site.
    date
        Local date of the files.
    guard
        As in `cleanup_night`.
    memory
        As for `cleanup_night`.

    Returns
    -------
    dict
        ``deleted`` keys, and ``kept`` ones with the reason.
    """
    listed = {found.key: found for found in store.list(RAW)}
    outcome = _Outcome()
    _delete_weather(store, registry, site, (date,), listed, guard or Guard(), outcome, {}, memory)
    return outcome.record(site=site, date=f"{date:%Y%m%d}")


def _delete_upload(
    store: Store, manifest: Manifest, listed: dict[str, StoredObject], guard: Guard, outcome: _Outcome
) -> None:
    """Delete parts and receipt; what is deleted also leaves ``listed``."""
    plan = plan_upload(manifest, listed, guard)
    outcome.kept += plan.kept
    outcome.rests_until = plan.rests_until
    named = {read.key: read.etag for read in (*manifest.parts, manifest.receipt)}
    own, parts = {key: listed[key] for key in plan.keys}, plan.parts
    # Without a guard, the look at the upload comes right before few deletions at a time.
    at_once = max(1, len(parts)) if guard.deletion.is_guarded else AT_ONCE
    gone: dict[str, bool] = {}
    for first in range(0, len(parts), at_once):
        some = {key: named[key] for key in parts[first : first + at_once]}
        gone |= delete_read(store, some, guard.deletion, own)
    everything = list(gone.items())
    # The receipt goes last: while it is there, an interrupted cleanup looks like what it is.
    if plan.receipt is not None and all(gone.values()):
        last = {plan.receipt: named[plan.receipt]}
        everything += delete_read(store, last, guard.deletion, own).items()
    elif plan.receipt is not None:
        outcome.kept.append((plan.receipt, "a part of this upload is kept"))
    for key, is_gone in everything:
        if is_gone:
            outcome.deleted.append(key)
            del listed[key]
        else:
            outcome.kept.append((key, "uploaded again while the night was cleaned up"))


def _delete_weather(
    store: Store,
    registry: Registry,
    site: str,
    dates: Sequence[dt.date],
    listed: Mapping[str, StoredObject],
    guard: Guard,
    outcome: _Outcome,
    published: Mapping[NightId, Mapping[str, Any]],
    memory: Memory | None,
) -> None:
    """Delete the weather files of some days that are complete, archived and not needed."""
    plan = plan_weather(store, registry, site, dates, listed, guard, published, memory)
    outcome.kept += plan.kept
    if plan.files:
        kinds = {file.kind for file, _ in plan.files}
        there = {**listed, **list_weather(store, site, dates, raw=False, kinds=kinds)}
        for file, end in plan.files:
            _delete_archived(store, file, end, there, guard, outcome)


def _delete_archived(
    store: Store,
    file: WeatherFile,
    end: dt.datetime,
    there: Mapping[str, StoredObject],
    guard: Guard,
    outcome: _Outcome,
) -> None:
    """Delete a weather file from ``raw/`` once all of it is proven to be in the archive."""
    try:
        synced = sync_weather_file(store, file, there)
        if synced is None or synced.raw is None:
            return  # gone already
        is_now = there.get(file.archive_key) == synced.archived
        problem = why_not_archived(store, synced, is_now)
    except BadInput as refused:
        outcome.kept.append((file.raw_key, refused.reason))
        return
    if synced.raw.modified < end:
        problem = "changed while the night was cleaned up"
    if problem:
        outcome.kept.append((file.raw_key, problem))
        return
    read = {file.raw_key: synced.raw.etag}
    if delete_read(store, read, guard.deletion, {file.raw_key: synced.raw})[file.raw_key]:
        outcome.deleted.append(file.raw_key)
    else:
        outcome.kept.append((file.raw_key, "uploaded again while the night was cleaned up"))
