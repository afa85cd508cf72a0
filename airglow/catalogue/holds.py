"""Whether the database holds a night as it is published."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from pymysql.connections import Connection

from airglow.catalogue.connection import in_transaction


def holds_night(connection: Connection, index: Mapping[str, Any]) -> bool:
    """Whether the rows of a night are those of its published products.

    A load replaces all rows of a night in one transaction, so its tags and the hashes of its products stand
    for all of them.

    Parameters
    ----------
    connection
        From `airglow.catalogue.connect`, to a database that `airglow.catalogue.migrate` has seen.
    index
        What is published (`airglow.pipeline.publish`).

    Returns
    -------
    bool

    Raises
    ------
    CatalogueError
        If the database does not answer.
    """
    instrument, site, date = index["night"].split("_")
    night = (site, dt.datetime.strptime(date, "%Y%m%d").date(), instrument)
    of_night = " WHERE site = %s AND local_date = %s AND instrument = %s"
    tags = {
        (tag, outcome["state"], outcome.get("manifest_sha256", index["manifest_sha256"]))
        for tag, outcome in index["outcomes"].items()
    }
    products = {(product["tag"], product["name"], product["sha256"]) for product in index["products"]}

    def compare(cursor: Any) -> bool:
        cursor.execute(f"SELECT tag, state, manifest_sha256 FROM fpi_night{of_night}", night)
        if set(cursor.fetchall()) != tags:
            return False
        cursor.execute(f"SELECT tag, name, sha256 FROM fpi_product{of_night}", night)
        return set(cursor.fetchall()) == products

    return in_transaction(connection, compare, f"{index['night']}: look into the database")
