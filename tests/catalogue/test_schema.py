"""The schema: applied once, by one process at a time, and never behind the back of what is there."""

import dataclasses
import inspect
import threading

import pytest

from airglow.catalogue import RIGHTS, connect, known_migrations, migrate
from airglow.catalogue.connection import LOCK_TIMEOUT_S, in_transaction
from airglow.model.errors import CatalogueError
from airglow.model.result import Cause, SkySamples
from airglow.spectra import network_intensity_scale


def _rows(connection, sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def test_numbers_begin_at_one_and_have_no_gaps():
    assert [m.version for m in known_migrations()] == list(range(1, len(known_migrations()) + 1))


def test_every_file_is_applied_once_and_is_on_record(settings):
    connection = connect(settings)
    names = [m.name for m in known_migrations()]
    assert migrate(connection) == names
    record = _rows(connection, "SELECT name, sha256, applied_at FROM fpi_schema_version ORDER BY version")
    assert [(name, sha) for name, sha, _ in record] == [(m.name, m.sha256) for m in known_migrations()]
    assert migrate(connection) == []
    assert record == _rows(connection, "SELECT name, sha256, applied_at FROM fpi_schema_version")


def test_tables_are_innodb_and_utf8mb4(database, settings):
    tables = _rows(
        database,
        "SELECT table_name, engine, table_collation FROM information_schema.tables"
        " WHERE table_schema = %s AND table_type = 'BASE TABLE'",
        settings.database,
    )
    assert {name for name, _, _ in tables} >= {"fpi_night", "fpi_sky_sample", "fpi_laser_sample", "DataSet"}
    assert {(engine, collation) for _, engine, collation in tables} == {("InnoDB", "utf8mb4_unicode_ci")}


def test_site_and_dates_are_read_off_the_key(database):
    """The server looks at the rows of the nights that were asked for, and at no others."""
    for table in ("fpi_night", "fpi_sky_sample", "fpi_laser_sample"):
        (plan,) = _rows(
            database,
            f"EXPLAIN FORMAT=TRADITIONAL SELECT * FROM {table}"
            " WHERE site = 'uao' AND local_date BETWEEN '2026-05-01' AND '2026-05-31'",
        )
        assert "PRIMARY" in [str(cell).split(",")[0] for cell in plan]  # of the keys that it may use


@pytest.mark.parametrize("begin", [0, 3])
def test_processes_that_start_together_do_not_trip_over_each_other(settings, begin):
    applied, problems = [], []
    if begin:
        migrate(connect(settings), known_migrations()[:begin])

    def start() -> None:
        try:
            applied.extend(migrate(connect(settings)))
        except Exception as problem:
            problems.append(problem)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert sorted(applied) == [m.name for m in known_migrations()][begin:]


def test_a_changed_file_is_found_out(database):
    first, *others = known_migrations()
    changed = dataclasses.replace(first, sql=first.sql + "\n-- a remark\n")
    with pytest.raises(CatalogueError, match=r"0001_.*is not the file that was applied"):
        migrate(database, [changed, *others])


def test_a_newer_database_is_left_alone(database):
    with pytest.raises(CatalogueError, match="applied by a newer airglow"):
        migrate(database, known_migrations()[:1])


def test_a_file_that_is_gone_is_missed(database):
    with pytest.raises(CatalogueError, match=r"0002_website\.sql is not there, but was applied"):
        migrate(database, [m for m in known_migrations() if m.version != 2])


def test_a_file_that_comes_too_late_is_refused(settings):
    """As when two branches are merged: others may rest on its number being the higher one."""
    connection = connect(settings)
    known = known_migrations()
    second, third = (dataclasses.replace(m, sql="DO 0;\n") for m in known[1:3])
    migrate(connection, [known[0]])
    with connection.cursor() as cursor:
        values = (third.version, third.name, third.sha256)
        cursor.execute("INSERT INTO fpi_schema_version VALUES (%s, %s, %s, NOW())", values)
        connection.commit()
    with pytest.raises(CatalogueError, match=r"0002_website\.sql was never applied, but 0003.* above 3"):
        migrate(connection, [known[0], second, third])


def test_every_statement_may_run_twice(database):
    """A file that failed half-way begins again at its beginning."""

    def schema():
        names = [name for (name,) in _rows(database, "SHOW TABLES")]
        return {name: _rows(database, f"SELECT * FROM {name}") for name in names} | {
            f"{table} {kind}": _rows(database, f"SHOW {kind} FROM {table}")
            for table in names
            for kind in ("FULL COLUMNS", "INDEX")
        }

    before = schema()
    with database.cursor() as cursor:
        for migration in known_migrations():
            for statement in migration.statements:
                cursor.execute(statement)
    assert schema() == before


def test_a_right_that_is_missing_is_named(mariadb, settings):
    """Before there were views, an account could do without the right to make them."""
    name = settings.database.replace("_", r"\_")
    with mariadb.connect_as_root() as root, root.cursor() as cursor:
        cursor.execute("CREATE USER 'narrow'@'%' IDENTIFIED BY 'only'")
        old = "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, REFERENCES"
        cursor.execute(f"GRANT {old} ON `{name}`.* TO 'narrow'@'%'")
        try:
            connection = connect(dataclasses.replace(settings, user="narrow", password="only"))
            with pytest.raises(CatalogueError, match=rf"0005_views\.sql: CREATE VIEW .*GRANT {RIGHTS} on"):
                migrate(connection)
            assert _rows(connection, "SELECT MAX(version) FROM fpi_schema_version") == [(4,)]
            cursor.execute(f"GRANT {RIGHTS} ON `{name}`.* TO 'narrow'@'%'")
            connection = connect(dataclasses.replace(settings, user="narrow", password="only"))
            assert migrate(connection) == [m.name for m in known_migrations()[4:]]
        finally:
            cursor.execute("DROP USER 'narrow'@'%'")


def test_a_reader_that_never_ends_is_not_waited_for_without_end(settings):
    connection, reader = connect(settings), connect(settings)
    migrate(connection, known_migrations()[:3])
    assert _rows(connection, "SELECT @@lock_wait_timeout") == [(LOCK_TIMEOUT_S,)]
    _rows(reader, "SELECT * FROM fpi_load")  # its transaction is open until it says otherwise
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION lock_wait_timeout = 1")
    with pytest.raises(CatalogueError, match="Lock wait timeout"):
        in_transaction(connection, _alter, "test", attempts=1)
    reader.rollback()
    assert migrate(connection) == [m.name for m in known_migrations()[3:]]


def _alter(cursor):
    cursor.execute("ALTER TABLE fpi_load ADD COLUMN later INT")


def test_a_file_that_failed_half_way_is_begun_again(database):
    known = known_migrations()
    number = known[-1].version + 1
    sql = "CREATE TABLE IF NOT EXISTS half (a INT);\nCREATE TABLE IF NOT EXISTS other (b WRONG);\n"
    bad = dataclasses.replace(known[0], version=number, name="0099_bad.sql", sql=sql)
    with pytest.raises(CatalogueError, match="WRONG"):
        migrate(database, [*known, bad])
    good = dataclasses.replace(bad, sql=sql.replace("WRONG", "INT"))
    assert migrate(database, [*known, good]) == ["0099_bad.sql"]


def test_the_website_table_stays_as_it_is(settings):
    """In production it is there before us, and looks as the website wants it."""
    connection = connect(settings)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE DataSet (id INT AUTO_INCREMENT PRIMARY KEY, Site INT, Instrument INT,"
            " StartUTTime DATETIME, StopUTTime DATETIME, SummaryImage VARCHAR(99), SummaryMovie VARCHAR(99),"
            " LogFile VARCHAR(100), Extra INT) ENGINE=MyISAM CHARSET=latin1"
        )
    before = _rows(connection, "SHOW CREATE TABLE DataSet")
    migrate(connection)
    assert _rows(connection, "SHOW CREATE TABLE DataSet") == before


def test_a_schema_that_is_up_to_date_needs_no_rights_but_those_on_rows(mariadb, database, settings):
    with mariadb.connect_as_root() as root, root.cursor() as cursor:
        cursor.execute("CREATE USER 'rows'@'%' IDENTIFIED BY 'only'")
        name = settings.database.replace("_", r"\_")
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON `{name}`.* TO 'rows'@'%'")
    try:
        with connect(dataclasses.replace(settings, user="rows", password="only")) as connection:
            assert migrate(connection) == []
    finally:
        with mariadb.connect_as_root() as root, root.cursor() as cursor:
            cursor.execute("DROP USER 'rows'@'%'")


def test_the_database_says_what_the_causes_mean(database):
    known = sorted((c.bit, c.mask, c.name, c.meaning) for c in Cause)
    assert _rows(database, "SELECT bit, mask, name, meaning FROM fpi_cause ORDER BY bit") == known
    with database.cursor() as cursor:
        cursor.execute("UPDATE fpi_cause SET meaning = 'of an older version' WHERE bit = 3")
        database.commit()
    migrate(database)
    assert _rows(database, "SELECT bit, mask, name, meaning FROM fpi_cause ORDER BY bit") == known


def test_nothing_that_only_one_of_mariadb_and_mysql_knows():
    """What is known to run on one of them only; a MySQL server is not at hand in the tests."""
    for migration in known_migrations():
        for word in ("0900_ai_ci", "uca1400", "->>", "AS new", "IF NOT EXISTS (", "RETURNING", "SEQUENCE"):
            assert word not in migration.sql


def test_the_database_says_of_intensities_what_they_are(settings):
    """Also one that was made by an earlier version; types stay, and the numbers with them."""
    columns = (
        "SELECT column_name, column_type, is_nullable, column_default FROM information_schema.columns"
        " WHERE table_schema = %s AND table_name IN ('fpi_sky_sample', 'fpi_night') ORDER BY 1, 2, 3"
    )
    connection = connect(settings)
    migrate(connection, known_migrations()[:5])
    before = _rows(connection, columns, settings.database)
    assert migrate(connection, known_migrations()[:6]) == ["0006_intensity_and_kept_results.sql"]
    assert _rows(connection, columns, settings.database) == before
    comments = dict(
        _rows(
            connection,
            "SELECT column_name, column_comment FROM information_schema.columns"
            " WHERE table_schema = %s AND table_name = 'fpi_sky_sample'",
            settings.database,
        )
    )
    assert "network" in said_of_sample("intensity")
    assert "network" in comments["intensity"]
    assert "counts per pixel per second" not in comments["intensity"]
    # The unit's size, by the formula: 14 for the red line and 15 mm, as the comment says.
    assert 13.5 < network_intensity_scale(630.0304e-9, 15e-3) < 14.5
    assert "about 14 times its mean counts per pixel" in comments["intensity"]
    assert "same unit" in comments["intensity_error"]
    for name in ("background", "background_error"):
        assert comments[name].endswith("counts per pixel per second")
    assert said_of_sample("background").endswith("counts per pixel per second")


def said_of_sample(field: str) -> str:
    """What the source says beside a column of `airglow.model.result.SkySamples`."""
    lines = inspect.getsource(SkySamples).splitlines()
    return next(line.split("#")[1].strip() for line in lines if line.strip().startswith(f"{field}:"))
