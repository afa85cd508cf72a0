"""Put a night's products into the bucket, and their index after them."""

import os
from pathlib import Path

from adapter import RESULTS, STATES, read_json, snakemake, step

from airglow.model.products import FITTED, local_name
from airglow.pipeline.delivery import publish_night
from airglow.pipeline.publish import plan_delivery, prefixes_from_environment
from airglow.pipeline.runlock import RUN_VARIABLE

with step() as job:
    outcomes = {Path(path).parent.name: read_json(path) for path in snakemake.input.outcomes}
    files = [Path(path) for path in snakemake.input.products]
    folders = {tag: job.local(RESULTS) / tag for tag in outcomes}
    # No input: results that an earlier version made, or that were brought back, may have no fits beside them.
    fitted = [folder / local_name(FITTED) for folder in folders.values()]
    files += [path for path in fitted if path.is_file()]
    by_tag = {tag: [path for path in files if path.parent == folder] for tag, folder in folders.items()}
    plan = plan_delivery(job.night, job.instrument, outcomes, by_tag, prefixes_from_environment())
    run = os.environ.get(RUN_VARIABLE)
    publish_night(job.store, plan, folders, STATES, snakemake.params.transfers, run)
