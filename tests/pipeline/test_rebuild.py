"""The database is lost, and all its rows come back from the bucket."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from known import known_registry
from pages.made import publish, result_of
from pymysql.connections import Connection

from airglow.__main__ import main
from airglow.catalogue import connect, load_night, migrate, settings_from_environment, write_states
from airglow.demo.servers import MariadbServer, S3Server
from airglow.model.errors import AirglowError
from airglow.pipeline.database_mirror import state_row
from airglow.pipeline.loading import loaded_record
from airglow.pipeline.published import published_nights
from airglow.pipeline.rebuild import rebuild_database
from airglow.pipeline.rows import done_row
from airglow.pipeline.stored_table import write_table
from airglow.pipeline.table import Row, Table
from airglow.products import write_netcdf
from airglow.store import Store, open_store
from airglow.store import settings_from_environment as store_settings
from airglow.uploads import NightId

REGISTRY = known_registry()
A, B, C = (f"minime05_uao_2025042{day}" for day in (7, 8, 9))
CLEANED = {"made_at": "2025-05-01T12:00:00+00:00", "attempts": 2, "code": "1", "settings": "abc"}
OPEN = Row("minime05_uao_20250501", "waiting", "12 of 17 parts", dt.datetime(2025, 5, 2, tzinfo=dt.UTC))
OF_A_LOAD = {"loaded_at", "load_id", "load_s", "updated_at", "applied_at", "id"}  # differ each time


@pytest.fixture(scope="module")
def archive(s3: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Three published nights: of two tags, of one with and one without result, and without any."""
    s3.create_bucket("made-for-the-database")
    store = open_store(store_settings(s3.environment("made-for-the-database")))
    folder = tmp_path_factory.mktemp("made")
    results = {A: [result_of(A), result_of(A, "XG")], B: [result_of(B)], C: []}
    for name, of_night in results.items():
        files = {}
        for result in of_night:
            path = write_netcdf(result, folder / f"{result.stem}.nc")
            files[path.name] = path.read_bytes()
        tags = {result.tag for result in of_night}
        without = {tag: ("no frames", "none came") for tag in {"XR", "XG"} - tags}
        index = publish(store, of_night, without, name, files)
        night = NightId.parse(name)
        of_tag = {"instrument": night.instrument, "site": night.site, "date": night.day}
        for tag, outcome in index["outcomes"].items():
            outcome.update(of_tag, tag=tag)
        store.put_json(night.published_key, index)
        store.put_json(night.cleaned_key, CLEANED)
    write_table(store, Table((OPEN,)), Table())
    return store


@pytest.fixture
def bucket_copy(archive: Store, store: Store) -> Store:
    """All of that, in a bucket of the test's own."""
    for found in archive.list(""):
        there = {"Bucket": archive.bucket, "Key": found.key}
        store.client.copy_object(Bucket=store.bucket, Key=found.key, CopySource=there)
    return store


@pytest.fixture
def environment(mariadb: MariadbServer, any_bucket: Store) -> dict[str, str]:
    """Of an empty database of the test's own."""
    name = f"rebuilt_{dt.datetime.now(dt.UTC):%H%M%S%f}"
    mariadb.create_database(name)
    return mariadb.environment(name)


@pytest.fixture
def database(environment: dict[str, str]) -> Iterator[Connection]:
    connection = connect(settings_from_environment(environment))
    yield connection
    if connection.open:
        connection.close()


def load_as_the_workflow_does(store: Store, connection: Connection) -> None:
    migrate(connection)
    write_states(connection, [state_row(OPEN)], ["done"])
    for night, key in published_nights(store).items():
        index = store.get_json(key)
        write_states(connection, [state_row(done_row(night, CLEANED, index))], ["done"])
        tags = [tag for tag, outcome in index["outcomes"].items() if outcome["state"] == "analysed"]
        load_night(
            connection,
            [result_of(night.name, tag) for tag in tags],
            list(index["outcomes"].values()),
            REGISTRY.site(night.site),
            REGISTRY.instrument(night.instrument, night.date),
            products=index["products"],
            manifest_sha256=index["manifest_sha256"],
        )


