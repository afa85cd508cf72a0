"""Whether the database can take a load, asked without changing anything: before a run begins."""

from __future__ import annotations

from contextlib import closing

import pymysql
from pymysql.cursors import Cursor

from airglow.catalogue.connection import (
    DatabaseSettings,
    NoAnswer,
    connect,
    may_pass,
)
from airglow.catalogue.schema import DENIED, RIGHTS, applied_migrations, check_applied, known_migrations
from airglow.model.errors import CatalogueError

ANSWER_S = 5
_OF_A_LOAD = (
    "SELECT site FROM fpi_site",
    "INSERT INTO fpi_load (load_id) VALUES ('')",
    "UPDATE fpi_site SET name = name",
    "DELETE FROM fpi_night",
)


def check_database(settings: DatabaseSettings, answer_s: float = ANSWER_S) -> None:
    """Make sure that the settings let us in, that the schema is ours, and that we may do what a load does.

    One attempt, and nothing is changed. Statements are only prepared: the server refuses those that the
    account may not execute. (It does not look at the right to ALTER then; should only that be missing, the
    load says so.)

    Parameters
    ----------
    settings
        Where, and as whom.
    answer_s
        How long to wait for an answer, in seconds.

    Raises
    ------
    NoAnswer
        If the server does not answer, or is too busy: it may do so later, with the same settings.
    CatalogueError
        If these settings, or this schema, will not do until somebody changes them.
    """
    with closing(connect(settings, attempts=1, timeout_s=answer_s)) as connection:
        try:
            with connection.cursor() as cursor:
                _check(cursor)
        except (pymysql.MySQLError, OSError) as error:
            failure = f"{settings.place}: {error.args[-1] if error.args else type(error).__name__}"
            if may_pass(error):
                raise NoAnswer(failure) from error
            raise CatalogueError(f"{failure}. {_grant()}") from error


def _check(cursor: Cursor) -> None:
    migrations, applied = known_migrations(), applied_migrations(cursor)
    check_applied(migrations, applied or {})
    if applied is None:
        _prepare(cursor, "CREATE TABLE fpi_schema_version (version INT)")
    else:
        for statement in _OF_A_LOAD if applied else ():
            _prepare(cursor, statement)
    for migration in migrations:
        if migration.version not in (applied or {}):
            for statement in migration.statements:
                _prepare(cursor, statement, f"{migration.name}: ")


def _prepare(cursor: Cursor, statement: str, of: str = "") -> None:
    try:
        cursor.execute("PREPARE airglow_check FROM %s", (statement,))
        cursor.execute("DEALLOCATE PREPARE airglow_check")
    except pymysql.MySQLError as error:
        if may_pass(error):
            raise
        # Others are to be expected: a table that an earlier statement makes, a statement that none prepares.
        if error.args[0] in DENIED:
            raise CatalogueError(f"schema of the database: {of}{error.args[-1]}. {_grant()}") from error


def _grant() -> str:
    return f"The account that loads and migrates needs GRANT {RIGHTS} on the database; then start again"
