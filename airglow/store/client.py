"""A client of the bucket, set up as production needs it."""

from __future__ import annotations

import boto3
from botocore.config import Config

from airglow.errors import StoreError
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
    """
    config = Config(
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",  # RGW answers 411 to checksum trailers
        response_checksum_validation="when_required",
        retries={"mode": "standard", "max_attempts": attempts},
        connect_timeout=10,
        read_timeout=60,
        max_pool_connections=threads,
    )
    session = boto3.session.Session(  # a session of its own: threads, and no profile files
        aws_access_key_id=settings.access_key, aws_secret_access_key=settings.secret_key
    )
    try:
        client = session.client(
            "s3", endpoint_url=settings.endpoint_url, region_name="us-east-1", config=config
        )
    except ValueError as error:
        raise StoreError(f"{settings.endpoint_url}: {error}. Check AWS_S3_ENDPOINT_URL") from error
    return Store(settings.bucket, settings.endpoint_url, client)
