"""Delete the raw objects of a night that is archived, published and loaded; then the night is finished."""

import os

from adapter import STATES, WORK, step

from airglow.archive import cleanup_night, read_manifest
from airglow.pipeline.failures import forget_failures
from airglow.pipeline.finishing import finish_night
from airglow.pipeline.runlock import RUN_VARIABLE
from airglow.pipeline.states import manifest_bytes, marked_record, mirror_states, read_state

with step() as job:
    night = job.night
    now = mirror_states(job.store, night, STATES)  # nothing is deleted on an old word
    published, loaded = (
        read_state(job.store, night, state, STATES, now.get(state)) or {} for state in ("published", "loaded")
    )
    at_hand = job.local(WORK) / "manifest.json"  # what extract left is as good, if it has the ETag of now
    manifest = read_manifest(manifest_bytes(job.store, night, at_hand, STATES), night.manifest_key)
    record = cleanup_night(job.store, job.registry, manifest, published, loaded, just_read=True)
    known = marked_record(night, os.environ.get(RUN_VARIABLE), STATES)
    finish_night(job.store, night, record, published, STATES, record=known, log=job.attempt_key)
    forget_failures(WORK, night.name)
    at_hand.unlink(missing_ok=True)
