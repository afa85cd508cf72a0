"""Private S3 and MariaDB servers for the demo and the tests: free ports, loopback only, gone at the end."""

from __future__ import annotations

import http.client
import os
import pwd
import secrets
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import pymysql

from airglow.catalogue import RIGHTS
from airglow.demo.mariadb import common_options, environment_of, find_mariadb, make_data_directory
from airglow.demo.processes import (
    HOST,
    ServerError,
    private_directory,
    start_on_free_port,
    stop,
)
from airglow.store import open_store, settings_from_environment


@dataclass(frozen=True)
class S3Server:
    """A running S3 server; what it holds is in memory and is gone when it stops.

    Parameters
    ----------
    endpoint_url
        Address of the server.
    access_key
        Name of the credentials.
    secret_key
        Secret of the credentials.
    """

    endpoint_url: str
    access_key: str
    secret_key: str = field(repr=False)

    def create_bucket(self, bucket: str) -> None:
        """Create an empty bucket.

        Parameters
        ----------
        bucket
            Name of the bucket.
        """
        store = open_store(settings_from_environment(self.environment(bucket)))
        store.client.create_bucket(Bucket=bucket)

    def environment(self, bucket: str) -> dict[str, str]:
        """The environment variables with which the pipeline finds a bucket here.

        Parameters
        ----------
        bucket
            Name of the bucket.

        Returns
        -------
        dict
        """
        return {
            "DEST_BUCKET": bucket,
            "AWS_S3_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
        }


@dataclass(frozen=True)
class MariadbServer:
    """A running MariaDB server with an application user that owns nothing but its databases.

    Parameters
    ----------
    host
        Address of the server.
    port
        Port of the server.
    socket
        Socket of the server.
    user
        Name of the application's account.
    password
        Password of the application's account.
    database
        Name of the database that is there already.
    root_password
        Password of the administrator.
    process_id
        Number of the server's process.
    """

    host: str
    port: int
    socket: str
    user: str
    password: str = field(repr=False)
    database: str
    root_password: str = field(repr=False)
    process_id: int

    def create_database(self, name: str) -> None:
        """Create an empty database that the application user may read, write and migrate.

        Parameters
        ----------
        name
            Name of the database.
        """
        quoted = "`" + name.replace("`", "``") + "`"
        with self.connect_as_root() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {quoted} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
            pattern = quoted.replace("_", r"\_")  # in a GRANT, _ is a wildcard
            cursor.execute(f"GRANT {RIGHTS} ON {pattern}.* TO %s@'%%'", (self.user,))

    def connect_as_root(self) -> pymysql.connections.Connection:
        """Connect as the administrator, over the socket.

        Returns
        -------
        pymysql.connections.Connection
        """
        return pymysql.connect(unix_socket=self.socket, user="root", password=self.root_password)

    def environment(self, database: str | None = None) -> dict[str, str]:
        """The environment variables with which the pipeline finds a database here.

        Parameters
        ----------
        database
            Name of the database; by default the one that is there already.

        Returns
        -------
        dict
        """
        return {
            "MYSQL_HOST": self.host,
            "MYSQL_PORT": str(self.port),
            "MYSQL_USER": self.user,
            "MYSQL_PASSWORD": self.password,
            "MYSQL_DATABASE": database or self.database,
        }


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """Run an S3 server (moto) in a process of its own.

    Yields
    ------
    S3Server
        It answers already. It checks neither credentials nor checksums.

    Raises
    ------
    ServerError
        When it is not installed or does not start.
    """
    if find_spec("moto") is None:
        raise ServerError("moto is not installed; install it with: pip install 'moto[server]'")
    with private_directory() as directory:

        def command(port: int) -> list[str]:
            return [sys.executable, "-m", "airglow.demo.s3", "--host", HOST, "--port", str(port)]

        process, port = start_on_free_port(
            "the S3 server", command, _answers_http, directory / "server.log", dict(os.environ)
        )
        try:
            yield S3Server(f"http://{HOST}:{port}", access_key="local", secret_key="local-secret")
        finally:
            stop(process)


