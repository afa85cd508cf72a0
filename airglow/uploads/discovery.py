"""What a look at ``raw/`` found: plain records, and the same as JSON."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airglow.model.errors import BadInput
from airglow.model.states import WANTED
from airglow.model.states import NightState as State
from airglow.model.typed import Fields
from airglow.store import StoredObject
from airglow.uploads.keys import NightId, WeatherFile
from airglow.uploads.records import NightRecord, record_from_json, record_to_json
from airglow.uploads.tried import tried

if TYPE_CHECKING:
    from airglow.uploads.aside import Aside
    from airglow.uploads.expiry import Superseded

FORMAT = 4


@dataclass(frozen=True)
class NightReport:
    """One night with something in ``raw/`` or unfinished: its state and the reason.

    Parameters
    ----------
    night
        The night.
    state
        Its state.
    reason
        Why it is in this state.
    since
        UTC, when its first object came or since when it waits; None if not known.
    parts_present
        Number of parts in ``raw/``.
    parts_expected
        Number of parts by the receipt; None without one.
    size_present
        Bytes in ``raw/``.
    size_expected
        Bytes by the receipt; None without one.
    changed
        True if another upload of the night is archived already.
    withdrawn
        True if that other upload went away before it was archived.
    record
        What the night has gone through, of one with a marker of unfinished work.
    upload
        Digest of what is in ``raw/`` of it.
    weather
        Digest of the weather files in ``raw/`` that it needs.
    refresh
        True if its published result is to be finished again, with weather files that came late.
    is_final
        True if that stays so until something comes or an operator acts: it goes on record, so that later
        looks ask for nothing.
    """

    night: NightId
    state: State
    reason: str
    since: dt.datetime | None = None
    parts_present: int = 0
    parts_expected: int | None = None
    size_present: int = 0
    size_expected: int | None = None
    changed: bool = False
    withdrawn: bool = False
    record: NightRecord | None = None
    upload: str = ""
    weather: str = ""
    refresh: bool = False
    is_final: bool = False

    @property
    def tried(self) -> str:
        """What work on the night tries now, as of `airglow.uploads.tried.tried`."""
        return tried(self.upload, self.weather)

    @property
    def is_wanted(self) -> bool:
        """Whether this run works on the night."""
        return self.state in WANTED


@dataclass(frozen=True)
class WeatherDay:
    """The weather files of one site and local date.

    Parameters
    ----------
    site
        Key of the site.
    date
        Local date.
    """

    site: str
    date: dt.date


@dataclass(frozen=True)
class Unreadable:
    """An object among the markers that says nothing that can be read.

    Parameters
    ----------
    found
        The object as it was listed.
    reason
        What is wrong with it.
    night
        The night that it is of; None for the table of nights.
    """

    found: StoredObject
    reason: str
    night: NightId | None = None


@dataclass(frozen=True)
class Discovery:
    """What one look at the bucket found.

    Parameters
    ----------
    made_at
        Time of the look, UTC, by the clock of this machine.
    nights
        Nights with something in ``raw/`` or unfinished, oldest first.
    unrecognised
        Key and reason of each object that is named like one of ours and is none, or is of no instrument.
    weather_leftovers
        Days whose weather files are complete and needed by no upload any more.
    finished
        Nights that are done, and whose marker is still there.
    others
        Objects of other instruments: what their names begin with, and how many there are.
    resting
        Nights that are done and whose upload stays in ``raw/`` for now, and until when.
    asides
        What is to leave ``raw/`` without being analysed. Not written to JSON.
    damaged
        Nights whose manifest is damaged, and the key of the copy that is to take its place; empty where the
        upload is to be archived again. Not written to JSON.
    expired
        Frames of superseded uploads that have been kept for long enough. Not written to JSON.
    marked
        Nights with a marker, as the look found them; None if that is not known any more. Not written to JSON.
    states
        Of nights that were looked up: the objects of their state in the bucket. Not written to JSON.
    weather
        Weather files in ``raw/``, by days. Not written to JSON.
    table
        The table of nights as the bucket had it (`airglow.pipeline.table`); None if there was none.
    unreadable
        What could not be read among the markers. Not written to JSON.
    deletions
        Notes of deletions that have not come to their end. Not written to JSON.
    run
        Identifier of the run that looked; empty if it was none.
    """

    made_at: dt.datetime
    nights: tuple[NightReport, ...]
    unrecognised: tuple[tuple[str, str], ...]
    weather_leftovers: tuple[WeatherDay, ...]
    finished: tuple[NightId, ...]
    others: tuple[tuple[str, int], ...] = ()
    resting: tuple[tuple[NightId, dt.datetime], ...] = ()
    asides: tuple[Aside, ...] = ()
    damaged: Mapping[NightId, str] = field(default_factory=dict)
    expired: tuple[Superseded, ...] = ()
    marked: frozenset[NightId] | None = None
    states: Mapping[NightId, Sequence[StoredObject]] = field(default_factory=dict)
    weather: Mapping[WeatherDay, Sequence[tuple[WeatherFile, StoredObject]]] = field(default_factory=dict)
    table: Mapping[str, Any] | None = None
    unreadable: tuple[Unreadable, ...] = ()
    deletions: tuple[StoredObject, ...] = ()
    run: str = ""

    @property
    def wanted(self) -> tuple[NightReport, ...]:
        """The nights that this run works on."""
        return tuple(report for report in self.nights if report.is_wanted)


def discovery_to_json(discovery: Discovery) -> dict[str, Any]:
    """A discovery as a value that JSON can hold.

    Parameters
    ----------
    discovery
        The discovery.

    Returns
    -------
    dict
    """
    return {
        "format": FORMAT,
        "run": discovery.run,
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
                "record": record_to_json(report.record) if report.record else None,
                "upload": report.upload,
                "weather": report.weather,
                "refresh": report.refresh,
                "is_final": report.is_final,
            }
            for report in discovery.nights
        ],
        "unrecognised": [{"key": key, "reason": reason} for key, reason in discovery.unrecognised],
        "weather_leftovers": [
            {"site": day.site, "date": f"{day.date:%Y%m%d}"} for day in discovery.weather_leftovers
        ],
        "finished": [night.name for night in discovery.finished],
        "table": discovery.table,
        "others": [{"prefix": prefix, "objects": count} for prefix, count in discovery.others],
        "resting": [{"night": night.name, "until": until.isoformat()} for night, until in discovery.resting],
    }


def discovery_from_json(value: Mapping[str, Any], name: str = "discovery") -> Discovery:
    """Make a discovery of a value that `discovery_to_json` made.

    Parameters
    ----------
    value
        The value.
    name
        What to call it in an error.

    Returns
    -------
    Discovery

    Raises
    ------
    BadInput
        If the value is not a discovery.
    """
    try:
        if value["format"] != FORMAT:
            raise ValueError(f"format {value['format']!r}")
        return Discovery(
            run=Fields(value).text("run", ""),  # an earlier version did not name it
            made_at=Fields(value).required_moment("made_at"),
            nights=tuple(_report(entry) for entry in value["nights"]),
            unrecognised=tuple((entry["key"], entry["reason"]) for entry in value["unrecognised"]),
            weather_leftovers=tuple(
                WeatherDay(entry["site"], dt.datetime.strptime(entry["date"], "%Y%m%d").date())
                for entry in value["weather_leftovers"]
            ),
            finished=tuple(NightId.parse(entry) for entry in value["finished"]),
            table=value["table"],
            others=tuple((entry["prefix"], entry["objects"]) for entry in value["others"]),
            resting=tuple(
                (NightId.parse(entry["night"]), Fields(entry).required_moment("until"))
                for entry in value["resting"]
            ),
        )
    except (KeyError, TypeError, AttributeError, ValueError, BadInput) as error:
        raise BadInput(name, f"not a discovery ({error!r})", "run the discovery again") from error


def _report(entry: Mapping[str, Any]) -> NightReport:
    values = dict(entry)
    values["night"] = NightId.parse(values["night"])
    values["state"] = State(values["state"])
    values["since"] = Fields(entry).moment("since")
    values["record"] = record_from_json(values["record"]) if values["record"] else None
    return NightReport(**values)
