"""One look at ``raw/``: which nights are complete, and why the others wait."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from airglow.model.errors import AirglowError, BadInput
from airglow.registry import Registry
from airglow.store import ChangedObject, MissingObject, Store, StoredObject, in_threads
from airglow.uploads.aside import Aside, left_behind, overdue
from airglow.uploads.days import ONE_DAY, end_of_day, nights_that_need
from airglow.uploads.discovery import Discovery, NightReport, State, WeatherDay
from airglow.uploads.expiry import expired
from airglow.uploads.keys import (
    RAW,
    NightId,
    RawPart,
    RawReceipt,
    UnrecognisedObject,
    WeatherFile,
    first_part,
    parse_raw_key,
)
from airglow.uploads.late_weather import continue_refresh, look_for_late_weather
from airglow.uploads.manifests import Archived, look_up, rests_until
from airglow.uploads.memory import Memory
from airglow.uploads.pending import is_finished, kept_manifests_prefix, list_markers
from airglow.uploads.queue import Plan, with_queue
from airglow.uploads.receipt import MAX_RECEIPT_BYTES, Receipt, parse_receipt, what_is_missing
from airglow.uploads.records import NightRecord, Versions
from airglow.uploads.refusals import refusal_of
from airglow.uploads.standing import read_standing, settled, upload_digest

_NOT_ARCHIVED = "interrupted before it was archived"
_DAMAGED = "its manifest was damaged: "


@dataclass(frozen=True)
class ScanSettings:
    """What an operator decides about uploads.

    Parameters
    ----------
    cloud_wait_hours
        Hours from the receipt for which a night waits for cloud files.
    hold
        Names of nights that are not to be worked on.
    keep_collection_errors_days, keep_refused_days
        For how long receipts of nights without data, and refused uploads, stay in ``raw/``.
    late_weather_hours
        Hours from the end of a published night for which weather files that came late are waited for, until
        they cover it; then it is finished again with what is there.
    """

    cloud_wait_hours: float = 24.0
    hold: tuple[str, ...] = ()
    keep_collection_errors_days: float = 30.0
    keep_refused_days: float = 90.0
    late_weather_hours: float = 36.0


@dataclass
class _Upload:
    """The objects of one night in ``raw/``."""

    receipt: StoredObject | None = None
    parts: dict[int, StoredObject] = field(default_factory=dict)

    @property
    def objects(self) -> list[StoredObject]:
        return ([self.receipt] if self.receipt else []) + list(self.parts.values())

    def without(self, left_out: Collection[StoredObject]) -> _Upload:
        """The upload without some of its parts."""
        parts = {number: part for number, part in self.parts.items() if part not in left_out}
        return _Upload(self.receipt, parts)


@dataclass
class _Raw:
    """Everything in ``raw/``, sorted."""

    uploads: dict[NightId, _Upload] = field(default_factory=dict)
    weather: dict[WeatherDay, list[tuple[WeatherFile, StoredObject]]] = field(default_factory=dict)
    unrecognised: list[tuple[str, str]] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    # Of cloud files that were looked into: the last time in them, or why there is none.
    cloud_ends: dict[str, dt.datetime | str] = field(default_factory=dict)


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
        The present (aware), for the waiting times.
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
    now = now or dt.datetime.now(dt.UTC)
    memory = Memory() if memory is None else memory
    markers = list_markers(store)
    marked, standing = set(markers.nights), read_standing(store, markers, memory)
    raw = _sort(store.list(RAW), registry)

    passed_over = {}
    for night in set(raw.uploads) | marked | set(standing.holds):
        first = _first_look(night, raw.uploads.get(night, _Upload()), standing.records.get(night))
        report = settled(first, standing.holds.get(night), now, versions, standing.table)
        if night.name in settings.hold:
            report = replace(first, state=State.HELD, reason="held by the configuration (uploads.hold)")
        if report is not first:
            passed_over[night] = report
    records = standing.records
    finished = {n for n in marked if n not in passed_over and is_finished(store, n, records.get(n))}
    unfinished = marked - finished
    receipts = _read_receipts(store, registry, raw.uploads, memory)

    reports, asides, resting = [], [], []
    states: dict[NightId, list[StoredObject]] = {}
    damaged: dict[NightId, str] = {}
    nights = set(raw.uploads) | unfinished | set(standing.holds)
    for night in sorted(nights, key=lambda n: (n.date, n.site, n.instrument)):
        upload = raw.uploads.get(night, _Upload())
        if night in passed_over:
            aside = _overdue(registry, passed_over[night], upload, settings, now)
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
        first = _first_look(night, upload, record)
        report = _judge(store, registry, settings, now, first, upload, receipts.get(night), raw)
        if _is_to_be_looked_up(report, upload, night in unfinished, memory, now):
            states[night] = store.list(night.state_prefix)
            is_marked, there = night in unfinished, {found.key for found in states[night]}
            if not is_marked and (until := rests_until(store, night, upload.objects, there, now)):
                memory.note_resting(night, upload.objects, until)
                resting.append((night, until))
                continue
            archived = look_up(store, night, there, upload.objects)
            report = _compare_with_archive(store, report, upload, is_marked, there, archived, memory, now)
            if archived.problem and report.is_wanted and not report.changed:
                damaged[night] = archived.copy
            report = _compare_with_refusal(store, report, upload, there, criteria or {})
            report = continue_refresh(report, bool(upload.objects)) if is_marked else report
        if aside is None:
            aside = _overdue(registry, report, upload, settings, now)
        elif report.is_wanted:
            words = f"{len(aside.objects)} parts {aside.reason}"
            report = replace(report, reason=f"{report.reason}; {words}" if report.reason else words)
        else:
            aside = None  # they go when the night is taken up
        asides += [aside] if aside else []
        reports.append(report)
    in_need = _in_need(raw, receipts)
    late = look_for_late_weather(
        store, registry, now, settings.late_weather_hours, raw.weather,
        {*in_need, *unfinished, *standing.holds, *map(NightId.parse, settings.hold)}, memory, raw.cloud_ends,
    )  # fmt: skip
    to_come = {*unfinished, *standing.holds, *(report.night for report in late)}
    needed = {WeatherDay(night.site, day) for night in to_come for day in (night.date, night.date + ONE_DAY)}
    leftovers = _leftovers(registry, settings, now, raw.weather, in_need)
    return Discovery(
        made_at=now,
        nights=tuple(with_queue(_in_order([*reports, *late]), plan or Plan(), now)),
        unrecognised=tuple(raw.unrecognised),
        others=tuple(sorted(raw.others.items())),
        resting=tuple(resting),
        asides=tuple(asides),
        damaged=damaged,
        expired=expired(markers.superseded, now),
        weather_leftovers=tuple(day for day in leftovers if day not in needed),
        finished=tuple(sorted(finished, key=lambda n: n.name)),
        marked=frozenset(marked),
        states=states,
        table=standing.table,
    )


def _first_look(night: NightId, upload: _Upload, record: NightRecord | None) -> NightReport:
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
    )


def _in_order(reports: Iterable[NightReport]) -> list[NightReport]:
    return sorted(reports, key=lambda report: (report.night.date, report.night.site, report.night.instrument))


def _sort(objects: Iterable[StoredObject], registry: Registry) -> _Raw:
    raw = _Raw()
    for found in objects:
        parsed = parse_raw_key(found.key)
        match parsed:
            case RawReceipt(night):
                raw.uploads.setdefault(night, _Upload()).receipt = found
            case RawPart(night, number):
                raw.uploads.setdefault(night, _Upload()).parts[number] = found
            case WeatherFile(site=site, date=date) if site in registry.sites:
                raw.weather.setdefault(WeatherDay(site, date), []).append((parsed, found))
            case WeatherFile(site=site):
                raw.unrecognised.append((found.key, f"unknown site {site}"))
            case UnrecognisedObject(prefix=prefix) if prefix:
                raw.others[prefix] += 1
            case UnrecognisedObject(reason) if (
                found.key != RAW
            ):  # some tools put an object where a folder begins
                raw.unrecognised.append((found.key, reason))
    return raw


def _read_receipts(
    store: Store, registry: Registry, uploads: Mapping[NightId, _Upload], memory: Memory
) -> dict[NightId, Receipt | AirglowError]:
    """Receipts of the nights that the registry knows, several at once."""

    def read(night: NightId) -> Receipt | AirglowError:
        listed = uploads[night].receipt
        try:
            if listed.size > MAX_RECEIPT_BYTES:
                raise BadInput(listed.key, f"receipt of {listed.size:,} bytes is too long to be one")
            return parse_receipt(listed.key, memory.read_receipt(store, listed), first_part(night))
        except (ChangedObject, MissingObject, BadInput) as problem:
            return problem

    nights = [n for n, upload in uploads.items() if upload.receipt and not _refusal(registry, n)]
    return dict(zip(nights, in_threads(read, nights), strict=True))


def _refusal(registry: Registry, night: NightId) -> str:
    """Why the registry does not know such a night; empty if it does."""
    if night.instrument not in registry.instrument_keys:
        return f"unknown instrument {night.upload.split('_')[0]}"
    if night.site not in registry.sites:
        return f"unknown site {night.site}"
    if not registry.is_deployed(night.instrument, night.site, night.date):
        return "instrument was not at this site on that date"
    return ""


def _has_not_come(report: NightReport, now: dt.datetime) -> bool:
    """Whether the night has not begun yet anywhere on earth."""
    return report.night.date > now.date() + ONE_DAY


def _judge(
    store: Store,
    registry: Registry,
    settings: ScanSettings,
    now: dt.datetime,
    report: NightReport,
    upload: _Upload,
    receipt: Receipt | AirglowError | None,
    raw: _Raw,
) -> NightReport:
    """A night by its objects in ``raw/``."""
    night = report.night
    refusal = _refusal(registry, night)
    if not refusal and _has_not_come(report, now):
        refusal = "the date has not come yet: the instrument's clock is wrong"
    if refusal:
        return replace(report, state=State.REFUSED, reason=refusal)
    if receipt is None:
        return replace(report, state=State.WAITING, reason="receipt missing")
    if isinstance(receipt, BadInput):
        return replace(report, state=State.REFUSED, reason=receipt.reason)
    if isinstance(receipt, AirglowError):
        return replace(report, state=State.WAITING, reason="receipt was uploaded again while it was read")
    report = replace(report, parts_expected=receipt.parts, size_expected=receipt.size_bytes)
    if receipt.is_collection_error:
        return replace(report, state=State.COLLECTION_ERROR, reason="collection error")
    if missing := what_is_missing(upload.parts, receipt):
        return replace(report, state=State.WAITING, reason=missing)
    waiting_since = upload.receipt.modified
    if now - waiting_since < dt.timedelta(hours=settings.cloud_wait_hours):
        lacking = _lacking_clouds(store, registry, night, receipt, now, raw)
        if lacking:
            reason = f"waiting for the cloud file since {waiting_since:%Y-%m-%d %H:%M} UTC: {lacking}"
            return replace(report, state=State.WAITING, reason=reason, since=waiting_since)
    return report


def _lacking_clouds(
    store: Store, registry: Registry, night: NightId, receipt: Receipt, now: dt.datetime, raw: _Raw
) -> str:
    """What the cloud files of a complete night lack; empty if they cover it."""
    from airglow.uploads.clouds import what_clouds_lack  # numpy and the sun, which few steps need

    days = (WeatherDay(night.site, night.date), WeatherDay(night.site, night.date + ONE_DAY))
    uploaded = {found.key: found.size for day in days for _, found in raw.weather.get(day, [])}
    site = registry.site(night.site)
    return what_clouds_lack(store, site, night, receipt.made_at, now, uploaded, raw.cloud_ends)


def _overdue(
    registry: Registry, report: NightReport, upload: _Upload, settings: ScanSettings, now: dt.datetime
) -> Aside | None:
    """What is in ``raw/`` of a night that nothing will be made of, if it was there for long enough."""
    if report.state is State.COLLECTION_ERROR:
        days, told_at = settings.keep_collection_errors_days, None
    elif report.state is State.REFUSED and not (
        _refusal(registry, report.night) or _has_not_come(report, now)
    ):
        days, told_at = settings.keep_refused_days, report.since
    else:
        return None
    return overdue(report.night, report.reason, upload.objects, told_at, days, now)


def _is_to_be_looked_up(
    report: NightReport, upload: _Upload, marked: bool, memory: Memory, now: dt.datetime
) -> bool:
    """Whether what the bucket has of a night can change what becomes of its upload."""
    if report.state not in (State.READY, State.WAITING):
        return False
    only_waits = report.state is State.WAITING and not marked
    return not (only_waits and memory.knows_not_archived(report.night, upload.objects, now))


def _compare_with_archive(
    store: Store,
    report: NightReport,
    upload: _Upload,
    marked: bool,
    there: Collection[str],
    archive: Archived,
    memory: Memory,
    now: dt.datetime,
) -> NightReport:
    """Tell work that was interrupted, and another upload of a night that is archived, from a first upload."""
    archived = archive.upload
    if archive.problem and not archive.copy:
        if report.state is State.READY:
            return replace(report, state=State.CONTINUING, reason=f"{_DAMAGED}archived again from its upload")
        return replace(report, state=State.HELD, reason=archive.problem)
    if archived is None:
        if marked and not upload.objects:
            return _without_upload(store, report)
        if marked and report.state is State.READY:
            return replace(report, state=State.CONTINUING, reason=_NOT_ARCHIVED)
        if report.state is State.WAITING and not marked:
            memory.note_not_archived(report.night, upload.objects, now)
        return report
    if all(archived.get(found.key) == found.etag for found in upload.objects):
        # Without a marker, some objects of the archived upload are what an interrupted cleanup left; but if a
        # cleanup was finished, the upload is being sent once more: then all of it is waited for, for a day.
        newest = max((found.modified for found in upload.objects), default=now)
        sent_once_more = report.night.cleaned_key in there and now - newest < ONE_DAY
        if marked or report.state is State.READY or not sent_once_more:
            why = f"{_DAMAGED}back to a copy of it" if archive.problem else "archived, to be finished"
            return replace(report, state=State.CONTINUING, reason=why)
    elif report.state is State.READY:
        return replace(report, reason="another upload of a night that is archived", changed=True)
    elif marked:  # what is between old and new must not wait for an upload that may never be complete
        reason = f"archived, to be finished; another upload is under way ({report.reason})"
        return replace(report, state=State.CONTINUING, reason=reason)
    return report


def _compare_with_refusal(
    store: Store,
    report: NightReport,
    upload: _Upload,
    there: Collection[str],
    criteria: Mapping[str, Any],
) -> NightReport:
    """Tell a complete upload that was refused for what is in it: it would only be refused again."""
    if report.night.refused_key not in there:
        return report
    if not (report.state is State.READY or report.reason == _NOT_ARCHIVED):
        return report
    refusal = refusal_of(store, report.night, {found.key: found.etag for found in upload.objects}, criteria)
    if refusal is None:
        return report
    return replace(report, state=State.REFUSED, reason=refusal.reason, since=refusal.made_at, changed=False)


def _without_upload(store: Store, report: NightReport) -> NightReport:
    """A night whose work began and whose upload then went away, without a manifest."""
    if store.list(kept_manifests_prefix(report.night)):
        reason = "another upload was withdrawn: back to the archived one"
        return replace(report, state=State.CONTINUING, reason=reason, withdrawn=True)
    reason = "the upload went away before it was archived: upload the night again"
    return replace(report, state=State.WAITING, reason=reason)


def _in_need(raw: _Raw, receipts: Mapping[NightId, Receipt | AirglowError]) -> list[NightId]:
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
