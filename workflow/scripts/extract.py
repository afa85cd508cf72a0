"""Put a night's frames into the bucket, and the manifest after them."""

from pathlib import Path

from adapter import STATES, WORK, snakemake, step

from airglow.archive import UnpackLimits, criteria, extract_night, join_if_changed
from airglow.pipeline.states import mirror_path, mirror_written

with step() as job:
    limits = UnpackLimits.from_settings(snakemake.params.limits)
    archive, record = Path(snakemake.input.archive), Path(snakemake.input.record)
    maybe_refused = mirror_path(STATES, job.night, "refused").exists()
    join_if_changed(job.store, job.night, archive, record, criteria=criteria(limits))
    local_manifest = job.local(WORK) / "manifest.json"
    extract_night(
        job.store,
        job.night,
        archive,
        record,
        local_manifest,
        Path(snakemake.output.unpacked),
        limits,
        snakemake.params.transfers,
        maybe_refused=maybe_refused,
    )
    etag = job.store.put_file(job.night.manifest_key, local_manifest, "application/json")
    mirror_written(job.night, "manifest", etag, STATES)
