"""Weather files that came, or grew, after the nights that need them were published.

What calls attention is a file in ``raw/``: it stays there until every published night that needs it was made
with it, or would not change by it. A published night whose result would change becomes a report: to be
finished again now, once the files cover its hours or have had their time; or waiting until then. What was
found out is remembered for as long as the same files lie in ``raw/``, so that a look at the same files costs
nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from airglow.model.files import parse_json
from airglow.registry import Registry
from airglow.store import ChangedObject, MissingObject, Store, StoredObject, in_threads
from airglow.uploads.days import ONE_DAY
from airglow.uploads.discovery import NightReport, State, WeatherDay
from airglow.uploads.keys import NightId, WeatherFile
from airglow.uploads.memory import Memory

MAX_WEATHER_BYTES = 256 << 20  # a larger file is never taken; a real one has a few
WEATHER = "weather"
"""Why a night is marked as unfinished (`airglow.uploads.mark_pending`) that is finished again."""

WeatherDays = Mapping[WeatherDay, Sequence[tuple[WeatherFile, StoredObject]]]
"""Weather files in ``raw/`` by site and local date."""

# What was found out of a published night and the files in raw/, and the moment that goes with it.
_USED = "used"  # they change nothing; when that was seen
_UNPUBLISHED = "unpublished"  # nothing is published; when that was seen
_LATER = "later"  # they change it, and do not cover it; when the night ended
_UNPUBLISHED_FOR = dt.timedelta(days=1)


def look_for_late_weather(
    store: Store,
    registry: Registry,
    now: dt.datetime,
    hours: float,
    weather: WeatherDays,
    leave_out: Collection[NightId],
    memory: Memory,
    ends: dict[str, dt.datetime | str],
    states: Mapping[NightId, Sequence[StoredObject]] | None = None,
) -> list[NightReport]:
    """Published nights whose results weather files in ``raw/`` would change.

    Parameters
    ----------
    store
        The bucket.
    registry
        Sites and instruments.
    now
        The present (aware).
    hours
        How long after the end of a night files are waited for that cover it.
    weather
        The weather files in ``raw/``.
    leave_out
        Nights that are uploaded, at work or held.
    memory
        What earlier looks found out; gets what this one does.
    ends
        As of `airglow.uploads.clouds.what_clouds_lack`.
    states
        What the bucket has of the state of nights, as far as that was just listed (`list_states`).

    Returns
    -------
    list of NightReport
        ``CONTINUING`` with ``refresh``, or ``WAITING``.

    Raises
    ------
    StoreError
        If the bucket does not do its part.
    """
    patience = dt.timedelta(hours=hours)
    reports, unknown = [], []
    for night in _concerned(registry, weather, now):
        if night in leave_out:
            continue
        verdict, moment = memory.recall_weather(night, _objects(weather, night)) or ("", now)
        if verdict == _LATER and now - moment < patience:
            reports.append(_waiting(night, moment + patience))
        elif not (verdict == _USED or (verdict == _UNPUBLISHED and now - moment < _UNPUBLISHED_FOR)):
            unknown.append(night)
    indices = _published(store, unknown, states or {})
    for night in unknown:
        if night not in indices:
            memory.note_weather(night, _objects(weather, night), _UNPUBLISHED, now)

    def judge(night: NightId) -> NightReport | None:
        return _judge(store, registry, now, patience, weather, night, indices[night], memory, ends)

    return [*reports, *filter(None, in_threads(judge, list(indices)))]


def _judge(
    store: Store,
    registry: Registry,
    now: dt.datetime,
    patience: dt.timedelta,
    weather: WeatherDays,
    night: NightId,
    index: Mapping[str, Any],
    memory: Memory,
    ends: dict[str, dt.datetime | str],
) -> NightReport | None:
    """A published night by the weather files in ``raw/``; None if they change nothing, or it is not over."""
    from airglow.uploads.weather_news import find_news, is_covered, night_hours  # numpy, the sun

    site, files = registry.site(night.site), _files(weather, night)
    objects = _objects(weather, night)
    hours = night_hours(site, night.date)
    if hours is not None and now <= hours[1]:
        return None
    try:
        news = find_news(store, site, night, index, files)
    except (ChangedObject, MissingObject):  # the next look sees what there is then
        return None
    if not news:
        memory.note_weather(night, objects, _USED, now)
        return None
    end = hours[1]
    if now - end < patience and not is_covered(store, site, night, news, now, files, ends):
        memory.note_weather(night, objects, _LATER, end)
        return _waiting(night, end + patience)
    what = "; ".join(each.what for each in news)
    since = max(each.raw.modified for each in news)
    reason = f"to be finished again: {what} after it was analysed"
    return NightReport(night, State.CONTINUING, reason, since=since, refresh=True)


def _waiting(night: NightId, until: dt.datetime) -> NightReport:
    reason = (
        "published; weather files that came later do not cover the night yet: "
        f"it is finished again when they do, or after {until:%Y-%m-%d %H:%M} UTC"
    )
    return NightReport(night, State.WAITING, reason)


def continue_refresh(report: NightReport, is_uploaded: bool) -> NightReport:
    """Tell a night that was to be finished again, and was interrupted, from one that is to be analysed.

    Parameters
    ----------
    report
        What was found of a night with a marker, and its record.
    is_uploaded
        Whether anything of its upload is in ``raw/``.

    Returns
    -------
    NightReport
    """
    if is_uploaded or report.state is not State.CONTINUING or report.withdrawn:
        return report
    if report.record is None or report.record.why != WEATHER:
        return report
    return refresh_again(report)


def refresh_again(report: NightReport) -> NightReport:
    """A night that is to be finished again, after that was interrupted.

    Parameters
    ----------
    report
        What was found of it.

    Returns
    -------
    NightReport
    """
    reason = "to be finished again with weather that came late"
    return replace(report, state=State.CONTINUING, reason=reason, refresh=True)


def why_weather_is_needed(
    store: Store,
    registry: Registry,
    day: WeatherDay,
    weather: WeatherDays,
    known: Mapping[NightId, Mapping[str, Any]],
    memory: Memory,
    now: dt.datetime,
) -> dict[str, str]:
    """Which weather files in ``raw/`` of a day some night was not made with, and so are not to be deleted.

    Parameters
    ----------
    store
        The bucket.
    registry
        Sites and instruments.
    day
        Site and local date.
    weather
        The weather files in ``raw/``, by days.
    known
        What is published of nights, where that is at hand.
    memory
        What looks at ``raw/`` found out.
    now
        The present (aware).

    Returns
    -------
    dict
        Reason by key of a file.

    Raises
    ------
    StoreError
        If the bucket does not do its part.
    """
    from airglow.uploads.weather_news import find_news

    nights = []
    for night in _concerned(registry, {day: weather.get(day, [])}, now):
        recalled = memory.recall_weather(night, _objects(weather, night))
        if night in known or recalled is None or recalled[0] == _LATER:
            nights.append(night)
    indices = {**known, **_published(store, [night for night in nights if night not in known])}
    needed: dict[str, str] = {}
    for night in nights:
        files = list(weather.get(day, []))
        if night not in indices:
            if store.head(night.pending_key) is not None:
                needed |= {found.key: f"{night.name} is at work" for _, found in files}
            continue
        try:
            news = find_news(store, registry.site(day.site), night, indices[night], files)
        except (ChangedObject, MissingObject):
            needed |= {found.key: "changed while the night was cleaned up" for _, found in files}
            continue
        needed |= {each.raw.key: f"{night.name} is to be finished again with it" for each in news}
    return needed


def _concerned(registry: Registry, weather: WeatherDays, now: dt.datetime) -> list[NightId]:
    """Nights that may have begun and need any of the files: those of their date and of the next one."""
    days = {(day.site, date) for day in weather for date in (day.date, day.date - ONE_DAY)}
    return [
        NightId(instrument, site, date)
        for site, date in sorted(days)
        if registry.site(site).noon(date) < now
        for instrument in registry.instruments_at(site, date)
    ]


def _files(weather: WeatherDays, night: NightId) -> list[tuple[WeatherFile, StoredObject]]:
    days = (WeatherDay(night.site, night.date), WeatherDay(night.site, night.date + ONE_DAY))
    return [found for day in days for found in weather.get(day, [])]


def _objects(weather: WeatherDays, night: NightId) -> list[StoredObject]:
    return [found for _, found in _files(weather, night)]


def list_states(store: Store, night: NightId) -> dict[NightId, list[StoredObject]]:
    """What the bucket has of the state of a night and of the one before, which its weather may concern too.

    Parameters
    ----------
    store
        The bucket.
    night
        The night.

    Returns
    -------
    dict
        Objects by night, of both nights.

    Raises
    ------
    StoreError
        If the bucket cannot be listed.
    """
    before, after = (replace(night, date=night.date + step) for step in (-ONE_DAY, ONE_DAY))
    every_night = night.state_prefix.removesuffix(f"{night.date:%Y/%Y%m%d}/")
    found = store.list(every_night, after=before.state_prefix, until=after.state_prefix)
    return {each: [one for one in found if one.key.startswith(each.state_prefix)] for each in (before, night)}


def _published(
    store: Store, nights: Iterable[NightId], states: Mapping[NightId, Sequence[StoredObject]] | None = None
) -> dict[NightId, dict[str, Any]]:
    """What is published of nights, as far as anything is; one listing tells for several of a month."""
    by_month: dict[str, list[NightId]] = {}
    known, states = [], states or {}
    for night in nights:
        if night in states:
            known += [night] if any(one.key == night.published_key for one in states[night]) else []
            continue
        month = night.state_prefix.removesuffix(f"{night.date:%d}/")
        by_month.setdefault(month, []).append(night)

    def candidates(month: str) -> list[NightId]:
        if len(by_month[month]) == 1:
            return by_month[month]
        there = {found.key for found in store.list(month)}
        return [night for night in by_month[month] if night.published_key in there]

    wanted = known + [night for found in in_threads(candidates, list(by_month)) for night in found]
    indices = in_threads(lambda night: _index(store, night), wanted)
    return {night: index for night, index in zip(wanted, indices, strict=True) if index}


def _index(store: Store, night: NightId) -> dict[str, Any] | None:
    """What is published of a night; None if nothing is. What cannot be read is told by its own steps."""
    try:
        index = parse_json(store.get_bytes(night.published_key))
    except (MissingObject, ValueError):
        return None
    return index if isinstance(index, dict) and _is_whole(index) else None


def _is_whole(index: Mapping[str, Any]) -> bool:
    """Whether an index has what is asked of it here; a damaged one must not stop the look at the others."""
    try:
        is_dated = dt.datetime.fromisoformat(index["made_at"]).tzinfo is not None
        weather = [entry for outcome in index["outcomes"].values() for entry in outcome.get("weather", ())]
    except (AttributeError, KeyError, TypeError, ValueError):
        return False
    return is_dated and all(
        isinstance(entry, dict) and type(entry.get("size")) is int and isinstance(entry.get("sha256"), str)
        for entry in weather
    )
