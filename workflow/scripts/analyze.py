"""Analyse one tag of a night."""

from pathlib import Path

from adapter import snakemake, step, write_json

from airglow.archive import read_manifest
from airglow.night import AnalysisSettings, analyse_folder

with step() as job:
    manifest = read_manifest(Path(snakemake.input.manifest).read_bytes(), snakemake.input.manifest)
    outcome = analyse_folder(
        Path(snakemake.input.frames),
        Path(snakemake.input.clouds),
        job.instrument,
        job.site,
        job.date,
        snakemake.wildcards.tag,
        Path(snakemake.output.products),
        settings=AnalysisSettings(**job.config["analysis"]),
        sha256={frame.name: frame.sha256 for frame in manifest.frames},
    )
    Path(snakemake.output.products).mkdir(exist_ok=True)  # also when the outcome is that there is nothing
    write_json(snakemake.output.outcome, {**outcome, "manifest_sha256": manifest.sha256})
