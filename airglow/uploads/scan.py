"""One look at ``raw/``: which nights are complete, and why the others wait."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from airglow.model.errors import AirglowError
from airglow.registry import Registry
from airglow.store import Store, StoredObject
from airglow.uploads.aside import left_behind
from airglow.uploads.comparing import compare_with_archive, compare_with_refusal, is_to_be_looked_up
from airglow.uploads.days import ONE_DAY, end_of_day, nights_that_need
from airglow.uploads.discovery import Discovery, NightReport, State, WeatherDay
from airglow.uploads.expiry import expired
from airglow.uploads.judging import ScanSettings, judge, overdue_upload, read_receipts
from airglow.uploads.keys import RAW, NightId, WeatherFile
from airglow.uploads.late_weather import (
    WEATHER,
    continue_refresh,
    list_states,
    look_for_late_weather,
    refresh_again,
)
from airglow.uploads.listing import Raw, Upload, sort_raw
from airglow.uploads.manifests import look_up, rests_until
from airglow.uploads.memory import Memory
from airglow.uploads.pending import is_finished, list_markers
from airglow.uploads.queue import Plan, with_queue
from airglow.uploads.receipt import Receipt
from airglow.uploads.records import NightRecord, Versions
from airglow.uploads.standing import read_standing, settled, upload_digest

_STAYS = (State.REFUSED, State.WAITING)  # of an upload, for as long as nobody mends it


def scan(
    store: Store,
    registry: Registry,
    settings: ScanSettings | None = None,
    now: dt.datetime | None = None,
    criteria: Mapping[str, Any] | None = None,
    memory: Memory | None = None,
    plan: Plan | None = None,
    versions: Versions | None = None,
) -> Discovery:
    """Look at what is in ``raw/`` and which work is unfinished. Changes nothing in the bucket.

    Costs one listing of ``raw/`` and one of the markers, whatever the size of the archive, and a few requests
    for each night that is not finished. With a memory, nights that wait for objects, or have no data, cost
    nothing as long as they stay as they are.

    Parameters
    ----------
    store
        The bucket.
    registry
        Sites and instruments.
    settings
        What an operator decides.
    now
        The present (aware), for the waiting times; by default what the store's answers say.
    criteria
        Under which an upload would be judged now (`airglow.archive.criteria`): one that was refused under
        the same ones is not taken up again.
    memory
        What earlier looks found out; gets what this one does.
    plan
        How much may be taken up; without it everything that is wanted.
    versions
        Of code and settings: nights that were held, refused or failed under others are tried again.

    Returns
    -------
    Discovery

    Raises
    ------
    StoreError
        If the bucket cannot be read.
    """
    settings = settings or ScanSettings()
    looked_at = now or dt.datetime.now(dt.UTC)
    memory = Memory() if memory is None else memory
    markers = list_markers(store)
    # By the store's clock, which objects have their times from: this machine's may be wrong.
    by_store = now or store.now()
    now = by_store or looked_at
    marked, standing = set(markers.nights), read_standing(store, markers, memory)
    raw = sort_raw(store.list(RAW), registry)

    passed_over = {}
    for night in set(raw.uploads) | marked | set(standing.holds):
        first = _first_look(night, raw.uploads.get(night, Upload()), standing.records.get(night), raw)
        report = settled(first, standing.holds.get(night), now, versions, standing.table)
        if night.name in settings.hold:
            report = replace(first, state=State.HELD, reason="held by the configuration (uploads.hold)")
        if report is not first:
            passed_over[night] = report
    records = standing.records
    finished = {n for n in marked if n not in passed_over and is_finished(store, n, records.get(n))}
    unfinished = marked - finished
    receipts = read_receipts(store, registry, raw.uploads, memory)

    reports, asides, resting = [], [], []
    states: dict[NightId, list[StoredObject]] = {}
    damaged: dict[NightId, str] = {}
    nights = set(raw.uploads) | unfinished | set(standing.holds)
    for night in sorted(nights, key=lambda n: (n.date, n.site, n.instrument)):
        upload = raw.uploads.get(night, Upload())
        if night in passed_over:
            aside = overdue_upload(registry, passed_over[night], upload, settings, now)
            asides += [aside] if aside else []
            reports.append(passed_over[night])
            continue
        if night not in unfinished and (until := memory.rests_until(night, upload.objects, now)):
            resting.append((night, until))
            continue
        aside = left_behind(store, night, upload.parts, upload.receipt, receipts.get(night))
        if aside is not None:
            upload = upload.without(aside.objects)
        record = records.get(night) if night in unfinished else None
        first = _first_look(night, upload, record, raw)
        report = judge(store, registry, settings, now, first, upload, receipts.get(night), raw)
        if record is not None and record.why == WEATHER and report.state in _STAYS:
            report = refresh_again(report)  # what lies in raw/ is no reason to leave it half done
        elif is_to_be_looked_up(report, upload, night in unfinished, memory, now):
            states = {**list_states(store, night), **states}
            is_marked, there = night in unfinished, {found.key for found in states[night]}
            if not is_marked and (until := rests_until(store, night, upload.objects, there, now)):
                memory.note_resting(night, upload.objects, until)
                resting.append((night, until))
                continue
            archived = look_up(store, night, there, upload.objects)
            report = compare_with_archive(store, report, upload, is_marked, there, archived, memory, now)
            if archived.problem and report.is_wanted and not report.changed:
                damaged[night] = archived.copy
            report = compare_with_refusal(store, report, upload, there, criteria or {})
            report = continue_refresh(report, bool(upload.objects)) if is_marked else report
        if aside is None:
            aside = overdue_upload(registry, report, upload, settings, now)
        elif report.is_wanted:
            words = f"{len(aside.objects)} parts {aside.reason}"
            report = replace(report, reason=f"{report.reason}; {words}" if report.reason else words)
        else:
            aside = None  # they go when the night is taken up
        asides += [aside] if aside else []
        reports.append(report)
    in_need = _in_need(raw, receipts)
    # An upload that is refused, or never becomes complete, must not keep late weather from what is published.
    blocked = set(in_need) - {report.night for report in reports if report.state in _STAYS}
    late = look_for_late_weather(
        store, registry, now, settings.late_weather_hours, raw.weather,
        {*blocked, *unfinished, *standing.holds, *map(NightId.parse, settings.hold)}, memory, raw.cloud_ends,
        states,
    )  # fmt: skip
    late = [replace(report, weather=upload_digest(raw.weather_of(report.night))) for report in late]
    refreshed, shown = {report.night for report in late if report.is_wanted}, {one.night for one in reports}
    reports = [report for report in reports if report.night not in refreshed]
    late = [report for report in late if report.is_wanted or report.night not in shown]
    to_come = {*unfinished, *standing.holds, *(report.night for report in late)}
    needed = {WeatherDay(night.site, day) for night in to_come for day in (night.date, night.date + ONE_DAY)}
    leftovers = _leftovers(registry, settings, now, raw.weather, in_need)
    return Discovery(
        made_at=looked_at,
        nights=tuple(with_queue(_in_order([*reports, *late]), plan or Plan(), now)),
        unrecognised=tuple(raw.unrecognised),
        others=tuple(sorted(raw.others.items())),
        resting=tuple(resting),
        asides=tuple(asides),
        damaged=damaged,
        expired=expired(markers.superseded, by_store) if by_store else (),
        weather_leftovers=tuple(day for day in leftovers if day not in needed),
        finished=tuple(sorted(finished, key=lambda n: n.name)),
        marked=frozenset(marked),
        states=states,
        weather=raw.weather,
        table=standing.table,
        unreadable=standing.unreadable,
        deletions=markers.deletions,
    )


def _first_look(night: NightId, upload: Upload, record: NightRecord | None, raw: Raw) -> NightReport:
    """What the listing alone says of a night."""
    return NightReport(
        night,
        State.READY,
        "",
        since=min((found.modified for found in upload.objects), default=None),
        parts_present=len(upload.parts),
        size_present=sum(part.size for part in upload.parts.values()),
        record=record,
        upload=upload_digest(upload.objects),
        weather=upload_digest(raw.weather_of(night)),
    )


def _in_order(reports: Iterable[NightReport]) -> list[NightReport]:
    return sorted(reports, key=lambda report: (report.night.date, report.night.site, report.night.instrument))


def _in_need(raw: Raw, receipts: Mapping[NightId, Receipt | AirglowError]) -> list[NightId]:
    """Nights that may still want weather files: all with an upload, but for those that have no data."""
    return [
        night
        for night, upload in raw.uploads.items()
        if upload.parts or not getattr(receipts.get(night), "is_collection_error", False)
    ]


def _leftovers(
    registry: Registry,
    settings: ScanSettings,
    now: dt.datetime,
    weather: Mapping[WeatherDay, list[tuple[WeatherFile, StoredObject]]],
    in_need: list[NightId],
) -> Iterable[WeatherDay]:
    """Days whose weather files can go: complete, old enough, and no upload that needs them is there."""
    patience = dt.timedelta(hours=settings.cloud_wait_hours)
    for day, files in sorted(weather.items(), key=lambda item: (item[0].date, item[0].site)):
        end = end_of_day(registry.site(day.site), day.date)
        old = any(found.modified >= end and now - found.modified >= patience for _, found in files)
        if old and not nights_that_need(in_need, day.site, day.date):
            yield day
