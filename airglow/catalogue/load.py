"""A night goes into the database: all of it in one transaction, and in the place of what was there."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from pymysql.connections import Connection
from pymysql.cursors import Cursor

from airglow.catalogue.connection import ATTEMPTS, FIRST_PAUSE_S, in_transaction
from airglow.catalogue.rows import NightRows, Row, night_rows
from airglow.catalogue.website import DataSetRow, data_set_rows, write_data_set
from airglow.errors import CatalogueError
from airglow.registry import Instrument, Site
from airglow.result import NightResult

_HISTORY = (
    "tag",
    "site",
    "local_date",
    "instrument",
    "state",
    "reason",
    "sky_frames",
    "laser_frames",
    "median_wind_error_mps",
    "median_temperature_error_k",
    "code_version",
    "settings_hash",
    "input_hash",
    "manifest_sha256",
)


def load_night(
    connection: Connection,
    results: Sequence[NightResult],
    outcomes: Sequence[Mapping[str, Any]],
    site: Site,
    instrument: Instrument,
    *,
    products: Sequence[Mapping[str, Any]] = (),
    manifest_sha256: str | None = None,
    attempts: int = ATTEMPTS,
    pause_s: float = FIRST_PAUSE_S,
) -> dict[str, Any]:
    """Load a night of an instrument, all its tags, and the website's rows for its images.

    Doing it again replaces the rows: what a reanalysis no longer has is gone. The website's rows are never
    removed, as the images they show are not.

    Parameters
    ----------
    connection
        From `airglow.catalogue.connect`, to a database that `airglow.catalogue.migrate` has seen.
    results
        One for each tag that was analysed.
    outcomes
        One for each tag of the night, also of those that could not be analysed: ``instrument``, ``site``,
        ``date`` (YYYYMMDD), ``tag``, ``state``, ``reason``, ``products`` (names of files).
    site, instrument
        Of the registry, as of the date.
    products
        Where the products are: ``tag``, ``name``, ``key``, ``size``, ``sha256``, as in the published index.
    manifest_sha256
        Of the manifest of the frames that were analysed.
    attempts, pause_s
        How often to try when the connection is lost or another transaction is in the way, and how long to
        wait before the second attempt (doubled before each further one).

    Returns
    -------
    dict
        As JSON can hold it: ``night``, ``load_id``, ``loaded_at``, ``tags`` (state by tag), ``rows`` (how
        many, by table), ``data_set`` (rows ``inserted`` and ``updated``), ``notes``.

    Raises
    ------
    CatalogueError
        If it did not work; nothing was changed then.
    """
    night = night_rows(results, outcomes, products, manifest_sha256)
    if (night.site, night.instrument) != (site.key, instrument.key):
        raise CatalogueError(f"{night.name}: is not of {instrument.key} at {site.key}; nothing was changed")
    images, notes = data_set_rows(night.analysed, outcomes, site, instrument)
    load_id = uuid.uuid4().hex
    loaded_at = dt.datetime.now(dt.UTC)

    def work(cursor: Cursor) -> dict[str, int]:
        return _write(cursor, night, images, load_id, loaded_at.replace(tzinfo=None))

    data_set = in_transaction(
        connection, work, f"{night.name}: load into the database", attempts=attempts, pause_s=pause_s
    )
    return {
        "night": night.name,
        "load_id": load_id,
        "loaded_at": loaded_at.isoformat(timespec="seconds"),
        "tags": {row["tag"]: row["state"] for row in night.tables["fpi_night"]},
        "rows": {table: len(rows) for table, rows in night.tables.items()},
        "data_set": data_set,
        "notes": notes,
    }


def _write(
    cursor: Cursor,
    night: NightRows,
    images: Sequence[DataSetRow],
    load_id: str,
    loaded_at: dt.datetime,
) -> dict[str, int]:
    cursor.execute(
        "DELETE FROM fpi_night WHERE site = %s AND local_date = %s AND instrument = %s",
        (night.site, night.date, night.instrument),
    )  # its samples, rejections and products go with it
    for table, rows in night.tables.items():
        new = {"updated_at": loaded_at} if table == "fpi_night" else {}
        _insert(cursor, table, [{**row, **new} for row in rows])
    # A commit whose answer was lost is tried again: the same load is one line of history.
    cursor.execute("DELETE FROM fpi_load WHERE load_id = %s", (load_id,))
    history = [{name: row.get(name) for name in _HISTORY} for row in night.tables["fpi_night"]]
    _insert(cursor, "fpi_load", [{"load_id": load_id, "loaded_at": loaded_at, **row} for row in history])
    # Last: should the website's table know no transactions, it is touched only when all else has worked.
    return write_data_set(cursor, images)


def _insert(cursor: Cursor, table: str, rows: Sequence[Row]) -> None:
    """Insert rows; names of tables and columns are our own, values are parameters."""
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    if rows:
        cursor.executemany(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})",
            [tuple(row.get(name) for name in columns) for row in rows],
        )
