"""A client of the bucket, set up as production needs it."""

from __future__ import annotations

import boto3
import botocore.session
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES

from airglow.model.errors import StoreError
from airglow.store.bucket import Store
from airglow.store.settings import CA_BUNDLE_VARIABLE, StoreSettings


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
    config = Config(
        s3={"addressing_style": "path", "us_east_1_regional_endpoint": "regional"},
        request_checksum_calculation="when_required",  # RGW answers 411 to checksum trailers
        response_checksum_validation="when_required",
        retries={"mode": "standard", "max_attempts": attempts},
        connect_timeout=10,
        read_timeout=60,
        max_pool_connections=threads,
    )
    session = boto3.session.Session(  # one of its own, for threads
        aws_access_key_id=settings.access_key,
        aws_secret_access_key=settings.secret_key,
        botocore_session=_session_without_foreign_settings(),
    )
    try:
        client = session.client(
            "s3", endpoint_url=settings.endpoint_url, region_name="us-east-1", config=config
        )
    except ValueError as error:
        raise StoreError(f"{settings.endpoint_url}: {error}. Check AWS_S3_ENDPOINT_URL") from error
    return Store(settings.bucket, settings.endpoint_url, client)


def _session_without_foreign_settings() -> botocore.session.Session:
    """A session that knows no profile and no file under ``~/.aws``, and of ``AWS_...`` only the CA bundle.

    Those are settings of other projects of the same account; here everything is said explicitly.
    """
    variables = {
        name: (None, None, default, convert)
        for name, (_, _, default, convert) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
    }
    variables |= {name: (None, None, None, None) for name in ("config_file", "credentials_file")}
    variables["ca_bundle"] = (None, CA_BUNDLE_VARIABLE, None, lambda path: path or None)
    return botocore.session.Session(session_vars=variables)
