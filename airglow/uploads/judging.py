"""A night by its objects in ``raw/`` alone: whether its upload is complete, and if not, why it waits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

from airglow.model.errors import AirglowError, BadInput
from airglow.registry import Registry
from airglow.store import ChangedObject, MissingObject, Store, in_threads
from airglow.uploads.aside import Aside, overdue
from airglow.uploads.days import ONE_DAY
from airglow.uploads.discovery import NightReport, State, WeatherDay
from airglow.uploads.keys import NightId, first_part
from airglow.uploads.listing import Raw, Upload
from airglow.uploads.memory import Memory
from airglow.uploads.receipt import MAX_RECEIPT_BYTES, Receipt, parse_receipt, what_is_missing


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


def read_receipts(
    store: Store, registry: Registry, uploads: Mapping[NightId, Upload], memory: Memory
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


def judge(
    store: Store,
    registry: Registry,
    settings: ScanSettings,
    now: dt.datetime,
    report: NightReport,
    upload: Upload,
    receipt: Receipt | AirglowError | None,
    raw: Raw,
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
    store: Store, registry: Registry, night: NightId, receipt: Receipt, now: dt.datetime, raw: Raw
) -> str:
    """What the cloud files of a complete night lack; empty if they cover it."""
    from airglow.uploads.clouds import what_clouds_lack  # numpy and the sun, which few steps need

    days = (WeatherDay(night.site, night.date), WeatherDay(night.site, night.date + ONE_DAY))
    uploaded = {found.key: found.size for day in days for _, found in raw.weather.get(day, [])}
    site = registry.site(night.site)
    return what_clouds_lack(store, site, night, receipt.made_at, now, uploaded, raw.cloud_ends)


def overdue_upload(
    registry: Registry, report: NightReport, upload: Upload, settings: ScanSettings, now: dt.datetime
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
