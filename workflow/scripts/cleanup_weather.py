"""Archive and delete the raw weather files of a day that no upload needs any more."""

from adapter import WORK, snakemake, step, write_json

from airglow.archive import cleanup_weather
from airglow.store import guard_of
from airglow.uploads import MEMORY, read_memory

with step() as job:
    guard = guard_of(job.store, job.config["archive"], WORK)
    memory, site = read_memory(WORK / MEMORY, job.store), snakemake.wildcards.site
    record = cleanup_weather(job.store, job.registry, site, job.date, guard, memory)
    write_json(snakemake.output.done, record)
