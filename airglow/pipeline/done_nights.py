"""Nights that are done, looked up in the bucket: no table has them, since there are tens of thousands."""

from __future__ import annotations

import datetime as dt

from airglow.pipeline.rows import done_row
from airglow.pipeline.table import Row
from airglow.registry import Registry
from airglow.store import Store, in_threads
from airglow.uploads import NightId


def done_rows(
    store: Store,
    registry: Registry,
    since: dt.date,
    site: str | None = None,
    instrument: str | None = None,
    today: dt.date | None = None,
) -> list[Row]:
    """Rows of nights that are done.

    Costs a listing for each instrument, site and year, and two requests for each night.

    Parameters
    ----------
    store
        The bucket.
    registry
        Says which instrument was where.
    since
        Local date of the first night.
    site, instrument
        Only of these.
    today
        The last date; by default that of now.

    Returns
    -------
    list of Row
        In the order of date, site and instrument.
    """
    last = (today or dt.datetime.now(dt.UTC).date()) + dt.timedelta(days=1)
    nights = []
    for key in registry.instrument_keys:
        for stay in registry.deployments[key]:
            if instrument not in (None, key) or site not in (None, stay.site):
                continue
            first = max(since, stay.start)
            nights += _cleaned(store, key, stay.site, first, min(last, stay.stop or last))
    nights.sort(key=lambda night: (night.date, night.site, night.instrument))

    def row(night: NightId) -> Row | None:
        cleaned = store.get_json(night.cleaned_key)
        return None if cleaned is None else done_row(night, cleaned, store.get_json(night.published_key))

    return [one for one in in_threads(row, nights) if one is not None]


def _cleaned(store: Store, instrument: str, site: str, first: dt.date, last: dt.date) -> list[NightId]:
    """Nights of an instrument at a site that have their last sentinel."""
    found = []
    for year in range(first.year, last.year + 1):
        prefix = f"state/{instrument}/{site}/{year}/"
        begin, end = max(first, dt.date(year, 1, 1)), min(last, dt.date(year, 12, 31))
        for one in store.list(prefix, after=f"{prefix}{begin:%Y%m%d}", until=f"{prefix}{end:%Y%m%d}~"):
            day, _, name = one.key.removeprefix(prefix).partition("/")
            if name == "cleaned.json":
                found.append(NightId.parse(f"{instrument}_{site}_{day}"))
    return found
