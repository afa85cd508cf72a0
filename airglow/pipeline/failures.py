"""Steps of the workflow that failed: each has a note on the local disk until it succeeds.

A note is a file in ``failures`` in the workflow's directory for temporary files, named by rule, night and
tag. At the end of a run the bucket gets what they say of nights (`airglow.pipeline.closing`).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from airglow.model.errors import MachineError
from airglow.model.files import parse_json, write_whole
from airglow.model.names import NIGHT
from airglow.model.states import ErrorClass
from airglow.store import json_bytes

_FAILURES = "failures"
_NIGHT_IN_NAME = re.compile(NIGHT)


@dataclass(frozen=True)
class Failure:
    """A step that failed, and was not repeated with success since.

    Parameters
    ----------
    rule
        Rule of the workflow.
    name
        Name of the night; site and date, or the rule, where the step is of no single night.
    tag
        Tag of the frames; empty for a step of all tags.
    reason
        One sentence for people.
    at
        When it failed, UTC to the second.
    log
        Where to read more.
    error_class
        Whose fault it is.
    refused
        True if it is a verdict on the upload.
    recorded
        True if the bucket has it on record.
    attempt
        When the run began in which it failed (`airglow.pipeline.attempts.attempt_stamp`); empty if not known.
    tried
        What the step worked on (`airglow.uploads.tried`); empty if that is not known.
    """

    rule: str
    name: str
    tag: str
    reason: str
    at: dt.datetime
    log: str
    error_class: ErrorClass = ErrorClass.MACHINE
    refused: bool = False
    recorded: bool = False
    attempt: str = ""
    tried: str = ""


def record_failure(
    work: Path,
    rule: str,
    wildcards: Mapping[str, str],
    reason: str,
    log: str,
    error_class: ErrorClass = ErrorClass.MACHINE,
    refused: bool = False,
    attempt: str = "",
    tried: str = "",
) -> None:
    """Put a failure on record.

    Parameters
    ----------
    work
        The workflow's directory for temporary files.
    rule
        Which step.
    wildcards
        Of which night: ``instrument``, ``site``, ``date`` and ``tag``, as far as the step has them.
    reason
        One sentence for people.
    log
        Where to read more.
    error_class
        Whose fault it is.
    refused
        True if it is a verdict on the upload.
    attempt, tried
        As of `Failure`.
    """
    at = dt.datetime.now(dt.UTC).replace(microsecond=0)
    name, tag = name_of(wildcards) or rule, wildcards.get("tag", "")
    failure = Failure(rule, name, tag, reason, at, log, error_class, refused, False, attempt, tried)
    write_whole(_failure_path(work, rule, wildcards), json_bytes(_to_json(failure)))


def forget_failure(work: Path, rule: str, wildcards: Mapping[str, str]) -> None:
    """Remove the record of a failure, after the same step succeeded.

    Parameters
    ----------
    work
        The workflow's directory for temporary files.
    rule, wildcards
        As in `record_failure`. Without such a record nothing happens.
    """
    _failure_path(work, rule, wildcards).unlink(missing_ok=True)


def forget_failures(work: Path, name: str) -> None:
    """Remove the records of all failures of a night, after it was finished, be it by another way.

    Parameters
    ----------
    work
        The workflow's directory for temporary files.
    name
        Name of the night.
    """
    for path in (work / _FAILURES).glob(f"*_{name}*.json"):
        path.unlink(missing_ok=True)


def mark_recorded(work: Path, failure: Failure) -> None:
    """Note that the bucket has a failure on record: here it only helps to find its log.

    Parameters
    ----------
    work
        The workflow's directory for temporary files.
    failure
        Which one.
    """
    for path, known in _records(work):
        if known == failure:
            try:
                write_whole(path, json_bytes({**_to_json(failure), "recorded": True}))
            except MachineError:  # a full disk: then the note goes, for the bucket has all of it
                path.unlink(missing_ok=True)


def forget_recorded(work: Path, only_by_name: Collection[str] = ()) -> None:
    """At the beginning of a run: failures that the bucket knows, and those of what was asked for by name.

    Parameters
    ----------
    work
        The workflow's directory for temporary files.
    only_by_name
        Rules that run only where a file is asked for by its name.
    """
    for path, failure in _records(work):
        if failure.recorded or failure.rule in only_by_name:
            path.unlink(missing_ok=True)


def forget_before(work: Path, moment: dt.datetime) -> None:
    """After a run that repeats whatever is to be repeated: failures of before, which it did not repeat.

    Parameters
    ----------
    work
        The workflow's directory for temporary files.
    moment
        When the run began (UTC).
    """
    for path, failure in _records(work):
        if failure.at < moment:
            path.unlink(missing_ok=True)


def failures(work: Path) -> list[Failure]:
    """All failures on record.

    Parameters
    ----------
    work
        The workflow's directory for temporary files.

    Returns
    -------
    list of Failure
        Oldest first; a record that cannot be read is a failure that says so.
    """
    return sorted((failure for _, failure in _records(work)), key=lambda failure: failure.at)


def failure_of(work: Path, rule: str, wildcards: Mapping[str, str]) -> Failure | None:
    """The failure of a step on record.

    Parameters
    ----------
    work
        The workflow's directory for temporary files.
    rule, wildcards
        As in `record_failure`.

    Returns
    -------
    Failure or None
    """
    wanted = _failure_path(work, rule, wildcards)
    return next((failure for path, failure in _records(work) if path == wanted), None)


def _records(work: Path) -> Iterator[tuple[Path, Failure]]:
    for path in (work / _FAILURES).glob("*.json"):
        try:
            record = parse_json(path.read_text(encoding="utf-8"))
            at, error_class = dt.datetime.fromisoformat(record["at"]), ErrorClass(record["error_class"])
            yield path, Failure(**{**record, "at": at, "error_class": error_class})
        except FileNotFoundError:
            continue  # the step has just succeeded
        except (OSError, ValueError, TypeError, KeyError) as error:
            yield path, _unreadable(path, error)


def _to_json(failure: Failure) -> dict[str, object]:
    return {**asdict(failure), "at": failure.at.isoformat(), "error_class": failure.error_class.value}


def _unreadable(path: Path, error: Exception) -> Failure:
    """A failure of which no more is known than the name of its record."""
    night = _NIGHT_IN_NAME.search(path.stem)
    reason = f"its record cannot be read ({error}). Remove {path}: if the step fails again, it makes another"
    rule = path.stem.split("_")[0]
    try:
        at = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
    except OSError:
        at = dt.datetime.now(dt.UTC)
    return Failure(rule, night[0] if night else path.stem, "", reason, at, log="not known")


def name_of(wildcards: Mapping[str, str]) -> str:
    """Name of the night, or of site and date, that wildcards are of.

    Parameters
    ----------
    wildcards
        As in `record_failure`.

    Returns
    -------
    str
        Empty if they are of neither.
    """
    return "_".join(wildcards[key] for key in ("instrument", "site", "date") if key in wildcards)


def note_path(directory: Path, rule: str, wildcards: Mapping[str, str]) -> Path:
    """Where the note of a step is.

    Parameters
    ----------
    directory
        The directory of notes of a kind.
    rule, wildcards
        As in `record_failure`.

    Returns
    -------
    Path
    """
    name = "_".join(filter(None, (rule, name_of(wildcards), wildcards.get("tag", ""))))
    return directory / f"{re.sub(r'[^A-Za-z0-9_]', '-', name)}.json"


def _failure_path(work: Path, rule: str, wildcards: Mapping[str, str]) -> Path:
    return note_path(work / _FAILURES, rule, wildcards)
