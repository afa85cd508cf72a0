"""Where every night stands, for the operator: its state, the reason, and since when.

Three things are looked at: what the last discovery found in the bucket, which failures the steps of the
workflow left on record on the local disk, and, for nights that were worked on, their sentinels in the bucket.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from airglow.errors import AirglowError, BadInput
from airglow.store import Store, json_bytes, open_store, settings_from_environment
from airglow.uploads import Discovery, NightId, discovery_from_json

_FAILURES = "failures"
_SHOWN_STRAYS = 5


@dataclass(frozen=True)
class Row:
    """A night (or a site's weather files) in the table."""

    name: str
    state: str
    reason: str
    since: dt.datetime | None  # UTC


@dataclass(frozen=True)
class Failure:
    """A step that failed, and was not repeated with success since."""

    rule: str
    name: str  # of the night; site and date, or the rule, where the step is of no single night
    tag: str
    reason: str
    at: dt.datetime  # UTC
    log: str


def record_failure(work: Path, rule: str, wildcards: Mapping[str, str], reason: str, log: str) -> None:
    """Put a failure on record.

    Parameters
    ----------
    work
        The workflow's directory for temporary files.
    rule, wildcards
        Which step of which night.
    reason
        One sentence for people.
    log
        Where to read more.
    """
    path = _failure_path(work, rule, wildcards)
    path.parent.mkdir(parents=True, exist_ok=True)
    at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    tag = wildcards.get("tag", "")
    name = _name(wildcards) or rule
    record = {"rule": rule, "name": name, "tag": tag, "reason": reason, "at": at, "log": log}
    path.write_bytes(json_bytes(record))


def forget_failure(work: Path, rule: str, wildcards: Mapping[str, str]) -> None:
    """Remove the record of a failure, after the same step succeeded."""
    _failure_path(work, rule, wildcards).unlink(missing_ok=True)


def forget_failures(work: Path, name: str) -> None:
    """Remove the records of all failures of a night, after it was finished, be it by another way."""
    for path in (work / _FAILURES).glob(f"*_{name}*.json"):
        path.unlink(missing_ok=True)


def failures(work: Path) -> list[Failure]:
    """All failures on record, oldest first."""
    found = []
    for path in (work / _FAILURES).glob("*.json"):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            found.append(Failure(**{**record, "at": dt.datetime.fromisoformat(record["at"])}))
        except (ValueError, TypeError, KeyError):
            continue  # half a record, of a step that was killed as it wrote it
    return sorted(found, key=lambda failure: failure.at)


def rows(discovery: Discovery | None, failed: Iterable[Failure], store: Store | None = None) -> list[Row]:
    """The table of nights.

    Parameters
    ----------
    discovery
        What the last discovery found, if there was one.
    failed
        Failures on record.
    store
        If given, nights that were worked on are looked up in the bucket.

    Returns
    -------
    list of Row
        In the order of the discovery; then failures of nights that it does not know.
    """
    by_name: dict[str, list[Failure]] = {}
    for failure in failed:
        by_name.setdefault(failure.name, []).append(failure)
    table = []
    for report in discovery.nights if discovery else ():
        of_night = by_name.pop(report.night.name, [])
        row = Row(report.night.name, report.state.value, report.reason, report.since)
        if report.is_wanted:
            if of_night:
                row = _failed_row(row.name, of_night)
            elif store is not None:
                row = night_row(store, report.night) or row
        elif of_night:  # what it waits for comes first
            row = replace(row, reason=f"{row.reason}; failed before: {_what_failed(of_night)}")
        table.append(row)
    table += [_failed_row(name, of_night) for name, of_night in by_name.items()]
    return table


def night_row(store: Store, night: NightId) -> Row | None:
    """Where a night that was worked on stands, by its sentinels in the bucket; None if there is none."""
    published = store.get_json(night.published_key)
    reached = (
        ("done", night.cleaned_key),
        ("loaded, not finished", night.loaded_key),
        ("published, not finished", night.published_key),
    )
    for state, key in reached:
        sentinel = store.get_json(key)
        if sentinel is not None:
            return Row(night.name, state, describe_outcomes(published), _moment(sentinel))
    manifest = store.head(night.manifest_key)
    return Row(night.name, "archived, not finished", "", manifest.modified) if manifest else None


def summarise_night(store: Store, night: NightId) -> dict[str, Any]:
    """What the archive, the products and the database have of a night, as JSON can hold it."""
    manifest = store.get_json(night.manifest_key) or {}
    published = store.get_json(night.published_key) or {}
    return {
        "night": night.name,
        "state": _row_or_nothing(store, night).state,
        "archive": manifest.get("totals"),
        "outcomes": published.get("outcomes", {}),
        "products": [product["key"] for product in published.get("products", [])],
        "database": store.get_json(night.loaded_key),
        "page": (store.get_json(night.page_key) or {}).get("page"),
        "cleanup": store.get_json(night.cleaned_key),
    }


def describe_outcomes(index: Mapping[str, Any] | None) -> str:
    """What the analysis of a night's tags came to, in a few words."""
    if not index:
        return ""
    words = []
    for tag, outcome in index.get("outcomes", {}).items():
        said = outcome.get("state", "?")
        reason = outcome.get("reason", "")
        frames = outcome.get("sky_frames")
        if said == "analysed" and frames is not None:
            said = f"{frames} sky frames"
        words.append(f"{tag}: {said}" + (f" ({reason})" if reason else ""))
    return "; ".join(words)


def format_table(table: Iterable[Row]) -> str:
    """The table as text; empty without rows."""
    cells = [("night", "state", "since (UTC)", "reason")]
    for row in table:
        since = f"{row.since.astimezone(dt.UTC):%Y-%m-%d %H:%M}" if row.since else "-"
        cells.append((row.name, row.state, since, row.reason))
    if len(cells) == 1:
        return ""
    widths = [max(len(line[column]) for line in cells) for column in range(3)]
    return "\n".join(
        "  ".join([*(text.ljust(width) for text, width in zip(line, widths, strict=False)), line[3]]).rstrip()
        for line in cells
    )


def report(work: Path, store: Store | None = None, table: Iterable[Row] | None = None) -> str:
    """Everything that an operator wants to see after a run, as text.

    Parameters
    ----------
    work
        The workflow's directory for temporary files.
    store
        If given, nights that were worked on are looked up in the bucket.
    table
        The `rows`, where they are known already.
    """
    discovery = last_discovery(work / "discovery.json")
    if table is None:
        table = rows(discovery, failures(work), store)
    text = format_table(table) or "No night is waiting or at work."
    if discovery is None:
        return text
    lines = [f"As of {discovery.made_at:%Y-%m-%d %H:%M} UTC:", text]
    if discovery.strays:
        lines.append(f"{len(discovery.strays)} objects in raw/ are none of ours:")
        lines += [f"  {key}: {reason}" for key, reason in discovery.strays[:_SHOWN_STRAYS]]
        if len(discovery.strays) > _SHOWN_STRAYS:
            lines.append("  ...")
    return "\n".join(lines)


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command ``status``."""
    parser.add_argument("night", nargs="*", help="such as minime05_uao_20250429 (default: all at hand)")
    parser.add_argument(
        "--work", type=Path, default=Path("work"), help="the workflow's temporary files (default: work)"
    )
    parser.add_argument("--offline", action="store_true", help="do not ask the bucket")


def run(args: argparse.Namespace) -> int:
    """Print where nights stand."""
    if args.night and args.offline:
        raise AirglowError("a night is looked up in the bucket: leave out --offline")
    store = None if args.offline else open_store(settings_from_environment())
    if not args.night:
        print(report(args.work, store))
        return 0
    by_name: dict[str, list[Failure]] = {}
    for failure in failures(args.work):
        by_name.setdefault(failure.name, []).append(failure)
    table = []
    for name in args.night:
        table.append(_row_or_nothing(store, NightId.parse(name)))
        table += [_failed_row(name, [failure]) for failure in by_name.get(name, [])]
    print(format_table(table))
    return 0


def last_discovery(path: Path) -> Discovery | None:
    """What was found last; None before the first discovery, or after one of another version."""
    try:
        return discovery_from_json(json.loads(path.read_text(encoding="utf-8")), str(path))
    except (FileNotFoundError, ValueError, BadInput):
        return None


def _row_or_nothing(store: Store, night: NightId) -> Row:
    return night_row(store, night) or Row(night.name, "not archived", "", None)


def _failed_row(name: str, of_night: list[Failure]) -> Row:
    return Row(name, "failed", _what_failed(of_night), of_night[0].at)


def _what_failed(of_night: list[Failure]) -> str:
    first = of_night[0]
    what = " ".join(filter(None, (first.rule, first.tag)))
    more = f" (and {len(of_night) - 1} more)" if len(of_night) > 1 else ""
    return f"{what}: {first.reason}{more}. Log: {first.log}"


def _name(wildcards: Mapping[str, str]) -> str:
    return "_".join(wildcards[key] for key in ("instrument", "site", "date") if key in wildcards)


def _failure_path(work: Path, rule: str, wildcards: Mapping[str, str]) -> Path:
    name = "_".join(filter(None, (rule, _name(wildcards), wildcards.get("tag", ""))))
    return work / _FAILURES / f"{re.sub(r'[^A-Za-z0-9_]', '-', name)}.json"


def _moment(sentinel: Mapping[str, Any]) -> dt.datetime | None:
    return dt.datetime.fromisoformat(sentinel["made_at"]) if "made_at" in sentinel else None
