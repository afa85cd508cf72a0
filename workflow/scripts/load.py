"""Load a night's published products into the database, in one transaction, and write its page."""

import os

from adapter import RESULTS, STATES, WORK, snakemake, step

from airglow.catalogue import settings_from_environment
from airglow.pipeline.loading import load_published
from airglow.pipeline.publish import read_index
from airglow.pipeline.runlock import RUN_VARIABLE
from airglow.pipeline.states import put_state, read_state, states_taken_up
from airglow.pipeline.workspace import published_results

with step() as job:
    night = job.night
    index = read_index(read_state(job.store, night, "published", STATES), night.published_key)
    results = published_results(job.store, index, job.local(WORK) / "load", job.local(RESULTS))
    database = settings_from_environment()
    loaded = load_published(database, index, results, job.site, job.instrument, snakemake.params.attempts)
    put_state(job.store, night, "loaded", loaded, STATES)
    if "page" in snakemake.output.keys():  # noqa: SIM118  a list of files with names
        from airglow.pages.night import publish_night_page
        from airglow.pages.settings import PagesSettings

        before = states_taken_up(night, os.environ.get(RUN_VARIABLE), STATES)
        is_first = before is not None and night.page_key not in before
        settings = PagesSettings(**snakemake.params.pages)
        page = publish_night_page(job.store, settings, index, results, is_first=is_first)
        put_state(job.store, night, "page", {**page, "manifest_sha256": index["manifest_sha256"]}, STATES)
