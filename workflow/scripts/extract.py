"""Join and unpack a night's upload, put its frames into the bucket, and the manifest after them."""

import os
from pathlib import Path

from adapter import STATES, WORK, snakemake, step

from airglow.archive import UnpackLimits
from airglow.pipeline.archiving import archive_upload
from airglow.pipeline.runlock import RUN_VARIABLE
from airglow.pipeline.states import is_marked, mirror_path
from airglow.uploads import MEMORY, read_memory

with step() as job:
    archive_upload(
        job.store,
        job.night,
        job.local(WORK),
        Path(snakemake.output.unpacked),
        STATES,
        UnpackLimits.from_settings(snakemake.params.limits),
        snakemake.params.transfers,
        is_marked=is_marked(job.night, os.environ.get(RUN_VARIABLE), STATES),
        read_receipt=read_memory(WORK / MEMORY, job.store).read_receipt,
        keep_superseded_days=job.config["archive"]["keep_superseded_days"],
        maybe_refused=mirror_path(STATES, job.night, "refused").exists(),
    )
