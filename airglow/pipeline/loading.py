"""What is published of a night becomes rows, and a record says of which products they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

from airglow.archive import products_digest
from airglow.catalogue import DatabaseSettings, connect, load_night, migrate
from airglow.model.result import NightResult
from airglow.registry import Instrument, Site


def load_published(
    database: DatabaseSettings,
    index: Mapping[str, Any],
    results: Sequence[NightResult],
    site: Site,
    instrument: Instrument,
    attempts: int,
) -> dict[str, Any]:
    """Load what is published of a night, and bring the schema up to date before.

    Parameters
    ----------
    database
        How to reach it.
    index
        The index of products.
    results
        Of the tags that have one.
    site, instrument
        Of the night.
    attempts
        How often a connection, and the load itself, are tried.

    Returns
    -------
    dict
        What ``loaded.json`` says (`loaded_record`).

    Raises
    ------
    CatalogueError
        If the database does not do its part.
    """
    with closing(connect(database, attempts=attempts)) as connection:
        migrate(connection)
        record = load_night(
            connection,
            results,
            list(index["outcomes"].values()),
            site,
            instrument,
            products=index["products"],
            manifest_sha256=index["manifest_sha256"],
            attempts=attempts,
        )
    return loaded_record(record, index)


def loaded_record(record: Mapping[str, Any], index: Mapping[str, Any]) -> dict[str, Any]:
    """What ``loaded.json`` says.

    Parameters
    ----------
    record
        Of the load (`airglow.catalogue.load_night`).
    index
        The index of the products that were loaded.

    Returns
    -------
    dict
        With ``manifest_sha256`` and ``products_sha256``, by which the cleanup proves that the rows are those
        of what is published then.
    """
    return {
        **record,
        "manifest_sha256": index["manifest_sha256"],
        "products_sha256": products_digest(index),
        "made_at": record["loaded_at"],
    }
