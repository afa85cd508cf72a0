"""Finish a published night again with weather that came late, or analyse it again if its fits do not hold."""

import os
from pathlib import Path

from adapter import RESULTS, WORK, snakemake, step, write_json

from airglow.catalogue import settings_from_environment
from airglow.pages.night import publish_night_page
from airglow.pages.settings import PagesSettings
from airglow.pipeline.failures import forget_failures
from airglow.pipeline.publish import prefixes_from_environment
from airglow.pipeline.refresh import renew_night
from airglow.pipeline.runlock import RUN_VARIABLE
from airglow.pipeline.whole_night import Surroundings

with step() as job:
    pages = PagesSettings(**job.config["pages"])
    around = Surroundings(
        job.store,
        job.registry,
        job.config,
        prefixes_from_environment(),
        settings_from_environment(),
        WORK,
        RESULTS,
        (lambda store, index, results: publish_night_page(store, pages, index, results))
        if pages.prefix
        else None,
        os.environ.get(RUN_VARIABLE),
        job.attempt_key,
    )
    index = renew_night(job.night, around)
    forget_failures(WORK, job.night.name)
    Path(snakemake.output.record).parent.mkdir(parents=True, exist_ok=True)
    write_json(snakemake.output.record, {"night": job.night.name, "history": index.get("history", [])})
