"""Where the bucket is, and how to be let in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from airglow.errors import StoreError

BUCKET_VARIABLE = "DEST_BUCKET"
ENDPOINT_VARIABLE = "AWS_S3_ENDPOINT_URL"
ACCESS_KEY_VARIABLE = "AWS_ACCESS_KEY_ID"
SECRET_KEY_VARIABLE = "AWS_SECRET_ACCESS_KEY"


@dataclass(frozen=True)
class StoreSettings:
    """The bucket, the endpoint that serves it, and the credentials."""

    bucket: str
    endpoint_url: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)


def settings_from_environment(environ: Mapping[str, str] | None = None) -> StoreSettings:
    """Read the store's settings from environment variables.

    Parameters
    ----------
    environ
        Where to look; by default the process's environment.

    Returns
    -------
    StoreSettings

    Raises
    ------
    StoreError
        If variables are missing or empty (all of them are named), or the endpoint is not a URL.
    """
    environ = os.environ if environ is None else environ
    names = (BUCKET_VARIABLE, ENDPOINT_VARIABLE, ACCESS_KEY_VARIABLE, SECRET_KEY_VARIABLE)
    values = {name: environ.get(name, "").strip() for name in names}
    missing = [name for name, value in values.items() if not value]
    if missing:
        raise StoreError(f"the environment does not say {', '.join(missing)}: set what is missing")
    endpoint = values[ENDPOINT_VARIABLE]
    if not endpoint.startswith(("http://", "https://")):
        raise StoreError(
            f"{ENDPOINT_VARIABLE}={endpoint!r} is not a URL: it must begin with https:// or http://"
        )
    return StoreSettings(
        bucket=values[BUCKET_VARIABLE],
        endpoint_url=endpoint.rstrip("/"),
        access_key=values[ACCESS_KEY_VARIABLE],
        secret_key=values[SECRET_KEY_VARIABLE],
    )
