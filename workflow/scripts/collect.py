"""List what a night delivers, and mark the night: from the next step on it is between old and new."""

from pathlib import Path

from adapter import read_json, snakemake, step, write_json

from airglow.publish import plan_delivery, prefixes_from_environment
from airglow.uploads import mark_pending

with step() as job:
    outcomes = {Path(path).parent.name: read_json(path) for path in snakemake.input.outcomes}
    directories = {
        Path(path).parent.name: Path(path).parent / "products" for path in snakemake.input.outcomes
    }
    plan = plan_delivery(job.night, job.instrument, outcomes, directories, prefixes_from_environment())
    mark_pending(job.store, job.night, "delivery")
    write_json(snakemake.output.plan, plan)
