"""The way to a bucket."""

from __future__ import annotations

from airglow.store.bucket import Store
from airglow.store.settings import StoreSettings


def open_store(settings: StoreSettings, attempts: int = 5, threads: int = 32) -> Store:
    """Set up a client for the bucket, as Ceph's S3 front wants it. Nothing is sent yet.

    Parameters
    ----------
    settings
        Where the bucket is.
    attempts
        How often a request is tried before it counts as failed.
    threads
        How many threads may talk at once.

    Returns
    -------
    Store

    Raises
    ------
    StoreError
        If the settings cannot be used.
    """
    # Botocore takes longer to load than all of airglow, and many steps and commands ask no bucket.
    from airglow.store.client import make_client

    return Store(settings.bucket, settings.endpoint_url, make_client(settings, attempts, threads))
