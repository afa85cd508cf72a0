"""What is on record of the rows of a night: of which products they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airglow.archive import products_digest


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
