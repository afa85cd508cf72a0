# Before the first job of a run and after its last one.

import shutil

from airglow.pipeline import failures, runlock

LOCKS = Path(".snakemake")
PLANNED_AFTER = runlock.last_run(LOCKS)
ONLY_BY_NAME = {"site_night", "instrument_night", "fetch", "fetched"}


def begin():
    """Before the first job: nobody else is at work here."""
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
    if not workflow.non_local_exec:
        # Cores limit how many jobs start. Snakemake's limit in a time would have it look for free ones again every so
        # often for each job that has ended, to no avail: half of what it costs itself where ten nights are pending.
        workflow.scheduler.job_rate_limiter = None
    failures.forget_steps(WORK)
    or_workflow_error(failures.forget_unrepeated, WORK, STORE, ONLY_BY_NAME)


def planned_nights():
    """Names of the nights that the run begins with: all that were asked for by name, none of the discovery's."""
    return {
        "{instrument}_{site}_{date}".format(**job.wildcards)
        for job in workflow.dag.jobs
        if {"instrument", "site", "date"} <= set(job.wildcards.keys())
    }


def end():
    """After the last job: tell where the nights stand, and leave no copies of weather files to a later run."""
    from airglow.pages.after_run import after_run  # takes a second, which no plan needs

    shutil.rmtree(WORK / "weather", ignore_errors=True)
    failures.record_killed(WORK)
    after_run(WORK, STORE, config["pages"])


onstart:
    begin()


onsuccess:
    end()


onerror:
    end()
