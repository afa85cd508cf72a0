"""Load a night's published products into the database, in one transaction, and write its page."""

from contextlib import closing

from adapter import RESULTS, STATES, WORK, snakemake, step

from airglow.catalogue import connect, load_night, migrate, settings_from_environment
from airglow.pipeline.publish import read_index
from airglow.pipeline.states import put_state, read_state
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
    record |= {**of_manifest, "made_at": record["loaded_at"]}
    put_state(job.store, night, "loaded", record, STATES)
    if "page" in snakemake.output.keys():  # noqa: SIM118  a list of files with names
        from airglow.pages.night import publish_night_page
        from airglow.pages.settings import PagesSettings

        page = publish_night_page(job.store, PagesSettings(**snakemake.params.pages), index, results)
        put_state(job.store, night, "page", {**page, **of_manifest}, STATES)
