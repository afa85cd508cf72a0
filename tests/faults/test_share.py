"""A share of the suite that is always the same and takes little: all of it is `make faults`."""

from collections.abc import Iterable, Iterator
from itertools import islice

import pytest

from airglow.demo.servers import MariadbServer, S3Server

from . import mysql_proxy, s3_proxy
from .kills import SCENARIOS, Scenario, kill_everywhere
from .machine import at_once, disk
from .month import month
from .network import at_every_moment, behind_proxies, disturb
from .parsers import Parser, fuzz, parsers
from .sequences import sequences
from .table import Tried
from .world import World, new_world


@pytest.fixture(scope="module")
def world(s3: S3Server, mariadb: MariadbServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    return new_world(s3, mariadb, tmp_path_factory.mktemp("faults") / "disk")


def all_fine(tried: Iterable[Tried]) -> int:
    found = list(tried)
    assert not [str(one) for one in found if not one.is_fine]
    return len(found)


def test_killed_here_and_there(world: World) -> None:
    assert all_fine(kill_everywhere(world, SCENARIOS[1], 90, 40)) >= 2


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_all_holds_at_every_change_of_the_bucket(world: World, s3: S3Server, scenario: Scenario) -> None:
    with behind_proxies(world, s3) as (behind, bucket, _):
        assert all_fine(at_every_moment(behind, bucket, scenario)) == 1


def test_answers_that_are_lost_and_damaged(world: World, s3: S3Server) -> None:
    with behind_proxies(world, s3) as (behind, bucket, database):
        flipped = disturb(behind, bucket, SCENARIOS[0], (s3_proxy.FLIPPED,), 70, "S3")
        assert all_fine(islice(flipped, 1)) == 1
        assert all_fine(disturb(behind, database, SCENARIOS[0], (mysql_proxy.COMMIT_LOST,), 50, "MySQL")) >= 1


def test_a_disk_that_is_full(world: World) -> None:
    assert all_fine(islice(disk(world, SCENARIOS[0], 40), 2)) == 2


def test_runs_that_meet(world: World) -> None:
    assert all_fine(at_once(world, None, 1)) == 1


def test_events_in_any_order(world: World) -> None:
    def cleared() -> World:
        world.clear()
        return world

    assert all_fine(sequences(cleared, 1, 20)) >= 20


def test_a_day_of_the_month(world: World) -> None:
    assert all_fine(month(world, 1, 1)) == 4


@pytest.mark.parametrize("parser", parsers(whole=False), ids=lambda parser: parser.name)
def test_damaged_files(parser: Parser) -> None:
    assert all_fine(fuzz(parser, 300)) >= 6
