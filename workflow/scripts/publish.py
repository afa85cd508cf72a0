"""Upload a night's products, and the index after them."""

from adapter import RESULTS, read_json, snakemake, step

from airglow.pipeline.publish import deliver

with step() as job:
    plan = read_json(snakemake.input.plan)
    directories = {tag: job.local(RESULTS) / tag for tag in plan["outcomes"]}
    deliver(job.store, plan, directories, snakemake.params.transfers)
