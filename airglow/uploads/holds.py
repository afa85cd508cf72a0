"""Nights that an operator holds: an object in the bucket for each, until it is released."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from airglow.model.files import parse_json
from airglow.model.states import NightState
from airglow.model.typed import Fields
from airglow.store import Store
from airglow.uploads.keys import NightId
from airglow.uploads.pending import HELD, put_record, read_record
from airglow.uploads.records import Attempt, released, with_event
from airglow.uploads.refusals import forget_refusal, read_refusal

_TO_RELEASE = (NightState.HELD, NightState.REFUSED, NightState.FAILED, NightState.WAITING)


@dataclass(frozen=True)
class Hold:
    """Why a night is held.

    Parameters
    ----------
    because
        The operator's reason.
    at
        Since when, UTC; None if that cannot be read.
    """

    because: str
    at: dt.datetime | None


UNREADABLE_HOLD = Hold("the reason cannot be read", None)


def hold_key(night: NightId) -> str:
    """Where the hold of a night is.

    Parameters
    ----------
    night
        The night.

    Returns
    -------
    str
    """
    return f"{HELD}{night.name}.json"


def hold(store: Store, night: NightId, because: str, now: dt.datetime | None = None) -> None:
    """Hold a night: no run takes it up of its own until `release`.

    Parameters
    ----------
    store
        The bucket.
    night
        The night; it need not be there yet.
    because
        The operator's reason.
    now
        The present (UTC), for the record.
    """
    moment = now or dt.datetime.now(dt.UTC)
    value = {"format": 1, "night": night.name, "because": because, "at": moment.isoformat(timespec="seconds")}
    store.put_json(hold_key(night), value)
    if record := read_record(store, night):  # so that its history tells of it
        event = Attempt(moment, NightState.HELD.value, reason=f"by hand: {because}")
        put_record(store, night, with_event(record, event))


def release(store: Store, night: NightId, now: dt.datetime | None = None) -> list[str]:
    """Release a night: its hold goes, and what a run held, refused or waits with is tried again at once.

    Parameters
    ----------
    store
        The bucket.
    night
        The night.
    now
        The present (UTC), for the record.

    Returns
    -------
    list of str
        What was undone, in words; empty if the night was neither held nor refused nor failed.
    """
    undone = []
    if found := read_hold(store, night):
        store.delete(hold_key(night))
        undone.append(f"held by hand: {found.because}")
    if refusal := read_refusal(store, night):
        forget_refusal(store, night)
        undone.append(f"refused: {refusal.reason}")
    record = read_record(store, night)
    if record is not None and (record.state in _TO_RELEASE or undone):
        if record.state in _TO_RELEASE and not (record.state is NightState.REFUSED and undone):
            undone.append(f"{record.state.value}: {record.reason}")
        put_record(store, night, released(record, now or dt.datetime.now(dt.UTC)))
    return undone


def read_hold(store: Store, night: NightId) -> Hold | None:
    """The hold of a night; None without one. Costs one request.

    Parameters
    ----------
    store
        The bucket.
    night
        The night.

    Returns
    -------
    Hold or None
    """
    key = hold_key(night)
    if store.head(key) is None:
        return None
    return hold_of(store.get_bytes(key))


def parse_hold(data: bytes) -> Hold:
    """The hold that an object says.

    Parameters
    ----------
    data
        Its bytes.

    Returns
    -------
    Hold

    Raises
    ------
    ValueError
        If it says none.
    """
    fields = Fields.of(parse_json(data), "the hold")
    return Hold(fields.text("because"), fields.required_moment("at"))


def hold_of(data: bytes) -> Hold:
    """The hold that an object says, whatever it is.

    Parameters
    ----------
    data
        Its bytes.

    Returns
    -------
    Hold
        Of one that cannot be read, that it is held all the same.
    """
    try:
        return parse_hold(data)
    except ValueError:
        return UNREADABLE_HOLD
