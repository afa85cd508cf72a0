# Before the first job of a run and after its last one.

import datetime as dt
import shutil

from airglow.pipeline import at_work, failures, runlock
from airglow.pipeline.attempts import ATTEMPT_VARIABLE, attempt_stamp
from airglow.pipeline.interrupted import record_interrupted
from airglow.pipeline.versions import versions_of

LOCKS = Path(".snakemake")
PLANNED_AFTER = runlock.last_run(LOCKS)
ONLY_BY_NAME = {"site_night", "instrument_night", "fetch", "fetched"}


def begin():
    """Before the first job: nobody else is at work here."""
    global RUN, BEGUN
    RUN = or_workflow_error(
        runlock.begin_planned_run,
        LOCKS,
        config["run"]["wait_seconds"],
        PLANNED_AFTER,
        logger.info,
    )
    BEGUN = dt.datetime.now(dt.UTC).replace(microsecond=0)
    # The steps inherit these.
    os.environ.update(
        {
            ATTEMPT_VARIABLE: attempt_stamp(BEGUN),
            runlock.RUN_VARIABLE: RUN.identifier,
            runlock.NIGHTS_VARIABLE: " ".join(sorted(planned_nights())),
        }
    )
    or_workflow_error(
        at_work.begin_attempt,
        WORK,
        attempt_stamp(BEGUN),
        versions_of(config, REGISTRY),
    )
    # Before the discovery, which then takes no night up again that brings every run down.
    for line in record_interrupted(WORK, STORE):
        logger.warning(line)
    failures.forget_recorded(WORK, ONLY_BY_NAME)


def planned_nights():
    """Names of the nights that the run begins with: all that were asked for by name, none of the discovery's."""
    return {
        "{instrument}_{site}_{date}".format(**job.wildcards)
        for job in workflow.dag.jobs
        if {"instrument", "site", "date"} <= set(job.wildcards.keys())
    }


def planned_nights_by_name():
    """The same at the end of the run: of a run that looked for nights, none."""
    return os.environ[runlock.NIGHTS_VARIABLE].split()


def end():
    """After the last job: put on record where the nights stand, tell it, and leave no copies of weather files."""
    from airglow.pages.after_run import after_run  # takes a second, which no plan needs
    from airglow.pipeline.closing import end_run
    from airglow.pipeline.recording import RunAtHand

    shutil.rmtree(WORK / "weather", ignore_errors=True)
    at_work.record_killed(WORK)
    run = RunAtHand(
        RUN.identifier,
        BEGUN,
        attempt_stamp(BEGUN),
        versions_of(config, REGISTRY),
        planned_nights_by_name(),
    )
    closed = end_run(WORK, STORE, run)
    after_run(closed, STORE, config["pages"], WORK)


onstart:
    begin()


onsuccess:
    end()


onerror:
    end()
