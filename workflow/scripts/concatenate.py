"""Join the parts of a night's upload."""

import os
from pathlib import Path

from adapter import STATES, WORK, snakemake, step

from airglow.archive import UnpackLimits, criteria, join_parts
from airglow.pipeline.runlock import RUN_VARIABLE
from airglow.pipeline.states import is_marked, mirror_path
from airglow.uploads import MEMORY, read_memory

with step() as job:
    join_parts(
        job.store,
        job.night,
        Path(snakemake.output.archive),
        Path(snakemake.output.record),
        criteria=criteria(UnpackLimits.from_settings(snakemake.params.limits)),
        is_marked=is_marked(job.night, os.environ.get(RUN_VARIABLE), STATES),
        read_receipt=read_memory(WORK / MEMORY, job.store).read_receipt,
        maybe_refused=mirror_path(STATES, job.night, "refused").exists(),
    )
