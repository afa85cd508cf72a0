"""Find the nights that are ready, and why the others wait."""

import logging
import os
import shutil
from pathlib import Path

from adapter import RESULTS, STATES, WORK, snakemake, step, write_json

from airglow.archive import UnpackLimits, criteria
from airglow.pipeline.runlock import NIGHTS_VARIABLE, RUN_VARIABLE
from airglow.pipeline.states import mirror_states, note_marked
from airglow.pipeline.workspace import remove_leftovers, remove_older
from airglow.uploads import MEMORY, ScanSettings, discovery_to_json, read_memory, scan, take_up

with step() as job:
    memory = read_memory(WORK / MEMORY, job.store)
    discovery = scan(
        job.store,
        job.registry,
        ScanSettings(**snakemake.params.uploads),
        criteria=criteria(UnpackLimits.from_settings(snakemake.params.limits)),
        memory=memory,
    )
    memory.write(WORK / MEMORY)
    take_up(job.store, discovery)
    for report in discovery.wanted:
        # Taking a night up marked it as unfinished, and may have exchanged its manifest.
        found = None if report.changed or report.withdrawn else discovery.states.get(report.night)
        there = None if found is None else [one for one in found if one.key != report.night.cleaned_key]
        mirror_states(job.store, report.night, STATES, there)
        note_marked(report.night, os.environ[RUN_VARIABLE], STATES)
    at_work = os.environ[NIGHTS_VARIABLE].split()
    for report in discovery.wanted:
        # What is left here of an earlier upload must not pass for this one.
        if report.changed and report.night.name not in at_work:
            shutil.rmtree(job.local(WORK, report.night), ignore_errors=True)
    for removed in remove_leftovers(WORK, [report.night.name for report in discovery.wanted], at_work):
        logging.info("removed what an earlier run left: %s", removed)
    local = [RESULTS, Path("fetched"), WORK / "failures", Path("logs"), Path("benchmarks")]
    if not at_work:  # the mirrors of their sentinels, which may be as old as those, are in use
        local.append(STATES)
    local.append(Path(".snakemake/log"))
    remove_older(local, snakemake.params.keep_local_days)
    write_json(snakemake.output[0], discovery_to_json(discovery))
