"""Bring the frames of an archived night to the local disk."""

from pathlib import Path

from adapter import STATES, WORK, snakemake, step

from airglow.archive import read_manifest
from airglow.model.files import write_whole
from airglow.pipeline.states import manifest_bytes
from airglow.pipeline.workspace import bring_frames

with step() as job:
    data = manifest_bytes(job.store, job.night, job.local(WORK) / "manifest.json", STATES)
    manifest = read_manifest(data, job.night.manifest_key)
    frames, unpacked = Path(snakemake.output.frames), Path(snakemake.params.unpacked)
    bring_frames(job.store, manifest, frames, unpacked, snakemake.params.transfers)
    write_whole(snakemake.output.manifest, data)
