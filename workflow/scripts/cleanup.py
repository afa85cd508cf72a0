"""Delete the raw objects of a night that is archived, published and loaded; then the night is finished."""

from adapter import WORK, step

from airglow.archive import cleanup_night, load_manifest
from airglow.pipeline.failures import forget_failures
from airglow.uploads import clear_pending

with step() as job:
    night = job.night
    record = cleanup_night(
        job.store,
        job.registry,
        load_manifest(job.store, night),
        job.store.get_json(night.published_key) or {},
        job.store.get_json(night.loaded_key) or {},
    )
    job.store.put_json(night.cleaned_key, record)
    clear_pending(job.store, night)
    forget_failures(WORK, night.name)
