"""The checker sees what is wrong: a suite that cannot find a fault proves nothing."""

import pytest

from airglow.demo.servers import MariadbServer, S3Server

from .kills import NIGHT
from .world import World, frames_of, hour, new_world

STATE = NIGHT.state_prefix


@pytest.fixture(scope="module")
def made(s3: S3Server, mariadb: MariadbServer, tmp_path_factory: pytest.TempPathFactory) -> World:
    return new_world(s3, mariadb, tmp_path_factory.mktemp("checker") / "disk")


@pytest.fixture
def done(made: World) -> World:
    """A night that is done."""
    made.clear()
    made.send(NIGHT, frames_of(NIGHT))
    hour(made)
    return made


def only_key(world: World, prefix: str) -> str:
    return world.store.list(prefix)[0].key


def rows(world: World, sql: str) -> None:
    with world.connection.cursor() as cursor:
        cursor.execute(sql)
    world.connection.commit()


def without_manifest(world: World) -> None:
    for found in world.store.list(f"{STATE}manifest"):
        world.store.delete(found.key)


DAMAGE = {
    "contents of": lambda w: w.store.delete(only_key(w, NIGHT.frames_prefix)),
    "not in the archive as the manifest says": lambda w: w.store.put_bytes(
        only_key(w, NIGHT.frames_prefix), b"other"
    ),
    "no manifest names it": without_manifest,
    "before rows were committed": lambda w: rows(w, "DELETE FROM fpi_load"),
    "loaded, but there are no rows": lambda w: rows(w, "DELETE FROM fpi_night"),
    "products in the database are not": lambda w: rows(w, "DELETE FROM fpi_product LIMIT 1"),
    "is not what is published": lambda w: w.store.put_bytes(only_key(w, "results/"), b"other"),
    "rows are of another manifest": lambda w: rows(
        w, "UPDATE fpi_night SET manifest_sha256 = REPEAT('0', 64)"
    ),
    "are of different manifests": lambda w: w.store.delete(NIGHT.published_key),
    "its page is not there": lambda w: [w.store.delete(found.key) for found in w.store.list("pages/nights/")],
}


def test_nothing_is_wrong_with_a_night_that_is_done(done: World) -> None:
    assert done.check() == []
    assert done.store.list("raw/") == []


@pytest.mark.parametrize("says", DAMAGE)
def test_damage_is_seen(done: World, says: str) -> None:
    DAMAGE[says](done)
    assert any(says in violation.text for violation in done.check()), done.seen
