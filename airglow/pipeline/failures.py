"""Steps of the workflow that failed: each has a record on the local disk until it succeeds.

A record is a file in ``failures`` in the workflow's directory for temporary files, named by rule, night and
tag.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import re
import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from airglow.model.errors import BadInput
from airglow.model.files import write_whole
from airglow.model.names import NIGHT
from airglow.pipeline.last_discovery import DISCOVERY, last_discovery
from airglow.store import Store, json_bytes
from airglow.uploads import State, pending_nights

_FAILURES = "failures"
_AT_WORK = "at_work"  # steps that have begun and not ended
_NIGHT_IN_NAME = re.compile(NIGHT)
_KILLED = "it was killed, perhaps since memory ran out (see the kernel's log, journalctl -k)"


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
    """

    rule: str
    name: str
    tag: str
    reason: str
    at: dt.datetime
    log: str


def record_failure(work: Path, rule: str, wildcards: Mapping[str, str], reason: str, log: str) -> None:
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
    """
    path = _failure_path(work, rule, wildcards)
    at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    tag = wildcards.get("tag", "")
    name = _name(wildcards) or rule
    record = {"rule": rule, "name": name, "tag": tag, "reason": reason, "at": at, "log": log}
    write_whole(path, json_bytes(record))


def begin_step(work: Path, rule: str, wildcards: Mapping[str, str], log: str) -> None:
    """Note that a step is at work, so that one that is killed does not go unnoticed.

    Parameters
    ----------
    work, rule, wildcards, log
        As in `record_failure`.
    """
    note = {"rule": rule, "wildcards": dict(wildcards), "log": log}
    write_whole(_path(work / _AT_WORK, rule, wildcards), json_bytes(note))


def end_step(work: Path, rule: str, wildcards: Mapping[str, str]) -> None:
    """Note that a step has ended, well or not.

    Parameters
    ----------
    work, rule, wildcards
        As in `begin_step`.
    """
    _path(work / _AT_WORK, rule, wildcards).unlink(missing_ok=True)


def forget_steps(work: Path) -> None:
    """At the beginning of a run: what an earlier run left at work is repeated, or of no interest.

    Parameters
    ----------
    work
        The workflow's directory for temporary files.
    """
    shutil.rmtree(work / _AT_WORK, ignore_errors=True)


def record_killed(work: Path) -> None:
    """At the end of a run: put steps on record that began and did not come to an end.

    Parameters
    ----------
    work
        The workflow's directory for temporary files.
    """
    for path in sorted((work / _AT_WORK).glob("*.json")):
        with contextlib.suppress(OSError, ValueError, KeyError):
            note = json.loads(path.read_text(encoding="utf-8"))
            record_failure(work, note["rule"], note["wildcards"], _KILLED, note["log"])
    forget_steps(work)


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


def forget_unrepeated(work: Path, store: Store, only_by_name: Collection[str] = ()) -> list[str]:
    """Remove the records of failures that no run repeats, and which would otherwise stay for ever.

    A run without targets repeats what the discovery wants and what has a marker of unfinished work. A night
    that was asked for by name and never existed or is not complete, or whose new analysis failed, is neither.
    Why a night failed that is held stays on record.

    Parameters
    ----------
    work
        The workflow's directory for temporary files.
    store
        The bucket, which has the markers; asked if the last discovery does not explain all failures.
    only_by_name
        Rules that run only where a file is asked for by its name.

    Returns
    -------
    list of str
        Names of the nights, or of what else, whose records are gone.
    """
    known = set()
    with contextlib.suppress(BadInput):  # a discovery that cannot be read is followed by another one
        if discovery := last_discovery(work / DISCOVERY):
            reports = [each for each in discovery.nights if each.is_wanted or each.state is State.HELD]
            known |= {report.night.name for report in reports}
            known |= {f"{report.night.site}_{report.night.day}" for report in reports}
            known |= {f"{day.site}_{day.date:%Y%m%d}" for day in discovery.weather_leftovers}
    in_doubt = []
    for path, failure in _records(work):
        if failure.rule in only_by_name or (failure.name != failure.rule and failure.name not in known):
            in_doubt.append((path, failure))
    pending = {night.name for night in pending_nights(store)} if in_doubt else set()
    gone = []
    for path, failure in in_doubt:
        if failure.rule in only_by_name or failure.name not in pending:
            path.unlink(missing_ok=True)
            gone.append(failure.name)
    return gone


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


def _records(work: Path) -> Iterator[tuple[Path, Failure]]:
    for path in (work / _FAILURES).glob("*.json"):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            yield path, Failure(**{**record, "at": dt.datetime.fromisoformat(record["at"])})
        except FileNotFoundError:
            continue  # the step has just succeeded
        except (OSError, ValueError, TypeError, KeyError) as error:
            yield path, _unreadable(path, error)


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


def _name(wildcards: Mapping[str, str]) -> str:
    return "_".join(wildcards[key] for key in ("instrument", "site", "date") if key in wildcards)


def _failure_path(work: Path, rule: str, wildcards: Mapping[str, str]) -> Path:
    return _path(work / _FAILURES, rule, wildcards)


def _path(directory: Path, rule: str, wildcards: Mapping[str, str]) -> Path:
    name = "_".join(filter(None, (rule, _name(wildcards), wildcards.get("tag", ""))))
    return directory / f"{re.sub(r'[^A-Za-z0-9_]', '-', name)}.json"
