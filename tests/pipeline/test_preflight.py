"""A run does not begin without its surroundings, and says which of them is missing."""

import socket
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from airglow.catalogue import connect, migrate, settings_from_environment
from airglow.demo.servers import MariadbServer, S3Server
from airglow.model.errors import AirglowError
from airglow.pipeline.preflight import check_surroundings

DATABASE = {"MYSQL_HOST": "db", "MYSQL_USER": "u", "MYSQL_PASSWORD": "p", "MYSQL_DATABASE": "d"}
PATHS = {"RESULTS_PATH": "r", "SUMMARY_IMAGES_PATH": "s", "MADRIGAL_PATH": "m"}


def test_a_complete_environment_gives_the_bucket(s3: S3Server, bucket: str) -> None:
    store = check_surroundings({**s3.environment(bucket), **DATABASE, **PATHS})
    assert store.bucket == bucket
    assert store.list("") == []  # asking leaves nothing behind


def test_a_socket_needs_no_host(s3: S3Server, bucket: str) -> None:
    environ = {**s3.environment(bucket), **DATABASE, **PATHS, "MYSQL_HOST": ""}
    with pytest.raises(AirglowError, match=r"lacks MYSQL_HOST\."):
        check_surroundings(environ)
    assert check_surroundings({**environ, "MYSQL_UNIX_SOCKET": "/nowhere/mysqld.sock"})


def test_everything_that_is_missing_is_named_at_once(s3: S3Server, bucket: str) -> None:
    environ = {**s3.environment(bucket), **DATABASE, "RESULTS_PATH": "r", "MYSQL_PASSWORD": " "}
    with pytest.raises(
        AirglowError,
        match=r"lacks MYSQL_PASSWORD, SUMMARY_IMAGES_PATH, MADRIGAL_PATH\. .*environment\.example",
    ):
        check_surroundings(environ)


def test_a_bucket_or_endpoint_that_is_not_there_is_named(s3: S3Server, bucket: str) -> None:
    complete = {**s3.environment(bucket), **DATABASE, **PATHS}
    with pytest.raises(AirglowError, match=r"bucket nowhere at .* does not exist"):
        check_surroundings({**complete, "DEST_BUCKET": "nowhere"})
    with pytest.raises(AirglowError, match=r"does not answer.*AWS_S3_ENDPOINT_URL"):
        check_surroundings({**complete, "AWS_S3_ENDPOINT_URL": "http://127.0.0.1:1"})


@pytest.fixture
def environ(s3: S3Server, bucket: str, mariadb: MariadbServer) -> dict[str, str]:
    """All that a run needs, with an empty database."""
    name = f"preflight_{uuid.uuid4().hex[:12]}"
    mariadb.create_database(name)
    return {**s3.environment(bucket), **mariadb.environment(name), **PATHS}


def refused(environ: dict[str, str], **changes: str) -> str:
    """What a run is refused with; nothing is said beside that."""
    messages: list[str] = []
    with pytest.raises(AirglowError) as error:
        check_surroundings({**environ, **changes}, messages.append)
    assert messages == []
    assert "\n" not in str(error.value)
    return str(error.value)


def tables(environ: dict[str, str]) -> list[str]:
    with connect(settings_from_environment(environ)) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW TABLES")
        return [name for (name,) in cursor.fetchall()]


def test_a_database_that_is_ready_is_not_spoken_of_and_not_changed(environ: dict[str, str]) -> None:
    messages: list[str] = []
    check_surroundings(environ, messages.append)
    assert tables(environ) == []
    with connect(settings_from_environment(environ)) as connection:
        migrate(connection)
    check_surroundings(environ, messages.append)
    assert messages == []


