"""What must hold before a run begins: the environment is complete and the bucket answers."""

from __future__ import annotations

import os
from collections.abc import Mapping

from airglow.errors import AirglowError
from airglow.store import Store, open_store, settings_from_environment

REQUIRED = (
    "DEST_BUCKET",
    "AWS_S3_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "MYSQL_HOST",
    "MYSQL_USER",
    "MYSQL_PASSWORD",
    "MYSQL_DATABASE",
    "RESULTS_PATH",
    "SUMMARY_IMAGES_PATH",
    "MADRIGAL_PATH",
)


def check_surroundings(environ: Mapping[str, str] | None = None) -> Store:
    """Make sure that a run has what it needs, before it plans anything.

    Snakemake's storage plugin takes a bucket that does not answer for an empty one, and would plan everything
    anew: so the bucket is asked first, and loudly.

    Parameters
    ----------
    environ
        Environment variables; by default the process's.

    Returns
    -------
    Store
        The bucket, which answered.

    Raises
    ------
    AirglowError
        Naming every variable that is missing, or the bucket, its endpoint and what to check.
    """
    environ = os.environ if environ is None else environ
    present = {name for name, value in environ.items() if value.strip()}
    if "MYSQL_UNIX_SOCKET" in present:
        present.add("MYSQL_HOST")  # not needed then
    missing = [name for name in REQUIRED if name not in present]
    if missing:
        raise AirglowError(
            f"the environment lacks {', '.join(missing)}. deploy/environment.example says what they are"
        )
    store = open_store(settings_from_environment(environ))
    store.check()
    return store
