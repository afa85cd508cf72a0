"""Settings, connections that are tried again, and errors that say what to do."""

import dataclasses
import socket
import threading
import time

import pymysql
import pytest

from airglow.catalogue import NoAnswer, check_database, connect, settings_from_environment
from airglow.catalogue.connection import in_transaction
from airglow.model.errors import CatalogueError

COMPLETE = {"MYSQL_HOST": "db", "MYSQL_USER": "u", "MYSQL_PASSWORD": " p ", "MYSQL_DATABASE": "d"}


def test_settings_name_everything_that_is_missing():
    with pytest.raises(CatalogueError, match="MYSQL_USER, MYSQL_DATABASE"):
        settings_from_environment({"MYSQL_HOST": "db", "MYSQL_PASSWORD": "p", "MYSQL_DATABASE": "  "})


def test_settings_have_the_usual_port_and_keep_the_password_as_it_is():
    settings = settings_from_environment(COMPLETE)
    assert (settings.port, settings.password, settings.unix_socket) == (3306, " p ", None)
    assert "p " not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MYSQL_PORT", "33o6"),
        ("MYSQL_PORT", "70000"),
        ("MYSQL_SSL_CA", "/no/such/file"),
        ("MYSQL_SSL_KEY", "/no/such/key"),
    ],
)
def test_wrong_settings_are_refused(name, value):
    with pytest.raises(CatalogueError, match=f"{name}.*{value}"):
        settings_from_environment(COMPLETE | {name: value})


def test_sessions_are_in_utc_and_strict_and_take_every_character(settings):
    with connect(settings) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT @@time_zone, TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), NOW()), '☉ Ångström 🌌'")
        assert cursor.fetchone() == ("+00:00", 0, "☉ Ångström 🌌")
        cursor.execute("CREATE TABLE small (word VARCHAR(3))")
        with pytest.raises(pymysql.MySQLError, match="too long"):
            cursor.execute("INSERT INTO small VALUES ('four')")


