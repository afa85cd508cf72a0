"""A run plans in portions, again and again, until nothing is left or its hours are over.

What Snakemake costs itself grows faster than a plan, and a long plan keeps last night waiting. So each plan
takes what takes about half an hour. What earlier plans of a run have taken is in a small file, by which the
discovery of the next one passes over nights that did not come to their end: they are for a later run.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from airglow.model.errors import AirglowError
from airglow.model.files import write_whole
from airglow.pipeline.last_discovery import DISCOVERY, last_discovery
from airglow.store import json_bytes
from airglow.uploads import NIGHTS_PER_PLAN, Discovery, Plan, State, lacks_room

BACKLOG = "backlog.json"  # in the workflow's directory for temporary files
_PLAN_SECONDS = 1800.0  # after which a run is to look for new nights
_FEWEST_NIGHTS = 4  # of a plan, or cores would have nothing to do
_LIST = 5  # nights that are named


@dataclass(frozen=True)
class Ended:
    """How the work on all that was there to do ended.

    Parameters
    ----------
    code
        Exit status of Snakemake: the first that is not 0.
    stopped_by
        Signal that ended the run; 0 if none did.
    left
        Names of nights that are complete and were not begun, since the hours of the run were over.
    without_room
        Names of nights for which the working disk has no room.
    """

    code: int
    stopped_by: int
    left: tuple[str, ...] = ()
    without_room: tuple[str, ...] = ()


def work_off(
    work: Path,
    run: str,
    hours: float,
    plan_and_work: Callable[[], tuple[int, int]],
    clock: Callable[[], float] = time.monotonic,
) -> Ended:
    """Plan and work until nothing is left that this run has not taken, or its hours are over.

    A plan that has begun is worked off, whatever the time.

    Parameters
    ----------
    work
        The workflow's directory for temporary files.
    run
        Identifier of the run.
    hours
        How long it begins new plans; 0: it makes one.
    plan_and_work
        Lets Snakemake make a plan and work it off; says its exit status, and the signal that stopped it (0).
    clock
        Time in seconds, which only goes on.

    Returns
    -------
    Ended

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    deadline = clock() + hours * 3600.0
    portion, taken, worst = NIGHTS_PER_PLAN, frozenset[str](), 0
    while True:
        note = {"run": run, "nights": portion, "taken": sorted(taken)}
        write_whole(work / BACKLOG, json_bytes(note))
        before, began = _looked_at(work), clock()
        code, stopped_by = plan_and_work()
        worst = worst or code
        found = _discovery(work)
        if stopped_by or code not in (0, 1) or found is None or _looked_at(work) == before:
            return Ended(worst, stopped_by)
        now_taken = {report.night.name for report in found.wanted} - taken
        queued = [r for r in found.nights if r.state is State.QUEUED and r.night.name not in taken]
        without_room = tuple(report.night.name for report in queued if lacks_room(report))
        left = tuple(report.night.name for report in queued if not lacks_room(report))
        if not left or not now_taken:
            return Ended(worst, 0, left, without_room)
        if clock() >= deadline:
            return Ended(worst, 0, left, without_room)
        taken |= now_taken
        portion = _portion(len(now_taken), clock() - began)


def plan_at_hand(work: Path, run: str | None) -> Plan:
    """What the plan that is being made may take.

    Parameters
    ----------
    work
        The workflow's directory for temporary files.
    run
        Identifier of the run at hand; None if there is none.

    Returns
    -------
    Plan
        Bounded by what `work_off` has written for this run, else by `NIGHTS_PER_PLAN`, and by the free space
        of the disk.
    """
    free = shutil.disk_usage(work if work.exists() else work.absolute().parent).free
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        note = json.loads((work / BACKLOG).read_bytes())
        if run is not None and note["run"] == run:
            return Plan(int(note["nights"]), free, frozenset(note["taken"]))
    return Plan(NIGHTS_PER_PLAN, free)


def what_is_left(ended: Ended, hours: float) -> list[str]:
    """What a run that is over says of nights that it has not begun.

    Parameters
    ----------
    ended
        How it ended.
    hours
        How long it was to begin new plans.

    Returns
    -------
    list of str
        One line each; none if nothing is left.
    """
    lines = []
    if ended.left:
        over = f"the {hours:g} hours of this run (run: hours) are over" if hours else "run: hours is 0"
        lines.append(f"{over}; left for the next run: {_counted(ended.left)}")
    if ended.without_room:
        lines.append(
            f"the working disk has no room for {_counted(ended.without_room)}. Make room, for example with"
            " airglow clean; the next run takes them up"
        )
    return lines


def _counted(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _LIST} more" if len(names) > _LIST else ""
    return f"{len(names)} night{'s' * (len(names) > 1)} ({', '.join(names[:_LIST])}{more})"


def _portion(nights: int, seconds: float) -> int:
    """How many nights take the time of a plan, by how long some have taken."""
    by_pace = round(_PLAN_SECONDS * nights / max(seconds, 1.0))
    return min(max(by_pace, _FEWEST_NIGHTS), NIGHTS_PER_PLAN)


def _discovery(work: Path) -> Discovery | None:
    try:
        return last_discovery(work / DISCOVERY)
    except AirglowError:  # the next run makes another
        return None


def _looked_at(work: Path) -> float | None:
    """When the discovery that is on the disk was made; None if there is none."""
    found = _discovery(work)
    return None if found is None else found.made_at.timestamp()
