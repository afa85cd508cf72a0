"""Markers and holds that say nothing that can be read: told once, kept beside, and replaced."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable

from airglow.model.errors import StoreError
from airglow.store import ChangedObject, MissingObject, Store
from airglow.uploads.discovery import Unreadable
from airglow.uploads.holds import hold, hold_key
from airglow.uploads.keys import NightId
from airglow.uploads.pending import put_record
from airglow.uploads.records import NightRecord


def mend_markers(store: Store, unreadable: Iterable[Unreadable], tell: Callable[[str], None]) -> None:
    """Tell of what cannot be read among the markers, and put what can be read in its place.

    Work on a night whose marker cannot be read goes on; a night whose hold cannot be read stays held. The
    object is kept under ``damaged/`` beside the night's state. The table of nights is written anew at the end
    of every run, so that of it is only told.

    Parameters
    ----------
    store
        The bucket.
    unreadable
        What `airglow.uploads.scan` found.
    tell
        Takes a line for people for each.
    """
    for one in unreadable:
        key, wrong = one.found.key, f"{one.found.key} cannot be read ({one.reason})"
        if one.night is None:
            tell(f"{wrong}. It is written anew at the end of this run; since when nights wait is lost")
            continue
        try:
            beside = f"{one.night.state_prefix}damaged/{one.found.etag}_{key.rpartition('/')[2]}"
            with contextlib.suppress(ChangedObject, MissingObject):  # another process is at it
                store.copy(key, beside, one.found.etag)
                _replace(store, one.night, one, beside)
                tell(f"{wrong}. It is kept as {beside}; {_what_now(one)}")
        except StoreError as error:
            tell(f"{wrong}, and could not be replaced: {error}. Remove it, or put a good copy in its place")


def _is_hold(one: Unreadable) -> bool:
    return one.night is not None and one.found.key == hold_key(one.night)


def _replace(store: Store, night: NightId, one: Unreadable, beside: str) -> None:
    if _is_hold(one):
        hold(store, night, f"the reason cannot be read: see {beside}", one.found.modified)
    else:
        put_record(store, night, NightRecord(since=one.found.modified))


def _what_now(one: Unreadable) -> str:
    if _is_hold(one):
        return f"{one.night.name} stays held: look why, then airglow release {one.night.name}"
    return "work on the night goes on, and what it had gone through is forgotten"
