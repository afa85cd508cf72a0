"""Bring the frames of an archived night to the local disk."""

from functools import partial
from pathlib import Path

from adapter import STATES, WORK, snakemake, step

from airglow.archive import UnpackLimits
from airglow.model.files import write_whole
from airglow.pipeline.archiving import archive_upload
from airglow.pipeline.mending import bring_frames_surely, read_archived
from airglow.pipeline.states import manifest_bytes

with step() as job:
    at_hand, settings = job.local(WORK) / "manifest.json", job.config["archive"]
    manifest, data = read_archived(job.store, job.night, at_hand, STATES)
    frames, unpacked = Path(snakemake.output.frames), Path(snakemake.params.unpacked)
    limits = UnpackLimits.from_settings(settings)
    archive = partial(
        archive_upload, job.store, job.night, job.local(WORK), unpacked, STATES, limits, is_marked=True
    )
    now = bring_frames_surely(job.store, manifest, frames, unpacked, archive, snakemake.params.transfers)
    if now.sha256 != manifest.sha256:
        data = manifest_bytes(job.store, job.night, at_hand, STATES)
    write_whole(snakemake.output.manifest, data)
