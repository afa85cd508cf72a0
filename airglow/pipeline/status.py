"""Where every night stands, for the operator: its state, the reason, and since when.

Three things are looked at: what the last discovery found in the bucket, which failures the steps of the
workflow left on record on the local disk, and, for nights that were worked on, their sentinels in the bucket.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from airglow.model.errors import AirglowError, BadInput
from airglow.model.outcomes import outcome_reason
from airglow.model.result import ANALYSED
from airglow.pipeline.failures import Failure, failures
from airglow.pipeline.last_discovery import DISCOVERY, last_discovery
from airglow.pipeline.states import known_state
from airglow.store import Store, open_store, settings_from_environment
from airglow.uploads import (
    Discovery,
    NightId,
    NightReport,
    State,
    read_refusal,
)

_SHOWN_UNRECOGNISED = 5
_NO_ANSWER = 2  # exit status: it cannot be told where nights stand


@dataclass(frozen=True)
class Row:
    """A night (or a site's weather files) in the table.

    Parameters
    ----------
    name
        Name of the night, or of what else failed (`airglow.pipeline.failures.Failure`).
    state
        In a word or a few.
    reason
        Why, for people; may be empty.
    since
        UTC; None if not known.
    """

    name: str
    state: str
    reason: str
    since: dt.datetime | None


def rows(
    discovery: Discovery | None,
    failed: Iterable[Failure],
    store: Store | None = None,
    states: Path | None = None,
) -> list[Row]:
    """The table of nights.

    Parameters
    ----------
    discovery
        What the last discovery found, if there was one.
    failed
        Failures on record.
    store
        If given, nights that were worked on are looked up in the bucket.
    states
        The directory of the mirrors of sentinels (`airglow.pipeline.states`), while no other run can have
        changed the bucket since: nights that were finished here need not be looked up.

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
        if of_night and (report.is_wanted or report.state is State.QUEUED):
            row = _failed_row(row.name, of_night)
        elif report.is_wanted:
            if store is not None:
                here = _finished_here(report.night, states) if states else None
                row = here or night_row(store, report.night) or row
        elif of_night:  # what it waits for comes first
            row = replace(row, reason=f"{row.reason}; failed before: {_what_failed(of_night)}")
        table.append(row)
    table += [_failed_row(name, of_night) for name, of_night in by_name.items()]
    return table


def _finished_here(night: NightId, states: Path) -> Row | None:
    """The row of a night that this machine finished in the run at hand; None if it did not."""
    cleaned, published = (known_state(night, state, states) for state in ("cleaned", "published"))
    if cleaned is None or published is None:
        return None
    return Row(night.name, "done", describe_outcomes(published), _moment(cleaned))


def night_row(store: Store, night: NightId) -> Row | None:
    """Where a night that was worked on stands, by its sentinels in the bucket; None if there is none.

    Parameters
    ----------
    store
        The bucket.
    night
        The night.

    Returns
    -------
    Row or None
        The last sentinel that is there decides the state; a refusal comes before all of them.
    """
    if refusal := read_refusal(store, night):  # it goes as soon as another upload is taken up
        return Row(night.name, State.REFUSED.value, refusal.reason, refusal.made_at)
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
    """What the archive, the products and the database have of a night, as JSON can hold it.

    Parameters
    ----------
    store
        The bucket.
    night
        The night.

    Returns
    -------
    dict
        ``night``, ``state``, ``archive`` (totals of the manifest), ``outcomes`` by tag, ``products`` (keys),
        ``database``, ``page`` and ``cleanup``; None or empty where there is nothing.
    """
    manifest = store.get_json(night.manifest_key) or {}
    published = store.get_json(night.published_key) or {}
    return {
        "night": night.name,
        "state": (night_row(store, night) or _not_archived(night)).state,
        "archive": manifest.get("totals"),
        "outcomes": published.get("outcomes", {}),
        "products": [product["key"] for product in published.get("products", [])],
        "database": store.get_json(night.loaded_key),
        "page": (store.get_json(night.page_key) or {}).get("page"),
        "cleanup": store.get_json(night.cleaned_key),
    }


def describe_outcomes(index: Mapping[str, Any] | None) -> str:
    """What the analysis of a night's tags came to, in a few words.

    Parameters
    ----------
    index
        The index of products (`airglow.pipeline.publish.deliver`); None if nothing is published.

    Returns
    -------
    str
        Number of sky frames or the state of each tag, with the reason; empty without an index.
    """
    if not index:
        return ""
    texts = []
    for tag, outcome in index.get("outcomes", {}).items():
        text = outcome.get("state", "?")
        reason = outcome_reason(outcome)
        frames = outcome.get("sky_frames")
        if text == ANALYSED and frames is not None:
            text = f"{frames} sky frames"
        texts.append(f"{tag}: {text}" + (f" ({reason})" if reason else ""))
    return "; ".join(texts)


def format_table(table: Iterable[Row]) -> str:
    """The table as text.

    Parameters
    ----------
    table
        Its rows, in the order in which they are shown.

    Returns
    -------
    str
        A line of headings and one per row, with times in UTC; empty without rows.
    """
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


def report(discovery: Discovery | None, table: Iterable[Row]) -> str:
    """Everything that an operator wants to see after a run, as text.

    Parameters
    ----------
    discovery
        What the last discovery found; None if there was none, or none that can be read.
    table
        The `rows`.

    Returns
    -------
    str
        The table, when the discovery was made, and the first of the objects that it did not recognise.
    """
    text = format_table(table)
    if discovery is None:
        return text or "No step failed. What waits in raw/ was not looked at."
    text = text or "No night is waiting or at work."
    lines = [f"As of {discovery.made_at:%Y-%m-%d %H:%M} UTC:", text]
    if discovery.unrecognised:
        lines.append(f"{len(discovery.unrecognised)} objects in raw/ are none of ours:")
        lines += [f"  {key}: {reason}" for key, reason in discovery.unrecognised[:_SHOWN_UNRECOGNISED]]
        if len(discovery.unrecognised) > _SHOWN_UNRECOGNISED:
            lines.append("  ...")
    return "\n".join(lines)


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command ``status``.

    Parameters
    ----------
    parser
        Gets the arguments.
    """
    parser.add_argument("night", nargs="*", help="such as minime05_uao_20250429 (default: all at hand)")
    parser.add_argument(
        "--work", type=Path, default=Path("work"), help="the workflow's temporary files (default: work)"
    )
    parser.add_argument("--offline", action="store_true", help="do not ask the bucket")


def run(args: argparse.Namespace) -> int:
    """Print where nights stand.

    Parameters
    ----------
    args
        What `configure` describes.

    Returns
    -------
    int
        0; 1 if a name is none of a night; 2 if it is not known here what waits.

    Raises
    ------
    AirglowError
        If the bucket is needed and cannot be asked.
    """
    if args.night:
        return _tell_of(args.night, args.work, args.offline)
    try:
        discovery, problem = last_discovery(args.work / DISCOVERY), ""
    except AirglowError as error:
        discovery, problem = None, str(error)
    if discovery is None and not problem:
        problem = (
            f"{args.work.absolute()}: no run has looked for nights from here (there is no {DISCOVERY}).\n"
            "Run it in the directory in which the workflow runs, or: sudo airglow-workflow status"
        )
    failed = failures(args.work)
    if discovery is not None:
        store = None if args.offline else open_store(settings_from_environment())
        print(report(discovery, rows(discovery, failed, store)))
        return 0
    if failed:
        print(format_table(rows(None, failed)))
    print(problem, file=sys.stderr)
    return _NO_ANSWER


def _tell_of(names: Iterable[str], work: Path, offline: bool) -> int:
    """Print where some nights stand, by the bucket; a name that is none of a night costs no other one.

    Of a night that is only in ``raw/``, the bucket tells nothing: then the last discovery does, if there is
    one here.
    """
    if offline:
        raise AirglowError("a night is looked up in the bucket: leave out --offline")
    nights, wrong = [], []
    for name in names:
        try:
            nights.append(NightId.parse(name))
        except BadInput as error:
            wrong.append(str(error))
    store = open_store(settings_from_environment()) if nights else None
    failed = failures(work)
    table = []
    found = _reports(work) if nights else {}
    for night in nights:
        row = night_row(store, night)
        if row is None and night.name in found:
            known = found[night.name]
            row = Row(night.name, known.state.value, known.reason, known.since)
        table.append(row or _not_archived(night))
        table += [_failed_row(night.name, [failure]) for failure in failed if failure.name == night.name]
    if table:
        print(format_table(table))
    for problem in wrong:
        print(f"airglow status: {problem}", file=sys.stderr)
    return 1 if wrong else 0


def _reports(work: Path) -> dict[str, NightReport]:
    """What the last discovery says of each night; nothing where there is none that can be read."""
    try:
        discovery = last_discovery(work / DISCOVERY)
    except AirglowError:
        return {}
    return {report.night.name: report for report in discovery.nights} if discovery else {}


def _not_archived(night: NightId) -> Row:
    return Row(night.name, "not archived", "", None)


def _failed_row(name: str, of_night: list[Failure]) -> Row:
    return Row(name, "failed", _what_failed(of_night), of_night[0].at)


def _what_failed(of_night: list[Failure]) -> str:
    first = of_night[0]
    step = " ".join(filter(None, (first.rule, first.tag)))
    more = f" (and {len(of_night) - 1} more)" if len(of_night) > 1 else ""
    return f"{step}: {first.reason}{more}. Log: {first.log}"


def _moment(sentinel: Mapping[str, Any]) -> dt.datetime | None:
    return dt.datetime.fromisoformat(sentinel["made_at"]) if "made_at" in sentinel else None