def rows(connection: Connection) -> dict[str, list]:
    """All rows of all tables, but for the times of loads."""
    connection.rollback()  # see what others have committed
    tables = {}
    with connection.cursor() as cursor:
        cursor.execute("SHOW FULL TABLES WHERE Table_type = 'BASE TABLE'")
        for name, _ in cursor.fetchall():
            cursor.execute(f"SHOW COLUMNS FROM {name}")
            columns = [column[0] for column in cursor.fetchall() if column[0] not in OF_A_LOAD]
            cursor.execute(f"SELECT {', '.join(columns)} FROM {name}")
            tables[name] = sorted(cursor.fetchall(), key=repr)
    return tables


def drop_everything(mariadb: MariadbServer, environment: dict[str, str]) -> None:
    """Lose the database."""
    with mariadb.connect_as_root() as connection, connection.cursor() as cursor:
        name = environment["MYSQL_DATABASE"]
        cursor.execute(f"DROP DATABASE `{name}`")
        cursor.execute(f"CREATE DATABASE `{name}`")


def test_all_rows_come_back_as_they_were(
    archive: Store, mariadb: MariadbServer, environment: dict[str, str], database: Connection
) -> None:
    load_as_the_workflow_does(archive, database)
    before = rows(database)
    assert {"fpi_night", "fpi_sky_sample", "fpi_cause", "fpi_load", "fpi_site", "DataSet"} <= before.keys()
    empty = {name for name, values in before.items() if not values}
    assert len(before["fpi_night"]) == 6
    assert len(before["fpi_night_state"]) == 4
    database.close()
    drop_everything(mariadb, environment)

    settings = settings_from_environment(environment)
    would = rebuild_database(archive, REGISTRY, settings, dry_run=True)
    assert (would.loaded, would.there, would.problems) == ((A, B, C), 0, ())
    done = rebuild_database(archive, REGISTRY, settings)
    assert (done.loaded, done.there, done.problems) == ((A, B, C), 0, ())
    with connect(settings) as connection:
        after = rows(connection)
    assert after.keys() == before.keys()
    for name in before:
        assert after[name] == before[name], name
    assert empty == {name for name, values in after.items() if not values}


def test_the_last_load_of_a_night_comes_back_with_its_time(
    bucket_copy: Store, environment: dict[str, str], database: Connection
) -> None:
    """As far as the bucket has it on record; of a load of other products it says nothing."""
    at, load_ids = dt.datetime(2025, 5, 1, 12, tzinfo=dt.UTC), {}
    for name in (A, B, C):
        night = NightId.parse(name)
        index = bucket_copy.get_json(night.published_key)
        load_ids[name] = name[-1] * 32
        record = loaded_record({"load_id": load_ids[name], "loaded_at": at.isoformat()}, index)
        damage = {B: {"products_sha256": "of others"}, C: {"loaded_at": "2025-05-01T12:00:00"}}.get(name, {})
        bucket_copy.put_json(night.loaded_key, record | damage)
    rebuild_database(bucket_copy, REGISTRY, settings_from_environment(environment))
    with database.cursor() as cursor:
        cursor.execute("SELECT local_date, load_id, loaded_at FROM fpi_load")
        found = {f"minime05_uao_{date:%Y%m%d}": (load_id, loaded_at) for date, load_id, loaded_at in cursor}
    assert found[A] == (load_ids[A], at.replace(tzinfo=None))
    for name in (B, C):
        assert found[name][0] != load_ids[name]


def test_a_dry_run_changes_nothing(archive: Store, environment: dict[str, str], database: Connection) -> None:
    rebuild_database(archive, REGISTRY, settings_from_environment(environment), dry_run=True)
    assert rows(database) == {}