def test_settings_of_the_database_that_cannot_work_are_refused(
    environ: dict[str, str], tmp_path: Path
) -> None:
    name = environ["MYSQL_DATABASE"]
    assert "MYSQL_PORT is 'abc'" in refused(environ, MYSQL_PORT="abc")
    assert "MYSQL_PORT is '65536'" in refused(environ, MYSQL_PORT="65536")
    assert f"database {name} at " in (message := refused(environ, MYSQL_PASSWORD="wrong"))
    assert "Access denied for user" in message
    assert "nowhere" in refused(environ, MYSQL_DATABASE="nowhere")
    assert "MYSQL_SSL_CA is /no/such/file" in refused(environ, MYSQL_SSL_CA="/no/such/file")
    (tmp_path / "ca.pem").write_text("no certificate")
    assert "not certificates in PEM format" in refused(environ, MYSQL_SSL_CA=str(tmp_path / "ca.pem"))


def test_a_certificate_that_may_not_be_read_is_said(
    environ: dict[str, str], tmp_path: Path, monkeypatch
) -> None:
    """Of a file that only others may read, which root, who runs tests, cannot have."""
    ca = tmp_path / "ca.pem"
    ca.write_text("")

    def forbidden(*_, **__) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("ssl.create_default_context", forbidden)
    assert f"{ca}: cannot be read (Permission denied)" in refused(environ, MYSQL_SSL_CA=str(ca))


def test_a_schema_of_a_newer_version_is_refused(environ: dict[str, str]) -> None:
    with connect(settings_from_environment(environ)) as connection, connection.cursor() as cursor:
        migrate(connection)
        cursor.execute("INSERT INTO fpi_schema_version VALUES (9999, '9999_later.sql', 'x', NOW())")
        connection.commit()
    assert "9999_later.sql was applied by a newer airglow; update this installation" in refused(environ)


@pytest.fixture
def account(environ: dict[str, str], mariadb: MariadbServer) -> Iterator[dict[str, str]]:
    """The environment of an account without any right but to see that the database is there."""
    schema = environ["MYSQL_DATABASE"].replace("_", r"\_")
    with mariadb.connect_as_root() as root, root.cursor() as cursor:
        cursor.execute("CREATE USER 'narrow'@'%' IDENTIFIED BY 'only'")
        cursor.execute(f"GRANT SELECT ON `{schema}`.* TO 'narrow'@'%'")
        yield {**environ, "MYSQL_USER": "narrow", "MYSQL_PASSWORD": "only"}
        cursor.execute("DROP USER 'narrow'@'%'")


def test_an_account_that_may_not_make_the_tables_is_refused(
    environ: dict[str, str], account: dict[str, str], mariadb: MariadbServer
) -> None:
    schema = environ["MYSQL_DATABASE"].replace("_", r"\_")
    assert "CREATE command denied" in (message := refused(account))
    assert "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER" in message
    with connect(settings_from_environment(environ)) as connection:
        migrate(connection)
    assert "INSERT command denied" in refused(account)  # it is that of a reader
    with mariadb.connect_as_root() as root, root.cursor() as cursor:
        cursor.execute(f"GRANT INSERT, UPDATE, DELETE ON `{schema}`.* TO 'narrow'@'%'")
    messages = []
    check_surroundings(account, messages.append)  # enough, while nothing is to be migrated
    assert messages == []
    with connect(settings_from_environment(environ)) as connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM fpi_schema_version WHERE version >= 5")
        connection.commit()
    assert "0005_views.sql: CREATE VIEW command denied" in refused(account)


def test_a_database_that_does_not_answer_is_a_warning_in_one_line(environ: dict[str, str]) -> None:
    messages: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as silent:  # lets in whoever comes, and says nothing
        begun = time.monotonic()
        for port in ("1", str(silent.getsockname()[1])):
            assert check_surroundings({**environ, "MYSQL_PORT": port}, messages.append).list("") == []
        assert time.monotonic() - begun < 120.0  # seconds on an idle machine, and without a limit for ever
    check_surroundings({**environ, "MYSQL_HOST": "nowhere.invalid"}, messages.append)
    assert len(messages) == 3
    for line in messages:
        assert line.startswith(
            "The database does not answer, so nights wait to be loaded: database preflight_"
        )
        assert "\n" not in line
