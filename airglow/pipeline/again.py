"""What became of a published night after its analysis: which weather it was finished again with, and when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOST = 20  # entries that are kept of a night, the latest


@dataclass(frozen=True)
class Again:
    """A published night that is made again.

    Parameters
    ----------
    index
        What was published of it.
    what
        What is done, for people.
    """

    index: Mapping[str, Any]
    what: str


def continued_history(
    again: Again, outcomes: Mapping[str, Mapping[str, Any]], now: dt.datetime | None = None
) -> list[dict[str, str]]:
    """The history of a night that is made again for its weather.

    Parameters
    ----------
    again
        The night as it was.
    outcomes
        What it comes to now, by tag.
    now
        The present.

    Returns
    -------
    list of dict
        As the index had it, and one entry more: ``at`` (UTC, ISO 8601), ``what``, ``why``. None is added
        where the weather is the same, as when an interrupted delivery is repeated.
    """
    history = list(again.index.get("history", []))
    before = again.index["outcomes"]
    changes = {
        change: None
        for tag, outcome in outcomes.items()
        for change in _weather_changes(before.get(tag, {}), outcome)
    }
    if changes:
        at = (now or dt.datetime.now(dt.UTC)).isoformat(timespec="seconds")
        history.append({"at": at, "what": again.what, "why": "; ".join(changes)})
    return history[-MOST:]


def what_was_done(again: Again | None, index: Mapping[str, Any]) -> str:
    """What the delivery of a night was for, in a sentence; empty for an analysis.

    Parameters
    ----------
    again
        The night as it was; None if it was analysed.
    index
        What is published now.

    Returns
    -------
    str
    """
    if again is None:
        return ""
    history = index["history"]
    return f"{again.what}: {history[-1]['why']}" if history else again.what


def _weather_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    old, new = ({file["name"]: file for file in outcome.get("weather", [])} for outcome in (before, after))
    changes = []
    for name, file in new.items():
        if name not in old:
            changes.append(f"{name} came ({file['size']:,} bytes)")
        elif old[name]["sha256"] != file["sha256"]:
            changes.append(f"{name} changed (from {old[name]['size']:,} to {file['size']:,} bytes)")
    return changes + [f"{name} is gone" for name in old if name not in new]
