"""All pages anew, from what was published: after a change of their look, or when one is lost."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from airglow.model.errors import AirglowError
from airglow.model.result import NightResult
from airglow.pages.night import night_pages
from airglow.pages.records import linked, night_record, short_record
from airglow.pages.render import static_pages
from airglow.pages.settings import PagesSettings
from airglow.pages.site import finish, new_answer, open_rows, pending_of, write_overview
from airglow.pages.write import listed, put_changed
from airglow.pipeline.publish import fetch_products, read_index
from airglow.pipeline.published import published_nights
from airglow.pipeline.table import Row
from airglow.store import Store


def rebuild_pages(
    store: Store,
    settings: PagesSettings,
    rows: Iterable[Row] | None,
    now: dt.datetime | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Make every page anew from the published indices and netCDF files; pages of nights that are gone go too.

    Reads every netCDF file of the archive. What is the same as before is not written again.

    Parameters
    ----------
    store
        The bucket.
    settings
        Of the pages.
    rows
        As of `airglow.pages.update_pages`.
    now
        The present, for the answer.
    say
        Told of each night.

    Returns
    -------
    dict
        As of `airglow.pages.update_pages`. A night whose files cannot be read has a page that says what is
        known, and is among the ``problems``.

    Raises
    ------
    AirglowError
        If there are to be no pages.
    BadInput
        If an index of products is none.
    StoreError
        If the bucket cannot be read or written.
    """
    if not settings.prefix:
        raise AirglowError("the configuration says that there are no pages: set pages: prefix")
    answer = new_answer(now)
    pending, made_from, _ = pending_of(store, settings)
    rows = open_rows(store, rows, made_from)
    indices = {night.name: key for night, key in published_nights(store).items()}
    links = linked({"night": night} for night in indices)
    there = listed(store, settings.key(""))
    answer["written"] = put_changed(store, static_pages(settings), there)
    records, pages = [], set()
    for number, (name, key) in enumerate(sorted(indices.items()), 1):
        say(f"{name} ({number} of {len(indices)})")
        record = night_record(*_read(store, key, answer["problems"]), links[name])
        made = night_pages(settings, record)
        answer["written"] += put_changed(store, made, there)
        pages |= {page.key for page in made}
        records.append(short_record(record))
        answer["nights"].append(name)
    overview = {
        key: found
        for key, found in there.items()
        if not key.startswith((settings.key("nights/"), settings.key("pending/")))
    }
    write_overview(store, settings, records, rows, overview, answer)
    for key in there:
        if key.startswith(settings.key("nights/")) and key not in pages:
            store.delete(key)
            answer["deleted"].append(key)
    finish(store, settings, rows, made_from, [one for one in pending if _night_of(one.key) in indices])
    return answer


def _read(store: Store, key: str, problems: list[str]) -> tuple[dict[str, Any], list[NightResult]]:
    from airglow.products import read_netcdf

    index = read_index(store.get_json(key), key)
    results = []
    with tempfile.TemporaryDirectory() as directory:
        for product in index["products"]:
            if not product["name"].endswith(".nc"):
                continue
            try:
                one = {**index, "products": [product]}
                results += [read_netcdf(path) for path in fetch_products(store, one, Path(directory))]
            except AirglowError as problem:
                problems.append(str(problem))
    return index, results


def _night_of(key: str) -> str:
    return key.rsplit("/", 1)[-1].removesuffix(".json")
