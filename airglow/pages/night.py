"""The page of a night, as soon as the night is published."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from airglow.model.errors import BadInput
from airglow.model.result import NightResult
from airglow.pages.records import FORMAT, night_record, read_record, short_record
from airglow.pages.render import ASK, Page, render_night
from airglow.pages.settings import PagesSettings
from airglow.pages.write import put_changed
from airglow.store import MissingObject, Store, json_bytes
from airglow.uploads import NightId


def publish_night_page(
    store: Store,
    settings: PagesSettings,
    index: Mapping[str, Any],
    results: Iterable[NightResult],
    now: dt.datetime | None = None,
    is_first: bool = False,
) -> dict[str, Any]:
    """Write the page of a night, and leave its record for the index to `airglow.pages.update_pages`.

    May run for several nights at once. Killed at any moment and run again, it ends in the same state. What
    pages have in common (styles, scripts) comes with the index, before anything leads to this page.

    Parameters
    ----------
    store
        The bucket.
    settings
        Of the pages.
    index
        What was published of the night (`airglow.pipeline.publish.read_index`).
    results
        Of the tags that were analysed, as read from the published files.
    now
        The present, for the answer.
    is_first
        Whether the night is known to have had no page.

    Returns
    -------
    dict
        What was done, as JSON can hold it; ``page`` is None if there are to be no pages.

    Raises
    ------
    StoreError
        If the bucket does not take it.
    """
    night = NightId.parse(index["night"])
    made = {
        "night": night.name,
        "page": None,
        "made_at": (now or dt.datetime.now(dt.UTC)).isoformat(timespec="seconds"),
    }
    if not settings.prefix:
        return made
    links = {} if is_first else _links_of_before(store, settings, night)
    record = night_record(index, results, links)
    put_changed(store, night_pages(settings, record), {})
    # Last: the index leads to the page only when it is there.
    store.put_json(settings.pending_record(night), {"format": FORMAT, **short_record(record)})
    return {**made, "page": settings.night_page(night)}


def night_pages(settings: PagesSettings, record: Mapping[str, Any]) -> list[Page]:
    """The page of a night, and what it is made from."""
    key = settings.night_record(NightId.parse(record["night"]))
    return [Page(key, json_bytes(record), "application/json", ASK), render_night(settings, record)]


def _links_of_before(store: Store, settings: PagesSettings, night: NightId) -> dict[str, str | None]:
    """The neighbours when the page was written last; the update puts right what changed."""
    key = settings.night_record(night)
    try:
        record = read_record(store.get_bytes(key), key)
    except (MissingObject, BadInput):  # none, or one of another version of this code
        return {}
    return {"previous": record["previous"], "next": record["next"]}
