"""A night goes into the database: all of it in one transaction, and in the place of what was there."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from pymysql.connections import Connection
from pymysql.cursors import Cursor

from airglow.catalogue.connection import ATTEMPTS, FIRST_PAUSE_S, in_transaction
from airglow.catalogue.rows import NightRows, Row, night_rows
from airglow.catalogue.website import data_set_rows, write_data_set
from airglow.model.errors import CatalogueError
from airglow.model.result import NightResult
from airglow.model.version import code_version
from airglow.registry import Instrument, Site

_HISTORY = (
    "tag",
    "site",
    "local_date",
    "instrument",
    "state",
    "reason",
    "sky_frames",
    "laser_frames",
    "rejected_frames",
    "good_winds",
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
    known: tuple[str, dt.datetime] | None = None,
    attempts: int = ATTEMPTS,
    pause_s: float = FIRST_PAUSE_S,
) -> dict[str, Any]:
    """Load a night of an instrument, all its tags, and the website's rows for its images.

    Doing it again replaces the rows: what a reanalysis no longer has is gone. The website's rows are never
    removed, as the images they show are not. Each load is one line of history for each tag.

    Parameters
    ----------
    connection
        From `airglow.catalogue.connect`, to a database that `airglow.catalogue.migrate` has seen.
    results
        One for each tag that was analysed.
    outcomes
        One for each tag of the night, also of those that could not be analysed: ``instrument``, ``site``,
        ``date`` (YYYYMMDD), ``tag``, ``state``, ``reason``, ``products`` (names of files); for the history,
        if known, ``analysis_s`` (how long the analysis took) and ``code_version`` (where no result says it).
    site, instrument
        Of the registry, as of the date.
    products
        Where the products are: ``tag``, ``name``, ``key``, ``size``, ``sha256``, as in the published index.
    manifest_sha256
        Of the manifest of the frames that were analysed.
    known
        ``load_id`` and time (UTC) of a load that is on record, where its rows are written once more: history
        then tells of that one.
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
    begun = time.monotonic()
    load_id, loaded_at = known or (uuid.uuid4().hex, dt.datetime.now(dt.UTC))
    analysis_s = {outcome["tag"]: outcome.get("analysis_s") for outcome in outcomes}

    def work(cursor: Cursor) -> dict[str, int]:
        moment = loaded_at.replace(tzinfo=None)
        _write_site(cursor, site)
        _write_night(cursor, night, moment)
        _write_history(cursor, night, load_id, moment, analysis_s, time.monotonic() - begun)
        # Last: should the website's table know no transactions, it is touched only when all else has worked.
        return write_data_set(cursor, images)

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


def _write_site(cursor: Cursor, site: Site) -> None:
    facts = (site.key, site.name, site.network, site.latitude_deg, site.longitude_deg, site.altitude_m)
    cursor.execute(
        "INSERT INTO fpi_site (site, name, network, latitude_deg, longitude_deg, altitude_m)"
        " VALUES (%s, %s, %s, %s, %s, %s)"
        " ON DUPLICATE KEY UPDATE name = VALUES(name), network = VALUES(network),"
        " latitude_deg = VALUES(latitude_deg), longitude_deg = VALUES(longitude_deg),"
        " altitude_m = VALUES(altitude_m)",
        facts,
    )


def _write_night(cursor: Cursor, night: NightRows, loaded_at: dt.datetime) -> None:
    cursor.execute(
        "DELETE FROM fpi_night WHERE site = %s AND local_date = %s AND instrument = %s",
        (night.site, night.date, night.instrument),
    )  # its samples, winds, rejections and products go with it
    for table, rows in night.tables.items():
        new = {"updated_at": loaded_at} if table == "fpi_night" else {}
        _insert(cursor, table, [{**row, **new} for row in rows])


def _write_history(
    cursor: Cursor,
    night: NightRows,
    load_id: str,
    loaded_at: dt.datetime,
    analysis_s: Mapping[str, float | None],
    load_s: float,
) -> None:
    # A commit whose answer was lost is tried again: the same load is one line of history.
    cursor.execute("DELETE FROM fpi_load WHERE load_id = %s", (load_id,))
    load = {
        "load_id": load_id,
        "loaded_at": loaded_at,
        "load_s": load_s,
        "loaded_by": code_version(),
    }
    _insert(
        cursor,
        "fpi_load",
        [
            {**load, **{name: row.get(name) for name in _HISTORY}, "analysis_s": analysis_s[row["tag"]]}
            for row in night.tables["fpi_night"]
        ],
    )


def _insert(cursor: Cursor, table: str, rows: Sequence[Row]) -> None:
    """Insert rows; names of tables and columns are our own, values are parameters."""
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    if rows:
        cursor.executemany(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})",
            [tuple(row.get(name) for name in columns) for row in rows],
        )
