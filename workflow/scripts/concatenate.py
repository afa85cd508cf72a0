"""Join the parts of a night's upload."""

from pathlib import Path

from adapter import snakemake, step

from airglow.archive import UnpackLimits, criteria, join_parts

with step() as job:
    join_parts(
        job.store,
        job.night,
        Path(snakemake.output.archive),
        Path(snakemake.output.record),
        criteria=criteria(UnpackLimits.from_settings(snakemake.params.limits)),
    )
