"""All rows of the database again, from what is published in the bucket."""

from __future__ import annotations

import datetime as dt
import re
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airglow.archive import are_loaded
from airglow.catalogue import (
    DatabaseSettings,
    applied_schema,
    check_database,
    connect,
    holds_night,
    load_night,
    migrate,
    write_states,
)
from airglow.model.errors import AirglowError, StoreError
from airglow.model.states import FINISHED
from airglow.model.typed import Fields
from airglow.pipeline.database_mirror import state_row
from airglow.pipeline.publish import read_index
from airglow.pipeline.published import published_nights
from airglow.pipeline.rows import done_row
from airglow.pipeline.stored_table import read_table
from airglow.pipeline.workspace import published_results
from airglow.registry import Registry
from airglow.store import Store
from airglow.uploads import NightId

if TYPE_CHECKING:
    from pymysql.connections import Connection

_ATTEMPTS_AT_CHANGE = 3  # how often a night is read again that a run publishes at the same time


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild did.

    Parameters
    ----------
    loaded
        Names of the nights whose rows were written, or would be.
    there
        How many nights had their rows already.
    problems
        Name and reason of each night that could not be loaded.
    """

    loaded: tuple[str, ...]
    there: int
    problems: tuple[tuple[str, str], ...]


def rebuild_database(
    store: Store,
    registry: Registry,
    settings: DatabaseSettings,
    everything: bool = False,
    dry_run: bool = False,
    say: Callable[[str], None] = lambda text: None,
) -> Rebuilt:
    """Load every published night that the database does not hold as it is published.

    One night at a time, each in a transaction of its own, from its netCDF files in the bucket. Nothing in the
    bucket changes. Started again, it goes on where it ended. A run of the workflow may be at work beside it.

    Parameters
    ----------
    store
        The bucket.
    registry
        Sites and instruments.
    settings
        Of the database. Its schema is brought up to date first.
    everything
        Whether nights are loaded again that the database holds already.
    dry_run
        Whether nothing is changed, and only said what would be.
    say
        Told of each night: its name, its number and what is done.

    Returns
    -------
    Rebuilt

    Raises
    ------
    AirglowError
        If bucket or database do not answer, or let us not do what is needed: then no other night can be
        loaded either.
    """
    check_database(settings)
    nights = published_nights(store)
    loaded, there, problems = [], 0, []
    with closing(connect(settings)) as connection:
        if not dry_run:
            migrate(connection)
        is_empty = dry_run and not applied_schema(connection)
        for number, (night, key) in enumerate(nights.items(), 1):
            about = f"{night.name} ({number} of {len(nights)})"
            try:
                index = read_index(store.get_json(key), key)
                if not is_empty and not everything and holds_night(connection, index):
                    there += 1
                    say(f"{about}: is there")
                    continue
                if not dry_run:
                    _put_state(store, connection, night, index)
                    _load(store, registry, connection, night, index)  # last: then the night is there
            except AirglowError as problem:
                store.check()
                check_database(settings)
                problems.append((night.name, str(problem)))
                say(f"{about}: {problem}")
                continue
            loaded.append(night.name)
            say(f"{about}: {'would be loaded' if dry_run else 'loaded'}")
        if not dry_run:
            _put_open_states(store, connection)
    return Rebuilt(tuple(loaded), there, tuple(problems))


def _put_state(store: Store, connection: Connection, night: NightId, index: Mapping[str, Any]) -> None:
    """Write the row of a night that is done into the table of states."""
    cleaned = store.get_json(night.cleaned_key)
    row = None if cleaned is None else state_row(done_row(night, cleaned, index))
    if row is not None:
        write_states(connection, [row], [state.value for state in FINISHED])


def _put_open_states(store: Store, connection: Connection) -> None:
    """Write the rows of nights that are not done, as the last run left them."""
    rows = [row for row in map(state_row, read_table(store).rows) if row is not None]
    write_states(connection, rows, [state.value for state in FINISHED])


def _known_load(store: Store, night: NightId, index: Mapping[str, Any]) -> tuple[str, dt.datetime] | None:
    """Which load the bucket has on record of these products; None if it has none."""
    try:
        value = store.get_json(night.loaded_key)
        if value is None or not are_loaded(index, Fields.of(value).values):
            return None
        load_id, at = Fields(value).text("load_id"), Fields(value).required_moment("loaded_at")
    except (StoreError, ValueError):  # damaged: then history begins with this load
        store.check()
        return None
    is_of_index = value.get("manifest_sha256") == index["manifest_sha256"]
    return (load_id, at) if is_of_index and re.fullmatch(r"[0-9a-f]{32}", load_id) else None


def _load(
    store: Store, registry: Registry, connection: Connection, night: NightId, index: Mapping[str, Any]
) -> None:
    """Load a night as it is published, also if a run publishes it anew meanwhile."""
    for attempt in range(_ATTEMPTS_AT_CHANGE):
        try:
            with tempfile.TemporaryDirectory(prefix="airglow-rebuild-") as directory:
                results = published_results(store, index, Path(directory) / "products")
            load_night(
                connection,
                results,
                list(index["outcomes"].values()),
                registry.site(night.site),
                registry.instrument(night.instrument, night.date),
                products=index["products"],
                manifest_sha256=index["manifest_sha256"],
                known=_known_load(store, night, index),
            )
        except AirglowError:
            now = store.get_json(night.published_key)
            if now in (None, index) or attempt + 1 == _ATTEMPTS_AT_CHANGE:
                raise
        else:
            now = store.get_json(night.published_key)
            # Without an index a run is publishing the night, and loads it afterwards.
            if now in (None, index):
                return
        index = read_index(now, night.published_key)
    raise AirglowError(f"{night.name}: is published again and again. Start again when no run is at work")
