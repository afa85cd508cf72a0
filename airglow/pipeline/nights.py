"""Which nights a target of the workflow means, by what is in the bucket and what the last discovery found."""

from __future__ import annotations

from pathlib import Path

from airglow.model.errors import AirglowError, BadInput
from airglow.model.names import parse_date
from airglow.pipeline.failures import failures
from airglow.pipeline.targets import has_frames
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
    day = parse_date(date)
    if day is None:
        raise BadInput(f"{site}_{date}", f"{date} is not a date")
    registry.site(site)
    nights = [NightId(key, site, day) for key in registry.instruments_at(site, day)]
    there = [night for night in nights if has_frames(store, night)]
    if not there:
        instruments = ", ".join(night.instrument for night in nights) or "none was there on that date"
        raise AirglowError(
            f"no night of {site} on {day:%Y-%m-%d} is in the archive or in raw/ (instruments: {instruments})"
        )
    return there


def published_nights(store: Store, registry: Registry, request: str) -> list[NightId]:
    """Nights with published products that ``uao_20250429`` or ``minime05_uao_20250429`` names.

    Parameters
    ----------
    store
        The bucket.
    registry
        Sites and instruments.
    request
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
    site, date = request.split("_")[-2:]
    named = [night for night in archived_nights(store, registry, site, date) if night.name.endswith(request)]
    there = [night for night in named if store.head(night.published_key)]
    if not there:
        raise AirglowError(f"no products of {request} are in the bucket")
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