@pytest.mark.parametrize("host", [{}, {"MYSQL_HOST": " "}, {"MYSQL_HOST": "nowhere.invalid"}])
def test_the_socket_is_a_way_in_and_needs_no_host(mariadb, settings, host):
    environment = mariadb.environment(settings.database) | {"MYSQL_UNIX_SOCKET": mariadb.socket}
    del environment["MYSQL_HOST"]
    with connect(settings_from_environment(environment | host)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT host FROM information_schema.processlist WHERE id = CONNECTION_ID()")
        assert cursor.fetchone() == ("localhost",)  # over TCP it would be 127.0.0.1 and a port


def test_a_socket_that_is_not_there_is_named(mariadb, tmp_path):
    environment = mariadb.environment() | {"MYSQL_UNIX_SOCKET": str(tmp_path / "sock")}
    with pytest.raises(CatalogueError, match=rf"airglow at {tmp_path}/sock: .*after 2 attempts"):
        connect(settings_from_environment(environment), attempts=2, pause_s=0.05)


def test_a_wrong_password_is_not_tried_again(mariadb):
    environment = mariadb.environment() | {"MYSQL_PASSWORD": "wrong"}
    begun = time.monotonic()
    with pytest.raises(CatalogueError, match=r"Access denied.*nothing was changed"):
        connect(settings_from_environment(environment), pause_s=300)
    assert time.monotonic() - begun < 300


def test_a_server_that_is_away_is_asked_a_few_times(mariadb):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, but nobody listens
        environment = mariadb.environment() | {"MYSQL_PORT": str(nobody.getsockname()[1])}
        begun = time.monotonic()
        with pytest.raises(CatalogueError, match=r"after 3 attempts; nothing was changed"):
            connect(settings_from_environment(environment), attempts=3, pause_s=0.1)
    assert time.monotonic() - begun >= 0.3  # 0.1 and 0.2


@pytest.mark.parametrize("code", [1203, 1226, 1021, 1041, 1135, 1030, 1114])
def test_a_server_that_is_used_up_does_not_answer_for_now(settings, monkeypatch, code):
    """Said to a connection, to the check before a run, and in a transaction."""
    used_up = pymysql.err.OperationalError(code, "no more of it")
    connection, calls = connect(settings), []

    def work(cursor):
        calls.append(1)
        if len(calls) == 1:
            raise used_up
        return len(calls)

    assert in_transaction(connection, work, "test", pause_s=0.01) == 2

    def refuse(*_, **__):
        raise used_up

    with monkeypatch.context() as patch:
        patch.setattr("airglow.catalogue.check.applied_migrations", refuse)
        with pytest.raises(NoAnswer, match=r"no more of it$"):
            check_database(settings)
    monkeypatch.setattr(pymysql, "connect", refuse)
    with pytest.raises(NoAnswer, match=r"no more of it after 2 attempts"):
        connect(settings, attempts=2, pause_s=0.01)


def test_an_account_whose_connections_are_used_up_is_let_in_later(mariadb, settings, administrator):
    with administrator.cursor() as cursor:
        cursor.execute("CREATE USER few@'%' IDENTIFIED BY 'p' WITH MAX_USER_CONNECTIONS 1")
        cursor.execute(f"GRANT ALL ON `{settings.database}`.* TO few@'%'")
    few = dataclasses.replace(settings, user="few", password="p")
    with connect(few), pytest.raises(NoAnswer, match="max_user_connections"):
        check_database(few)
    check_database(few)


def test_a_server_that_comes_back_is_used(mariadb):
    """The server's port is closed at first: a relay opens it after the first attempt."""
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]

    def relay() -> None:
        time.sleep(0.3)
        with socket.create_server(("127.0.0.1", port)) as door:
            client, _ = door.accept()
        server = socket.create_connection((mariadb.host, mariadb.port))
        back = threading.Thread(target=_copy, args=(server, client), daemon=True)
        back.start()
        _copy(client, server)

    threading.Thread(target=relay, daemon=True).start()
    environment = mariadb.environment() | {"MYSQL_PORT": str(port)}
    with connect(settings_from_environment(environment), pause_s=0.5) as connection:
        assert connection.port == port


def _copy(source: socket.socket, target: socket.socket) -> None:
    while data := source.recv(65536):
        target.sendall(data)


def test_an_error_of_the_work_itself_leaves_nothing_behind(settings):
    connection = connect(settings)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE word (word VARCHAR(10)) ENGINE=InnoDB")

    def work(cursor):
        cursor.execute("INSERT INTO word VALUES ('half')")
        raise KeyError("in our own code")

    with pytest.raises(KeyError):
        in_transaction(connection, work, "test")
    assert in_transaction(connection, _count("word"), "test") == 0


def test_a_statement_that_is_wrong_is_not_tried_again(settings):
    calls = []

    def work(cursor):
        calls.append(1)
        cursor.execute("SELECT * FROM no_such_table")

    with pytest.raises(CatalogueError, match=r"a test: .*no_such_table.*nothing was changed"):
        in_transaction(connect(settings), work, "a test", pause_s=30)
    assert len(calls) == 1


