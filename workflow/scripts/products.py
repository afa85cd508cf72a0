"""Write products of a night and tag from its result; the names of the outputs say which."""

from adapter import snakemake, step

from airglow.products import Beside, read_netcdf, write_kinds

with step() as job:
    result, files = read_netcdf(snakemake.input.night), dict(snakemake.output.items())
    write_kinds(result, files, Beside(None, job.site, job.instrument))
