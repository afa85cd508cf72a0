"""The way to the database: settings, a connection set up for us, and transactions that are tried again."""

from __future__ import annotations

import contextlib
import logging
import os
import ssl
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pymysql
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from airglow.model.errors import CatalogueError

log = logging.getLogger(__name__)
T = TypeVar("T")

ATTEMPTS = 4
FIRST_PAUSE_S = 1.0  # doubled each time
CONNECT_TIMEOUT_S = 10
ANSWER_TIMEOUT_S = 300
LOCK_TIMEOUT_S = 120

_NEEDED = ("MYSQL_HOST", "MYSQL_USER", "MYSQL_PASSWORD", "MYSQL_DATABASE")
_SSL_FILES = ("MYSQL_SSL_CA", "MYSQL_SSL_CERT", "MYSQL_SSL_KEY")
_VARIABLES = (*_NEEDED, "MYSQL_PORT", "MYSQL_UNIX_SOCKET", *_SSL_FILES)

# In which names are sent; a host's has labels of 1 to 63 characters then.
_ENCODINGS = {"MYSQL_HOST": "idna", "MYSQL_USER": "utf-8", "MYSQL_DATABASE": "utf-8"}

_CANNOT_CONNECT = {2002, 2003, 1040, 1042, 1053, 1129, 1158, 1159, 1160, 1161}
_CONNECTION_LOST = {2006, 2013, 2014, 2055, 1053, 1927, 4031}
_LOST_A_RACE = {1205, 1213}  # lock wait timeout, deadlock
# The server, or the account's share of it, is used up: connections (1203, 1226), disk (1021, 1030, 1114),
# memory (1041), threads (1135). Others let go of it, or somebody makes room.
_USED_UP = {1203, 1226, 1021, 1030, 1114, 1041, 1135}
_DATABASE_ERRORS = (pymysql.MySQLError, OSError)
# What PyMySQL raises where an answer is not in the server's language; ValueError is also UnicodeDecodeError.
_NOT_UNDERSTOOD = (struct.error, LookupError, ValueError, AssertionError)

# One set of rules wherever we connect: a value that does not fit is an error, never cut or made zero; and a
# table that is kept from us, by a transaction without end, is waited for less long than an answer.
_SESSION = (
    f"SET SESSION time_zone = '+00:00', lock_wait_timeout = {LOCK_TIMEOUT_S}, "
    "sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'"
)


class NoAnswer(CatalogueError):
    """The server does not answer: no fault of the settings that can be told, so it is worth another try."""


@dataclass(frozen=True)
class DatabaseSettings:
    """Where the database is, and how to be let in.

    Parameters
    ----------
    host
        Name or address of the server.
    user
        Name of the account.
    password
        Password of the account.
    database
        Name of the schema.
    port
        Port of the server.
    unix_socket
        Socket to use instead of host and port; None for a connection by network.
    ssl_ca
        File (PEM) of the authority that must have signed the server's certificate, made out to the host; None
        does not verify it.
    ssl_cert
        File (PEM) of our own certificate, for accounts that must show one.
    ssl_key
        File (PEM) of the key of ``ssl_cert``.
    """

    host: str
    user: str
    password: str = field(repr=False)
    database: str
    port: int = 3306
    unix_socket: str | None = None
    ssl_ca: str | None = None
    ssl_cert: str | None = None
    ssl_key: str | None = field(default=None, repr=False)

    @property
    def place(self) -> str:
        """The database in words, for messages."""
        where = self.unix_socket or f"{self.host}:{self.port}"
        return f"database {self.database} at {where}"


