"""What must hold before a run begins: the environment is complete, bucket and database let us in."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping

from airglow.model.errors import AirglowError
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


def present(environ: Mapping[str, str]) -> list[str]:
    """Which of the variables that a run needs are set, if only to nothing.

    Parameters
    ----------
    environ
        Environment variables.

    Returns
    -------
    list of str
        Names, in the order of `REQUIRED`.
    """
    return [name for name in REQUIRED if name in environ]


def missing_variables(environ: Mapping[str, str]) -> list[str]:
    """Which of the variables that a run needs are not set, or to nothing.

    Parameters
    ----------
    environ
        Environment variables.

    Returns
    -------
    list of str
        Names, in the order of `REQUIRED`.
    """
    there = {name for name, value in environ.items() if value.strip()}
    if "MYSQL_UNIX_SOCKET" in there:
        there.add("MYSQL_HOST")  # not needed then
    return [name for name in REQUIRED if name not in there]


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def check_surroundings(environ: Mapping[str, str] | None = None, warn: Callable[[str], None] = _say) -> Store:
    """Make sure that a run has what it needs, before it plans anything.

    What stands in the bucket decides what is planned, so the bucket is asked first, and loudly. A database
    that does not answer stops nothing: nights are analysed meanwhile, and loaded when it does. But settings
    with which it will never take a load are refused here, before anything is done.

    Parameters
    ----------
    environ
        Environment variables; by default the process's.
    warn
        Told in one line of a database that does not answer.

    Returns
    -------
    Store
        The bucket, which answered.

    Raises
    ------
    AirglowError
        Naming every variable that is missing; or the bucket, its endpoint and what to check; or the
        database, and which of its settings, its rights or its schema will not do.
    """
    from airglow.catalogue import NoAnswer, check_database  # PyMySQL, which only a run needs
    from airglow.catalogue import settings_from_environment as database_settings

    environ = os.environ if environ is None else environ
    if missing := missing_variables(environ):
        raise AirglowError(
            f"the environment lacks {', '.join(missing)}. deploy/environment.example says what they are"
        )
    store = open_store(settings_from_environment(environ))
    store.check()
    try:
        check_database(database_settings(environ))
    except NoAnswer as error:
        warn(f"The database does not answer, so nights wait to be loaded: {error}. Check it, and MYSQL_HOST")
    return store
