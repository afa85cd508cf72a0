"""Which nights a target of the workflow means, by what is in the bucket and what the last discovery found."""

from __future__ import annotations

from pathlib import Path

from airglow.model.errors import AirglowError
from airglow.pipeline.status import failures
from airglow.registry import Registry
from airglow.store import Store
from airglow.uploads import Discovery, NightId


def archived_nights(store: Store, registry: Registry, site: str, date: str) -> list[NightId]:
    """Nights of all instruments of a site on a date that are in the archive, or are uploaded.

    Parameters
    ----------
    store
        The bucket.
    registry
        Sites and instruments.
    site
        Key of the site, as ``uao``.
    date
        Local date on which the nights began, as ``20250429``.

    Returns
    -------
    list of NightId
        At least one.

    Raises
    ------
    BadInput
        If the date does not exist.
    RegistryError
        If there is no such site.
    AirglowError
        If there is no such night.
    """
    day = NightId.parse(f"minime00_{site}_{date}").date
    registry.site(site)
    nights = [NightId(key, site, day) for key in registry.instruments_at(site, day)]
    there = [n for n in nights if store.head(n.manifest_key) or store.head(n.receipt_key)]
    if not there:
        asked = ", ".join(night.instrument for night in nights) or "none was there on that date"
        raise AirglowError(
            f"no night of {site} on {day:%Y-%m-%d} is in the archive or in raw/ (instruments: {asked})"
        )
    return there


def published_nights(store: Store, registry: Registry, asked: str) -> list[NightId]:
    """Nights with published products that ``uao_20250429`` or ``minime05_uao_20250429`` names.

    Parameters
    ----------
    store
        The bucket.
    registry
        Sites and instruments.
    asked
        Site and date, or instrument, site and date.

    Returns
    -------
    list of NightId
        At least one.

    Raises
    ------
    AirglowError
        If there is none, and as `archived_nights`.
    """
    site, date = asked.split("_")[-2:]
    named = [night for night in archived_nights(store, registry, site, date) if night.name.endswith(asked)]
    there = [night for night in named if store.head(night.published_key)]
    if not there:
        raise AirglowError(f"no products of {asked} are in the bucket")
    return there


def nights_to_show(discovery: Discovery, work: Path) -> list[NightId]:
    """Nights of the last discovery that a report can show: of one that failed there may be no plots.

    Parameters
    ----------
    discovery
        What was found.
    work
        The workflow's directory for temporary files, where failures are on record.

    Returns
    -------
    list of NightId
        In the order of the discovery.
    """
    failed = {failure.name for failure in failures(work)}
    return [report.night for report in discovery.wanted if report.night.name not in failed]
