"""Analyse one tag of a night."""

from pathlib import Path

from adapter import snakemake, step, write_json

from airglow.archive import read_manifest, with_uploads
from airglow.model.products import FITTED, FRAMES
from airglow.night import AnalysisSettings, NightRequest, analyse_frames
from airglow.pipeline.tidying import remove_earlier_products
from airglow.products import Beside, read_netcdf, write_kinds, write_netcdf

with step() as job:
    manifest = read_manifest(Path(snakemake.input.manifest).read_bytes(), snakemake.input.manifest)
    settings = AnalysisSettings(**snakemake.params.settings)
    request = NightRequest(job.instrument, job.site, job.date, snakemake.wildcards.tag, settings)
    result, outcome = analyse_frames(
        Path(snakemake.input.frames),
        Path(snakemake.input.clouds),
        request,
        sha256={frame.name: frame.sha256 for frame in manifest.frames},
        manifest_hash=manifest.sha256,
        fitted=Path(snakemake.output.fitted),
    )
    # Plots and tables of an earlier result, PDFs among them that nobody asks for this time.
    remove_earlier_products(Path(snakemake.output.night).parent, (FITTED,))
    write_netcdf(result, snakemake.output.night)
    # From the file, as the other plots: what a reader of the file sees is what this one shows.
    result = read_netcdf(snakemake.output.night)
    write_kinds(result, {FRAMES: snakemake.output.frames}, Beside(snakemake.input.frames))
    weather = with_uploads(outcome["weather"], Path(snakemake.input.weather))
    named = {"weather": weather, "manifest_sha256": manifest.sha256}
    write_json(snakemake.output.outcome, {**outcome, **named})
