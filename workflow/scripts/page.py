"""Write the page of a night, from what is published of it."""

import shutil

from adapter import WORK, step

from airglow.pages import PagesSettings, publish_night_page
from airglow.products import read_netcdf
from airglow.publish import fetch_products, read_index

with step() as job:
    night = job.night
    index = read_index(job.store.get_json(night.published_key), night.published_key)
    directory = job.local(WORK) / "page"
    results = [read_netcdf(path) for path in fetch_products(job.store, index, directory)]
    shutil.rmtree(directory)
    page = publish_night_page(job.store, PagesSettings(**job.config["pages"]), index, results)
    job.store.put_json(night.page_key, {**page, "manifest_sha256": index["manifest_sha256"]})
