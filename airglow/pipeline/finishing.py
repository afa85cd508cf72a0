"""The end of a night's way: its last sentinel, with all that it has gone through, and no marker any more."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from airglow.model.states import state_of_outcomes
from airglow.pipeline.states import forget_marked, put_state
from airglow.store import Store
from airglow.uploads import (
    Attempt,
    NightId,
    NightRecord,
    clear_pending,
    events_to_json,
    read_record,
    with_event,
)


def finish_night(
    store: Store,
    night: NightId,
    cleanup: Mapping[str, Any],
    published: Mapping[str, Any],
    states: Path,
    *,
    record: NightRecord | None = None,
    log: str = "",
    reason: str = "",
    code: str = "",
    now: dt.datetime | None = None,
) -> dict[str, Any]:
    """Say that a night is done.

    Parameters
    ----------
    store
        The bucket.
    night
        The night.
    cleanup
        What the cleanup did (`airglow.archive.cleanup_night`).
    published
        The index of its products.
    states
        The directory of the mirrors of sentinels.
    record
        What the night has gone through, if it is known; else the marker is read.
    log
        Key of the log of this attempt.
    reason
        What the attempt was for, where that is not an analysis.
    code
        Version of the code.
    now
        The present (UTC), for the record.

    Returns
    -------
    dict
        What ``cleaned.json`` says: ``state``, ``attempts``, ``code``, ``settings`` and ``events`` beside what
        the cleanup did.
    """
    record = record or read_record(store, night) or NightRecord()
    state = state_of_outcomes(outcome["state"] for outcome in published.get("outcomes", {}).values())
    now = now or dt.datetime.now(dt.UTC)
    code = code or record.versions.code
    record = with_event(record, Attempt(now, state.value, reason=reason, code=code, log=log))
    value = {
        **cleanup,
        "state": state.value,
        "attempts": record.attempts + 1,
        "code": code,
        "settings": record.versions.settings,
        "events": events_to_json(record.events),
    }
    put_state(store, night, "cleaned", value, states)
    forget_marked(night, states)
    clear_pending(store, night)
    return value
