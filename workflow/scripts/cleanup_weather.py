"""Archive and delete the raw weather files of a day that no upload needs any more."""

from adapter import snakemake, step, write_json

from airglow.archive import cleanup_weather

with step() as job:
    record = cleanup_weather(job.store, job.registry, snakemake.wildcards.site, job.date)
    write_json(snakemake.output.done, record)
