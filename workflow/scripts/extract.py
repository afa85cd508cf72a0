"""Put a night's frames into the bucket, and the manifest after them."""

from pathlib import Path

from adapter import WORK, snakemake, step

from airglow.archive import UnpackLimits, extract_night, join_if_changed

with step() as job:
    limits = job.config["archive"]
    archive, record = Path(snakemake.input.archive), Path(snakemake.input.record)
    join_if_changed(job.store, job.night, archive, record)
    local_manifest = job.local(WORK) / "manifest.json"
    extract_night(
        job.store,
        job.night,
        archive,
        record,
        local_manifest,
        job.local(WORK) / "unpacked",
        UnpackLimits(
            max_members=limits["max_members"],
            max_bytes=round(limits["max_gigabytes"] * 1e9),
            max_member_bytes=round(limits["max_member_megabytes"] * 1e6),
        ),
        job.threads,
    )
    job.store.put_file(job.night.manifest_key, local_manifest, "application/json")
    local_manifest.unlink()
