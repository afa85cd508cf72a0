"""A client of the bucket, set up as production needs it. Loads botocore: imported by `open_store` alone."""

from __future__ import annotations

import datetime as dt
from typing import Any

import botocore.session
from botocore.client import BaseClient
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES
from botocore.loaders import Loader
from botocore.utils import determine_content_length, parse_timestamp

from airglow.model.errors import StoreError
from airglow.store.settings import CA_BUNDLE_VARIABLE, StoreSettings

SENT_AT_ONCE_BYTES = 1 << 20


class _S3Loader(Loader):
    """Finds the description of S3 without looking through those of 400 other services, twice."""

    def list_available_services(self, type_name: str) -> list[str]:
        return ["s3"]


_LOADER = (
    _S3Loader()
)  # keeps what it has read: a second client of the process is made in a quarter of the time


def make_client(settings: StoreSettings, attempts: int, threads: int) -> BaseClient:
    """Set up a client.

    Parameters
    ----------
    settings, attempts, threads
        As of `airglow.store.open_store`.

    Returns
    -------
    BaseClient
        Botocore's client for S3, which threads may share.

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
    session = _session_without_foreign_settings()  # one of its own, for threads
    session.register_component("data_loader", _LOADER)
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_moment)
    try:
        client = session.create_client(
            "s3",
            region_name="us-east-1",
            endpoint_url=settings.endpoint_url,
            aws_access_key_id=settings.access_key,
            aws_secret_access_key=settings.secret_key,
            config=config,
        )
    except ValueError as error:
        raise StoreError(f"{settings.endpoint_url}: {error}. Check AWS_S3_ENDPOINT_URL") from error
    client.meta.events.register_last("before-call.s3", _send_at_once)
    return client


def _moment(value: Any) -> dt.datetime:
    """A time in an answer. In a listing it is ISO 8601; to guess, as botocore does, is most of its cost."""
    try:
        moment = dt.datetime.fromisoformat(value)
    except (TypeError, ValueError):
        moment = parse_timestamp(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _send_at_once(params: dict[str, Any], **_: Any) -> None:
    """Do not wait for the server's word (100 Continue) before a small object, such as a frame, is sent.

    The wait is a round trip, and botocore reads the word byte by byte.
    """
    if "Expect" in params["headers"]:
        size = determine_content_length(params["body"])
        if size is not None and size <= SENT_AT_ONCE_BYTES:
            del params["headers"]["Expect"]


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
