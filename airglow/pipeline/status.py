"""Where every night stands, for the operator: its state, the reason, and since when.

All comes from the bucket, so that every machine gives the same answer: the table that the last run left, and
of nights that are named, their own records.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace

from airglow.model.errors import BadInput
from airglow.model.states import FINISHED, NightState
from airglow.pipeline.done_nights import done_rows
from airglow.pipeline.rows import format_table, is_done, night_row, not_archived
from airglow.pipeline.stored_table import read_table, row_to_json
from airglow.pipeline.table import Row, Table
from airglow.registry import load_config, registry_of
from airglow.store import Store, open_store, settings_from_environment
from airglow.uploads import NightId

_DONE = {state.value for state in FINISHED}
_DAYS_OF_DONE = 30
_OUT_OF_DATE = dt.timedelta(hours=26)  # a run that finds no change says so once in twenty hours


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command ``status``.

    Parameters
    ----------
    parser
        Gets the arguments.
    """
    parser.add_argument(
        "night", nargs="*", help="such as minime05_uao_20250429 (default: all that are not done)"
    )
    parser.add_argument("--site", metavar="SITE", help="nights of this site, such as uao")
    parser.add_argument("--instrument", metavar="NAME", help="nights of this instrument, such as minime05")
    parser.add_argument(
        "--since",
        metavar="DATE",
        type=_date,
        help=f"of this local date or later, such as 2025-04-29 (done ones: by default {_DAYS_OF_DONE} days)",
    )
    parser.add_argument(
        "--state",
        choices=[state.value for state in NightState],
        action="append",
        help="nights in this state; may be given more than once",
    )
    parser.add_argument("--json", action="store_true", help="as JSON, with all that is on record")


def run(args: argparse.Namespace) -> int:
    """Print where nights stand.

    Parameters
    ----------
    args
        What `configure` describes.

    Returns
    -------
    int
        0; 1 if a name is none of a night.

    Raises
    ------
    AirglowError
        If the bucket cannot be asked.
    """
    nights, wrong = _parse(args.night)
    for problem in wrong:
        print(f"airglow status: {problem}", file=sys.stderr)
    if wrong and not nights:
        return 1
    store = open_store(settings_from_environment())
    table = read_table(store)
    if nights:
        known = {row.name: row for row in table.rows}
        rows = [_row_of(store, night, known.get(night.name), table) for night in nights]
    else:
        rows = [*table.rows, *_done(store, args)]
    rows = [row for row in rows if _is_asked_for(row, args)]
    if args.json:
        written = table.written_at.isoformat() if table.written_at else None
        print(
            json.dumps(
                {
                    "changed_at": written,
                    "seen_at": table.seen_at.isoformat() if table.seen_at else None,
                    "nights": [row_to_json(row) for row in rows],
                    "others": dict(table.others),
                },
                indent=1,
            )
        )
    elif nights:
        print(format_table(rows))
    else:
        _print_table(rows, table)
        if table.others:
            print(describe_others(table.others))
    return 1 if wrong else 0


def _row_of(store: Store, night: NightId, known: Row | None, table: Table) -> Row:
    """The row of a night; of one that is done, also what a later look at ``raw/`` found of it."""
    row = night_row(store, night)
    if row is None or known is None:
        return row or known or not_archived(night)
    looked_at = table.seen_at or table.written_at
    is_later = looked_at is not None and (row.since is None or row.since < looked_at)
    if not (is_done(row) and is_later):
        return row
    found = f"raw/, by the last run: {known.state}" + f" ({known.reason})" * bool(known.reason)
    return replace(row, reason="; ".join(filter(None, (row.reason, found))))


def _print_table(rows: list[Row], table: Table) -> None:
    if table.written_at is None:
        print("No run has looked for nights in this bucket yet.")
    else:
        print(f"As of the last run; changed {table.written_at:%Y-%m-%d %H:%M} UTC:")
        if table.seen_at is not None and dt.datetime.now(dt.UTC) - table.seen_at > _OUT_OF_DATE:
            print(
                f"NO RUN HAS LOOKED SINCE {table.seen_at:%Y-%m-%d %H:%M} UTC: this may be out of date."
                " Look at the timer and at what runs say: airglow doctor"
            )
    print(format_table(rows) or "No night is waiting or at work.")


def describe_others(others: Mapping[str, int]) -> str:
    """The objects of other instruments in ``raw/`` in a line.

    Parameters
    ----------
    others
        How many there are, by what their names begin with.

    Returns
    -------
    str
    """
    counts = ", ".join(f"{prefix} {count:,}" for prefix, count in sorted(others.items()))
    return f"{sum(others.values()):,} objects of other instruments in raw/ are left alone: {counts}"


def _parse(names: Iterable[str]) -> tuple[list[NightId], list[str]]:
    nights, wrong = [], []
    for name in names:
        try:
            nights.append(NightId.parse(name))
        except BadInput as error:
            wrong.append(str(error))
    return nights, wrong


def _done(store: Store, args: argparse.Namespace) -> list[Row]:
    """Nights that are done, if they are asked for: they are looked up one by one."""
    if not _DONE.intersection(args.state or ()):
        return []
    registry = registry_of(load_config(working_directory=True))
    since = args.since or dt.datetime.now(dt.UTC).date() - dt.timedelta(days=_DAYS_OF_DONE)
    return done_rows(store, registry, since, args.site, args.instrument)


def _is_asked_for(row: Row, args: argparse.Namespace) -> bool:
    if args.state and row.state not in args.state:
        return False
    try:
        night = NightId.parse(row.name)
    except BadInput:  # of a site's weather files, or of the run
        return not (args.site or args.instrument or args.since)
    if args.site and night.site != args.site:
        return False
    if args.instrument and night.instrument != args.instrument:
        return False
    return not (args.since and night.date < args.since)


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no date like 2025-04-29") from None
