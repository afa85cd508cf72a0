"""A share of the suite that is always the same and takes little: all of it is `make faults`."""

from collections.abc import Iterable, Iterator
from itertools import islice

import pytest

from airglow.demo.servers import MariadbServer, S3Server

from . import mysql_proxy, s3_proxy
from .kills import SCENARIOS, Scenario, kill_everywhere
from .network import at_every_moment, behind_proxies, disturb
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
    assert all_fine(kill_everywhere(world, SCENARIOS[1], 60, 40)) >= 3


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_all_holds_at_every_change_of_the_bucket(world: World, s3: S3Server, scenario: Scenario) -> None:
    with behind_proxies(world, s3) as (behind, bucket, _):
        assert all_fine(at_every_moment(behind, bucket, scenario)) == 1


def test_answers_that_are_lost_and_damaged(world: World, s3: S3Server) -> None:
    kinds = (s3_proxy.LOST_ANSWER, s3_proxy.FLIPPED)
    with behind_proxies(world, s3) as (behind, bucket, database):
        tried = islice(disturb(behind, bucket, SCENARIOS[0], kinds, 50, "S3"), 4)
        assert all_fine(tried) == 4
        assert all_fine(disturb(behind, database, SCENARIOS[0], (mysql_proxy.COMMIT_LOST,), 5, "MySQL")) >= 1
