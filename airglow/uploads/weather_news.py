"""Whether weather files in ``raw/`` would change a published result, and whether they cover its night."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airglow.model.result import ANALYSED
from airglow.registry import Site
from airglow.store import Store, StoredObject, read_surely
from airglow.uploads.clouds import DARK_EVERY, SPARE, Ends, dark_moments, hours_to_cover, what_clouds_lack
from airglow.uploads.keys import NightId, WeatherFile
from airglow.uploads.late_weather import MAX_WEATHER_BYTES
from airglow.weather import Samples, same_samples, samples_of_hours

Uploaded = Sequence[tuple[WeatherFile, StoredObject]]
"""Weather files in ``raw/``."""


@dataclass(frozen=True)
class News:
    """A weather file in ``raw/`` with something for a night that its published result was not made with.

    Parameters
    ----------
    file
        Which file.
    raw
        The object.
    what
        What happened to it, for people, as ``Cloud_uao_20250430.txt came``.
    last
        Its last sample in the night's hours (UTC); None if it has none.
    """

    file: WeatherFile
    raw: StoredObject
    what: str
    last: dt.datetime | None


def night_hours(site: Site, date: dt.date) -> tuple[dt.datetime, dt.datetime] | None:
    """The hours of a night in which weather can matter to a frame.

    Parameters
    ----------
    site
        Where.
    date
        Local date on which the night began.

    Returns
    -------
    tuple of datetime.datetime or None
        First and last moment (UTC, aware); None if it is never dark.
    """
    dark = dark_moments(site, date)
    if not dark:
        return None
    return dark[0] - SPARE, dark[-1] + DARK_EVERY.item() + SPARE


def find_news(
    store: Store, site: Site, night: NightId, index: Mapping[str, Any], uploaded: Uploaded
) -> list[News]:
    """What weather files in ``raw/`` have for a night that its published result was not made with.

    A file that grew, or has other contents, is no news if it says the same of the night's hours. A
    file that the index names as it is costs nothing; another one is read, and at most the archived one.

    Parameters
    ----------
    store
        The bucket.
    site
        Where the night was.
    night
        The night.
    index
        What is published of it.
    uploaded
        The weather files in ``raw/`` of its date and the next one.

    Returns
    -------
    list of News

    Raises
    ------
    ChangedObject, MissingObject
        If a file is uploaded again, or deleted, meanwhile.
    StoreError
        If the bucket does not do its part.
    """
    hours = night_hours(site, night.date)
    if hours is None:
        return []
    found = []
    for file, raw in uploaded:
        unknown = [entry for entry in _entries(index, file, raw) if not _is_of(entry, raw)]
        if not unknown or raw.size > MAX_WEATHER_BYTES:  # a larger one is never taken
            continue
        news = _read_news(store, site, hours, file, raw, unknown)
        if news is not None:
            found.append(news)
    return found


def _entries(
    index: Mapping[str, Any], file: WeatherFile, raw: StoredObject
) -> list[Mapping[str, Any] | None]:
    """What each tag with a result was made with under the name of a file; None for one without it.

    A result that was kept when a later analysis came to none is not made again.
    """
    entries: list[Mapping[str, Any] | None] = []
    for outcome in index.get("outcomes", {}).values():
        if outcome.get("state") != ANALYSED or outcome.get("kept"):
            continue
        if "weather" in outcome:
            entries.append(next((each for each in outcome["weather"] if each.get("name") == file.name), None))
        elif raw.modified > dt.datetime.fromisoformat(index["made_at"]):  # an earlier version did not note it
            entries.append(None)
    return entries


def _is_of(entry: Mapping[str, Any] | None, raw: StoredObject) -> bool:
    """Whether a result is known to have been made with all of an upload."""
    return entry is not None and raw.etag in (entry.get("etag"), entry.get("raw_etag"))


def _read_news(
    store: Store,
    site: Site,
    hours: tuple[dt.datetime, dt.datetime],
    file: WeatherFile,
    raw: StoredObject,
    entries: Iterable[Mapping[str, Any] | None],
) -> News | None:
    """Compare an upload with what results were made with, as far as it concerns some hours."""
    data, _ = read_surely(store, raw)
    archived: bytes | None = None
    is_archive_read = False

    def samples(content: bytes) -> Samples:
        return samples_of_hours(file.name, content, site.clock, *hours)

    for entry in entries:
        new, old = data, b""
        what = f"{file.name} came"
        if entry is not None:
            size, sha256 = entry["size"], entry["sha256"]
            if _sha256(data) == sha256:
                continue
            what = f"{file.name} grew from {size:,} to {len(data):,} bytes"
            old = data[:size]
            if _sha256(old) != sha256:
                what = f"{file.name} came with other contents"
                if not is_archive_read:
                    archived, is_archive_read = _read_archived(store, file), True
                if archived is not None and archived.startswith(data):
                    new = archived  # which stays, as the longer one
                if _sha256(new) == sha256:
                    continue
                old = archived if archived is not None and _sha256(archived) == sha256 else None
        of_new = samples(new)
        if old is None or not same_samples(samples(old) if old else {}, of_new):
            return News(file, raw, what, _last(of_new))
    return None


def _read_archived(store: Store, file: WeatherFile) -> bytes | None:
    archived = store.head(file.archive_key)
    return None if archived is None else read_surely(store, archived)[0]


def _last(samples: Samples) -> dt.datetime | None:
    if not samples or not samples["time"].size:
        return None
    return samples["time"].max().item().replace(tzinfo=dt.UTC)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def is_covered(
    store: Store,
    site: Site,
    night: NightId,
    news: Iterable[News],
    now: dt.datetime,
    uploaded: Uploaded,
    ends: Ends,
) -> bool:
    """Whether the weather files that are there reach to the end of a night, so that no more is to come.

    Parameters
    ----------
    store
        The bucket.
    site
        Where the night was.
    night
        The night; it is over.
    news
        As of `find_news`: of temperature loggers only these count.
    now
        The present (UTC).
    uploaded
        As for `find_news`.
    ends
        As for `airglow.uploads.clouds.what_clouds_lack`.

    Returns
    -------
    bool
    """
    needed = dict(hours_to_cover(site, night.date, now, now))
    for each in news:
        enough = needed.get(each.file.date)
        if each.file.kind != "temperature" or enough is None:
            continue
        if each.last is None or each.last < enough - SPARE:
            return False
    sizes = {found.key: found.size for _, found in uploaded}
    return not what_clouds_lack(store, site, night, now, now, sizes, ends)
