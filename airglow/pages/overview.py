"""The pages that are of more than one night: index, instruments, and what waits or failed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from airglow.pages import alarms as rules
from airglow.pages.alarms import band_shown, shown
from airglow.pages.calendar import Year, first_years, kinds_in, lacks_result, night_of_row, url_of, words_of
from airglow.pages.formats import NARROW, RECENT_DAYS, WIDE
from airglow.pages.health import Quantity
from airglow.pages.instruments import InstrumentHealth
from airglow.pages.plots import recent_plot, whole_plot
from airglow.pages.render import Page, look, render
from airglow.pages.settings import PagesSettings, relative_url
from airglow.pages.states import KINDS, TROUBLE, kind_of_row
from airglow.pipeline.table import Row
from airglow.uploads import RAW, NightId

SHOWN_ROWS = 200  # of one kind, on the page of what waits: a backlog can be long
RECENT_WITHOUT = 60  # days before the newest night, for nights without a result
_PLOTS = {"recent": recent_plot, "whole": whole_plot}
_ORDER = ("failed", "refused", "held", "waiting", "working", "nodata")


@dataclass(frozen=True)
class Picture:
    """A plot of an instrument's health, to be drawn if it is not there yet."""

    name: str  # "recent" or "whole"
    width: str  # "wide" or "narrow"
    key: str
    size_px: tuple[int, int]
    draw: Callable[[], bytes]


def index_pages(
    settings: PagesSettings,
    years: Sequence[Year],
    instruments: Sequence[InstrumentHealth],
    rows: Sequence[Row],
) -> list[Page]:
    """The calendar: the first page with the newest years, and a page of its own for each year before.

    Parameters
    ----------
    settings
        Of the pages.
    years
        Newest first.
    instruments
        That have a page.
    rows
        Of nights that are not done.
    """
    held_by_first = first_years(years)
    newest = _newest(instruments)
    cards = [
        {
            "name": one.name,
            "instrument": one.instrument,
            "site": one.site,
            "site_name": one.site_name,
            "nights": one.nights,
            "last": _date(one.nights[-1]),
            "alarms": len(one.alarms) if one.is_current(newest) else 0,
        }
        for one in instruments
    ]
    names = {
        "sites": {line.site for y in years for month in y.months for line in month.lines},
        "names": {line.instrument for y in years for month in y.months for line in month.lines},
    }
    trouble = _trouble(rows, sum(card["alarms"] for card in cards))

    def page(key: str, shown_years: Sequence[Year], only_year: int | None) -> Page:
        links = [
            _year_link(settings, key, year.year, number < held_by_first, only_year)
            for number, year in enumerate(years)
        ]
        return render(
            settings,
            "index",
            key,
            years=shown_years,
            only_year=only_year,
            year_links=links,
            instruments=cards,
            with_page={(one.instrument, one.site) for one in instruments},
            total=sum(year.nights for year in years),
            newest=newest,
            trouble=trouble,
            counts=kinds_in(shown_years),
            url_of=partial(url_of, settings, key),
            **{name: sorted(values) for name, values in names.items()},
        )

    pages = [
        page(settings.key(f"years/{year.year}.html"), [year], year.year) for year in years[held_by_first:]
    ]
    return [*pages, page(settings.key("index.html"), years[:held_by_first], None)]


def health_pictures(settings: PagesSettings, health: InstrumentHealth) -> list[Picture]:
    """The plots of an instrument's health; none if none of its nights could be analysed."""
    if not health.dates:
        return []
    names = ["recent"]
    if (health.dates[-1] - health.dates[0]).days > RECENT_DAYS:
        names.append("whole")
    digest = health.digest(look())
    return [
        Picture(
            name,
            form.name,
            settings.key(f"instruments/{health.name}_{name}_{form.name}_{digest}.svg"),
            form.size_px(len(health.watches)),
            partial(_PLOTS[name], health, form),
        )
        for name in names
        for form in (WIDE, NARROW)
    ]


