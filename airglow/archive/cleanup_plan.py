"""What of ``raw/`` would be deleted, by which proof, and what stays and why: changes nothing.

`airglow.archive.cleanup` deletes by these plans, and ``airglow cleanup --dry-run`` shows them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from airglow.archive.guard import Guard, why_it_rests
from airglow.archive.manifest import Manifest
from airglow.model.errors import AirglowError
from airglow.registry import Registry
from airglow.store import Store, StoredObject
from airglow.uploads import (
    NightId,
    RawPart,
    RawReceipt,
    WeatherFile,
    end_of_day,
    is_of_upload,
    nights_that_need,
    parse_raw_key,
    parse_receipt,
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
        return UploadPlan(kept=tuple((key, reason) for key in own))
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
) -> WeatherPlan:
    """Decide about the weather files of some days: those that are complete and needed by no upload go.

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

    Returns
    -------
    WeatherPlan
    """
    parsed = ((parse_raw_key(key), found) for key, found in listed.items())
    files = [(file, found) for file, found in parsed if isinstance(file, WeatherFile) and file.site == site]
    going: list[tuple[WeatherFile, dt.datetime]] = []
    kept: list[tuple[str, str]] = []
    for date in dates:
        of_day = [(file, found) for file, found in files if file.date == date]
        if not of_day:
            continue
        in_need = _nights_in_need(store, nights_that_need(_nights(listed), site, date), listed)
        end = end_of_day(registry.site(site), date)
        for file, found in of_day:
            if in_need:
                kept.append((file.raw_key, f"needed by {', '.join(night.name for night in in_need)}"))
            elif found.modified < end:
                kept.append((file.raw_key, "uploaded before its day was over: it can be a partial file"))
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