@contextmanager
def mariadb_server(
    directory: Path | None = None, database: str = "airglow", options: Sequence[str] = ()
) -> Iterator[MariadbServer]:
    """Run a MariaDB server on a new data directory, with a database and a user for it.

    Started by root, it runs as ``nobody`` (as root only where ``nobody`` cannot reach the directory); started
    by anyone else, as that user. Every password is new and random.

    Parameters
    ----------
    directory
        Where to put the data; it must not exist or be empty, and is kept. By default a temporary directory,
        removed at the end.
    database
        The database to create.
    options
        More options of the server. Files that they name must be such that its account can read them.

    Yields
    ------
    MariadbServer
        It answers already.

    Raises
    ------
    ServerError
        When MariaDB is not installed or does not start.
    """
    programs = find_mariadb()
    with private_directory() as temporary:
        home = temporary if directory is None else Path(directory).absolute()
        home.mkdir(parents=True, exist_ok=True)
        account = _account(home, temporary)
        _hand_over(account, temporary, home)
        make_data_directory(programs, home, temporary, account)
        root_password = secrets.token_urlsafe(18)
        # The server reads this before it lets anyone in, so that root is never open without a password.
        first_words = temporary / "init.sql"
        first_words.touch(mode=0o600)
        first_words.write_text(
            "DELETE FROM mysql.global_priv WHERE Host <> 'localhost';\n"
            "FLUSH PRIVILEGES;\n"
            f"ALTER USER 'root'@'localhost' IDENTIFIED BY '{root_password}';\n"
        )
        _hand_over(account, first_words)
        socket_path = temporary / "sock"

        def command(port: int) -> list[str]:
            return [
                programs.server,
                *common_options(programs, home, temporary, account),
                f"--init-file={first_words}",
                f"--socket={socket_path}",
                f"--port={port}",
                f"--bind-address={HOST}",
                f"--pid-file={temporary / 'pid'}",
                "--skip-name-resolve",
                "--default-time-zone=+00:00",
                "--skip-log-bin",
                "--innodb-buffer-pool-size=64M",
                "--innodb-log-file-size=16M",
                "--performance-schema=OFF",
                *options,
            ]

        def answers(port: int) -> bool:
            return _logs_in(str(socket_path), root_password)

        process, port = start_on_free_port(
            "mariadbd", command, answers, temporary / "server.log", environment_of(programs), account
        )
        try:
            first_words.unlink()
            server = MariadbServer(
                host=HOST,
                port=port,
                socket=str(socket_path),
                user="airglow",
                password=secrets.token_urlsafe(18),
                database=database,
                root_password=root_password,
                process_id=process.pid,
            )
            with server.connect_as_root() as connection, connection.cursor() as cursor:
                # any host: the server listens on the loopback only
                cursor.execute("CREATE USER %s@'%%' IDENTIFIED BY %s", (server.user, server.password))
            server.create_database(database)
            yield server
        finally:
            stop(process)


def _account(*directories: Path) -> str | None:
    """The user to run as when we are root (None: as ourselves)."""
    if os.geteuid() != 0:
        return None
    parents = {parent for directory in directories for parent in directory.resolve().parents}
    reachable = all(parent.stat().st_mode & stat.S_IXOTH for parent in parents)
    return "nobody" if reachable else "root"


def _hand_over(account: str | None, *paths: Path) -> None:
    if account not in (None, "root"):
        owner = pwd.getpwnam(account)
        for path in paths:
            os.chown(path, owner.pw_uid, owner.pw_gid)


def _answers_http(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _logs_in(socket_path: str, root_password: str) -> bool:
    try:
        pymysql.connect(unix_socket=socket_path, user="root", password=root_password).close()
    except pymysql.MySQLError:
        return False
    return True