def instrument_page(settings: PagesSettings, health: InstrumentHealth, pictures: Iterable[Picture]) -> Page:
    """The page of an instrument at a site."""
    key = settings.instrument_page(health.instrument, health.site)
    by_name: dict[str, dict[str, Any]] = {}
    for picture in pictures:
        of_name = by_name.setdefault(picture.name, {})
        of_name[picture.width] = {"url": relative_url(key, picture.key), "size": picture.size_px}
    table = [
        {
            "title": watch.series.title,
            "last": _or_dash(watch.series.quantity, float(watch.series.values[-1])),
            "usual": _usual(watch),
            "alarm": bool(watch.alarm),
        }
        for watch in health.watches
        if health.dates
    ]
    levels = [
        {
            "title": watch.series.title,
            "date": level.date,
            "day": f"{level.date:%Y%m%d}",
            "before": shown(watch.series.quantity, level.before),
            "after": shown(watch.series.quantity, level.after),
        }
        for watch in health.watches
        for level in watch.levels
    ]

    def night_url(day: str) -> str:
        return relative_url(key, settings.night_page(NightId(health.instrument, health.site, _date(day))))

    return render(
        settings,
        "instrument",
        key,
        health=health,
        first=_date(health.nights[0]),
        last=_date(health.nights[-1]),
        night_url=night_url,
        table=table,
        levels=sorted(levels, key=lambda level: level["date"], reverse=True),
        pictures={"whole": None, **by_name},
        recent_days=RECENT_DAYS,
        rules=rules,
    )


def attention_page(
    settings: PagesSettings,
    instruments: Sequence[InstrumentHealth],
    records: Iterable[Mapping[str, Any]],
    rows: Sequence[Row],
) -> Page:
    """What waits, what failed and why, which instruments are out of the ordinary."""
    key = settings.key("attention.html")
    by_name = {record["night"]: record for record in records}
    newest = _newest(instruments)
    by_kind: dict[str, list[dict[str, Any]]] = {}
    others = next((row.reason for row in rows if row.name == RAW), "")
    for row in sorted((row for row in rows if row.name != RAW), key=lambda r: r.name):
        night = night_of_row(row)
        has_page = row.name in by_name and night is not None
        by_kind.setdefault(kind_of_row(row.state).key, []).append(
            {
                "name": row.name,
                "state": row.state,
                "reason": "" if row.reason == row.state else row.reason,
                "since": row.since,
                "url": relative_url(key, settings.night_page(night)) if has_page else "",
            }
        )
    groups = [
        {"kind": KINDS[kind], "rows": by_kind[kind][:SHOWN_ROWS], "total": len(by_kind[kind])}
        for kind in _ORDER
        if kind in by_kind
    ]
    alarms = [
        {
            "instrument": one.instrument,
            "site": one.site,
            "url": relative_url(key, settings.instrument_page(one.instrument, one.site)),
            "title": watch.series.title,
            "words": watch.alarm,
            "since": watch.since,
        }
        for one in instruments
        if one.is_current(newest)
        for watch in one.alarms
    ]
    without = [
        {
            "name": record["night"],
            "url": relative_url(key, settings.night_page(NightId.parse(record["night"]))),
            "words": words_of(record),
        }
        for record in sorted(by_name.values(), key=lambda r: (r["date"], r["night"]), reverse=True)
        if lacks_result(record) and (newest - dt.date.fromisoformat(record["date"])).days <= RECENT_WITHOUT
    ][:SHOWN_ROWS]
    about = {"groups": groups, "trouble": TROUBLE, "alarms": alarms, "without": without, "others": others}
    return render(settings, "attention", key, **about)


def _year_link(
    settings: PagesSettings, page: str, year: int, on_first: bool, only_year: int | None
) -> tuple[int, str, bool]:
    """A year, where its calendar is, and whether filters go with the link to it."""
    if on_first and only_year is None:
        return year, f"#y{year}", False
    key = settings.key("index.html" if on_first else f"years/{year}.html")
    return year, relative_url(page, key) + (f"#y{year}" if on_first else ""), True


def _trouble(rows: Iterable[Row], alarms: int) -> str:
    """What needs a look, in a few words; empty if nothing does."""
    kinds = [kind_of_row(row.state).key for row in rows]
    words = [
        f"{kinds.count('failed')} failed" * bool(kinds.count("failed")),
        f"{kinds.count('refused')} refused" * bool(kinds.count("refused")),
        f"{kinds.count('waiting')} waiting" * bool(kinds.count("waiting")),
        f"{alarms} alarm{'' if alarms == 1 else 's'}" * bool(alarms),
    ]
    return ", ".join(filter(None, words))


def _newest(instruments: Iterable[InstrumentHealth]) -> dt.date | None:
    return max((_date(one.nights[-1]) for one in instruments), default=None)


def _date(day: str) -> dt.date:
    return dt.datetime.strptime(day, "%Y%m%d").date()


def _or_dash(quantity: Quantity, value: float) -> str:
    return shown(quantity, value) if np.isfinite(value) else "–"


def _usual(watch: rules.Watch) -> str:
    if not np.isfinite(watch.low[-1]):
        return "not known yet"
    return band_shown(watch.series.quantity, watch.low[-1], watch.high[-1])
