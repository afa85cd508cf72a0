"""The website's table ``DataSet``: one row for each summary image."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pymysql.cursors import Cursor

from airglow.model.products import SUFFIXES
from airglow.model.result import NightResult
from airglow.model.summary import exposures_span
from airglow.model.tags import GREEN_TAG
from airglow.registry import Instrument, Site

_KINDS = {
    SUFFIXES["winds"]: "winds",
    SUFFIXES["temperature"]: "temperatures",
    SUFFIXES["diagnostics"]: "diagnostics",
}


@dataclass(frozen=True)
class DataSetRow:
    """A row of the website's table; ``SummaryMovie`` is not ours."""

    site_id: int
    instrument_id: int
    start_utc: dt.datetime
    stop_utc: dt.datetime
    summary_image: str
    log_file: str


def data_set_rows(
    results: Sequence[NightResult],
    outcomes: Sequence[Mapping[str, Any]],
    site: Site,
    instrument: Instrument,
) -> tuple[list[DataSetRow], list[str]]:
    """Rows for the summary images of a night.

    Parameters
    ----------
    results, outcomes
        Of all tags; the outcomes name the images among their products.
    site, instrument
        Of the registry, as of the date: they know the numbers under which the website has them.

    Returns
    -------
    rows
        One for each image that the website can show.
    notes
        Why there is none for the others.
    """
    products = {outcome["tag"]: outcome.get("products", ()) for outcome in outcomes}
    rows: dict[str, DataSetRow] = {}
    notes: list[str] = []
    for result in results:
        span = exposures_span(result)
        for name in products[result.tag]:
            suffix = next((suffix for suffix in _KINDS if name.endswith(suffix)), None)
            if suffix is None:
                continue
            kind = _kind(suffix, result.tag)
            number = getattr(instrument.database_ids, kind)
            if site.database_site_id is None:
                notes.append(f"{name}: not for the website: {site.key} has no database_site_id")
            elif number is None:
                notes.append(f"{name}: not for the website: {instrument.key} has no database id for {kind}")
            elif span is None:
                notes.append(f"{name}: not for the website: the night has no sky samples")
            else:
                image = f"SummaryImages/{result.date:%Y}/{name}"
                log = f"SummaryLogs/{name.removesuffix(suffix)}_log.log"
                rows[image] = DataSetRow(site.database_site_id, number, *map(_to_second, span), image, log)
    return list(rows.values()), notes


def _kind(suffix: str, tag: str) -> str:
    kind = _KINDS[suffix]
    return f"green_{kind}" if tag == GREEN_TAG and kind != "diagnostics" else kind


def _to_second(moment: dt.datetime) -> dt.datetime:
    """The website has no fractions; rounding is ours, not the server's."""
    return (moment + dt.timedelta(microseconds=500_000)).replace(microsecond=0)


def write_data_set(cursor: Cursor, rows: Sequence[DataSetRow]) -> dict[str, int]:
    """Insert rows, or update those that have the same image already.

    Parameters
    ----------
    cursor
        In a transaction.
    rows
        What to write.

    Returns
    -------
    dict
        How many were ``inserted`` and ``updated``.
    """
    done = {"inserted": 0, "updated": 0}
    for row in rows:
        values = (row.site_id, row.instrument_id, row.start_utc, row.stop_utc, row.log_file)
        cursor.execute("SELECT id FROM DataSet WHERE SummaryImage = %s FOR UPDATE", (row.summary_image,))
        ids = [number for (number,) in cursor.fetchall()]
        for number in ids:  # the website may have more than one from earlier days: none stays wrong
            cursor.execute(
                "UPDATE DataSet SET Site = %s, Instrument = %s, StartUTTime = %s, StopUTTime = %s,"
                " LogFile = %s WHERE id = %s",
                (*values, number),
            )
        if not ids:
            cursor.execute(
                "INSERT INTO DataSet (Site, Instrument, StartUTTime, StopUTTime, LogFile, SummaryImage)"
                " VALUES (%s, %s, %s, %s, %s, %s)",
                (*values, row.summary_image),
            )
        done["updated" if ids else "inserted"] += 1
    return done
