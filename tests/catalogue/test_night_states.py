"""The table of states in the database is a copy of what the bucket has on record."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from pathlib import Path

import pytest
from uploading import MINIME05, MINIME13

from airglow.catalogue import StateRow, connect, migrate, settings_from_environment, write_states
from airglow.demo.servers import MariadbServer
from airglow.pipeline.closing import Closed
from airglow.pipeline.database_mirror import mirror_in_database
from airglow.pipeline.table import Row
from airglow.store import Store
from airglow.uploads import Discovery

NOW = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
LOOKED = Discovery(NOW, (), (), (), ())
FAILED = Row(MINIME05.name, "failed", "load: no answer", NOW, "machine", NOW, 4, NOW, "0.1", "ab12")
WAITING = Row(MINIME13.name, "waiting", "2 of 3 parts", None)
ALL = (
    "SELECT instrument, state, reason, error_class, since, attempts, next_try FROM fpi_night_state ORDER BY 1"
)


@pytest.fixture
def environment(mariadb: MariadbServer, bucket: str) -> dict[str, str]:
    name = bucket.replace("-", "_")
    mariadb.create_database(name)
    return mariadb.environment(name)


def rows(environment: dict[str, str], query: str = ALL) -> list[tuple]:
    with (
        closing(connect(settings_from_environment(environment))) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(query)
        return list(cursor.fetchall())


def test_nights_that_were_never_loaded_are_there_and_only_changes_are_written(
    environment: dict[str, str], store: Store
) -> None:
    others = Row("uao_20260429", "failed", "weather: no answer", NOW, "machine")  # of no night
    closed = Closed(LOOKED, [FAILED, WAITING, others])
    assert mirror_in_database(closed, store, environment) == []
    moment = NOW.replace(tzinfo=None)
    assert rows(environment) == [
        ("minime05", "failed", "load: no answer", "machine", moment, 4, moment),
        ("minime13", "waiting", "2 of 3 parts", "", None, 0, None),
    ]
    written = rows(environment, "SELECT updated_at FROM fpi_night_state")
    assert mirror_in_database(closed, store, environment) == []
    assert rows(environment, "SELECT updated_at FROM fpi_night_state") == written


def test_what_no_run_knows_any_more_is_looked_up(environment: dict[str, str], store: Store) -> None:
    """The database was down when one was finished, and the upload of the other went away."""
    mirror_in_database(Closed(LOOKED, [FAILED, WAITING]), store, environment)
    store.put_json(MINIME05.cleaned_key, {"state": "degraded", "made_at": NOW.isoformat()})
    assert mirror_in_database(Closed(None, []), store, environment) == []  # of a run that did not look
    assert len(rows(environment)) == 2
    assert mirror_in_database(Closed(LOOKED, []), store, environment) == []
    assert [row[:2] for row in rows(environment)] == [("minime05", "degraded")]
    in_vain = Row(MINIME05.name, "degraded", "; tried again in vain: no answer", NOW)
    assert mirror_in_database(Closed(None, [in_vain], unchanged={MINIME05.name}), store, environment) == []
    assert rows(environment)[0][2] == ""
    assert mirror_in_database(Closed(LOOKED, []), store, environment) == []
    assert [row[:2] for row in rows(environment)] == [("minime05", "degraded")]


def test_a_database_that_is_down_is_told_and_no_failure(store: Store, tmp_path: Path) -> None:
    down = {
        "MYSQL_UNIX_SOCKET": str(tmp_path / "none"),
        "MYSQL_USER": "a",
        "MYSQL_PASSWORD": "b",
        "MYSQL_DATABASE": "c",
    }
    (told,) = mirror_in_database(Closed(LOOKED, [FAILED]), store, down)
    assert told.startswith("The states of nights in the database are those of before: ")


def test_a_long_reason_is_cut_and_written_once(environment: dict[str, str]) -> None:
    row = StateRow("uao", MINIME05.date, "minime05", "failed", "x" * 100_000)
    with closing(connect(settings_from_environment(environment))) as connection:
        migrate(connection)
        assert write_states(connection, [row], ["done"])["written"] == 1
        assert write_states(connection, [row], ["done"])["written"] == 0
