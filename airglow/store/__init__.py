"""The bucket: one client, set up for Ceph; list, get, put, verify, delete if unchanged."""

from airglow.store.bucket import Store
from airglow.store.deletion import (
    Deletion,
    delete_read,
    known_deletion,
    probe_deletion,
    remembered_deletion,
    set_aside,
)
from airglow.store.guard import Guard, guard_of
from airglow.store.hashes import FileHashes, hash_file, json_bytes
from airglow.store.objects import (
    ChangedObject,
    DamagedRead,
    MissingObject,
    Reading,
    SilentStore,
    StoredObject,
)
from airglow.store.opening import open_store
from airglow.store.probe import honours_if_match
from airglow.store.settings import (
    StoreSettings,
    leave_out_foreign_settings,
    settings_from_environment,
)
from airglow.store.surely import proves, read_surely, stream_surely
from airglow.store.transfer import StoredFile, download_many, in_threads, upload_many
from airglow.store.versions import finish_deletions

__all__ = [
    "ChangedObject",
    "DamagedRead",
    "Deletion",
    "FileHashes",
    "Guard",
    "MissingObject",
    "Reading",
    "SilentStore",
    "Store",
    "StoreSettings",
    "StoredFile",
    "StoredObject",
    "delete_read",
    "download_many",
    "finish_deletions",
    "guard_of",
    "hash_file",
    "honours_if_match",
    "in_threads",
    "json_bytes",
    "known_deletion",
    "leave_out_foreign_settings",
    "open_store",
    "probe_deletion",
    "proves",
    "read_surely",
    "remembered_deletion",
    "set_aside",
    "settings_from_environment",
    "stream_surely",
    "upload_many",
]
