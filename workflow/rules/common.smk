# What the rules share: the configuration, the bucket, names, and the hooks of a run.

import json
import os
import shutil
from functools import lru_cache
from pathlib import Path

from snakemake.exceptions import WorkflowError

from airglow.pipeline import preflight, runlock, status
from airglow.model.errors import AirglowError
from airglow.registry import load_config, registry_of
from airglow.model.names import DATE, INSTRUMENT, SITE
from airglow.store import leave_out_foreign_settings
from airglow.uploads import NightId, discovery_from_json

WORK = Path("work")
LOCKS = Path(".snakemake")
PLANNED_AFTER = runlock.last_run(LOCKS)
ONLY_BY_NAME = {"site_night", "instrument_night", "fetch", "fetched"}


def or_workflow_error(function, *arguments):
    """Call a function of airglow; its errors become Snakemake's, which are shown without a traceback."""
    try:
        return function(*arguments)
    except AirglowError as error:
        raise WorkflowError(str(error)) from None


# The storage plugin makes a client of its own, which would heed a profile or an endpoint of another project, and the
# files under ~/.aws: the steps inherit this environment too.
leave_out_foreign_settings(os.environ)

# What Snakemake was given (--configfile, --config) is the last layer of the configuration.
config.update(or_workflow_error(load_config, None, config, True))
REGISTRY = or_workflow_error(registry_of, config)

# Ask first, loudly: the storage plugin takes a bucket that does not answer for an empty one. Not in the
# processes that Snakemake starts for single jobs, and not when linting, which needs no bucket.
if workflow.is_main_process and workflow.check_envvars:
    STORE = or_workflow_error(preflight.check_surroundings, None, logger.warning)

# One thread for linear algebra: jobs run side by side, and small fits gain empty_result from more.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")


# The sentinels are read and written by the scripts, with airglow's own client (set up for Ceph, every write
# verified); Snakemake only looks whether they are there and how old they are (retrieve=False). So no local copy
# with the server's clock exists either, which would stop a step that is quicker than the clocks differ.
storage bucket:
    provider="s3",
    endpoint_url=os.environ.get("AWS_S3_ENDPOINT_URL"),
    retrieve=False,


wildcard_constraints:
    instrument=INSTRUMENT,
    site=SITE,
    year=r"\d{4}",
    date=r"\d{8}",
    tag="X|XR|XG",
    asked=f"({INSTRUMENT}_)?{SITE}_{DATE}",


NIGHT = "{instrument}/{site}/{year}/{date}"
NIGHT_NAME = "{instrument}_{site}_{date}"
RESULTS = f"results/{NIGHT}/{{tag}}"
FETCHED = f"fetched/{NIGHT_NAME}"


def in_bucket(key):
    """An object of the bucket, for Snakemake."""
    return storage.bucket(f"s3://{os.environ.get('DEST_BUCKET', 'bucket')}/{key}")


def sentinel(name):
    """A night's sentinel in the bucket, by wildcards."""
    return in_bucket(f"state/{NIGHT}/{name}.json")


def cleaned(night):
    """The last sentinel of a night: asking for it asks for everything."""
    return in_bucket(night.cleaned_key)


def if_wanted(switch, **files):
    """Outputs that the configuration may do without."""
    return files if config["products"][switch] else {}


def in_report(path, what, tag=None, **more):
    """Show a file in ``snakemake --report``, with the caption of its kind."""

    def labels(wildcards):
        day = (wildcards.get("date") or wildcards.asked)[-8:]
        night = f"{day[:4]}-{day[4:6]}-{day[6:]}"
        return {"night": night, "tag": tag or wildcards.tag, "what": what}

    return report(
        path,
        caption=f"../report/{what}.rst",
        labels=labels,
        **{"category": "{site}", "subcategory": "{instrument}", **more},
    )


def night_of(wildcards):
    """The night that wildcards name."""
    return or_workflow_error(
        NightId.parse, f"{wildcards.instrument}_{wildcards.site}_{wildcards.date}"
    )


def begin():
    """Before the first job: nobody else is at work here, and the bucket will never be empty."""
    global RUN
    RUN = or_workflow_error(
        runlock.begin_planned_run,
        LOCKS,
        config["run"]["wait_seconds"],
        PLANNED_AFTER,
        logger.info,
    )
    # The steps inherit these.
    os.environ.update(
        {
            runlock.RUN_VARIABLE: RUN.identifier,
            runlock.NIGHTS_VARIABLE: " ".join(sorted(planned_nights())),
        }
    )
    or_workflow_error(STORE.ensure_placeholder)
    or_workflow_error(status.forget_unrepeated, WORK, STORE, ONLY_BY_NAME)


