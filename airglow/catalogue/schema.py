"""The tables, as numbered files of SQL that are applied once each and in order."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

import pymysql
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from airglow.catalogue.connection import in_transaction
from airglow.model.errors import CatalogueError
from airglow.model.result import Cause

_NAME = re.compile(r"(\d{4})_(\w+)\.sql")
RIGHTS = "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, REFERENCES, CREATE VIEW, DROP"
"""What an account that loads and migrates must be allowed: to replace a view is to drop it."""

DENIED = {1044, 1142, 1227}  # to this account: the database, the table, what only administrators may
_VERSIONS_TABLE = """
CREATE TABLE IF NOT EXISTS fpi_schema_version (
    version INT UNSIGNED NOT NULL COMMENT 'number of the file',
    name VARCHAR(100) NOT NULL COMMENT 'name of the file',
    sha256 CHAR(64) NOT NULL COMMENT 'of the file when it was applied',
    applied_at DATETIME(6) NOT NULL COMMENT 'UTC',
    PRIMARY KEY (version)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='Which files of airglow/catalogue/migrations this database has seen'
"""


@dataclass(frozen=True)
class Migration:
    """One numbered file."""

    version: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """Hash by which a later change of the file is found out."""
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def statements(self) -> list[str]:
        """The SQL statements: each ends with a semicolon at the end of a line."""
        lines = [line for line in self.sql.splitlines() if not line.lstrip().startswith("--")]
        return [part.strip() for part in re.split(r";[ \t]*(?:\n|$)", "\n".join(lines)) if part.strip()]


def known_migrations() -> tuple[Migration, ...]:
    """All migrations of this version of the package, in order.

    Returns
    -------
    tuple of Migration
    """
    found = []
    for path in files("airglow.catalogue").joinpath("migrations").iterdir():
        if match := _NAME.fullmatch(path.name):
            found.append(Migration(int(match[1]), path.name, path.read_text(encoding="utf-8")))
    return tuple(sorted(found, key=lambda migration: migration.version))


def migrate(connection: Connection, migrations: Sequence[Migration] | None = None) -> list[str]:
    """Bring the tables up to date, and the table of causes with them.

    Several processes may do so at once: one of them does it while the others wait.

    Parameters
    ----------
    connection
        From `airglow.catalogue.connect`.
    migrations
        By default `known_migrations`.

    Returns
    -------
    list of str
        Names of the files that were applied now.

    Raises
    ------
    CatalogueError
        If the database is newer than this version of the package, if a file was changed or taken away after
        it had been applied, if one would come after others with higher numbers, or if one fails. A definition
        of a table cannot be rolled back: what a file did before it failed stays, and the file begins again
        next time (its statements are such that this does no harm).
    """
    known = known_migrations() if migrations is None else tuple(migrations)
    return in_transaction(connection, lambda cursor: _apply(cursor, known), "schema of the database")


def _apply(cursor: Cursor, migrations: Sequence[Migration]) -> list[str]:
    applied = applied_migrations(cursor)
    if applied is None:  # so that an up-to-date database needs no right to create tables
        cursor.execute(_VERSIONS_TABLE)
        applied = {}
    check_applied(migrations, applied)
    new = [migration for migration in migrations if migration.version not in applied]
    for migration in new:
        _run(cursor, migration)
        cursor.execute(
            "INSERT INTO fpi_schema_version (version, name, sha256, applied_at)"
            " VALUES (%s, %s, %s, UTC_TIMESTAMP(6))",
            (migration.version, migration.name, migration.sha256),
        )
        cursor.connection.commit()  # what a file defined cannot be undone, so it is on record at once
    _describe_causes(cursor)
    return [migration.name for migration in new]


def applied_schema(connection: Connection) -> list[str]:
    """Names of the migrations that a database has seen.

    Parameters
    ----------
    connection
        From `airglow.catalogue.connect`.

    Returns
    -------
    list of str
        In their order; none for a database without our tables.
    """
    with connection.cursor() as cursor:
        applied = applied_migrations(cursor) or {}
    return [applied[version][0] for version in sorted(applied)]


def applied_migrations(cursor: Cursor) -> dict[int, tuple[str, str]] | None:
    """Name and SHA-256 of each file that the database has seen, by number; None if it knows of none."""
    cursor.execute(
        "SELECT COUNT(*) FROM information_schema.tables"
        " WHERE table_schema = DATABASE() AND table_name = 'fpi_schema_version'"
    )
    if cursor.fetchone()[0] == 0:
        return None
    cursor.execute("SELECT version, name, sha256 FROM fpi_schema_version")
    return {version: (name, sha256) for version, name, sha256 in cursor.fetchall()}


def check_applied(migrations: Sequence[Migration], applied: Mapping[int, tuple[str, str]]) -> None:
    """Refuse a database that is not an earlier state of this version's.

    Raises
    ------
    CatalogueError
        Naming the file, and what to do.
    """
    by_version = {migration.version: migration for migration in migrations}
    newest = max(applied, default=0)
    for version, (name, sha256) in applied.items():
        if version not in by_version:
            why = (
                "is not there, but was applied; restore it"
                if version < max(by_version, default=0)
                else "was applied by a newer airglow; update this installation"
            )
            raise CatalogueError(f"schema of the database: {name} {why}")
        if by_version[version].sha256 != sha256:
            raise CatalogueError(
                f"schema of the database: {by_version[version].name} is not the file that was applied; "
                "restore it, and put changes into a file of their own with the next number"
            )
    for version, migration in by_version.items():
        if version < newest and version not in applied:
            raise CatalogueError(
                f"schema of the database: {migration.name} was never applied, but {applied[newest][0]} was; "
                f"give it a number above {newest}"
            )


def _run(cursor: Cursor, migration: Migration) -> None:
    for statement in migration.statements:
        try:
            cursor.execute(statement)
        except pymysql.MySQLError as error:
            if error.args[0] not in DENIED:
                raise
            raise CatalogueError(
                f"schema of the database: {migration.name}: {error.args[-1]}. The account that migrates needs"
                f" GRANT {RIGHTS} on the database; then start again"
            ) from error


def _describe_causes(cursor: Cursor) -> None:
    """Say in the database what the bits of the causes mean."""
    rows = [(c.bit, c.mask, c.name, c.wind, c.temperature, c.meaning) for c in Cause]
    cursor.execute("SELECT bit, mask, name, wind_flag, temperature_flag, meaning FROM fpi_cause ORDER BY bit")
    if list(cursor.fetchall()) == sorted(rows):
        return
    cursor.executemany(
        "INSERT INTO fpi_cause (bit, mask, name, wind_flag, temperature_flag, meaning)"
        " VALUES (%s, %s, %s, %s, %s, %s)"
        " ON DUPLICATE KEY UPDATE mask = VALUES(mask), name = VALUES(name), wind_flag = VALUES(wind_flag),"
        " temperature_flag = VALUES(temperature_flag), meaning = VALUES(meaning)",
        rows,
    )
