"""Bring the cloud files of a date and the next one to the archive, and from there to the local disk."""

import os
from pathlib import Path

from adapter import WORK, snakemake, step, write_json

from airglow.archive import archive_weather, fetch_weather
from airglow.pipeline.raw_weather import raw_weather_at_hand
from airglow.pipeline.runlock import RUN_VARIABLE
from airglow.uploads import ONE_DAY

with step() as job:
    site, date, directory = snakemake.wildcards.site, job.date, Path(snakemake.output.files)
    raw = raw_weather_at_hand(WORK, os.environ.get(RUN_VARIABLE), site, (date, date + ONE_DAY))
    record = archive_weather(job.store, site, date, directory=directory, raw=raw)
    fetch_weather(job.store, record, directory)
    write_json(snakemake.output.record, record)
