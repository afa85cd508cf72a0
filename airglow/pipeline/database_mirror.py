"""The states of nights in the database, as a copy of what the bucket has on record."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping
from contextlib import closing

from airglow.model.errors import AirglowError, BadInput, StoreError
from airglow.model.states import FINISHED
from airglow.pipeline.closing import Closed
from airglow.pipeline.rows import done_row
from airglow.pipeline.table import Row
from airglow.store import Store
from airglow.uploads import NightId

ANSWER_S = 5.0


def mirror_in_database(closed: Closed, store: Store, environ: Mapping[str, str] | None = None) -> list[str]:
    """Bring the table of states in the database up to date after a run, in one transaction.

    A database that does not answer is no failure of the run: the next run that finds it up makes it good.

    Parameters
    ----------
    closed
        How the run ended.
    store
        The bucket, which is asked what became of nights that the database has as not done and no run knows
        any more.
    environ
        Environment variables; by default the process's.

    Returns
    -------
    list of str
        What went wrong, a line each.
    """
    from airglow.catalogue import connect, migrate, settings_from_environment, write_states

    changed = [row for row in closed.rows if row.name not in closed.unchanged]
    rows = [row for row in map(state_row, changed) if row is not None]

    def what_became_of(site: str, date: dt.date, instrument: str):
        night = NightId(instrument, site, date)
        try:
            cleaned = store.get_json(night.cleaned_key)
            if cleaned is None:  # its upload went away, and it is in no archive
                return None
            return state_row(done_row(night, cleaned, store.get_json(night.published_key)))
        except (StoreError, AttributeError, KeyError, TypeError, ValueError):  # a damaged one costs no other
            return None

    try:
        settings = settings_from_environment(os.environ if environ is None else environ)
        with closing(connect(settings, attempts=1, timeout_s=ANSWER_S)) as connection:
            migrate(connection)
            finished = [state.value for state in FINISHED]
            write_states(connection, rows, finished, what_became_of if closed.discovery else None, attempts=2)
    except AirglowError as error:
        return [f"The states of nights in the database are those of before: {error}"]
    return []


def state_row(row: Row):
    """A row of the table as the database has it; None for one that is of no night.

    Parameters
    ----------
    row
        Of `airglow.pipeline.table`.

    Returns
    -------
    airglow.catalogue.StateRow or None
    """
    from airglow.catalogue import StateRow

    try:
        night = NightId.parse(row.name)
    except BadInput:
        return None
    return StateRow(
        night.site,
        night.date,
        night.instrument,
        row.state,
        row.reason,
        row.error_class,
        row.since,
        row.last_tried,
        row.attempts,
        row.next_try,
        row.code,
        row.settings,
    )
