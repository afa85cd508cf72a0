"""Servers that tests share: started when the first test asks, one set per test process."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from cpu import CpuTimes

from airglow.demo.servers import MariadbServer, S3Server, mariadb_server, s3_server
from airglow.registry.configuration import DIRECTORY_VARIABLE
from airglow.store import Store, open_store, settings_from_environment


@pytest.fixture(scope="session", autouse=True)
def no_operator(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing of the /etc/airglow of this machine."""
    os.environ[DIRECTORY_VARIABLE] = str(tmp_path_factory.mktemp("etc"))


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    """A private S3 server without buckets: every test makes its own."""
    with s3_server() as server:
        yield server


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariadbServer]:
    """A private MariaDB server: a test that needs a clean database makes its own."""
    with mariadb_server() as server:
        yield server


@pytest.fixture(scope="session")
def any_bucket(s3: S3Server) -> Store:
    """A store that is there to make buckets: to make a client for each would take longer than the bucket."""
    return open_store(settings_from_environment(s3.environment("any")))


@pytest.fixture
def bucket(any_bucket: Store) -> str:
    """The name of a bucket of the test's own, empty."""
    name = f"test-{uuid.uuid4().hex}"
    any_bucket.client.create_bucket(Bucket=name)
    return name


@pytest.fixture
def store(s3: S3Server, bucket: str) -> Store:
    """The store over that bucket."""
    return open_store(settings_from_environment(s3.environment(bucket)))


# Directories whose tests take longest, in the order in which they are begun.
LONGEST_FIRST = (
    *("end_to_end", "demo", "night", "workflow", "pipeline"),
    *("deploy", "faults", "products", "winds", "archive"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave what is quick for the end, so that neither of two processes waits long for the other."""
    root = Path(__file__).parent

    def place(item: pytest.Item) -> int:
        directory = item.path.relative_to(root).parts[0]
        return LONGEST_FIRST.index(directory) if directory in LONGEST_FIRST else len(LONGEST_FIRST)

    items.sort(key=place)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cpu", action="store_true", help="CPU seconds of tests, files and processes")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("cpu"):
        config.pluginmanager.register(CpuTimes())


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their argument: as names of tests they are unreadable, and times of gzip differ."""
    return argname if isinstance(val, bytes) else None
