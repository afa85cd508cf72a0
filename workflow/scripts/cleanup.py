"""Delete the raw objects of a night that is archived, published and loaded; then the night is finished."""

import os
from functools import partial

from adapter import STATES, WORK, step

from airglow.archive import UnpackLimits
from airglow.pipeline.archiving import archive_upload
from airglow.pipeline.failures import forget_failures
from airglow.pipeline.finishing import finish_night
from airglow.pipeline.mending import cleanup_surely, read_archived
from airglow.pipeline.runlock import RUN_VARIABLE
from airglow.pipeline.states import marked_record, mirror_states, read_state
from airglow.store import guard_of
from airglow.uploads import MEMORY, read_memory

with step() as job:
    night = job.night
    now = mirror_states(job.store, night, STATES)  # nothing is deleted on an old word
    published, loaded = (
        read_state(job.store, night, state, STATES, now.get(state)) or {} for state in ("published", "loaded")
    )
    at_hand = job.local(WORK) / "manifest.json"  # what extract left is as good, if it has the ETag of now
    manifest, _ = read_archived(job.store, night, at_hand, STATES)
    settings, folder = job.config["archive"], job.local(WORK)
    limits = UnpackLimits.from_settings(settings)
    archive = partial(
        archive_upload, job.store, night, folder, folder / "unpacked", STATES, limits, is_marked=True
    )
    guard, keep_days = guard_of(job.store, settings, WORK), settings["keep_superseded_days"]
    memory = read_memory(WORK / MEMORY, job.store)
    record = cleanup_surely(
        job.store, job.registry, manifest, published, loaded, archive, guard, keep_days, STATES, memory
    )
    known = marked_record(night, os.environ.get(RUN_VARIABLE), STATES)
    finish_night(job.store, night, record, published, STATES, record=known, log=job.attempt_key)
    forget_failures(WORK, night.name)
    at_hand.unlink(missing_ok=True)
