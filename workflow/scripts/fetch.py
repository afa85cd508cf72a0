"""Bring what is published of a night back: plots for a report, and results to make products from."""

import logging
from pathlib import Path

from adapter import snakemake, step

from airglow.model.products import local_name
from airglow.pipeline.publish import fetch_kinds, read_index
from airglow.pipeline.workspace import bring_results, is_of_archive

with step() as job:
    index = read_index(job.store.get_json(job.night.published_key), job.night.published_key)
    directories = {kind: Path(path) for kind, path in snakemake.output.items()}
    for directory in directories.values():  # of a tag that was not analysed there is nothing in them
        directory.mkdir(parents=True, exist_ok=True)
    results = directories.pop("results")
    fetch_kinds(
        job.store,
        index,
        lambda tag, kind: (
            directories[kind] / (tag + Path(local_name(kind)).suffix) if kind in directories else None
        ),
    )
    if is_of_archive(job.store, index):
        # Here alone, since they load what an analysis and its products need.
        from airglow.night import NightRequest, no_result
        from airglow.products import Beside

        bring_results(
            job.store,
            index,
            results,
            lambda tag, why: no_result(NightRequest(job.instrument, job.site, job.date, tag), None, why),
            Beside(site=job.site, instrument=job.instrument),
        )
    else:  # they would pass for results of the frames that are to be analysed
        logging.warning("results stay in the bucket: they were made from another upload than is archived")
