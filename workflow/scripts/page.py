"""Write the page of a night, from what is published of it."""

from adapter import WORK, snakemake, step

from airglow.pages import PagesSettings, publish_night_page
from airglow.pipeline.publish import read_index
from airglow.pipeline.workspace import published_results

with step() as job:
    night = job.night
    index = read_index(job.store.get_json(night.published_key), night.published_key)
    results = published_results(job.store, index, job.local(WORK) / "page")
    page = publish_night_page(job.store, PagesSettings(**snakemake.params.settings), index, results)
    job.store.put_json(night.page_key, {**page, "manifest_sha256": index["manifest_sha256"]})
