"""The parts of the suite: each takes the servers, a directory and which share of it is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from airglow.demo.servers import MariadbServer, S3Server

from . import mysql_proxy, s3_proxy
from .kills import SCENARIOS, kill_everywhere
from .network import at_every_moment, behind_proxies, disturb
from .table import Tried
from .world import new_world


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


PARTS: dict[str, Callable[[S3Server, MariadbServer, Path, int], Iterator[Tried]]] = {
    "kills": kills,
    "moments": moments,
    "network": network,
}