def settings_from_environment(environ: Mapping[str, str] | None = None) -> DatabaseSettings:
    """Read the settings from environment variables.

    ``MYSQL_HOST`` or ``MYSQL_UNIX_SOCKET``, ``MYSQL_USER``, ``MYSQL_PASSWORD`` and ``MYSQL_DATABASE``;
    optional are ``MYSQL_PORT``, ``MYSQL_SSL_CA``, and ``MYSQL_SSL_CERT`` with ``MYSQL_SSL_KEY``. With a
    socket, host and port are not used. With an authority, a connection is encrypted and the server's
    certificate verified, or there is none; without one it is encrypted if the server offers that, and not
    verified.

    Parameters
    ----------
    environ
        By default the process's.

    Returns
    -------
    DatabaseSettings

    Raises
    ------
    CatalogueError
        Naming every variable that is missing or wrong.
    """
    environ = os.environ if environ is None else environ
    value = {name: environ.get(name, "").strip() for name in _VARIABLES}
    needed = [name for name in _NEEDED if name != "MYSQL_HOST" or not value["MYSQL_UNIX_SOCKET"]]
    missing = [name for name in needed if not value[name]]
    if missing:
        raise CatalogueError(f"the environment lacks {', '.join(missing)}: the database cannot be reached")
    for name, encoding in _ENCODINGS.items():
        try:
            value[name].encode(encoding)
        except UnicodeError as error:
            raise CatalogueError(f"{name} is {value[name]!r}: no such name can be ({error})") from error
    port = value["MYSQL_PORT"] or "3306"
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise CatalogueError(f"MYSQL_PORT is {port!r}: it must be a number from 1 to 65535")
    for name in _SSL_FILES:
        if value[name] and not os.path.isfile(value[name]):
            raise CatalogueError(f"{name} is {value[name]}: there is no such file")
    ssl_ca, ssl_cert, ssl_key = (value[name] or None for name in _SSL_FILES)
    if (ssl_cert is None) != (ssl_key is None) or (ssl_cert and not ssl_ca):
        raise CatalogueError("MYSQL_SSL_CERT and MYSQL_SSL_KEY need each other, and MYSQL_SSL_CA")
    return DatabaseSettings(
        host=value["MYSQL_HOST"] or "localhost",
        user=value["MYSQL_USER"],
        password=environ["MYSQL_PASSWORD"],
        database=value["MYSQL_DATABASE"],
        port=int(port),
        unix_socket=value["MYSQL_UNIX_SOCKET"] or None,
        ssl_ca=ssl_ca,
        ssl_cert=ssl_cert,
        ssl_key=ssl_key,
    )


def connect(
    settings: DatabaseSettings,
    *,
    attempts: int = ATTEMPTS,
    pause_s: float = FIRST_PAUSE_S,
    timeout_s: float | None = None,
) -> Connection:
    """Connect, with sessions in UTC and utf8mb4 and with strict values.

    Parameters
    ----------
    settings
        Where, and as whom.
    attempts
        How often to try, if the server does not answer. A wrong password or certificate is not tried again.
    pause_s
        Before the second attempt; doubled before each further one.
    timeout_s
        How long to wait for the connection and for each answer; by default as long as a load may take.

    Returns
    -------
    Connection
        A PyMySQL connection, without autocommit.

    Raises
    ------
    NoAnswer
        If the server cannot be reached, or is too busy.
    CatalogueError
        If it lets nobody in with these settings. Nothing was changed in either case.
    """
    tls = _verified_tls(settings)
    for attempt, pause in enumerate(_pauses(attempts, pause_s), start=1):
        try:
            return pymysql.connect(
                host=settings.host,
                port=settings.port,
                unix_socket=settings.unix_socket,
                user=settings.user,
                password=settings.password.encode("utf-8", "surrogateescape"),  # a str must be Latin-1
                database=settings.database,
                charset="utf8mb4",
                init_command=_SESSION,
                autocommit=False,
                connect_timeout=timeout_s or CONNECT_TIMEOUT_S,
                read_timeout=timeout_s or ANSWER_TIMEOUT_S,
                write_timeout=timeout_s or ANSWER_TIMEOUT_S,
                **tls,
            )
        except _NOT_UNDERSTOOD as error:
            raise CatalogueError(_no_database_server(settings, error)) from error
        except _DATABASE_ERRORS as error:
            if _is_out_of_step(error):
                raise CatalogueError(_no_database_server(settings, error)) from error
            if isinstance(why := getattr(error, "original_exception", None), ssl.SSLCertVerificationError):
                raise CatalogueError(
                    f"{settings.place}: the server's certificate is refused: {why.verify_message}. It must be"
                    f" signed by an authority in MYSQL_SSL_CA ({settings.ssl_ca}) and made out to the host as"
                    " MYSQL_HOST names it; nothing was changed"
                ) from error
            if pause is None or not may_pass(error):
                tries = f" after {attempt} attempts" if attempt > 1 else ""
                kind = NoAnswer if may_pass(error) else CatalogueError
                raise kind(f"{settings.place}: {_words(error)}{tries}; nothing was changed") from error
            log.warning("%s: %s; trying again in %.1f s", settings.place, _words(error), pause)
            time.sleep(pause)
    raise AssertionError("unreachable")


