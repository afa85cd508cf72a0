"""When raw objects may go: at once where the store guards deletions, after a rest where it does not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from airglow.store.bucket import Store
from airglow.store.deletion import Deletion, known_deletion
from airglow.store.objects import StoredObject
from airglow.store.probe import probe_object

DELETION = "deletion.json"  # in the workflow's directory for temporary files


@dataclass(frozen=True)
class Guard:
    """How raw objects are deleted.

    Parameters
    ----------
    deletion
        How the store guards deletions.
    quarantine
        How long nothing of an upload may have changed before it is deleted, where the store has no guard.
    clock
        Tells the present by the store, which gives objects their times; None if it does not say.
    """

    deletion: Deletion = field(default_factory=Deletion)
    quarantine: dt.timedelta = dt.timedelta()
    clock: Callable[[], dt.datetime | None] = field(default_factory=lambda: _here, compare=False)

    def rests_until(
        self, objects: Iterable[StoredObject], now: dt.datetime | None = None
    ) -> dt.datetime | None:
        """Until when objects must stay; None if they may go now.

        Parameters
        ----------
        objects
            What is to be deleted, as listed.
        now
            The present (UTC); by default that of the store.

        Returns
        -------
        datetime.datetime or None
        """
        newest = max((found.modified for found in objects), default=None)
        if newest is None or self.deletion.is_guarded:
            return None
        until, now = newest + self.quarantine, now or self.clock()
        return until if now is None or now < until else None


def why_it_rests(until: dt.datetime) -> str:
    """The reason for people why an object is not deleted yet."""
    return f"rests until {until:%Y-%m-%d %H:%M} UTC: this store does not guard deletions"


def guard_of(store: Store, settings: Mapping[str, Any], work: Path | None = None) -> Guard:
    """The guard of a store, which is asked if it is not known how it deletes.

    Parameters
    ----------
    store
        The bucket.
    settings
        The section ``archive`` of the configuration, or so much of it as has ``quarantine_hours``.
    work
        The workflow's directory for temporary files, which remembers it.

    Returns
    -------
    Guard

    Raises
    ------
    StoreError
        If the store has to be asked, and does not answer.
    """
    deletion = known_deletion(store, None if work is None else work / DELETION)
    return Guard(deletion, dt.timedelta(hours=settings["quarantine_hours"]), _clock_of(store))


def _clock_of(store: Store) -> Callable[[], dt.datetime | None]:
    """The clock of a store; where its answers have no date, the time of an object that is written for it."""

    @cache
    def written() -> dt.datetime | None:  # once is enough: the present is only later
        with probe_object(store) as key:
            found = store.head(key)
        return None if found is None else found.modified

    return lambda: store.now() or written()


def _here() -> dt.datetime:
    """The present by this machine, for a store of which nothing else is known."""
    return dt.datetime.now(dt.UTC)
