"""Write products of a night and tag from its result; the names of the outputs say which."""

from adapter import snakemake, step

from airglow.products import read_netcdf, write_kinds

with step():
    result = read_netcdf(snakemake.input.night)
    write_kinds(result, dict(snakemake.output.items()), frames=snakemake.input.get("frames"))
