"""The database: does it answer, is its schema ours, may we do what a load does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing

from airglow.catalogue import (
    NoAnswer,
    applied_schema,
    check_database,
    connect,
    known_migrations,
    settings_from_environment,
)
from airglow.doctor.finding import Finding, ok, warning, wrong
from airglow.model.errors import CatalogueError

_ANSWER_S = 10.0


def check_catalogue(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Look at the database.

    Parameters
    ----------
    environ
        Environment variables.

    Yields
    ------
    Finding
    """
    rights = "airglow/catalogue/README.md says which rights the account needs"
    try:
        settings = settings_from_environment(environ)
        check_database(settings, _ANSWER_S)
        with closing(connect(settings, attempts=1, timeout_s=_ANSWER_S)) as connection:
            applied = applied_schema(connection)
            version = connection.get_server_info()
    except NoAnswer as error:
        action = "start it, or correct MYSQL_HOST; nights are analysed meanwhile, and wait to be loaded"
        yield wrong("database", str(error), action)
        return
    except CatalogueError as error:
        yield wrong("database", str(error), f"correct /etc/airglow/environment; {rights}")
        return
    yield ok("database", f"{settings.place} answers ({version}), and the account has its rights")
    known = [migration.name for migration in known_migrations()]
    missing = [name for name in known if name not in applied]
    if not applied:
        yield warning(
            "schema", "no tables yet", "the next run makes them; airglow rebuild-database fills them"
        )
    elif missing:
        yield warning("schema", f"lacks {', '.join(missing)}", "the next load brings it up to date")
    else:
        yield ok("schema", f"up to date: {applied[-1]}")
