"""Attempts that ended without their end: the run, or the machine, came down while a step was at work.

One or two of them say nothing of a night: an operator may have killed the run. A night that was under way the
third time in a row is suspected to be the reason, and is not to come first again.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from airglow.model.states import SAME_FAULT_LIMIT, ErrorClass, NightState
from airglow.uploads.records import Attempt, Fault, NightRecord, Versions, failed, with_event

CAME_DOWN = "the run, or the machine, came down while it was at work, several times in a row"
INTERRUPTED = "interrupted"  # result of such an attempt


def interruptions(record: NightRecord, step: str, versions: Versions, upload: str) -> int:
    """How many attempts in a row were interrupted in a step, one that has just been found included.

    Parameters
    ----------
    record
        The record before it.
    step
        Rule of the workflow, and the tag: tags are at work together, so the rule counts.
    versions
        Of code and settings of the attempt.
    upload
        Digest of the upload that it tried; empty if that is not known.

    Returns
    -------
    int
    """
    is_same = record.interrupted_in == _rule(step) and record.versions == versions
    is_other_upload = bool(upload and record.upload) and upload != record.upload
    return record.interrupted + 1 if is_same and not is_other_upload else 1


def interrupted(
    record: NightRecord,
    step: str,
    now: dt.datetime,
    *,
    alone: bool,
    others_pass: bool,
    versions: Versions,
    upload: str = "",
    log: str = "",
) -> NightRecord:
    """The record after an attempt that was interrupted.

    Parameters
    ----------
    record
        The record before it.
    step
        Rule of the workflow that was at work, and the tag.
    now
        When that was found (UTC).
    alone
        Whether no other night was interrupted as often.
    others_pass
        Whether other nights have passed that step since it was interrupted first.
    versions
        Of code and settings of the attempt.
    upload
        Digest of the upload that it tried; empty if that is not known.
    log
        Key of the log of the attempt.

    Returns
    -------
    NightRecord
        From the third one on failed, or held; before that as it was, and one more attempt. A verdict of other
        versions, or on another upload, is no verdict on what was tried now, and goes.
    """
    count = interruptions(record, step, versions, upload)
    counted = {"interrupted": count, "interrupted_in": _rule(step)}
    if _is_of_another_try(record, versions, upload):
        record = _without_verdict(record, now)
    if count < SAME_FAULT_LIMIT or record.state in (NightState.HELD, NightState.REFUSED):
        changed = replace(
            record,
            attempts=record.attempts + 1,
            last_tried=now,
            versions=versions,
            upload=upload or record.upload,
            **counted,
        )
        event = Attempt(now, INTERRUPTED, step, "", ErrorClass.MACHINE.value, versions.code, log)
        return with_event(changed, event)
    fault = Fault(step, CAME_DOWN, ErrorClass.MACHINE)
    is_told = record.fault_key == fault.key
    before = replace(
        record,
        step=step,
        reason=CAME_DOWN,
        error_class=ErrorClass.MACHINE,
        since=record.since if is_told else now,
        same_fault=count - 1,
        versions=versions,
    )
    how = {"alone": alone, "others_pass": others_pass, "versions": versions, "upload": upload, "log": log}
    after = failed(before, fault, now, **how)
    # With none counted it would be over as soon as another night passes: what brings runs down is not.
    return replace(after, same_fault=max(after.same_fault, 1), **counted)


def _is_of_another_try(record: NightRecord, versions: Versions, upload: str) -> bool:
    """Whether what a record says was found of other versions, or another upload, than were tried now."""
    return record.versions != versions or bool(upload and upload != record.upload.partition("+")[0])


def _without_verdict(record: NightRecord, now: dt.datetime) -> NightRecord:
    return replace(
        record,
        state=NightState.RUNNING,
        reason="",
        error_class=None,
        step="",
        since=now,
        same_fault=0,
        next_try=None,
    )


def _rule(step: str) -> str:
    return step.split(" ")[0]
