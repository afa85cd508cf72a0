"""Where nights stand, as a table of the database: a copy of what the bucket has on record."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pymysql.connections import Connection
from pymysql.cursors import Cursor

from airglow.catalogue.connection import ATTEMPTS, in_transaction

_COLUMNS = (
    "site",
    "local_date",
    "instrument",
    "state",
    "reason",
    "error_class",
    "since",
    "last_tried",
    "attempts",
    "next_try",
    "code_version",
    "settings_hash",
)
_KEY = 3  # of them, the first ones
# What the columns take: a text that is too long must not keep all rows out.
_MOST_CHARS = {"state": 20, "reason": 4000, "error_class": 20, "code_version": 100, "settings_hash": 64}


@dataclass(frozen=True)
class StateRow:
    """A row of ``fpi_night_state``; its comments say what the columns hold.

    Parameters
    ----------
    site
        Key of the site.
    local_date
        Local date on which the night began.
    instrument
        Key of the instrument.
    state
        Where it stands.
    reason
        Why.
    error_class
        Whose fault that is.
    since
        UTC (aware), to the second; None if not known.
    last_tried
        End of the last attempt, in the same way.
    attempts
        How many there were.
    next_try
        Before that no run tries it again of its own.
    code_version
        Of the last attempt.
    settings_hash
        Of the last attempt.
    """

    site: str
    local_date: dt.date
    instrument: str
    state: str
    reason: str
    error_class: str = ""
    since: dt.datetime | None = None
    last_tried: dt.datetime | None = None
    attempts: int = 0
    next_try: dt.datetime | None = None
    code_version: str = ""
    settings_hash: str = ""

    @property
    def values(self) -> tuple[object, ...]:
        """As the database has them: moments without a zone."""
        values = [getattr(self, name) for name in _COLUMNS]
        for name, most in _MOST_CHARS.items():
            index = _COLUMNS.index(name)
            values[index] = values[index][:most]
        return tuple(_bare(value) if isinstance(value, dt.datetime) else value for value in values)


def write_states(
    connection: Connection,
    rows: Sequence[StateRow],
    finished_states: Sequence[str],
    what_became_of: Callable[[str, dt.date, str], StateRow | None] | None = None,
    attempts: int = ATTEMPTS,
) -> Mapping[str, int]:
    """Bring the table of states up to date, in one transaction.

    Parameters
    ----------
    connection
        From `airglow.catalogue.connect`, to a database that `airglow.catalogue.migrate` has seen.
    rows
        Of all nights that are not done, and of those that are done since.
    finished_states
        States of nights that are done: their rows stay.
    what_became_of
        Is asked for site, date and instrument of a night that was not done and is not among the rows; what it
        returns takes the place of the row, which goes for None. Without it such rows stay as they are, since
        ``rows`` are not of all nights.
    attempts
        How often to try when the connection is lost or another transaction is in the way.

    Returns
    -------
    dict
        How many rows were ``written`` and ``deleted``.

    Raises
    ------
    CatalogueError
        If it did not work; nothing was changed then.
    """
    wanted = {row.values[:_KEY]: row.values for row in rows}

    def work(cursor: Cursor) -> dict[str, int]:
        marks = ", ".join(["%s"] * len(finished_states))
        cursor.execute(
            f"SELECT {', '.join(_COLUMNS)} FROM fpi_night_state WHERE state NOT IN ({marks})", finished_states
        )
        there = {found[:_KEY]: found for found in cursor.fetchall()}
        new, gone = dict(wanted), []
        for key in there.keys() - wanted.keys() if what_became_of is not None else ():
            became = what_became_of(*key)
            if became is None:
                gone.append(key)
            else:
                new[key] = became.values
        changed = [values for key, values in new.items() if there.get(key) != values]
        if gone:
            cursor.executemany(
                "DELETE FROM fpi_night_state WHERE site = %s AND local_date = %s AND instrument = %s", gone
            )
        if changed:
            moment = dt.datetime.now(dt.UTC).replace(tzinfo=None)
            cursor.executemany(
                f"REPLACE INTO fpi_night_state ({', '.join(_COLUMNS)}, updated_at)"
                f" VALUES ({', '.join(['%s'] * (len(_COLUMNS) + 1))})",
                [(*values, moment) for values in changed],
            )
        return {"written": len(changed), "deleted": len(gone)}

    return in_transaction(connection, work, "states of nights", attempts=attempts)


def _bare(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC).replace(tzinfo=None, microsecond=0)
