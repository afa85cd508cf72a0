"""Find the nights that are ready, and why the others wait."""

import shutil
from pathlib import Path

from adapter import RESULTS, WORK, snakemake, step, write_json

from airglow.uploads import SurveySettings, discovery_to_json, survey, take_up
from airglow.workspace import remove_older

with step() as job:
    discovery = survey(job.store, job.registry, SurveySettings(**job.config["uploads"]))
    take_up(job.store, discovery)
    for report in discovery.wanted:
        if report.changed:  # what is left here of the earlier upload must not pass for this one
            shutil.rmtree(job.local(WORK, report.night), ignore_errors=True)
    shutil.rmtree(WORK / "weather", ignore_errors=True)  # copies that a killed run left
    local = [RESULTS, Path("fetched"), WORK / "failures", Path("logs"), Path(".snakemake/log")]
    remove_older(local, job.config["run"]["keep_local_days"])
    write_json(snakemake.output[0], discovery_to_json(discovery))
