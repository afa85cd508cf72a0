"""The look at the bucket with which a run begins, and what has to be ready before its nights are planned."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from airglow.archive import UnpackLimits, criteria
from airglow.pipeline.backlog import plan_at_hand
from airglow.pipeline.healing import heal_bucket
from airglow.pipeline.raw_weather import note_raw_weather
from airglow.pipeline.states import mirror_taken_up
from airglow.pipeline.stored_table import table_from_json
from airglow.pipeline.tidying import remove_old
from airglow.pipeline.versions import versions_of
from airglow.pipeline.workspace import remove_leftovers
from airglow.registry import Registry
from airglow.store import Store
from airglow.uploads import MEMORY, Discovery, ScanSettings, State, read_memory, scan, take_up

log = logging.getLogger(__name__)


def discover(
    store: Store,
    registry: Registry,
    config: Mapping[str, Any],
    work: Path,
    run: str,
    at_work: Collection[str],
    tell: Callable[[str], None],
) -> Discovery:
    """Look at the bucket, heal it, take the nights up that are wanted, and tidy the working disk.

    Parameters
    ----------
    store
        The bucket.
    registry
        Sites and instruments.
    config
        The configuration.
    work
        The workflow's directory for temporary files, below that in which the workflow runs.
    run
        Identifier of the run.
    at_work
        Names of nights that the run works on already.
    tell
        Takes a line for people.

    Returns
    -------
    Discovery

    Raises
    ------
    AirglowError
        If the bucket or the working disk does not do its part.
    """
    states, versions = work / "states", versions_of(config, registry)
    memory = read_memory(work / MEMORY, store)
    discovery = scan(
        store,
        registry,
        ScanSettings(**config["uploads"]),
        criteria=criteria(UnpackLimits.from_settings(config["archive"])),
        memory=memory,
        plan=plan_at_hand(work, run),
        versions=versions,
    )
    for prefix in memory.new_prefixes(prefix for prefix, _ in discovery.others):
        log.info("raw/%s*: objects of another instrument, left alone", prefix)
    memory.write(work / MEMORY)
    for problem in table_from_json(discovery.table).problems:
        tell(f"{problem}. The rest of it counts, and it is written anew at the end of this run")
    records = take_up(store, discovery, versions)
    discovery = heal_bucket(store, discovery, work, tell, config["archive"])
    for report in discovery.wanted:
        # What is left here of an earlier upload must not pass for this one.
        if report.changed and report.night.name not in at_work:
            shutil.rmtree(report.night.below(work), ignore_errors=True)
        if report.refresh:  # a mark of an earlier time must not pass for one of this
            (report.night.below(work) / "refreshed.json").unlink(missing_ok=True)
    # What is left here of a night that waits for its turn is of use when that comes.
    kept = (State.QUEUED, State.FAILED)
    continuing = [r.night.name for r in discovery.nights if r.is_wanted or r.state in kept]
    for removed in remove_leftovers(work, continuing, at_work):
        log.info("removed what an earlier run left: %s", removed)
    # Mirrors may be as old as the sentinels of the night at work, which is not to lose them.
    days = config["run"]["keep_local_days"], config["run"]["keep_log_days"]
    remove_old(work.parent, *days, states=not at_work)
    # After that: mirrors get the times of their sentinels, which may be old.
    mirror_taken_up(store, discovery, states, run, records)
    note_raw_weather(work, run, discovery)
    return replace(discovery, run=run)
