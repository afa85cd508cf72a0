"""The store's settings come from the environment, and say what is missing."""

import pytest

from airglow.errors import StoreError
from airglow.store import settings_from_environment

COMPLETE = {
    "DEST_BUCKET": "airglow",
    "AWS_S3_ENDPOINT_URL": "https://ceph.example/",
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "very secret",
}


def test_complete_environment():
    settings = settings_from_environment(COMPLETE)
    assert (settings.bucket, settings.endpoint_url) == ("airglow", "https://ceph.example")
    assert "very secret" not in repr(settings)


def test_everything_missing_is_named():
    with pytest.raises(StoreError, match="DEST_BUCKET, AWS_ACCESS_KEY_ID: set"):
        settings_from_environment({**COMPLETE, "DEST_BUCKET": " ", "AWS_ACCESS_KEY_ID": ""})


def test_endpoint_must_be_a_url():
    with pytest.raises(StoreError, match=r"ceph\.example.*https"):
        settings_from_environment({**COMPLETE, "AWS_S3_ENDPOINT_URL": "ceph.example"})
