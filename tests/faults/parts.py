"""The parts of the suite: each takes the servers, a directory and which share of it is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from airglow.demo.servers import MariadbServer, S3Server

from . import mysql_proxy, s3_proxy
from .kills import SCENARIOS, kill_everywhere
from .machine import at_once, clock, disk
from .month import month
from .network import at_every_moment, behind_proxies, disturb
from .parsers import INPUTS, fuzz, parsers
from .sequences import sequences
from .table import Tried
from .world import World, new_world


def kills(s3: S3Server, mariadb: MariadbServer, root: Path, share: int) -> Iterator[Tried]:
    """Every second event of each scenario."""
    world = new_world(s3, mariadb, root)
    for number, scenario in enumerate(SCENARIOS):
        yield from kill_everywhere(world, scenario, 2 * share, 1 + number % 2)


def moments(s3: S3Server, mariadb: MariadbServer, root: Path, _: int) -> Iterator[Tried]:
    """Every change of the bucket."""
    with behind_proxies(new_world(s3, mariadb, root), s3) as (world, bucket, _):
        for scenario in SCENARIOS:
            yield from at_every_moment(world, bucket, scenario)


def network(s3: S3Server, mariadb: MariadbServer, root: Path, share: int) -> Iterator[Tried]:
    """Every kind of fault at every twelfth request, of the database at every sixth packet."""
    with behind_proxies(new_world(s3, mariadb, root), s3) as (world, bucket, database):
        first, other, _ = SCENARIOS
        yield from disturb(world, bucket, other, s3_proxy.KINDS, 12 * share, "S3: network and server")
        yield from disturb(world, database, first, mysql_proxy.KINDS, 6 * share, "MySQL: network and server")


def machine(s3: S3Server, mariadb: MariadbServer, root: Path, share: int) -> Iterator[Tried]:
    """Every third change of a file, six jumps of the clock, and runs that meet."""
    world = new_world(s3, mariadb, root / "disk")
    yield from disk(world, SCENARIOS[0], 3 * share)
    yield from clock(world)
    with behind_proxies(world, s3) as (behind, bucket, _):
        yield from at_once(behind, bucket, max(1, 24 // share))
        yield from at_once(behind, bucket, max(1, 24 // share), differ=True)


def in_any_order(s3: S3Server, mariadb: MariadbServer, root: Path, share: int) -> Iterator[Tried]:
    """Fifty sequences of forty events."""
    world = new_world(s3, mariadb, root, with_pages=False)

    def cleared() -> World:
        world.clear()
        return world

    yield from sequences(cleared, max(1, 50 // share))


def damaged_files(_: S3Server, __: MariadbServer, ___: Path, share: int) -> Iterator[Tried]:
    """A hundred thousand files for each parser."""
    for parser in parsers():
        yield from fuzz(parser, INPUTS // share)


def whole_month(s3: S3Server, mariadb: MariadbServer, root: Path, share: int) -> Iterator[Tried]:
    """Thirty days and fifty kills."""
    world = new_world(s3, mariadb, root, with_pages=False)
    yield from month(world, max(2, 30 // share), max(2, 50 // share))


PARTS: dict[str, Callable[[S3Server, MariadbServer, Path, int], Iterator[Tried]]] = {
    "kills": kills,
    "moments": moments,
    "network": network,
    "machine": machine,
    "sequences": in_any_order,
    "parsers": damaged_files,
    "month": whole_month,
}
