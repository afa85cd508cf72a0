"""Find the nights that are ready, and why the others wait."""

import contextlib
import logging
import os
import shutil
from pathlib import Path

from adapter import STATES, WORK, snakemake, step, write_json

from airglow.archive import UnpackLimits, criteria, expire_superseded
from airglow.archive.guard import DELETION
from airglow.model.errors import StoreError
from airglow.pipeline.backlog import plan_at_hand
from airglow.pipeline.runlock import NIGHTS_VARIABLE, RUN_VARIABLE
from airglow.pipeline.states import mirror_taken_up
from airglow.pipeline.tidying import remove_old
from airglow.pipeline.versions import versions_of
from airglow.pipeline.workspace import remove_leftovers
from airglow.store import known_deletion
from airglow.uploads import (
    MEMORY,
    ScanSettings,
    State,
    discovery_to_json,
    mend_manifests,
    move_aside,
    read_memory,
    scan,
    take_up,
)


def say(text: str) -> None:
    """Tell it in the log, and to who started the run."""
    logging.warning(text)
    print(text, flush=True)


with step() as job:
    versions = versions_of(job.config, job.registry)
    memory = read_memory(WORK / MEMORY, job.store)
    discovery = scan(
        job.store,
        job.registry,
        ScanSettings(**snakemake.params.uploads),
        criteria=criteria(UnpackLimits.from_settings(snakemake.params.limits)),
        memory=memory,
        plan=plan_at_hand(WORK, os.environ.get(RUN_VARIABLE)),
        versions=versions,
    )
    for prefix in memory.new_prefixes(prefix for prefix, _ in discovery.others):
        logging.info("raw/%s*: objects of another instrument, left alone", prefix)
    memory.write(WORK / MEMORY)
    records = take_up(job.store, discovery, versions)
    discovery = mend_manifests(job.store, discovery)
    if any(report.is_wanted or report.state is State.WAITING for report in discovery.nights):
        # Found out before a night is worked on, so that it costs no night anything.
        with contextlib.suppress(StoreError):  # told by what deletes
            known_deletion(job.store, WORK / DELETION)
    move_aside(job.store, discovery.asides, lambda: known_deletion(job.store, WORK / DELETION), say)
    expire_superseded(job.store, discovery.expired, say)
    at_work = os.environ[NIGHTS_VARIABLE].split()
    for report in discovery.wanted:
        # What is left here of an earlier upload must not pass for this one.
        if report.changed and report.night.name not in at_work:
            shutil.rmtree(job.local(WORK, report.night), ignore_errors=True)
    # What is left here of a night that waits for its turn is of use when that comes.
    continuing = [
        r.night.name for r in discovery.nights if r.is_wanted or r.state in (State.QUEUED, State.FAILED)
    ]
    for removed in remove_leftovers(WORK, continuing, at_work):
        logging.info("removed what an earlier run left: %s", removed)
    # Mirrors may be as old as the sentinels of the night at work, which is not to lose them.
    days = snakemake.params.keep_local_days, snakemake.params.keep_log_days
    remove_old(Path(), *days, states=not at_work)
    # After that: mirrors get the times of their sentinels, which may be old.
    mirror_taken_up(job.store, discovery, STATES, os.environ[RUN_VARIABLE], records)
    write_json(snakemake.output[0], discovery_to_json(discovery))
