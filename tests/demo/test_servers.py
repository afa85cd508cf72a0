"""The private servers: they answer, they keep strangers out, and nothing of them is left behind."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pymysql
import pytest

from airglow.demo import mariadb, servers


def _is_running(process_id: int) -> bool:
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _wait_until_gone(process_id: int, seconds: float = 120.0) -> bool:
    deadline = time.monotonic() + seconds
    while _is_running(process_id) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not _is_running(process_id)


def _connect(server: servers.MariadbServer, **changes: object) -> pymysql.connections.Connection:
    settings = {
        "host": server.host,
        "port": server.port,
        "user": server.user,
        "password": server.password,
        "database": server.database,
    }
    return pymysql.connect(**(settings | changes))


def test_application_user_works_in_its_own_database_only(mariadb):
    with _connect(mariadb) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE rights (word VARCHAR(10))")
        cursor.execute("INSERT INTO rights VALUES ('née')")
        cursor.execute("SELECT word, @@character_set_server FROM rights")
        assert cursor.fetchone() == ("née", "utf8mb4")
        for forbidden in ("CREATE DATABASE another", "SELECT * FROM mysql.global_priv", "CREATE USER other"):
            with pytest.raises(pymysql.MySQLError, match="denied"):
                cursor.execute(forbidden)


def test_nobody_enters_without_a_password(mariadb):
    assert Path(mariadb.socket).is_socket()
    for user in (mariadb.user, "root", ""):
        for door in ({}, {"unix_socket": mariadb.socket}):
            with pytest.raises(pymysql.MySQLError, match="denied"):
                _connect(mariadb, user=user, password="", database=None, **door)


def test_passwords_are_not_shown(mariadb):
    assert mariadb.password not in repr(mariadb)
    assert mariadb.root_password not in repr(mariadb)


def test_mariadb_keeps_its_data_in_a_given_directory_and_stops(tmp_path):
    with servers.mariadb_server(tmp_path / "database") as server:
        assert (tmp_path / "database" / "data" / "ibdata1").exists()
        process_id = server.process_id
    assert not _is_running(process_id)
    assert not Path(server.socket).parent.exists()
    assert (tmp_path / "database" / "data" / "ibdata1").exists()


SCRIPT = """
import signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
from airglow.demo.servers import mariadb_server, s3_server
with s3_server() as s3, mariadb_server() as database:
    print(s3.endpoint_url, database.process_id, flush=True)
    time.sleep(3600)
"""


@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGKILL])
def test_servers_die_with_the_program_that_started_them(blow):
    home = tempfile.mkdtemp(prefix="airglow-killed-", dir="/tmp")  # a killed program cannot tidy up
    os.chmod(home, 0o755)
    program = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        env=os.environ | {"TMPDIR": home},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        endpoint, process_id = program.stdout.readline().split()
        port = int(endpoint.rsplit(":", 1)[1])
        assert _is_running(int(process_id))
        program.send_signal(blow)
        program.wait(300)
    finally:
        program.kill()
        program.communicate()
    assert _wait_until_gone(int(process_id))
    with socket.socket() as probe:
        assert probe.connect_ex((servers.HOST, port)) != 0
    assert blow == signal.SIGKILL or not os.listdir(home)
    shutil.rmtree(home)


def test_missing_mariadb_says_how_to_install_it(monkeypatch, tmp_path):
    monkeypatch.setattr(mariadb, "SYSTEM_DIRECTORIES", ())
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    with pytest.raises(servers.ServerError, match="apt-get install mariadb-server-core mariadb-client-core"):
        mariadb.find_mariadb(tmp_path)


def test_a_server_that_cannot_start_shows_its_own_words(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "ibdata1").write_text("not a tablespace")
    with pytest.raises(servers.ServerError, match="mariadb"), servers.mariadb_server(tmp_path):
        pass


def test_s3_server_serves_other_processes(s3):
    s3.create_bucket("one-bucket")
    listing = subprocess.run(
        [
            sys.executable,
            "-c",
            "import boto3, os;"
            "client = boto3.client('s3', 'us-east-1', endpoint_url=os.environ['AWS_S3_ENDPOINT_URL']);"
            "print([bucket['Name'] for bucket in client.list_buckets()['Buckets']])",
        ],
        env=os.environ | s3.environment("one-bucket"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "one-bucket" in listing.stdout
