"""Each instrument at each site: what its nights say of its health."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from airglow.pages.alarms import Watch, watch
from airglow.pages.health import series_of
from airglow.pages.states import kind_of_record

FORGOTTEN_DAYS = 60  # behind the newest night of all instruments, an instrument's alarms interest nobody


@dataclass(frozen=True)
class InstrumentHealth:
    """An instrument at a site."""

    instrument: str
    site: str
    site_name: str
    nights: tuple[str, ...]  # days with a page, oldest first: ``20250429``
    kinds: Counter[str]  # how many nights of each kind of state
    dates: tuple[dt.date, ...]  # nights that were analysed, ascending
    watches: tuple[Watch, ...]  # over these

    @property
    def name(self) -> str:
        """``minime05_uao``, as files of it are called."""
        return f"{self.instrument}_{self.site}"

    @property
    def alarms(self) -> tuple[Watch, ...]:
        """What is out of the ordinary as of the last night."""
        return tuple(one for one in self.watches if one.alarm)

    def is_current(self, newest: dt.date) -> bool:
        """Whether its last night is close enough to the newest of all for its alarms to matter."""
        return bool(self.dates) and (newest - self.dates[-1]).days <= FORGOTTEN_DAYS

    def digest(self, look: str) -> str:
        """Changes when the plots of its health do."""
        content: list[Any] = [look, self.instrument, self.site, [f"{date}" for date in self.dates]]
        for one in self.watches:
            content.append(
                [one.series.title, *(_hex(part) for part in (one.series.values, one.low, one.high))]
            )
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def instruments_of(records: Iterable[Mapping[str, Any]]) -> list[InstrumentHealth]:
    """Instruments at sites, by site and then instrument.

    Parameters
    ----------
    records
        Short records of all nights.
    """
    by_instrument: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for record in sorted(records, key=lambda r: r["date"]):
        by_instrument.setdefault((record["site"], record["instrument"]), []).append(record)
    found = []
    for (site, instrument), of_it in sorted(by_instrument.items()):
        nights, series = series_of(of_it)
        dates = tuple(dt.date.fromisoformat(night["date"]) for night in nights)
        found.append(
            InstrumentHealth(
                instrument,
                site,
                next((r["site_name"] for r in reversed(of_it) if r["site_name"]), ""),
                tuple(r["date"].replace("-", "") for r in of_it),
                Counter(kind_of_record(r).key for r in of_it),
                dates,
                tuple(watch(one, dates) for one in series),
            )
        )
    return found


def _hex(values: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(values, "<f8").tobytes()).hexdigest()
