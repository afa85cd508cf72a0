"""Join the parts of a night's upload."""

from pathlib import Path

from adapter import STATES, snakemake, step

from airglow.archive import UnpackLimits, criteria, join_parts
from airglow.pipeline.states import mirror_path

with step() as job:
    join_parts(
        job.store,
        job.night,
        Path(snakemake.output.archive),
        Path(snakemake.output.record),
        criteria=criteria(UnpackLimits.from_settings(snakemake.params.limits)),
        maybe_refused=mirror_path(STATES, job.night, "refused").exists(),
    )
