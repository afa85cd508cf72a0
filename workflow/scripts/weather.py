"""Bring the cloud files of a date and the next one to the archive, and from there to the local disk."""

from pathlib import Path

from adapter import snakemake, step, write_json

from airglow.archive import archive_weather, fetch_weather

with step() as job:
    directory = Path(snakemake.output.files)
    record = archive_weather(job.store, snakemake.wildcards.site, job.date, directory=directory)
    fetch_weather(job.store, record, directory)
    write_json(snakemake.output.record, record)
