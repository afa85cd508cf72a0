"""Faults of the network and of the servers, one at each request or packet, and some that last.

After each fault nothing may be lost, and what airglow raised names what failed. When it is over, runs go on
until there is nothing to do: then all must be as if nothing had happened.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from airglow.demo.servers import S3Server
from airglow.store import open_store
from airglow.store.settings import StoreSettings

from . import mysql_proxy, s3_proxy
from .kills import Scenario, state_of, until_like
from .mysql_proxy import MysqlProxy
from .s3_proxy import S3Proxy
from .table import Tried
from .world import World, hours_until_quiet

ATTEMPTS = 2  # of a request: more would only take longer
STALL_S = 2.0
LASTING = 10_000


@contextmanager
def behind_proxies(world: World, s3: S3Server) -> Iterator[tuple[World, S3Proxy, MysqlProxy]]:
    """The same world, whose run goes through proxies."""
    with (
        s3_proxy.s3_proxy(s3.endpoint_url) as bucket,
        mysql_proxy.mysql_proxy(world.database.host, world.database.port) as database,
    ):
        settings = StoreSettings(world.store.bucket, bucket.url, "local", "local-secret")
        store = open_store(settings, attempts=ATTEMPTS)
        store.client.meta.config.read_timeout = 60
        bucket.stall_s = database.stall_s = STALL_S
        yield (
            replace(world, through=store, through_database=replace(world.database, port=database.port)),
            bucket,
            database,
        )


def disturb(
    world: World,
    proxy: S3Proxy | MysqlProxy,
    scenario: Scenario,
    kinds: tuple[str, ...],
    step: int,
    kind: str,
) -> Iterator[Tried]:
    """Commit each kind of fault at every ``step``-th request of a scenario, and once without end."""
    world.clear()
    scenario.prepare(world)
    proxy.begin()
    scenario.run(world)
    count = proxy.count
    hours_until_quiet(world)
    undisturbed = state_of(world)
    for offset, fault in enumerate(kinds):
        first = 1 + (offset * 7) % step
        for at, times in [*((at, ATTEMPTS) for at in range(first, count + 1, step)), (count // 2, LASTING)]:
            world.clear()
            proxy.begin()
            scenario.prepare(world)
            proxy.begin(fault, at, times)
            stuck = []
            try:
                scenario.run(world)
                if times == LASTING:
                    scenario.run(world)
            except Exception as error:  # anything that is none of airglow's own errors is a fault of ours
                stuck.append(f"raised {type(error).__name__}: {error}")
            what = f"{scenario.name}: {fault} at {at} of {count}{' and for good' if times == LASTING else ''}"
            world.check()
            proxy.begin()
            stuck += until_like(world, undisturbed)
            yield Tried.of(kind, what, world.seen, stuck)


def at_every_moment(world: World, proxy: S3Proxy, scenario: Scenario) -> Iterator[Tried]:
    """Check after every single request that changes the bucket, before the run hears of it."""
    world.clear()
    scenario.prepare(world)
    count = 0

    def check() -> None:
        nonlocal count
        count += 1
        world.check()

    proxy.begin()
    proxy.after_write = check
    try:
        scenario.run(world)
    finally:
        proxy.after_write = None
    ran = hours_until_quiet(world)
    stuck = [] if ran[-1].is_quiet else ["still at work"]
    what = f"{scenario.name}: checked after each of {count} changes"
    yield Tried.of("checked at every change of the bucket", what, world.seen, stuck)
