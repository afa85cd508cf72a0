"""What of ``raw/`` would be deleted, by which proof, and what stays and why: changes nothing.

`airglow.archive.cleanup` deletes by these plans, and ``airglow cleanup --dry-run`` shows them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airglow.archive.manifest import Manifest
from airglow.model.errors import AirglowError
from airglow.registry import Registry
from airglow.store import Guard, Store, StoredObject
from airglow.store.guard import why_it_rests
from airglow.uploads import (
    Memory,
    NightId,
    RawPart,
    RawReceipt,
    WeatherDay,
    WeatherFile,
    end_of_day,
    is_of_upload,
    nights_that_need,
    parse_raw_key,
    parse_receipt,
    why_weather_is_needed,
)


@dataclass(frozen=True)
class UploadPlan:
    """What becomes of the objects of an upload.

    Parameters
    ----------
    parts
        Keys of the parts that go, in the order in which they do.
    receipt
        Key of the receipt, which goes after them; None if it is not there, or nothing goes.
    kept
        Key and reason of what stays.
    rests_until
        When it may go (UTC), where it only rests.
    """

    parts: tuple[str, ...] = ()
    receipt: str | None = None
    kept: tuple[tuple[str, str], ...] = ()
    rests_until: dt.datetime | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """All that goes."""
        return self.parts if self.receipt is None else (*self.parts, self.receipt)


@dataclass(frozen=True)
class WeatherPlan:
    """What becomes of weather files.

    Parameters
    ----------
    files
        Those that go once the archive is proven to have them, each with the end of its day (UTC).
    kept
        Key and reason of what stays.
    """

    files: tuple[tuple[WeatherFile, dt.datetime], ...] = ()
    kept: tuple[tuple[str, str], ...] = ()


def plan_upload(manifest: Manifest, listed: Mapping[str, StoredObject], guard: Guard) -> UploadPlan:
    """Decide about the upload that a manifest names, once the manifest's night is proven to be done.

    Parameters
    ----------
    manifest
        What is archived.
    listed
        Everything in ``raw/``, by key.
    guard
        How raw objects are deleted.

    Returns
    -------
    UploadPlan
        If any object of the upload is not the one that was read, all of it stays.
    """
    named = {read.key: read.etag for read in (*manifest.parts, manifest.receipt)}
    own = {key: found for key, found in listed.items() if is_of_upload(key, manifest.night)}
    other = sorted(key for key, found in own.items() if named.get(key) != found.etag)
    if other:
        reason = f"{other[0]} is not what was archived: another upload is under way"
        # Or it was left by an earlier one, and rests before it leaves raw/.
        rests_until = guard.rests_until(found for key, found in own.items() if key not in named)
        return UploadPlan(kept=tuple((key, reason) for key in own), rests_until=rests_until)
    if until := guard.rests_until(own.values()):
        return UploadPlan(kept=tuple((key, why_it_rests(until)) for key in own), rests_until=until)
    parts = sorted(key for key in own if key != manifest.receipt.key)
    return UploadPlan(tuple(parts), manifest.receipt.key if manifest.receipt.key in own else None)


def plan_weather(
    store: Store,
    registry: Registry,
    site: str,
    dates: Sequence[dt.date],
    listed: Mapping[str, StoredObject],
    guard: Guard,
    published: Mapping[NightId, Mapping[str, Any]] | None = None,
    memory: Memory | None = None,
) -> WeatherPlan:
    """Decide about the weather files of some days: those that are complete and needed by no night go.

    A night needs them while it is uploaded, and when its published result would change by them.

    Parameters
    ----------
    store
        The bucket, of which receipts are read.
    registry
        Sites, for their clocks.
    site
        Key of the site.
    dates
        Local dates of the files.
    listed
        Everything in ``raw/``, by key, without what has just been deleted.
    guard
        How raw objects are deleted.
    published
        What is published of nights, where that is at hand.
    memory
        What looks at ``raw/`` found out of published nights and weather files; without it the bucket is
        asked.

    Returns
    -------
    WeatherPlan
    """
    parsed = ((parse_raw_key(key), found) for key, found in listed.items())
    files = [(file, found) for file, found in parsed if isinstance(file, WeatherFile) and file.site == site]
    by_day: dict[WeatherDay, list[tuple[WeatherFile, StoredObject]]] = {}
    for file, found in files:
        by_day.setdefault(WeatherDay(site, file.date), []).append((file, found))
    going: list[tuple[WeatherFile, dt.datetime]] = []
    kept: list[tuple[str, str]] = []
    for date in dates:
        of_day = by_day.get(WeatherDay(site, date), [])
        if not of_day:
            continue
        in_need = _nights_in_need(store, nights_that_need(_nights(listed), site, date), listed)
        end = end_of_day(registry.site(site), date)
        late: dict[str, str] = {}
        if not in_need and any(found.modified >= end for _, found in of_day):
            day, now = WeatherDay(site, date), dt.datetime.now(dt.UTC)
            late = why_weather_is_needed(
                store, registry, day, by_day, published or {}, memory or Memory(), now
            )
        for file, found in of_day:
            if in_need:
                kept.append((file.raw_key, f"needed by {', '.join(night.name for night in in_need)}"))
            elif found.modified < end:
                kept.append((file.raw_key, "uploaded before its day was over: it can be a partial file"))
            elif file.raw_key in late:
                kept.append((file.raw_key, late[file.raw_key]))
            elif until := guard.rests_until([found]):
                kept.append((file.raw_key, why_it_rests(until)))
            else:
                going.append((file, end))
    return WeatherPlan(tuple(going), tuple(kept))


def _nights(listed: Iterable[str]) -> list[NightId]:
    """Nights that have anything in ``raw/``."""
    found = {
        parsed.night for parsed in map(parse_raw_key, listed) if isinstance(parsed, RawReceipt | RawPart)
    }
    return sorted(found, key=lambda night: night.name)


def _nights_in_need(
    store: Store, nights: Iterable[NightId], listed: Mapping[str, StoredObject]
) -> list[NightId]:
    """Those of the nights that have, or may get, data: all but collection errors without parts."""

    def has_no_data(night: NightId) -> bool:
        keys = [key for key in listed if is_of_upload(key, night)]
        if keys != [night.receipt_key]:
            return False
        try:
            receipt = parse_receipt(night.receipt_key, store.get_bytes(night.receipt_key))
        except AirglowError:
            return False
        return receipt.is_collection_error

    return [night for night in nights if not has_no_data(night)]
