"""What Snakemake shows of a night without doing it: the plan and the pictures."""

import re
from pathlib import Path

import pytest
from running import Clone, clone, everything, new_place, surroundings

from airglow.demo.servers import MariadbServer, S3Server
from airglow.store import Store
from airglow.uploads import NightId

NIGHT = NightId.parse("minime13_uao_20260510")
WAY = ("concatenate", "extract", "frames", "weather", "analyze", "collect", "publish", "load", "cleanup")


@pytest.fixture
def there(tmp_path: Path, s3: S3Server, mariadb: MariadbServer) -> tuple[Clone, Store]:
    """A clone, and a bucket with the receipt of a night."""
    store, database = new_place(s3, mariadb)
    store.put_bytes(NIGHT.receipt_key, b"...")
    return clone(
        tmp_path / "clone", surroundings(s3.endpoint_url, store.bucket, s3, mariadb, database)
    ), store


@pytest.mark.parametrize("target", ["nights/uao_20260510.json", "nights/minime13_uao_20260510.json"])
def test_a_dry_run_shows_the_full_night_and_does_nothing(there: tuple[Clone, Store], target: str) -> None:
    place, store = there
    before = everything(store)
    ran = place.run("--cores", "1", "-n", target)
    assert ran.code == 0, ran.text
    planned = dict(re.findall(r"^(\w+) +(\d+)$", ran.text, re.M))
    assert {rule: planned.get(rule) for rule in WAY} == {rule: "1" for rule in WAY} | {"analyze": "2"}
    assert everything(store) == before


@pytest.mark.parametrize("picture", ["--dag", "--rulegraph", "--filegraph"])
def test_pictures_show_the_full_night(there: tuple[Clone, Store], picture: str) -> None:
    place, _ = there
    ran = place.run("--cores", "1", "nights/uao_20260510.json", picture)
    assert ran.code == 0, ran.text
    assert "digraph" in ran.text
    for rule in WAY:
        assert rule in ran.text