def in_transaction(
    connection: Connection,
    work: Callable[[Cursor], T],
    task: str,
    *,
    attempts: int = ATTEMPTS,
    pause_s: float = FIRST_PAUSE_S,
) -> T:
    """Do work in one transaction: all of it or none of it.

    After a deadlock, a lock that was not to be had, a lost connection, or where the server is short of room,
    the whole transaction is tried again, on a new connection if need be. So ``work`` must be such that doing
    it twice is doing it once.

    Parameters
    ----------
    connection
        From `connect`.
    work
        Told a cursor; what it returns is returned.
    what
        What is being done, for messages.
    attempts
        How often to try.
    pause_s
        Before the second attempt; doubled before each further one.

    Raises
    ------
    CatalogueError
        If it did not work; nothing was changed then.
    """
    for attempt, pause in enumerate(_pauses(attempts, pause_s), start=1):
        try:
            if not connection.open:
                connection.connect()
            return _alone(connection, work, task)
        except _DATABASE_ERRORS as error:
            if is_lost(error) and connection.open:
                connection.close()
            if pause is None or not may_pass(error):
                tries = f" after {attempt} attempts" if attempt > 1 else ""
                raise CatalogueError(f"{task}: {_words(error)}{tries}; nothing was changed") from error
            log.warning("%s: %s; trying again in %.1f s", task, _words(error), pause)
            time.sleep(pause)
    raise AssertionError("unreachable")


def _alone(connection: Connection, work: Callable[[Cursor], T], task: str) -> T:
    """One transaction, while others that would write to our tables wait.

    Two loads of one night at once would run into each other's locks, and two migrations would both define
    the same table. The lock is held until after the commit; the server lets go of it when the connection
    ends, however that happens.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT CONCAT('airglow.', LEFT(SHA2(DATABASE(), 256), 32))")
        (name,) = cursor.fetchone()
        cursor.execute("SELECT GET_LOCK(%s, %s)", (name, LOCK_TIMEOUT_S))
        if cursor.fetchone()[0] != 1:
            raise CatalogueError(
                f"{task}: another load has been at work for {LOCK_TIMEOUT_S} s; nothing was changed"
            )
        try:
            connection.begin()
            result = work(cursor)
            connection.commit()
            return result
        except Exception:
            with contextlib.suppress(*_DATABASE_ERRORS):  # the server undoes what a lost connection began
                connection.rollback()
            raise
        except BaseException:  # Ctrl-C in the middle of an answer: the connection cannot be used any more
            connection.close()
            raise
        finally:
            with contextlib.suppress(*_DATABASE_ERRORS):  # a lost connection has let go already
                cursor.execute("SELECT RELEASE_LOCK(%s)", (name,))


def _verified_tls(settings: DatabaseSettings) -> dict[str, Any]:
    """What makes PyMySQL refuse a server whose certificate it cannot verify, or that has none."""
    if settings.ssl_ca is None:
        return {}
    try:
        context = ssl.create_default_context(cafile=settings.ssl_ca)
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # certificates that servers make for themselves
        context.check_hostname = settings.unix_socket is None  # a socket has no name to be made out to
        if settings.ssl_cert:
            context.load_cert_chain(settings.ssl_cert, settings.ssl_key)
    except OSError as error:
        files = ", ".join(name for name in (settings.ssl_ca, settings.ssl_cert, settings.ssl_key) if name)
        if not isinstance(error, ssl.SSLError):
            raise CatalogueError(f"{files}: cannot be read ({error.strerror or error})") from error
        raise CatalogueError(f"{files}: not certificates in PEM format ({error})") from error
    return {"ssl": context}


def _is_out_of_step(error: Exception) -> bool:
    """Whether PyMySQL could make nothing of a packet's number; of that it says so in words alone."""
    return isinstance(error, pymysql.err.InternalError) and _code(error) is None


def _no_database_server(settings: DatabaseSettings, error: Exception) -> str:
    variables = "MYSQL_UNIX_SOCKET" if settings.unix_socket else "MYSQL_HOST and MYSQL_PORT"
    kind = type(error).__name__
    return (
        f"{settings.place}: what answers there is no MySQL or MariaDB server"
        f" ({kind}: {' '.join(_words(error).split())}). Check {variables}; nothing was changed"
    )


def _pauses(attempts: int, first_s: float) -> list[float | None]:
    """How long to wait after each attempt; None after the last."""
    return [first_s * 2**n for n in range(attempts - 1)] + [None]


def is_lost(error: Exception) -> bool:
    """Whether the connection is of no more use (PyMySQL raises InterfaceError on one it has closed)."""
    return isinstance(error, (OSError, pymysql.err.InterfaceError)) or _code(error) in _CONNECTION_LOST


def may_pass(error: Exception) -> bool:
    """Whether the same may work a little later, with the same settings."""
    return is_lost(error) or _code(error) in _CANNOT_CONNECT | _LOST_A_RACE | _USED_UP


def _code(error: Exception) -> int | None:
    first = error.args[0] if error.args else None
    return first if isinstance(first, int) else None


def _words(error: Exception) -> str:
    return str(error.args[-1]) if error.args else type(error).__name__
