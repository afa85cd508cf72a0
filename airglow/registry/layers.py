"""Files in layers: a later file changes what it names in the earlier ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def merged(base: Any, over: Any) -> Any:
    """What two layers come to.

    Mappings are merged key by key. Lists of what holds from a date on (``epochs``, ``clock_timezones``) are
    merged by that date, so that a layer need only list the dates that it changes or adds. Everything else is
    replaced.

    Parameters
    ----------
    base, over
        The earlier and the later layer; neither is changed.
    """
    if isinstance(base, Mapping) and isinstance(over, Mapping):
        both = {key: merged(base[key], over[key]) for key in base if key in over}
        return {**base, **over, **both}
    if _by_date(base) and _by_date(over):
        later = {entry["from"]: entry for entry in over}
        entries = [merged(entry, later.pop(entry["from"], {})) for entry in base]
        # As text: a wrong date is named by the schema, later, and must not stop the sorting.
        return sorted([*entries, *later.values()], key=lambda e: (e["from"] is not None, str(e["from"])))
    return over


def _by_date(entries: Any) -> bool:
    """Whether these are entries that hold from a date on, each date once."""
    if not isinstance(entries, Sequence) or isinstance(entries, str) or not entries:
        return False
    if not all(isinstance(entry, Mapping) and "from" in entry for entry in entries):
        return False
    dates = [str(entry["from"]) for entry in entries]
    return len(dates) == len(set(dates))
