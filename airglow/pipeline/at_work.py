"""Steps that are at work: each has a note on the local disk from its beginning to its end.

The notes are in ``at_work`` in the workflow's directory for temporary files, beside a file that says which
attempt they are of. What is left of them at the end of a run are steps that were killed. What a run leaves
that came to no end itself is kept for the next one, in ``interrupted``, until the bucket has it on record.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from airglow.model.files import parse_json, write_whole
from airglow.pipeline.failures import name_of, note_path, record_failure
from airglow.store import json_bytes
from airglow.uploads import Versions

_AT_WORK = "at_work"
_INTERRUPTED = "interrupted"
_ATTEMPT = "attempt.json"
_KILLED = "it was killed, perhaps since memory ran out (see the kernel's log, journalctl -k)"


@dataclass(frozen=True)
class StepAtWork:
    """A step that has begun.

    Parameters
    ----------
    rule
        Rule of the workflow.
    wildcards
        Of which night: ``instrument``, ``site``, ``date`` and ``tag``, as far as the step has them.
    log
        Where to read more.
    attempt
        When the run began (`airglow.pipeline.attempts.attempt_stamp`); empty without a run.
    tried
        What it works on (`airglow.uploads.tried`); empty if that is not known.
    begun
        When, UTC; empty if that is not known.
    """

    rule: str
    wildcards: Mapping[str, str]
    log: str
    attempt: str = ""
    tried: str = ""
    begun: str = ""

    @property
    def name(self) -> str:
        """Name of the night, or of what else it is about, as of `airglow.pipeline.failures.Failure`."""
        return name_of(self.wildcards) or self.rule


@dataclass(frozen=True)
class InterruptedAttempt:
    """What a run left that came to no end.

    Parameters
    ----------
    folder
        Where its notes are.
    stamp
        When it began (`airglow.pipeline.attempts.attempt_stamp`).
    versions
        Of code and settings.
    steps
        What was at work, the first to begin first.
    """

    folder: Path
    stamp: str
    versions: Versions
    steps: tuple[StepAtWork, ...] = field(default=())


def begin_attempt(work: Path, stamp: str, versions: Versions) -> None:
    """At the beginning of a run: put by what one before left at work that came to no end.

    Parameters
    ----------
    work
        The workflow's directory for temporary files.
    stamp
        When the run began (`airglow.pipeline.attempts.attempt_stamp`).
    versions
        Of code and settings.
    """
    folder = work / _AT_WORK
    if _steps(folder):
        # In one step: killed at any moment, the notes are in one of the two places.
        kept = work / _INTERRUPTED / (_read(folder / _ATTEMPT).get("attempt") or f"before_{stamp}")
        kept.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(kept)
    write_whole(folder / _ATTEMPT, json_bytes({"attempt": stamp, **asdict(versions)}))


def begin_step(work: Path, step: StepAtWork) -> None:
    """Note that a step is at work, so that one that is killed does not go unnoticed.

    Parameters
    ----------
    work
        The workflow's directory for temporary files.
    step
        The step.
    """
    begun = step.begun or dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    value = {**asdict(step), "wildcards": dict(step.wildcards), "begun": begun}
    write_whole(note_path(work / _AT_WORK, step.rule, step.wildcards), json_bytes(value))


def end_step(work: Path, rule: str, wildcards: Mapping[str, str]) -> None:
    """Note that a step has ended, well or not.

    Parameters
    ----------
    work
        The workflow's directory for temporary files.
    rule, wildcards
        As of `StepAtWork`.
    """
    note_path(work / _AT_WORK, rule, wildcards).unlink(missing_ok=True)


def step_at_work(work: Path, rule: str, wildcards: Mapping[str, str]) -> StepAtWork | None:
    """What a step has noted that began and did not come to its end.

    Parameters
    ----------
    work
        The workflow's directory for temporary files.
    rule, wildcards
        As of `StepAtWork`.

    Returns
    -------
    StepAtWork or None
    """
    with contextlib.suppress(TypeError):
        return StepAtWork(**_read(note_path(work / _AT_WORK, rule, wildcards)))
    return None


def record_killed(work: Path) -> None:
    """At the end of a run: put steps on record that began and did not come to an end.

    Parameters
    ----------
    work
        The workflow's directory for temporary files.
    """
    for step in _steps(work / _AT_WORK):
        how = {"attempt": step.attempt, "tried": step.tried}
        record_failure(work, step.rule, step.wildcards, _KILLED, step.log, **how)
        end_step(work, step.rule, step.wildcards)
    for path in (work / _AT_WORK).glob("*.json"):  # what is left cannot be read
        if path.name != _ATTEMPT:
            path.unlink(missing_ok=True)


def interrupted_attempts(work: Path) -> list[InterruptedAttempt]:
    """What runs left that came to no end, and that the bucket has not on record.

    Parameters
    ----------
    work
        The workflow's directory for temporary files.

    Returns
    -------
    list of InterruptedAttempt
        Oldest first.
    """
    found = []
    for folder in sorted((work / _INTERRUPTED).glob("*")):
        about = _read(folder / _ATTEMPT)
        versions = Versions(str(about.get("code", "")), str(about.get("settings", "")))
        found.append(
            InterruptedAttempt(folder, str(about.get("attempt", "")), versions, tuple(_steps(folder)))
        )
    return found


def forget_attempt(attempt: InterruptedAttempt) -> None:
    """Forget what a run left, after it went on record.

    Parameters
    ----------
    attempt
        What it left.
    """
    shutil.rmtree(attempt.folder, ignore_errors=True)


def _steps(folder: Path) -> list[StepAtWork]:
    steps = []
    for path in sorted(folder.glob("*.json")):
        if path.name == _ATTEMPT:
            continue
        with contextlib.suppress(KeyError, TypeError, AttributeError):
            steps.append(StepAtWork(**_read(path)))
    return sorted(steps, key=lambda step: step.begun)


def _read(path: Path) -> dict:
    with contextlib.suppress(OSError, ValueError):
        value = parse_json(path.read_bytes())
        if isinstance(value, dict):
            return value
    return {}