def test_it_goes_on_where_it_ended(archive: Store, environment: dict[str, str], database: Connection) -> None:
    settings = settings_from_environment(environment)
    said = []

    def stop(text: str) -> None:
        said.append(text)
        if text.startswith(B):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild_database(archive, REGISTRY, settings, say=stop)
    assert said == [f"{A} (1 of 3): loaded", f"{B} (2 of 3): loaded"]
    done = rebuild_database(archive, REGISTRY, settings)
    assert (done.loaded, done.there) == ((C,), 2)
    assert rebuild_database(archive, REGISTRY, settings).there == 3
    assert rebuild_database(archive, REGISTRY, settings, everything=True).loaded == (A, B, C)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE fpi_product SET sha256 = REPEAT('0', 64) WHERE name LIKE '%_xg.nc'",
        "DELETE FROM fpi_product WHERE name LIKE '%_xg.nc'",
        "DELETE FROM fpi_night WHERE tag = 'XG' AND local_date = '2025-04-27'",
        "UPDATE fpi_night SET manifest_sha256 = REPEAT('0', 64) WHERE local_date = '2025-04-27'",
        "UPDATE fpi_night SET state = 'no frames' WHERE tag = 'XG' AND local_date = '2025-04-27'",
    ],
)
def test_rows_of_other_products_are_replaced(
    archive: Store, environment: dict[str, str], database: Connection, change: str
) -> None:
    settings = settings_from_environment(environment)
    rebuild_database(archive, REGISTRY, settings)
    before = rows(database)
    with database.cursor() as cursor:
        assert cursor.execute(change) >= 1
    database.commit()
    assert rebuild_database(archive, REGISTRY, settings).loaded == (A,)
    after = rows(database)
    assert {name: values for name, values in after.items() if name != "fpi_load"} == {
        name: values for name, values in before.items() if name != "fpi_load"
    }


def test_a_bad_night_costs_no_other_and_is_told(
    bucket_copy: Store,
    s3: S3Server,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
    tmp_path: Path,
) -> None:
    bucket_copy.delete(f"Results/2025/{A}_xg.nc")
    bucket_copy.put_bytes(NightId.parse(B).published_key, b"[]")
    for name, value in {**s3.environment(bucket_copy.bucket), **environment}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    assert main(["rebuild-database"]) == 1
    said = capsys.readouterr()
    assert said.out == "1 nights loaded, 0 were there, 2 could not be loaded\n"
    assert f"{A}: Results/2025/{A}_xg.nc" in said.err
    assert f"{B}: state/minime05/uao/2025/20250428/published.json: is not an index" in said.err
    assert "airglow run --reanalyze NIGHT" in said.err


def test_a_database_that_goes_away_ends_it(archive: Store, environment: dict[str, str]) -> None:
    """No night can be loaded then, and none is at fault."""
    settings = settings_from_environment({**environment, "MYSQL_PORT": "1", "MYSQL_HOST": "127.0.0.1"})
    with pytest.raises(AirglowError, match="database"):
        rebuild_database(archive, REGISTRY, settings)


def test_a_night_that_is_published_anew_meanwhile_has_its_new_rows(
    bucket_copy: Store, environment: dict[str, str], database: Connection
) -> None:
    settings = settings_from_environment(environment)
    key = NightId.parse(C).published_key
    read = bucket_copy.get_json
    seen = []

    def changed_after_the_first_look(asked: str):
        value = read(asked)
        if asked == key and not seen:
            seen.append(asked)
            bucket_copy.put_json(key, {**value, "manifest_sha256": "beef" * 16})
        return value

    object.__setattr__(bucket_copy, "get_json", changed_after_the_first_look)
    rebuild_database(bucket_copy, REGISTRY, settings)
    with database.cursor() as cursor:
        cursor.execute("SELECT DISTINCT manifest_sha256 FROM fpi_night WHERE local_date = '2025-04-29'")
        assert cursor.fetchall() == (("beef" * 16,),)
