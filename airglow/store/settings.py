"""Where the bucket is, and how to be let in."""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field

from airglow.model.errors import StoreError

BUCKET_VARIABLE = "DEST_BUCKET"
ENDPOINT_VARIABLE = "AWS_S3_ENDPOINT_URL"
ACCESS_KEY_VARIABLE = "AWS_ACCESS_KEY_ID"
SECRET_KEY_VARIABLE = "AWS_SECRET_ACCESS_KEY"
CA_BUNDLE_VARIABLE = "AWS_CA_BUNDLE"  # certificate authorities (PEM) that the endpoint is verified with

_OURS = (ENDPOINT_VARIABLE, ACCESS_KEY_VARIABLE, SECRET_KEY_VARIABLE, CA_BUNDLE_VARIABLE)
_FIXED = {
    # Files with nothing in them, in place of those in ~/.aws.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    # As our own client: Ceph's S3 front does not take checksum trailers.
    "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
    "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
}


@dataclass(frozen=True)
class StoreSettings:
    """The bucket, the endpoint that serves it, and the credentials.

    Parameters
    ----------
    bucket
        Name of the bucket.
    endpoint_url
        Address of the service.
    access_key
        Name of the credentials.
    secret_key
        Secret of the credentials.
    """

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


def leave_out_foreign_settings(environ: MutableMapping[str, str]) -> list[str]:
    """Take from an environment what another project's settings for S3 would do to this one.

    A profile, a session token or an endpoint of another project (``AWS_PROFILE``, ``AWS_SESSION_TOKEN``,
    ``AWS_ENDPOINT_URL`` ...) goes, and the files under ``~/.aws`` are not looked at. What names the bucket
    here stays, with ``AWS_CA_BUNDLE``. This is for clients that others make; `open_store` does not need it.

    Parameters
    ----------
    environ
        The environment, which is changed.

    Returns
    -------
    list of str
        Names of the variables that were removed or replaced.
    """
    foreign = [
        name
        for name, value in environ.items()
        if name.startswith("AWS_") and environ.get(name) != _FIXED.get(name) and not (name in _OURS and value)
    ]
    for name in foreign:
        del environ[name]
    environ.update(_FIXED)
    return sorted(foreign)
