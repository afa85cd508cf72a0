"""The store's settings come from the environment, and say what is missing."""

import pytest

from airglow.model.errors import StoreError
from airglow.store import leave_out_foreign_settings, settings_from_environment

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


def test_what_other_projects_say_to_s3_is_left_out():
    environ = {
        **COMPLETE,
        "AWS_CA_BUNDLE": "/etc/ssl/certs/ca.pem",
        "AWS_PROFILE": "mylab",
        "AWS_SESSION_TOKEN": "token",
        "AWS_CONFIG_FILE": "/home/me/config",
        "HTTPS_PROXY": "http://proxy",
        "HOME": "/home/me",
    }
    gone = leave_out_foreign_settings(environ)
    assert gone == ["AWS_CONFIG_FILE", "AWS_PROFILE", "AWS_SESSION_TOKEN"]
    assert environ == {
        **COMPLETE,
        "AWS_CA_BUNDLE": "/etc/ssl/certs/ca.pem",
        "HTTPS_PROXY": "http://proxy",
        "HOME": "/home/me",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
        "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
    }
    assert leave_out_foreign_settings(environ) == []
    empty = {"AWS_CA_BUNDLE": ""}  # would switch the verification off
    leave_out_foreign_settings(empty)
    assert "AWS_CA_BUNDLE" not in empty
