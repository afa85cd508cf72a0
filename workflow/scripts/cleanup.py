"""Delete the raw objects of a night that is archived, published and loaded; then the night is finished."""

from adapter import STATES, WORK, step

from airglow.archive import cleanup_night, load_manifest
from airglow.pipeline.failures import forget_failures
from airglow.pipeline.states import mirror_states, put_state, read_state
from airglow.uploads import clear_pending

with step() as job:
    night = job.night
    now = mirror_states(job.store, night, STATES)  # nothing is deleted on an old word
    published, loaded = (
        read_state(job.store, night, state, STATES, now.get(state)) or {} for state in ("published", "loaded")
    )
    manifest = load_manifest(job.store, night)
    record = cleanup_night(job.store, job.registry, manifest, published, loaded)
    put_state(job.store, night, "cleaned", record, STATES)
    clear_pending(job.store, night)
    forget_failures(WORK, night.name)
