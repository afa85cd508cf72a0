"""Bring the frames of an archived night to the local disk."""

from pathlib import Path

from adapter import WORK, snakemake, step

from airglow.archive import read_manifest
from airglow.model.files import write_whole
from airglow.pipeline.workspace import bring_frames

with step() as job:
    data = job.store.get_bytes(job.night.manifest_key)
    manifest = read_manifest(data, job.night.manifest_key)
    unpacked = job.local(WORK) / "unpacked"
    bring_frames(job.store, manifest, Path(snakemake.output.frames), unpacked, job.threads)
    write_whole(snakemake.output.manifest, data)