@pytest.mark.parametrize(
    "password", ["Ångström", "пароль☉", "пароль☉".encode().decode("ascii", "surrogateescape")]
)
def test_a_password_is_sent_in_utf_8(settings, administrator, password):
    """The last is as Python reads the environment where the locale knows ASCII alone."""
    user = f"u{abs(hash(password)) % 10**9}"
    text = password.encode("utf-8", "surrogateescape").decode()
    with administrator.cursor() as cursor:
        cursor.execute("SET NAMES utf8mb4")
        cursor.execute("CREATE USER %s@'%%' IDENTIFIED BY %s", (user, text))
        cursor.execute(f"GRANT ALL ON `{settings.database}`.* TO {user}@'%'")
    with connect(dataclasses.replace(settings, user=user, password=password)) as connection:
        assert connection.open


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MYSQL_HOST", "db..example.org"),
        ("MYSQL_HOST", ".db"),
        ("MYSQL_HOST", "d" * 64),
        ("MYSQL_USER", "\udcff"),
        ("MYSQL_DATABASE", "\udcff"),
    ],
)
def test_names_that_can_be_none_are_refused(name, value):
    with pytest.raises(CatalogueError) as refused:
        settings_from_environment(COMPLETE | {name: value})
    assert str(refused.value).startswith(f"{name} is {value!r}: ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "greeting",
    [
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"220 mail ESMTP\r\n",
        b"\x00\x00\x00\x00",  # IndexError
        b"\x03\x00\x00\x00\x0a5\x00",  # struct.error
        b"\x07\x00\x00\x00no zero",  # ValueError
        b"\x02\x00\x00\x00\xff\x01",  # an error that breaks off
    ],
)
def test_another_kind_of_server_is_told_and_not_tried_again(greeting):
    with socket.create_server(("127.0.0.1", 0)) as door:

        def greet() -> None:
            client, _ = door.accept()
            with client:
                client.sendall(greeting)
                client.recv(1000)

        threading.Thread(target=greet, daemon=True).start()
        port = door.getsockname()[1]
        environment = COMPLETE | {"MYSQL_HOST": "127.0.0.1", "MYSQL_PORT": str(port)}
        with pytest.raises(
            CatalogueError, match=r"no MySQL or MariaDB server .*MYSQL_HOST and MYSQL_PORT"
        ) as error:
            connect(settings_from_environment(environment), pause_s=30)
    assert "\n" not in str(error.value)
    assert not isinstance(error.value, NoAnswer)


def test_a_killed_connection_is_replaced_and_the_work_done_once(settings, administrator):
    connection = connect(settings)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE word (word VARCHAR(10)) ENGINE=InnoDB")
    attempts = []

    def work(cursor):
        attempts.append(cursor.connection.thread_id())
        cursor.execute("INSERT INTO word VALUES ('once')")
        if len(attempts) == 1:
            administrator.kill(attempts[0])
        cursor.execute("SELECT COUNT(*) FROM word")
        return cursor.fetchone()[0]

    assert in_transaction(connection, work, "test", pause_s=0.05) == 1
    assert len(set(attempts)) == 2
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@time_zone")  # the new session is set up as the first was
        assert cursor.fetchone() == ("+00:00",)


def test_two_deadlocked_transactions_both_succeed(settings):
    """Each holds what the other wants; the advisory lock is out of their way, as with a foreign program."""
    first, other = connect(settings), connect(settings)
    with first.cursor() as cursor:
        cursor.execute("CREATE TABLE pair (id INT PRIMARY KEY, value INT) ENGINE=InnoDB")
        cursor.execute("INSERT INTO pair VALUES (1, 0), (2, 0)")
        first.commit()
    holds, wanted = threading.Event(), threading.Event()

    def foreign() -> None:
        with other.cursor() as cursor:
            for n in range(50):  # more to undo than the other has: the other is the victim
                cursor.execute("INSERT INTO pair VALUES (%s, 0)", (100 + n,))
            cursor.execute("UPDATE pair SET value = value + 1 WHERE id = 2")
            holds.set()
            wanted.wait(300)
            cursor.execute("UPDATE pair SET value = value + 1 WHERE id = 1")
            other.commit()

    thread = threading.Thread(target=foreign)
    thread.start()
    attempts = []

    def work(cursor):
        attempts.append(1)
        holds.wait(300)
        cursor.execute("UPDATE pair SET value = value + 10 WHERE id = 1")
        wanted.set()
        cursor.execute("UPDATE pair SET value = value + 10 WHERE id = 2")

    in_transaction(first, work, "test", pause_s=0.1)
    thread.join(300)
    with first.cursor() as cursor:
        cursor.execute("SELECT value FROM pair WHERE id < 3")
        assert [value for (value,) in cursor.fetchall()] == [11, 11]
    assert len(attempts) == 2


def _count(table):
    def work(cursor):
        cursor.execute(f"SELECT COUNT(*) FROM {table}")
        return cursor.fetchone()[0]

    return work
