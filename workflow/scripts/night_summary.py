"""Say in one local file what the archive, the products and the database have of nights."""

from adapter import snakemake, step, write_json

from airglow.pipeline.rows import summarise_night
from airglow.uploads import NightId

with step() as job:
    nights = [NightId.parse(name) for name in snakemake.params.nights]
    write_json(snakemake.output.summary, [summarise_night(job.store, night) for night in nights])
