"""What is of all nights: the index and its parts, the instruments, and what waits or failed.

Work waits in the bucket: records of nights under ``pending/``, and beside them one object whose name says
what the pages were last made from (the operator's table of nights, settings, and this code). So a single
listing tells that nothing is to be done, whatever machine looks, and a run that was killed is made good by
the next. Pending records go last, each only if it is still the one that was read.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from airglow.model.errors import BadInput
from airglow.pages.calendar import entries_of, years_of
from airglow.pages.instruments import instruments_of
from airglow.pages.night import night_pages
from airglow.pages.overview import attention_page, health_pictures, index_pages, instrument_page
from airglow.pages.records import FORMAT, clean, linked, read_record, short_record, year_bytes
from airglow.pages.render import ASK, KEEP, SVG, Page, look, static_pages
from airglow.pages.settings import PagesSettings
from airglow.pages.write import put_changed
from airglow.pipeline.rows import is_done
from airglow.pipeline.table import Row
from airglow.store import (
    ChangedObject,
    Deletion,
    MissingObject,
    Store,
    StoredObject,
    delete_read,
    in_threads,
    json_bytes,
)
from airglow.uploads import NightId

_MADE_FROM = "made-from-"
_AT_ONCE = 8  # deletions after one look


def update_pages(
    store: Store,
    settings: PagesSettings,
    rows: Iterable[Row] | None,
    now: dt.datetime | None = None,
    deletion: Deletion | None = None,
) -> dict[str, Any]:
    """Bring the pages up to date with the nights that were published since, and with the table of nights.

    Costs one LIST request if there is nothing to do. Otherwise it reads the parts of the index, one for each
    year, and writes the pages that change. Not to be run twice at the same time.

    Parameters
    ----------
    store
        The bucket.
    settings
        Of the pages.
    rows
        Where nights stand that wait, failed, are held and so on; those that are done are passed over. None:
        what was said last time.
    now
        The present, for the answer.
    deletion
        How the store guards deletions, if that is known: one that honours If-Match needs no second look.

    Returns
    -------
    dict
        ``nights`` that were new or changed, keys that were ``written`` and ``deleted``, and ``problems`` in
        words.

    Raises
    ------
    BadInput
        If a record is none.
    StoreError
        If the bucket cannot be read or written.
    """
    answer = new_answer(now)
    if not settings.prefix:
        return answer
    pending, made_from, behind = pending_of(store, settings)
    rows = open_rows(store, rows, made_from)
    if not pending and [one.key for one in made_from] == [_made_from(settings, rows).key]:
        return answer
    there = {one.key: one for one in (*store.list(settings.key(""), until=settings.key("nights/")), *behind)}
    records = _read_years(store, settings, there)
    taken = _take(store, pending, records)
    answer["nights"] = sorted(taken)
    answer["written"] = put_changed(store, static_pages(settings), there)
    answer["written"] += _link_nights(store, settings, records, answer["problems"])
    write_overview(store, settings, list(records.values()), rows, there, answer)
    finish(store, settings, rows, made_from, taken.values(), deletion)
    return answer


def write_overview(
    store: Store,
    settings: PagesSettings,
    records: Sequence[Mapping[str, Any]],
    rows: Sequence[Row],
    there: Mapping[str, StoredObject],
    answer: dict[str, Any],
) -> None:
    """Write everything that is of more than one night, where it changed, and delete what is no more.

    Parameters
    ----------
    store, settings
        The bucket and the pages.
    records
        Short ones of all nights.
    rows
        Of nights that are not done.
    there
        What was written before, by key.
    answer
        As of `update_pages`; keys are added.
    """
    years = years_of(entries_of(records, rows))
    instruments = instruments_of(records)
    parts = _year_parts(settings, records)
    pictures = {one.name: health_pictures(settings, one) for one in instruments}
    drawn = (
        Page(picture.key, picture.draw(), SVG, KEEP)
        for of_one in pictures.values()
        for picture in of_one
        if picture.key not in there  # their names say what they show
    )
    pages = [instrument_page(settings, one, pictures[one.name]) for one in instruments]
    pages += index_pages(settings, years, instruments, rows)
    pages.append(attention_page(settings, instruments, records, rows))
    answer["written"] += put_changed(store, chain(parts, drawn, pages), there)
    wanted = {page.key for page in (*parts, *pages)}
    wanted |= {picture.key for of_one in pictures.values() for picture in of_one}
    folders = tuple(settings.key(part) for part in ("data/", "instruments/", "years/"))  # wholly ours
    for key in there:
        if key not in wanted and key.startswith(folders):
            store.delete(key)
            answer["deleted"].append(key)


def new_answer(now: dt.datetime | None) -> dict[str, Any]:
    """The answer of `update_pages` before anything is done."""
    made_at = (now or dt.datetime.now(dt.UTC)).isoformat(timespec="seconds")
    return {"nights": [], "written": [], "deleted": [], "problems": [], "made_at": made_at}


def pending_of(
    store: Store, settings: PagesSettings
) -> tuple[list[StoredObject], list[StoredObject], list[StoredObject]]:
    """Records that wait for their place in the index, and what says from what the pages were made.

    Of the latter there is one, unless an update was killed or none was ever made. Third, what the same
    listing tells of the pages whose keys come after: a few dozen, whatever the size of the archive.
    """
    prefix = settings.key("pending/")
    found = store.list(settings.key(""), after=prefix)
    waiting = [one for one in found if one.key.startswith(prefix)]
    made_from = [one for one in waiting if one.key.startswith(prefix + _MADE_FROM)]
    pending = [one for one in waiting if one not in made_from]
    return pending, made_from, [one for one in found if one not in waiting]


def open_rows(store: Store, rows: Iterable[Row] | None, made_from: Iterable[StoredObject]) -> list[Row]:
    """Rows of nights that are not done, fit for HTML; without any given, those of the last time."""
    if rows is not None:
        return [
            Row(clean(row.name), clean(row.state), clean(row.reason), row.since)
            for row in rows
            if not is_done(row)
        ]
    latest = max(made_from, key=lambda one: (one.modified, one.key), default=None)
    if latest is None:
        return []
    stored = read_record(store.get_bytes(latest.key), latest.key)["rows"]
    return [
        Row(name, state, reason, dt.datetime.fromisoformat(since) if since else None)
        for name, state, reason, since in stored
    ]


def finish(
    store: Store,
    settings: PagesSettings,
    rows: Sequence[Row],
    made_from: Iterable[StoredObject],
    taken: Iterable[StoredObject],
    deletion: Deletion | None = None,
) -> None:
    """Say from what the pages are made now, and clear away the pending records that were taken."""
    page = _made_from(settings, rows)
    made_from = list(made_from)
    if page.key not in {one.key for one in made_from}:
        store.put_bytes(page.key, page.data, page.content_type, page.cache_control)
    for old in made_from:
        if old.key != page.key:
            store.delete(old.key)
    _clear(store, list(taken), deletion or Deletion())


def _clear(store: Store, taken: Sequence[StoredObject], deletion: Deletion) -> None:
    """Delete pending records that are still what was read, with a look at few at a time where no guard is."""
    guard = Deletion(honours_if_match=deletion.honours_if_match)  # versions of them need not stay
    for first in range(0, len(taken), _AT_ONCE):
        some = {one.key: one for one in taken[first : first + _AT_ONCE]}
        delete_read(store, {key: one.etag for key, one in some.items()}, guard, some)


def _made_from(settings: PagesSettings, rows: Sequence[Row]) -> Page:
    """The object that says what the pages are made from, beside the records of nights."""
    listed = [[row.name, row.state, row.reason, row.since.isoformat() if row.since else None] for row in rows]
    content = [look(), settings.prefix, settings.title, settings.files_url, listed]
    digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:24]
    key = settings.key(f"pending/{_MADE_FROM}{digest}.json")
    return Page(key, json_bytes({"format": FORMAT, "rows": listed}), "application/json")


def _read_years(
    store: Store, settings: PagesSettings, there: Mapping[str, StoredObject]
) -> dict[str, dict[str, Any]]:
    records = {}
    for key in there:
        if key.startswith(settings.key("data/")):
            for record in read_record(store.get_bytes(key), key)["nights"]:
                records[record["night"]] = record
    return records


def _take(
    store: Store, pending: Iterable[StoredObject], records: dict[str, dict[str, Any]]
) -> dict[str, StoredObject]:
    """Let pending records take their places among those of all nights; says which were taken, by night."""

    def read(one: StoredObject) -> dict[str, Any] | None:
        try:
            return read_record(store.get_bytes(one.key, one.etag), one.key)
        except (ChangedObject, MissingObject):
            return None  # another one has come this moment: for the next time

    pending = list(pending)
    taken = {}
    for one, record in zip(pending, in_threads(read, pending), strict=True):
        if record is not None:
            del record["format"]
            records[record["night"]] = record
            taken[record["night"]] = one
    return taken


def _link_nights(
    store: Store, settings: PagesSettings, records: dict[str, dict[str, Any]], problems: list[str]
) -> list[str]:
    """Write the pages of nights anew that have other neighbours than before."""
    wanted = linked(records.values())
    changed = [name for name, links in wanted.items() if {key: records[name][key] for key in links} != links]

    def write(name: str) -> list[str]:
        key = settings.night_record(NightId.parse(name))
        try:
            record = {**read_record(store.get_bytes(key), key), **wanted[name]}
        except MissingObject:
            problems.append(f"{key} is gone: make the pages anew with python -m airglow pages --rebuild")
            return []
        except BadInput as unreadable:
            problems.append(str(unreadable))
            return []
        written = put_changed(store, night_pages(settings, record), {})
        records[name] = short_record(record)
        return written

    return [key for written in in_threads(write, changed) for key in written]


def _year_parts(settings: PagesSettings, records: Iterable[Mapping[str, Any]]) -> list[Page]:
    by_year: dict[int, list[Mapping[str, Any]]] = {}
    for record in records:
        by_year.setdefault(int(record["date"][:4]), []).append(record)
    return [
        Page(settings.key(f"data/{year}.json"), year_bytes(year, of_it), "application/json", ASK)
        for year, of_it in sorted(by_year.items())
    ]
