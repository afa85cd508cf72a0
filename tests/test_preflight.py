"""A run does not begin without its surroundings, and says which of them is missing."""

import pytest

from airglow.demo.servers import S3Server
from airglow.errors import AirglowError
from airglow.preflight import check_surroundings

DATABASE = {"MYSQL_HOST": "db", "MYSQL_USER": "u", "MYSQL_PASSWORD": "p", "MYSQL_DATABASE": "d"}
PATHS = {"RESULTS_PATH": "r", "SUMMARY_IMAGES_PATH": "s", "MADRIGAL_PATH": "m"}


def test_a_complete_environment_gives_the_bucket(s3: S3Server, bucket: str) -> None:
    store = check_surroundings({**s3.environment(bucket), **DATABASE, **PATHS})
    assert store.bucket == bucket
    assert store.list("") == []  # asking leaves nothing behind


def test_a_socket_needs_no_host(s3: S3Server, bucket: str) -> None:
    environ = {**s3.environment(bucket), **DATABASE, **PATHS, "MYSQL_HOST": ""}
    with pytest.raises(AirglowError, match=r"lacks MYSQL_HOST\."):
        check_surroundings(environ)
    assert check_surroundings({**environ, "MYSQL_UNIX_SOCKET": "/run/mysqld/mysqld.sock"})


def test_everything_that_is_missing_is_named_at_once(s3: S3Server, bucket: str) -> None:
    environ = {**s3.environment(bucket), **DATABASE, "RESULTS_PATH": "r", "MYSQL_PASSWORD": " "}
    with pytest.raises(
        AirglowError,
        match=r"lacks MYSQL_PASSWORD, SUMMARY_IMAGES_PATH, MADRIGAL_PATH\. .*environment\.example",
    ):
        check_surroundings(environ)


def test_a_bucket_or_endpoint_that_is_not_there_is_named(s3: S3Server, bucket: str) -> None:
    complete = {**s3.environment(bucket), **DATABASE, **PATHS}
    with pytest.raises(AirglowError, match=r"bucket nowhere at .* does not exist"):
        check_surroundings({**complete, "DEST_BUCKET": "nowhere"})
    with pytest.raises(AirglowError, match=r"does not answer.*AWS_S3_ENDPOINT_URL"):
        check_surroundings({**complete, "AWS_S3_ENDPOINT_URL": "http://127.0.0.1:1"})
