"""Find the nights that are ready, and why the others wait."""

import os

from adapter import WORK, snakemake, step, tell, write_json

from airglow.pipeline.discovering import discover
from airglow.pipeline.runlock import NIGHTS_VARIABLE, RUN_VARIABLE
from airglow.uploads import discovery_to_json

with step() as job:
    run, at_work = os.environ[RUN_VARIABLE], os.environ[NIGHTS_VARIABLE].split()
    discovery = discover(job.store, job.registry, job.config, WORK, run, at_work, tell)
    write_json(snakemake.output[0], discovery_to_json(discovery))
