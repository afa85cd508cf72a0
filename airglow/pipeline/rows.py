"""Rows of the table of nights, from the bucket's sentinels, and the table as text."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from airglow.model.errors import BadInput
from airglow.model.outcomes import outcome_reason
from airglow.model.result import ANALYSED
from airglow.model.states import FINISHED, NightState, state_of_outcomes
from airglow.model.typed import Fields
from airglow.pipeline.publish import read_index
from airglow.pipeline.states import known_state
from airglow.pipeline.table import Row, row_of_record
from airglow.store import Store
from airglow.uploads import Discovery, NightId, read_hold, read_record, read_refusal

_SHOWN_UNRECOGNISED = 5
_AGAIN = "airglow run --reanalyze"


def done_here(night: NightId, states: Path) -> Row | None:
    """The row of a night that this machine finished; None if it did not, or has begun it anew since.

    Parameters
    ----------
    night
        The night.
    states
        The directory of the mirrors of sentinels (`airglow.pipeline.states`).

    Returns
    -------
    Row or None
    """
    cleaned, published = (known_state(night, state, states) for state in ("cleaned", "published"))
    if cleaned is None or published is None:
        return None
    return done_row(night, cleaned, published)


def done_row(night: NightId, cleaned: Any, published: Any) -> Row:
    """The row of a night that is done.

    Parameters
    ----------
    night
        The night.
    cleaned
        Its last sentinel.
    published
        The index of its products; None if there is none.

    Returns
    -------
    Row
        If the sentinel says nothing that can be read, the reason says so: it is there, so the night is done.
    """
    reason = describe_outcomes(published)
    try:
        fields = Fields.of(cleaned, "it")
        state = fields.text("state", "") or state_of_outcomes(_states(published)).value
        moment = fields.moment("made_at")
        attempts = fields.count("attempts")
        code, settings = fields.text("code", ""), fields.text("settings", "")
    except ValueError as error:
        problem = f"{night.cleaned_key} cannot be read ({error}). {_AGAIN} {night.name} makes it anew"
        return Row(night.name, NightState.DONE.value, "; ".join(filter(None, (problem, reason))), None)
    return Row(night.name, state, reason, moment, "", moment, attempts, None, code, settings)


def _states(published: Any) -> list[str]:
    """What tags came to, as far as the index of products says it."""
    with contextlib.suppress(BadInput):
        return [outcome["state"] for outcome in read_index(published, "")["outcomes"].values()]
    return []


def night_row(store: Store, night: NightId) -> Row | None:
    """Where a night stands that a run has begun or an operator holds; None if neither has.

    Parameters
    ----------
    store
        The bucket.
    night
        The night.

    Returns
    -------
    Row or None
        A hold comes first, then the record of unfinished work, then a refusal, then the last sentinel.
    """
    hold = read_hold(store, night)
    record = read_record(store, night)
    if hold is not None:
        return Row(night.name, NightState.HELD.value, f"held by hand: {hold.because}", hold.at)
    if record is not None and record.state not in (NightState.RUNNING, NightState.READY):
        return row_of_record(night.name, record)
    if refusal := read_refusal(store, night):  # it goes as soon as another upload is taken up
        return Row(night.name, NightState.REFUSED.value, refusal.reason, refusal.made_at)
    published = store.get_json(night.published_key)
    cleaned = store.get_json(night.cleaned_key)
    if cleaned is not None:
        return done_row(night, cleaned, published)
    reached = (
        ("loaded", night.loaded_key),
        ("published", night.published_key),
        ("archived", night.manifest_key),
    )
    for what, key in reached:
        if there := store.head(key):
            reason = "; ".join(filter(None, (f"{what}, not finished", describe_outcomes(published))))
            state = record.state if record is not None else NightState.CONTINUING
            since = record.since if record is not None else there.modified
            return Row(night.name, state.value, reason, since)
    return row_of_record(night.name, record) if record is not None else None


def summarise_night(store: Store, night: NightId) -> dict[str, Any]:
    """What the archive, the products and the database have of a night, as JSON can hold it.

    Parameters
    ----------
    store
        The bucket.
    night
        The night.

    Returns
    -------
    dict
        ``night``, ``state``, ``archive`` (totals of the manifest), ``outcomes`` by tag, ``products`` (keys),
        ``database``, ``page`` and ``cleanup``; None or empty where there is nothing.
    """
    manifest = store.get_json(night.manifest_key) or {}
    published = store.get_json(night.published_key) or {}
    return {
        "night": night.name,
        "state": (night_row(store, night) or not_archived(night)).state,
        "archive": manifest.get("totals"),
        "outcomes": published.get("outcomes", {}),
        "products": [product["key"] for product in published.get("products", [])],
        "database": store.get_json(night.loaded_key),
        "page": (store.get_json(night.page_key) or {}).get("page"),
        "cleanup": store.get_json(night.cleaned_key),
    }


def describe_outcomes(index: Any) -> str:
    """What the analysis of a night's tags came to, in a few words.

    Parameters
    ----------
    index
        The index of products (`airglow.pipeline.publish.deliver`); None if nothing is published.

    Returns
    -------
    str
        Number of sky frames or the state of each tag, with the reason; empty without an index. Of one that
        cannot be read, that and what to do.
    """
    if not index:
        return ""
    texts = []
    try:
        for tag, outcome in Fields.of(index, "it").object("outcomes").items():
            text = Fields.of(outcome, tag).text("state", "?")
            reason = outcome_reason(outcome)
            frames = outcome.get("sky_frames")
            if text == ANALYSED and frames is not None:
                text = f"{frames} sky frames"
            texts.append(f"{tag}: {text}" + (f" ({reason})" if reason else ""))
    except (ValueError, KeyError, TypeError) as error:
        return f"published.json cannot be read ({error}): {_AGAIN} makes it anew"
    return "; ".join(texts)


def format_table(table: Iterable[Row]) -> str:
    """The table as text.

    Parameters
    ----------
    table
        Its rows, in the order in which they are shown.

    Returns
    -------
    str
        A line of headings and one per row, with times in UTC; empty without rows.
    """
    cells = [("night", "state", "since (UTC)", "reason")]
    for row in table:
        since = f"{row.since.astimezone(dt.UTC):%Y-%m-%d %H:%M}" if row.since else "-"
        cells.append((row.name, row.state, since, row.reason + _when_again(row)))
    if len(cells) == 1:
        return ""
    widths = [max(len(line[column]) for line in cells) for column in range(3)]
    return "\n".join(
        "  ".join([*(text.ljust(width) for text, width in zip(line, widths, strict=False)), line[3]]).rstrip()
        for line in cells
    )


def _when_again(row: Row) -> str:
    """When a night that failed is tried again: only where it is read at once, since it changes each time."""
    if row.next_try is None:
        return ""
    again = row.next_try.astimezone(dt.UTC)
    return f" [{row.error_class}; {row.attempts} attempts, next try {again:%Y-%m-%d %H:%M} UTC]"


def report(discovery: Discovery | None, table: Iterable[Row]) -> str:
    """Everything that an operator wants to see after a run, as text.

    Parameters
    ----------
    discovery
        What the last discovery found; None if there was none, or none that can be read.
    table
        The `rows`.

    Returns
    -------
    str
        The table, when the discovery was made, and the first of the objects that it did not recognise.
    """
    text = format_table(table)
    if discovery is None:
        return text or "No step failed. What waits in raw/ was not looked at."
    text = text or "No night is waiting or at work."
    lines = [f"As of {discovery.made_at:%Y-%m-%d %H:%M} UTC:", text]
    if discovery.resting:
        until = max(moment for _, moment in discovery.resting)
        lines.append(
            f"{len(discovery.resting)} nights are done; their uploads stay in raw/, the last until "
            f"{until:%Y-%m-%d %H:%M} UTC, since this store does not guard deletions"
        )
    if discovery.unrecognised:
        lines.append(f"{len(discovery.unrecognised)} objects in raw/ are none of ours:")
        lines += [f"  {key}: {reason}" for key, reason in discovery.unrecognised[:_SHOWN_UNRECOGNISED]]
        if len(discovery.unrecognised) > _SHOWN_UNRECOGNISED:
            lines.append("  ...")
    return "\n".join(lines)


def is_done(row: Row) -> bool:
    """Whether the row is of a night that has gone all the way.

    Parameters
    ----------
    row
        The row.

    Returns
    -------
    bool
    """
    return row.state in {state.value for state in FINISHED}


def not_archived(night: NightId) -> Row:
    """The row of a night of which the bucket has nothing.

    Parameters
    ----------
    night
        The night.

    Returns
    -------
    Row
    """
    return Row(night.name, "not archived", "", None)
