"""Everything in ``raw/``, sorted by what it is and which night it is of."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from airglow.registry import Registry
from airglow.store import StoredObject
from airglow.uploads.days import ONE_DAY
from airglow.uploads.discovery import WeatherDay
from airglow.uploads.keys import (
    RAW,
    NightId,
    RawPart,
    RawReceipt,
    UnrecognisedObject,
    WeatherFile,
    parse_raw_key,
)


@dataclass
class Upload:
    """The objects of one night in ``raw/``."""

    receipt: StoredObject | None = None
    parts: dict[int, StoredObject] = field(default_factory=dict)

    @property
    def objects(self) -> list[StoredObject]:
        return ([self.receipt] if self.receipt else []) + list(self.parts.values())

    def without(self, left_out: Collection[StoredObject]) -> Upload:
        """The upload without some of its parts."""
        parts = {number: part for number, part in self.parts.items() if part not in left_out}
        return Upload(self.receipt, parts)


@dataclass
class Raw:
    """Everything in ``raw/``, sorted."""

    uploads: dict[NightId, Upload] = field(default_factory=dict)
    weather: dict[WeatherDay, list[tuple[WeatherFile, StoredObject]]] = field(default_factory=dict)
    unrecognised: list[tuple[str, str]] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    # Of cloud files that were looked into: the last time in them, or why there is none.
    cloud_ends: dict[str, dt.datetime | str] = field(default_factory=dict)

    def weather_of(self, night: NightId) -> list[StoredObject]:
        """The weather files that a night needs: those of its date and of the next one."""
        days = (WeatherDay(night.site, night.date), WeatherDay(night.site, night.date + ONE_DAY))
        return [found for day in days for _, found in self.weather.get(day, [])]


def sort_raw(objects: Iterable[StoredObject], registry: Registry) -> Raw:
    raw = Raw()
    for found in objects:
        parsed = parse_raw_key(found.key)
        match parsed:
            case RawReceipt(night):
                raw.uploads.setdefault(night, Upload()).receipt = found
            case RawPart(night, number):
                raw.uploads.setdefault(night, Upload()).parts[number] = found
            case WeatherFile(site=site, date=date) if site in registry.sites:
                raw.weather.setdefault(WeatherDay(site, date), []).append((parsed, found))
            case WeatherFile(site=site):
                raw.unrecognised.append((found.key, f"unknown site {site}"))
            case UnrecognisedObject(prefix=prefix) if prefix:
                raw.others[prefix] += 1
            case UnrecognisedObject(reason) if (
                found.key != RAW
            ):  # some tools put an object where a folder begins
                raw.unrecognised.append((found.key, reason))
    return raw
