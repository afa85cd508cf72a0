"""What a night has gone through: every attempt with its time, result, the step that failed, and its log."""

from __future__ import annotations

import argparse
import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import asdict

from airglow.archive import UploadVersion, upload_versions
from airglow.model.errors import BadInput
from airglow.model.typed import Fields, moment_of
from airglow.pipeline.attempts import attempt_key, attempts_prefix, parse_logfmt, step_name
from airglow.store import Store, in_threads, open_store, settings_from_environment
from airglow.uploads import Attempt, NightId, events_from_json, events_to_json, read_record

_SHOWN_LOGS = 30  # of attempts that are only known by their logs


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command ``history``.

    Parameters
    ----------
    parser
        Gets the arguments.
    """
    parser.add_argument("night", help="such as minime05_uao_20250429")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--log", metavar="KEY", help="print the log of an attempt, by its key in the table")


def run(args: argparse.Namespace) -> int:
    """Print what a night has gone through.

    Parameters
    ----------
    args
        What `configure` describes.

    Returns
    -------
    int
        0; 1 if nothing is known of the night.

    Raises
    ------
    AirglowError
        If the name is none of a night, or the bucket cannot be asked.
    """
    night = NightId.parse(args.night)
    store = open_store(settings_from_environment())
    if args.log:
        print(store.get_bytes(args.log).decode("utf-8", "replace"), end="")
        return 0
    attempts = history(store, night)
    if args.json:
        uploads = [
            {**asdict(one), "archived_at": one.archived_at.isoformat()}
            for one in upload_versions(store, night)
        ]
        value = {"night": night.name, "attempts": events_to_json(attempts), "uploads": uploads}
        print(json.dumps(value, indent=1))
    elif attempts:
        print(format_history(attempts))
        for line in describe_uploads(upload_versions(store, night)):
            print(line)
    else:
        print(f"{night.name}: no attempt is on record")
    return 0 if attempts else 1


def history(store: Store, night: NightId) -> list[Attempt]:
    """All that is on record of a night, oldest first.

    Attempts that changed nothing of the night, such as a reanalysis that failed, are known by their logs.

    Parameters
    ----------
    store
        The bucket.
    night
        The night.

    Returns
    -------
    list of Attempt

    Raises
    ------
    BadInput
        If the last sentinel of the night cannot be read.
    """
    events: tuple[Attempt, ...] = ()
    if record := read_record(store, night):
        events = record.events
    elif cleaned := store.get_json(night.cleaned_key):
        try:
            events = events_from_json(Fields.of(cleaned, "it").items("events"))
        except ValueError as error:
            hint = f"airglow run --reanalyze {night.name} makes it anew"
            raise BadInput(night.cleaned_key, f"cannot be read ({error})", hint) from error
    known = {event.log for event in events}
    logs = [found.key for found in store.list(attempts_prefix(night)) if found.key not in known]
    by_logs = in_threads(lambda key: _of_log(store, night, key), logs[-_SHOWN_LOGS:])
    return sorted([*events, *filter(None, by_logs)], key=lambda event: event.at)


def format_history(attempts: Sequence[Attempt]) -> str:
    """A history as text: a line for each attempt.

    Parameters
    ----------
    attempts
        Oldest first.

    Returns
    -------
    str
        With times in UTC.
    """
    cells = [("time (UTC)", "result", "step", "class", "version", "reason; log")]
    for one in attempts:
        moment = f"{one.at.astimezone(dt.UTC):%Y-%m-%d %H:%M}"
        rest = "; ".join(filter(None, (one.reason, one.log)))
        cells.append((moment, one.result, one.step or "-", one.error_class or "-", one.code or "-", rest))
    widths = [max(len(line[column]) for line in cells) for column in range(5)]
    return "\n".join(
        "  ".join([*(text.ljust(width) for text, width in zip(line, widths, strict=False)), line[5]]).rstrip()
        for line in cells
    )


def describe_uploads(versions: Sequence[UploadVersion]) -> list[str]:
    """The uploads of a night that were archived, where there was more than one: a line each.

    Parameters
    ----------
    versions
        The first one first.

    Returns
    -------
    list of str
    """
    if len(versions) < 2:
        return []
    lines = [f"{len(versions)} uploads were archived:"]
    for one in versions:
        fate = f"replaced; {one.kept} files of it are kept" if not one.is_current else "the one of now"
        when = f"{one.archived_at:%Y-%m-%d %H:%M} UTC"
        lines.append(f"  {when}  {one.frames} frames  manifest {one.manifest_sha256[:12]}  {fate}")
    return lines


def _of_log(store: Store, night: NightId, key: str) -> Attempt | None:
    """An attempt by its log alone: the step that failed, or else the last one that was done."""
    last: dict[str, str] = {}
    for line in store.get_bytes(key).decode("utf-8", "replace").splitlines():
        fields = parse_logfmt(line)
        if fields.get("event") in ("failed", "refused"):
            last = fields
            break
        if fields.get("event") in ("done", "begin"):
            last = fields
    if "time" not in last or key != attempt_key(night, key.rpartition("/")[2].removesuffix(".log")):
        return None
    result = {"done": "went on", "begin": "interrupted"}.get(last["event"], last["event"])
    failed = last["event"] in ("failed", "refused")
    try:
        at = moment_of(last["time"])
    except ValueError:  # none of our lines
        return None
    return Attempt(
        at,
        result,
        step_name(last.get("step", ""), last.get("tag", "")),
        last.get("msg", "") if failed else "",
        last.get("class", ""),
        log=key,
    )
