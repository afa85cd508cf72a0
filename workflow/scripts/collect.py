"""List what a night delivers and keeps, and mark it: from the next step on it is between old and new."""

from pathlib import Path

from adapter import RESULTS, read_json, snakemake, step, write_json

from airglow.pipeline.kept import keep_earlier_results
from airglow.pipeline.publish import plan_delivery, prefixes_from_environment
from airglow.uploads import mark_pending

with step() as job:
    outcomes = {Path(path).parent.name: read_json(path) for path in snakemake.input.outcomes}
    files = [Path(path) for path in snakemake.input.products]
    by_tag = {tag: [path for path in files if path.parent == job.local(RESULTS) / tag] for tag in outcomes}
    plan = plan_delivery(job.night, job.instrument, outcomes, by_tag, prefixes_from_environment())
    plan = keep_earlier_results(job.store, plan)
    mark_pending(job.store, job.night, "delivery")
    write_json(snakemake.output.plan, plan)