def planned_nights():
    """Names of the nights that the run begins with: all that were asked for by name, none of the discovery's."""
    return {
        NIGHT_NAME.format(**job.wildcards)
        for job in workflow.dag.jobs
        if {"instrument", "site", "date"} <= set(job.wildcards.keys())
    }


def end():
    """After the last job: tell where the nights stand, and leave no copies of weather files to a later run."""
    shutil.rmtree(WORK / "weather", ignore_errors=True)
    try:
        discovery = status.last_discovery(WORK / status.DISCOVERY)
    except AirglowError as error:
        discovery = None
        print(f"It is not known which nights wait: {error}")
    failures = status.failures(WORK)
    try:
        table = status.rows(discovery, failures, STORE)
    except AirglowError as error:
        print(status.report(discovery, status.rows(discovery, failures)))
        print(f"The bucket could not be asked how far they are: {error}")
    else:
        print(status.report(discovery, table))
        renew_pages(table if discovery else None)


def renew_pages(table):
    """Bring the pages of all nights up to date; what goes wrong is told, and is made good by the next run."""
    # Here, since it takes a second, and no picture and no plan needs it.
    from airglow.pages import PagesSettings, update_pages

    try:
        answer = update_pages(STORE, PagesSettings(**config["pages"]), table)
        problems = answer["problems"]
    except AirglowError as error:
        problems = [str(error)]
    except Exception as error:
        # The nights are done and on record: pages are no reason for the run to fail.
        problems = [f"unexpected {type(error).__name__}: {error}"]
    for problem in problems:
        print(f"The pages are not up to date: {problem}")


def of_every_tag(*files):
    """Files of all tags that the instrument uses on a night's date: an input function."""

    def expanded(wildcards):
        night = night_of(wildcards)
        tags = or_workflow_error(
            REGISTRY.instrument, night.instrument, night.date
        ).expected_tags
        return expand(files, tag=tags, **dict(wildcards.items()))

    return expanded


def wanted_by_discovery(wildcards):
    """Sentinels of all nights to be worked on, and weather files to be cleaned.

    Nothing, if a night is asked for by name: ``-R analyze nights/uao_20250429.json`` reads as two things to
    redo and no target, and would redo the nights of the last discovery as well.
    """
    if any(not workflow.is_rule(name) for name in workflow.dag_settings.forcerun):
        return []
    nothing_is_done = workflow.execution_settings is None  # a picture, or a report
    found = str(WORK / "discovery.json")
    # A picture or report is of what was found last, also where a run would look again.
    if not (nothing_is_done and Path(found).exists()):
        found = checkpoints.discover.get().output[0]
    discovery = or_workflow_error(
        discovery_from_json, json.loads(Path(found).read_text()), found
    )
    nights = [report.night for report in discovery.wanted]
    if nothing_is_done:
        # Of a night that failed there may be no plots, and then there would be no report at all.
        failed = {failure.name for failure in status.failures(WORK)}
        nights = [night for night in nights if night.name not in failed]
    leftovers = [
        {"site": day.site, "date": f"{day.date:%Y%m%d}"}
        for day in discovery.weather_leftovers
    ]
    return [
        found,
        *(cleaned(night) for night in nights),
        *(rules.cleanup_weather.output.done.format(**day) for day in leftovers),
    ]


@lru_cache
def archived_nights(site, date):
    """Nights of all instruments of a site on a date that are in the archive, or are uploaded."""
    day = or_workflow_error(NightId.parse, f"minime00_{site}_{date}").date
    or_workflow_error(REGISTRY.site, site)
    nights = [NightId(key, site, day) for key in REGISTRY.instruments_at(site, day)]
    there = [
        night
        for night in nights
        if or_workflow_error(STORE.head, night.manifest_key)
        or or_workflow_error(STORE.head, night.receipt_key)
    ]
    if not there:
        asked = (
            ", ".join(night.instrument for night in nights)
            or "none was there on that date"
        )
        raise WorkflowError(
            f"no night of {site} on {day:%Y-%m-%d} is in the archive or in raw/ (instruments: {asked})"
        )
    return there


def published_nights(asked):
    """Nights with published products that ``uao_20250429`` or ``minime05_uao_20250429`` names."""
    site, date = asked.split("_")[-2:]
    named = [
        night for night in archived_nights(site, date) if night.name.endswith(asked)
    ]
    there = [
        night for night in named if or_workflow_error(STORE.head, night.published_key)
    ]
    if not there:
        raise WorkflowError(f"no products of {asked} are in the bucket")
    return there


def fetched_files(night):
    """What a fetch brings back of a night."""
    return expand(
        rules.fetch.output, instrument=night.instrument, site=night.site, date=night.day
    )
