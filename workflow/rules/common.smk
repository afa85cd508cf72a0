# What the rules share: the configuration, the bucket, and names.

import atexit
import gc
import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

from airglow.model.errors import AirglowError
from airglow.model.names import DATE, INSTRUMENT, SITE
from airglow.model.tags import TAG_PATTERN
from airglow.pipeline import preflight
from airglow.registry import load_config, registry_of
from airglow.store import leave_out_foreign_settings
from airglow.uploads import NightId

WORK = Path("work")

# What Snakemake has loaded stays to the end: Python need not look through it for objects that hold each other, neither
# now and then nor when it ends.
gc.freeze()
atexit.register(gc.freeze)


def or_workflow_error(function, *arguments):
    """Call a function of airglow; its errors become Snakemake's, which are shown without a traceback."""
    try:
        return function(*arguments)
    except AirglowError as error:
        raise WorkflowError(str(error)) from None


# What is set for another project, a profile or an endpoint, must not reach the steps, which inherit this environment.
leave_out_foreign_settings(os.environ)

# What Snakemake was given (--configfile, --config) is the last layer of the configuration.
config.update(or_workflow_error(load_config, None, config, True))
REGISTRY = or_workflow_error(registry_of, config)
# In place of the names of its files: the steps get the configuration with it, and so neither read nor validate YAML.
config["registry"] = REGISTRY

# Ask first, loudly: what stands in the bucket decides what is planned. Not in the processes that Snakemake starts
# for single jobs, and not when rules are linted or listed, which needs no bucket.
is_listing = {"-l", "--list", "--list-rules", "--list-target-rules"} & set(sys.argv)
if workflow.is_main_process and workflow.check_envvars and not is_listing:
    STORE = or_workflow_error(preflight.check_surroundings, None, logger.warning)


# Handed on to jobs on other machines. What is missing was told above, with more words than Snakemake has.
envvars:
    *preflight.present(os.environ),


# One thread for linear algebra: jobs run side by side, and small fits gain nothing from more.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")


# The year of a path is that of the date behind it, digit by digit: a constraint is also compiled by itself, so it
# cannot refer to another wildcard. (All years in one list would be a tenth of the time that Snakemake takes itself.)
YEAR = "20({})({})".format(
    "|".join(rf"{digit}(?=\d/20{digit})" for digit in range(10)),
    "|".join(rf"{digit}(?=/20\d{digit})" for digit in range(10)),
)


wildcard_constraints:
    instrument=INSTRUMENT,
    site=SITE,
    year=YEAR,
    date=r"\d{8}",
    tag=TAG_PATTERN,
    asked=f"({INSTRUMENT}_)?{SITE}_{DATE}",


NIGHT = "{instrument}/{site}/{year}/{date}"
RESULTS = f"results/{NIGHT}/{{tag}}"


# The sentinels of a night are objects in the bucket. Snakemake, which asks for each a dozen times in a run, sees
# mirrors of them on this disk: made like the bucket before a night is planned (functions.smk), and then written by
# the steps, after the objects.
STATES = WORK / "states"


def sentinel(name):
    """A night's sentinel, by wildcards: the mirror of state/.../NAME.json in the bucket."""
    return f"{STATES}/{NIGHT}/{name}.json"
