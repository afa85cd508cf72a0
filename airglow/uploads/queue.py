"""Which of the nights that are to be worked on one plan takes, and in which order their turn comes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace

from airglow.model.states import SAME_FAULT_LIMIT
from airglow.uploads.discovery import NightReport, State

# What Snakemake costs itself grows faster than the number of nights that it plans at once.
NIGHTS_PER_PLAN = 20
_LAST_NIGHTS = dt.timedelta(days=2)  # a night is uploaded on the day after its date
# An upload of S bytes is on the disk as its joined archive (S) and as frames, which take up to twice as much.
_DISK_PER_UPLOADED_BYTE = 3
_DISK_OF_PRODUCTS = 50_000_000  # of all tags, with logs
_DISK_OF_ARCHIVED_NIGHT = 500_000_000  # its upload is gone, and with it what is known of its size
_LATER = "complete; other nights come first"
_BEGUN_LATER = "begun; other nights come first"
_TAKEN = "begun in this run, and did not come to its end; a later run goes on with it"
_SUSPECTED = "it was at work when runs came down; such nights are taken one at a time"
_NO_ROOM = "no room on the working disk"


@dataclass(frozen=True)
class Plan:
    """What one plan may take.

    Parameters
    ----------
    nights
        How many nights; None takes all.
    free_bytes
        Free space on the working disk; None if it sets no limit.
    taken
        Names of nights that earlier plans of the same run took. What is left of them is for a later run.
    """

    nights: int | None = None
    free_bytes: float | None = None
    taken: frozenset[str] = frozenset()


def disk_need_bytes(report: NightReport) -> int:
    """How much room a night needs on the working disk, in bytes: its archive, its frames and its products.

    Parameters
    ----------
    report
        The night, with the size of what is in ``raw/``.

    Returns
    -------
    int
    """
    if report.size_present == 0:
        return _DISK_OF_ARCHIVED_NIGHT
    return _DISK_PER_UPLOADED_BYTE * report.size_present + _DISK_OF_PRODUCTS


def lacks_room(report: NightReport) -> bool:
    """Whether a night is queued since the working disk has no room for it, even alone.

    Parameters
    ----------
    report
        The night, after `with_queue`.

    Returns
    -------
    bool
    """
    return report.state is State.QUEUED and report.reason.startswith(_NO_ROOM)


def in_order(reports: Iterable[NightReport], now: dt.datetime) -> list[NightReport]:
    """Nights in the order of their turn: the last two dates first, the newest of them before the other.

    After them the oldest date first.

    Parameters
    ----------
    reports
        Nights.
    now
        The present (aware): a night of the last two dates began on yesterday's date, or the day before.

    Returns
    -------
    list of NightReport
    """
    last = now.astimezone(dt.UTC).date() - _LAST_NIGHTS

    def turn(report: NightReport) -> tuple[bool, int, str, str]:
        night = report.night
        is_old, day = night.date < last, night.date.toordinal()
        return is_old, day if is_old else -day, night.site, night.instrument

    return sorted(reports, key=turn)


def with_queue(reports: Iterable[NightReport], plan: Plan, now: dt.datetime) -> list[NightReport]:
    """Let a plan have as many of the wanted nights as it may, by their turn; the others are queued.

    Parameters
    ----------
    reports
        All nights.
    plan
        What it may take.
    now
        The present (aware).

    Returns
    -------
    list of NightReport
        In the order in which they were given.
    """
    reports = list(reports)
    wanted = in_order((report for report in reports if report.is_wanted), now)
    queued: dict[str, str] = {}
    taken, room, has_suspect = 0, plan.free_bytes, False
    for report in wanted:
        need = disk_need_bytes(report)
        if report.night.name in plan.taken:
            queued[report.night.name] = _TAKEN
        elif plan.free_bytes is not None and need > plan.free_bytes:
            queued[report.night.name] = (
                f"{_NO_ROOM}: it needs about {need / 1e9:.1f} GB. Make room, for example with airglow clean"
            )
        elif (plan.nights is not None and taken >= plan.nights) or (room is not None and need > room):
            queued[report.night.name] = _LATER if report.state is State.READY else _BEGUN_LATER
        elif has_suspect and _is_suspected(report):
            queued[report.night.name] = _SUSPECTED
        else:
            taken += 1
            has_suspect |= _is_suspected(report)
            room = None if room is None else room - need
    return [
        replace(report, state=State.QUEUED, reason=queued[report.night.name])
        if report.night.name in queued
        else report
        for report in reports
    ]


def _is_suspected(report: NightReport) -> bool:
    """Whether a night may be what brings runs down: two of them in one plan would not tell which."""
    return report.record is not None and report.record.interrupted >= SAME_FAULT_LIMIT
