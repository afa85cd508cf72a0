"""Archive and delete the raw weather files of a day that no upload needs any more."""

from adapter import WORK, snakemake, step, write_json

from airglow.archive import cleanup_weather, guard_of

with step() as job:
    guard = guard_of(job.store, job.config["archive"], WORK)
    record = cleanup_weather(job.store, job.registry, snakemake.wildcards.site, job.date, guard)
    write_json(snakemake.output.done, record)
