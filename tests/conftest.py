"""Servers that tests share: started when the first test asks, one set per test process."""

from collections.abc import Iterator

import pytest

from airglow.demo.servers import MariadbServer, S3Server, mariadb_server, s3_server


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
