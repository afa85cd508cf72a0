"""Load a night's published products into the database, in one transaction, and write its page."""

import os
from contextlib import closing

from adapter import RESULTS, STATES, WORK, snakemake, step

from airglow.catalogue import connect, load_night, migrate, settings_from_environment
from airglow.pipeline.loading import loaded_record
from airglow.pipeline.publish import read_index
from airglow.pipeline.runlock import RUN_VARIABLE
from airglow.pipeline.states import put_state, read_state, states_taken_up
from airglow.pipeline.workspace import published_results

with step() as job:
    night, attempts = job.night, snakemake.params.attempts
    index = read_index(read_state(job.store, night, "published", STATES), night.published_key)
    of_manifest = {"manifest_sha256": index["manifest_sha256"]}
    results = published_results(job.store, index, job.local(WORK) / "load", job.local(RESULTS))
    with closing(connect(settings_from_environment(), attempts=attempts)) as connection:
        migrate(connection)
        record = load_night(
            connection,
            results,
            list(index["outcomes"].values()),
            job.site,
            job.instrument,
            products=index["products"],
            attempts=attempts,
            **of_manifest,
        )
    put_state(job.store, night, "loaded", loaded_record(record, index), STATES)
    if "page" in snakemake.output.keys():  # noqa: SIM118  a list of files with names
        from airglow.pages.night import publish_night_page
        from airglow.pages.settings import PagesSettings

        before = states_taken_up(night, os.environ.get(RUN_VARIABLE), STATES)
        is_first = before is not None and night.page_key not in before
        settings = PagesSettings(**snakemake.params.pages)
        page = publish_night_page(job.store, settings, index, results, is_first=is_first)
        put_state(job.store, night, "page", {**page, **of_manifest}, STATES)
