"""The nights as a calendar: years and months, newest first; in each a line for every instrument."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airglow.model.errors import BadInput
from airglow.model.result import ANALYSED
from airglow.pages.settings import PagesSettings
from airglow.pages.states import TROUBLE, Kind, kind_of_record, kind_of_row
from airglow.pipeline.table import Row
from airglow.uploads import NightId

INDEX_NIGHTS = 4000  # that the first page shows at most, if they are of more than one year


@dataclass(frozen=True)
class Entry:
    """A night in the calendar."""

    night: NightId
    kind: Kind
    words: str  # state and reason, for people
    has_page: bool


@dataclass(frozen=True)
class Line:
    """The nights of an instrument at a site in a month, oldest first."""

    instrument: str
    site: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Month:
    """A month with nights."""

    first: dt.date
    lines: tuple[Line, ...]  # by site, then instrument


@dataclass(frozen=True)
class Year:
    """A year with nights."""

    year: int
    months: tuple[Month, ...]  # newest first
    nights: int


def entries_of(records: Iterable[Mapping[str, Any]], rows: Iterable[Row]) -> list[Entry]:
    """The nights that have results, and those that wait or failed.

    A night can be both, as when a reanalysis fails or an upload comes again: then the trouble is shown, and
    results otherwise.
    """
    entries = {}
    for record in records:
        night = NightId.parse(record["night"])
        entries[night] = Entry(night, kind_of_record(record), words_of(record), has_page=True)
    for row in rows:
        night = night_of_row(row)
        if night is None:  # a site's weather files, or a rule
            continue
        kind, known = kind_of_row(row.state), entries.get(night)
        words = f"{row.state}: {row.reason}" if row.reason and row.reason != row.state else row.state
        if known is None:
            entries[night] = Entry(night, kind, words, has_page=False)
        elif kind.key in TROUBLE:
            entries[night] = Entry(night, kind, f"{words}; results of before stay: {known.words}", True)
    return list(entries.values())


def night_of_row(row: Row) -> NightId | None:
    """The night of a row; None for rows that are of no single night."""
    try:
        return NightId.parse(row.name)
    except BadInput:
        return None


def lacks_result(record: Mapping[str, Any]) -> bool:
    """Whether the last analysis came to none: of the night, or of a tag whose earlier result was kept."""
    kept = any(tag["state"] == ANALYSED and tag["reason"] for tag in record["tags"].values())
    return kept or kind_of_record(record).key == "nothing"


def words_of(record: Mapping[str, Any]) -> str:
    """What came of a night's tags, in a few words."""
    words = []
    for tag, found in record["tags"].items():
        if found["state"] == ANALYSED and "sky" in found:
            kept = f" ({found['reason']})" if found["reason"] else ""
            words.append(f"{tag}: {found['good']} of {found['sky']} winds good{kept}")
        else:
            words.append(f"{tag}: {found['state']}" + (f", {found['reason']}" if found["reason"] else ""))
    return "; ".join(words) or "nothing was asked of it"


def years_of(entries: Iterable[Entry]) -> list[Year]:
    """The calendar, newest year first."""
    by_month: dict[dt.date, dict[tuple[str, str], list[Entry]]] = {}
    for entry in entries:
        night = entry.night
        lines = by_month.setdefault(night.date.replace(day=1), {})
        lines.setdefault((night.site, night.instrument), []).append(entry)
    by_year: dict[int, list[Month]] = {}
    for first, lines in sorted(by_month.items(), reverse=True):
        month = Month(
            first,
            tuple(
                Line(instrument, site, tuple(sorted(of_line, key=lambda entry: entry.night.date)))
                for (site, instrument), of_line in sorted(lines.items())
            ),
        )
        by_year.setdefault(first.year, []).append(month)
    return [Year(year, tuple(months), _count(months)) for year, months in by_year.items()]


def first_years(years: Sequence[Year]) -> int:
    """How many years the first page shows: all, or as many of the newest as it can hold."""
    total = 0
    for number, year in enumerate(years):
        total += year.nights
        if number and total > INDEX_NIGHTS:
            return number
    return len(years)


def kinds_in(years: Iterable[Year]) -> Counter[str]:
    """How many nights of each kind, by its key."""
    return Counter(
        entry.kind.key
        for year in years
        for month in year.months
        for line in month.lines
        for entry in line.entries
    )


def url_of(settings: PagesSettings, page: str, entry: Entry) -> str:
    """Where a night in the calendar leads to: its page, or the one that says what is the matter."""
    from_root = "../" * (page.removeprefix(settings.prefix + "/").count("/"))
    key = settings.night_page(entry.night) if entry.has_page else settings.key("attention.html")
    name = key.removeprefix(settings.prefix + "/")
    return f"{from_root}{name}" + ("" if entry.has_page else f"#{entry.night.name}")


def _count(months: Iterable[Month]) -> int:
    return sum(len(line.entries) for month in months for line in month.lines)
