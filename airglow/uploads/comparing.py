"""An upload beside what the bucket has of its night already: the archive, and a refusal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from airglow.store import Store
from airglow.uploads.days import ONE_DAY
from airglow.uploads.discovery import NightReport, State
from airglow.uploads.listing import Upload
from airglow.uploads.manifests import Archived
from airglow.uploads.memory import Memory
from airglow.uploads.pending import kept_manifests_prefix
from airglow.uploads.refusals import refusal_of

_NOT_ARCHIVED = "interrupted before it was archived"
_DAMAGED = "its manifest was damaged: "


def is_to_be_looked_up(
    report: NightReport, upload: Upload, marked: bool, memory: Memory, now: dt.datetime
) -> bool:
    """Whether what the bucket has of a night can change what becomes of its upload."""
    if report.state not in (State.READY, State.WAITING):
        return False
    only_waits = report.state is State.WAITING and not marked
    return not (only_waits and memory.knows_not_archived(report.night, upload.objects, now))


def compare_with_archive(
    store: Store,
    report: NightReport,
    upload: Upload,
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
        return replace(report, state=State.HELD, reason=archive.problem, is_final=True)
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


def compare_with_refusal(
    store: Store,
    report: NightReport,
    upload: Upload,
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
    return replace(report, state=State.WAITING, reason=reason, is_final=True)
