"""Weather files in ``raw/`` as the look found them with which a run began, for the steps of its nights.

Without it each night would list them again. What comes after the look is weather that comes late: the next
look finds it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path

from airglow.model.files import parse_json, write_whole
from airglow.store import StoredObject, json_bytes
from airglow.uploads import ONE_DAY, Discovery, WeatherDay

RAW_WEATHER = "weather/raw.json"  # in the workflow's directory for temporary files


def note_raw_weather(work: Path, run: str, discovery: Discovery) -> None:
    """Leave what the steps of the nights that a discovery has taken up need to know of ``raw/``.

    Parameters
    ----------
    work
        The workflow's directory for temporary files.
    run
        Identifier of the run.
    discovery
        What it found.

    Raises
    ------
    MachineError
        If the disk does not take it.
    """
    days = {
        WeatherDay(report.night.site, date)
        for report in discovery.wanted
        for date in (report.night.date, report.night.date + ONE_DAY)
    }
    objects = [
        {**asdict(found), "modified": found.modified.isoformat()}
        for day in sorted(days, key=lambda day: (day.site, day.date))
        for _, found in discovery.weather.get(day, ())
    ]
    told = sorted(f"{day.site}_{day.date:%Y%m%d}" for day in days)
    write_whole(work / RAW_WEATHER, json_bytes({"run": run, "days": told, "objects": objects}))


def raw_weather_at_hand(
    work: Path, run: str | None, site: str, dates: Collection[dt.date]
) -> dict[str, StoredObject] | None:
    """What the look of the run at hand found in ``raw/`` of the weather of some days, and perhaps others.

    Parameters
    ----------
    work
        The workflow's directory for temporary files.
    run
        Identifier of the run; None if there is none.
    site
        Key of the site.
    dates
        Local dates.

    Returns
    -------
    dict or None
        Objects by key; None if this run has not looked for these days.
    """
    try:
        value = parse_json((work / RAW_WEATHER).read_bytes())
        if not run or value["run"] != run:
            return None
        if not {f"{site}_{date:%Y%m%d}" for date in dates} <= set(value["days"]):
            return None
        found = [
            StoredObject(**{**entry, "modified": dt.datetime.fromisoformat(entry["modified"])})
            for entry in value["objects"]
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return {one.key: one for one in found}
