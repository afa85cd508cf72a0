"""Bring the frames of an archived night to the local disk."""

from pathlib import Path

from adapter import snakemake, step

from airglow.archive import read_manifest
from airglow.model.files import write_whole
from airglow.pipeline.workspace import bring_frames

with step() as job:
    data = job.store.get_bytes(job.night.manifest_key)
    manifest = read_manifest(data, job.night.manifest_key)
    frames, unpacked = Path(snakemake.output.frames), Path(snakemake.params.unpacked)
    bring_frames(job.store, manifest, frames, unpacked, snakemake.params.transfers)
    write_whole(snakemake.output.manifest, data)
