"""What a look at ``raw/`` found: plain records, and the same as JSON."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from airglow.model.errors import BadInput
from airglow.uploads.keys import NightId

FORMAT = 2


class State(Enum):
    """What is the matter with a night."""

    READY = "ready"  # complete: to be worked on
    CONTINUING = "continuing"  # work has begun and was interrupted: to be worked on
    QUEUED = "queued"  # complete, for a later run
    WAITING = "waiting"  # something is still to come
    HELD = "held"  # an operator does not want it worked on
    COLLECTION_ERROR = "collection error"  # the instrument says that there are no data
    REFUSED = "refused"  # wrong in a way that waiting does not mend


@dataclass(frozen=True)
class NightReport:
    """One night with something in ``raw/`` or unfinished: its state and the reason."""

    night: NightId
    state: State
    reason: str
    since: dt.datetime | None = None  # UTC: when its first object came, or since when it waits
    parts_present: int = 0
    parts_expected: int | None = None  # None: no receipt that says
    size_present: int = 0  # bytes
    size_expected: int | None = None
    changed: bool = False  # an earlier upload of the night is archived, and this is another one
    withdrawn: bool = False  # that other upload went away before it was archived

    @property
    def is_wanted(self) -> bool:
        """Whether this run works on the night."""
        return self.state in (State.READY, State.CONTINUING)


@dataclass(frozen=True)
class WeatherDay:
    """The weather files of one site and local date."""

    site: str
    date: dt.date


@dataclass(frozen=True)
class Discovery:
    """What one look at the bucket found."""

    made_at: dt.datetime  # UTC
    nights: tuple[NightReport, ...]  # oldest first
    unrecognised: tuple[tuple[str, str], ...]  # key, reason
    weather_leftovers: tuple[WeatherDay, ...]  # complete, and no upload needs them any more
    finished: tuple[NightId, ...]  # done, with a marker that is still there

    @property
    def wanted(self) -> tuple[NightReport, ...]:
        """The nights that this run works on."""
        return tuple(report for report in self.nights if report.is_wanted)


def discovery_to_json(discovery: Discovery) -> dict[str, Any]:
    """A discovery as a value that JSON can hold."""
    return {
        "format": FORMAT,
        "made_at": discovery.made_at.isoformat(),
        "nights": [
            {
                "night": report.night.name,
                "state": report.state.value,
                "reason": report.reason,
                "since": report.since.isoformat() if report.since else None,
                "parts_present": report.parts_present,
                "parts_expected": report.parts_expected,
                "size_present": report.size_present,
                "size_expected": report.size_expected,
                "changed": report.changed,
                "withdrawn": report.withdrawn,
            }
            for report in discovery.nights
        ],
        "unrecognised": [{"key": key, "reason": reason} for key, reason in discovery.unrecognised],
        "weather_leftovers": [
            {"site": day.site, "date": f"{day.date:%Y%m%d}"} for day in discovery.weather_leftovers
        ],
        "finished": [night.name for night in discovery.finished],
    }


def discovery_from_json(value: Mapping[str, Any], name: str = "discovery") -> Discovery:
    """The reverse of `discovery_to_json`.

    Raises
    ------
    BadInput
        If the value is not a discovery.
    """
    try:
        if value["format"] != FORMAT:
            raise ValueError(f"format {value['format']!r}")
        return Discovery(
            made_at=dt.datetime.fromisoformat(value["made_at"]),
            nights=tuple(_report(entry) for entry in value["nights"]),
            unrecognised=tuple((entry["key"], entry["reason"]) for entry in value["unrecognised"]),
            weather_leftovers=tuple(
                WeatherDay(entry["site"], dt.datetime.strptime(entry["date"], "%Y%m%d").date())
                for entry in value["weather_leftovers"]
            ),
            finished=tuple(NightId.parse(entry) for entry in value["finished"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(name, f"not a discovery ({error!r})", "run the discovery again") from error


def _report(entry: Mapping[str, Any]) -> NightReport:
    values = dict(entry)
    values["night"] = NightId.parse(values["night"])
    values["state"] = State(values["state"])
    values["since"] = dt.datetime.fromisoformat(values["since"]) if values["since"] else None
    return NightReport(**values)
