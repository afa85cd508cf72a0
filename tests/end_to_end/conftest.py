"""Two simulated nights that went all the way, made once for all tests here, and small ones for the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from known import known_registry
from running import Clone, Front, Ran, clone, everything, front, new_place, surroundings, upload

from airglow.catalogue import settings_from_environment
from airglow.demo.servers import MariadbServer, S3Server
from airglow.pages.night import publish_night_page
from airglow.pages.settings import PagesSettings
from airglow.pages.site import update_pages
from airglow.pipeline.publish import prefixes_from_environment
from airglow.pipeline.whole_night import Surroundings, process_night
from airglow.registry import load_config, registry_of
from airglow.simulate import NightFolder, simulate_night, write_night
from airglow.store import Store
from airglow.uploads import TABLE, NightId

MIB = 2**20
SMALL = NightId.parse("minime05_uao_20260512")


@dataclass(frozen=True)
class Place:
    """A clone with a bucket (behind a `Front`) and a database of its own."""

    clone: Clone
    store: Store
    front: Front
    database: str


@dataclass(frozen=True)
class Delivered:
    """Two nights that went from parts to rows in one run."""

    place: Place
    ran: Ran
    nights: dict[str, NightFolder]


def simulated(directory: Path, name: str, sky_frames: int, laser_frames: int) -> NightFolder:
    """Simulate a night and pack it as the instrument does."""
    registry = known_registry()
    night = NightId.parse(name)
    made = simulate_night(
        registry.instrument(night.instrument, night.date),
        registry.site(night.site),
        night.date,
        sky_frames=sky_frames,
        laser_frames=laser_frames,
        seed=int(f"{night.date:%d}"),
    )
    return write_night(made, directory / name, pack=True, part_bytes=MIB)


@pytest.fixture(scope="session")
def behind(s3: S3Server) -> Iterator[Front]:
    """The front before the shared S3 server."""
    with front(s3.endpoint_url) as made:
        yield made


@pytest.fixture(scope="session")
def small_night(tmp_path_factory: pytest.TempPathFactory) -> NightFolder:
    """A night of one tag with few frames, in three parts."""
    return simulated(tmp_path_factory.mktemp("small"), SMALL.name, 4, 3)


def place_at(
    directory: Path, s3: S3Server, mariadb: MariadbServer, behind: Front, all_products: bool = False
) -> Place:
    """A clone, and nothing in its bucket and database; without the products that one may do without."""
    store, database = new_place(s3, mariadb)
    environment = surroundings(behind.url, store.bucket, s3, mariadb, database)
    made = clone(directory, environment)
    made.configure("products", legacy_npz=all_products, paper_plots=all_products)
    return Place(made, store, behind, database)


@pytest.fixture
def place(tmp_path: Path, s3: S3Server, mariadb: MariadbServer, behind: Front) -> Iterator[Place]:
    """A clone of the test's own, and nothing in its bucket and database."""
    yield place_at(tmp_path / "clone", s3, mariadb, behind)
    behind.forget()


@dataclass(frozen=True)
class InTwoSteps:
    """A night whose last part came later: a run before and one after."""

    place: Place
    before: Ran
    raw_before: dict[str, tuple[str, str]]
    after: Ran
    asked: list[tuple[str, str]]  # of the bucket by the run after: methods, paths


@pytest.fixture(scope="session")
def in_two_steps(
    tmp_path_factory: pytest.TempPathFactory, small_night: NightFolder, s3: S3Server, mariadb: MariadbServer
) -> Iterator[InTwoSteps]:
    """The small night, at first without its last part, in a store whose clock is an hour ahead of ours."""
    with front(s3.endpoint_url, ahead_s=3600) as fast:
        place = place_at(tmp_path_factory.mktemp("steps") / "clone", s3, mariadb, fast)
        last = small_night.upload.parts[-1]
        upload(place.store, small_night.raw, leave_out=last.name)
        before = place.clone.hourly()
        raw_before = everything(place.store)
        place.store.put_file(f"raw/{last.name}", last)
        fast.forget()
        after = place.clone.hourly()
        yield InTwoSteps(place, before, raw_before, after, list(fast.requests))


def in_one_process(place: Place, directory: Path) -> None:
    """Do all of the small night, and the pages after it."""
    around, pages = around_nights(place, directory)
    process_night(SMALL, around)
    update_pages(place.store, pages, [])


def around_nights(place: Place, directory: Path) -> tuple[Surroundings, PagesSettings]:
    """What a night needs that is done in this process."""
    config = load_config(place.clone.directory / "config/config.yaml")
    pages = PagesSettings(**config["pages"])
    around = Surroundings(
        place.store,
        registry_of(config),
        config,
        prefixes_from_environment(place.clone.environment),
        settings_from_environment(place.clone.environment),
        directory / "work",
        directory / "results",
        lambda store, index, results: publish_night_page(store, pages, index, results),
    )
    return around, pages


@pytest.fixture(scope="session")
def delivered(
    tmp_path_factory: pytest.TempPathFactory, s3: S3Server, mariadb: MariadbServer, behind: Front
) -> Delivered:
    """minime05 and minime13 (two tags) of one date at one site, and a night that lacks a part."""
    directory = tmp_path_factory.mktemp("delivered")
    nights = {
        name: simulated(directory, name, *frames)
        for name, frames in {
            "minime13_uao_20260510": (5, 3),
            "minime05_uao_20260510": (24, 8),
        }.items()
    }
    place = place_at(directory / "clone", s3, mariadb, behind, all_products=True)
    for folder in nights.values():
        upload(place.store, folder.raw)
    lacking = simulated(directory, "minime05_uao_20260511", 3, 2)
    upload(place.store, lacking.raw, leave_out="fpi05_uao_20260511.tar.gz000000")
    return Delivered(place, place.clone.hourly(), nights)


def rows(mariadb: MariadbServer, database: str, sql: str, *values: object) -> list[tuple]:
    """Ask the database."""
    with mariadb.connect_as_root() as connection, connection.cursor() as cursor:
        cursor.execute(f"USE {database}")
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def contents(mariadb: MariadbServer, database: str) -> dict[str, list[tuple]]:
    """Every row of every table; views say the same in other words."""
    found = rows(mariadb, database, "SHOW FULL TABLES")
    tables = [name for name, kind in found if kind == "BASE TABLE"]
    return {table: sorted(rows(mariadb, database, f"SELECT * FROM {table}"), key=repr) for table in tables}


def uploaded_and_made(keys: Iterable[str]) -> set[str]:
    """Keys of uploads and of what was made of them: not pages and table, which say what waits, too."""
    return {key for key in keys if not key.startswith(("pages/", TABLE, "state/store/"))}


def line_of(text: str, name: str) -> str:
    """The line of a night in the table at the end of a run."""
    return next(line for line in text.splitlines() if line.startswith(f"{name} "))
