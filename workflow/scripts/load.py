"""Load a night's published products into the database, in one transaction."""

from contextlib import closing

from adapter import WORK, snakemake, step

from airglow.catalogue import connect, load_night, migrate, settings_from_environment
from airglow.pipeline.publish import read_index
from airglow.pipeline.workspace import published_results

with step() as job:
    night, attempts = job.night, snakemake.params.attempts
    index = read_index(job.store.get_json(night.published_key), night.published_key)
    results = published_results(job.store, index, job.local(WORK) / "load")
    with closing(connect(settings_from_environment(), attempts=attempts)) as connection:
        migrate(connection)
        record = load_night(
            connection,
            results,
            list(index["outcomes"].values()),
            job.site,
            job.instrument,
            products=index["products"],
            manifest_sha256=index["manifest_sha256"],
            attempts=attempts,
        )
    sentinel = {**record, "manifest_sha256": index["manifest_sha256"], "made_at": record["loaded_at"]}
    job.store.put_json(night.loaded_key, sentinel)
