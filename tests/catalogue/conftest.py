"""A database of the test's own on a real server, and the registry's facts about two instruments."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Iterator

import pytest
from known import known_registry
from pymysql.connections import Connection
from results import example_result

from airglow.catalogue import DatabaseSettings, connect, migrate, settings_from_environment
from airglow.demo.servers import MariadbServer
from airglow.registry import Registry


@pytest.fixture
def settings(mariadb: MariadbServer) -> DatabaseSettings:
    """Settings of an empty database."""
    name = f"airglow_{uuid.uuid4().hex[:12]}"
    mariadb.create_database(name)
    return settings_from_environment(mariadb.environment(name))


@pytest.fixture
def database(settings: DatabaseSettings) -> Iterator[Connection]:
    """A connection to a database with our tables in it."""
    connection = connect(settings)
    migrate(connection)
    yield connection
    if connection.open:
        connection.close()


@pytest.fixture
def administrator(mariadb: MariadbServer, settings: DatabaseSettings) -> Iterator[Connection]:
    """A second connection, which may do anything."""
    with mariadb.connect_as_root() as connection:
        connection.select_db(settings.database)
        yield connection


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The registry of this repository."""
    return known_registry()


@dataclasses.dataclass(frozen=True)
class Night:
    """What a load is given."""

    results: tuple
    outcomes: tuple
    site: object
    instrument: object

    def __iter__(self):
        return iter((self.results, self.outcomes, self.site, self.instrument))


@pytest.fixture
def make_night(registry: Registry):
    """Make what a load is given, of an instrument and some of its tags."""

    def make(
        instrument: str = "minime05",
        tags: tuple[str, ...] = ("XR",),
        empty_tags: tuple[str, ...] = (),
        date: dt.date = dt.date(2026, 5, 11),
        **sizes: int,
    ) -> Night:
        sizes = {"sky_frames": 12, "laser_frames": 4, "annuli": 8} | sizes
        results = tuple(
            example_result(instrument=instrument, date=date, tag=tag, seed=n, **sizes)
            for n, tag in enumerate(tags)
        )
        kinds = ("_winds.png", "_temperature.png", "_diagnostics.png", ".nc", ".log")
        about = {"instrument": instrument, "site": "uao", "date": f"{date:%Y%m%d}"}
        outcomes = [
            {
                **about,
                "tag": r.tag,
                "state": "analysed",
                "reason": "",
                "products": [r.stem + k for k in kinds],
            }
            for r in results
        ]
        outcomes += [
            {**about, "tag": tag, "state": "no frames", "reason": f"no frame has tag {tag}", "products": []}
            for tag in empty_tags
        ]
        return Night(results, tuple(outcomes), registry.site("uao"), registry.instrument(instrument, date))

    return make
