"""What a bucket allows and promises is found out without leaving anything behind."""

import pytest
from botocore.awsrequest import AWSResponse
from uploading import keys

from airglow.store import Store, honours_if_match
from airglow.store.probe import PROBES, probe_object, remove_probes, versioning


def without_if_match(store: Store) -> None:
    """Let the store ignore If-Match, as Ceph RGW 16 does."""

    def forget(params, **_) -> None:
        params["headers"].pop("If-Match", None)

    store.client.meta.events.register("before-call.s3.DeleteObject", forget)


def with_if_match(store: Store, answer: int) -> None:
    """Let DELETE with If-Match be answered with a status, as other servers do."""
    code = {412: "PreconditionFailed", 501: "NotImplemented"}[answer]
    body = f"<Error><Code>{code}</Code></Error>".encode()

    def intercept(request, **_):
        if request.method == "DELETE" and "If-Match" in request.headers:
            response = AWSResponse(request.url, answer, {}, None)
            response._content = body
            return response
        return None

    store.client.meta.events.register("before-send.s3", intercept)


@pytest.mark.parametrize(("answer", "honoured"), [(412, True), (501, False)])
def test_if_match_on_delete_is_honoured_or_refused(store: Store, answer: int, honoured: bool):
    with_if_match(store, answer)
    assert honours_if_match(store) is honoured
    assert keys(store) == []


def test_if_match_on_delete_is_ignored(store: Store):
    without_if_match(store)
    assert not honours_if_match(store)
    assert keys(store) == []


def test_a_probe_leaves_no_versions(store: Store):
    store.client.put_bucket_versioning(Bucket=store.bucket, VersioningConfiguration={"Status": "Enabled"})
    without_if_match(store)
    assert not honours_if_match(store)
    there = store.client.list_object_versions(Bucket=store.bucket)
    assert "Versions" not in there
    assert "DeleteMarkers" not in there
    assert versioning(store) == "Enabled"


def test_what_a_killed_probe_left_goes_and_nothing_else(store: Store):
    store.put_bytes(f"{PROBES}left", b"")
    store.put_bytes("state/pending/minime05_uao_20260429.json", b"{}")
    assert versioning(store) == ""
    assert remove_probes(store) == [f"{PROBES}left"]
    assert keys(store) == ["state/pending/minime05_uao_20260429.json"]


def test_a_probe_goes_also_where_what_is_done_with_it_fails(store: Store):
    def fail() -> None:
        with probe_object(store) as key:
            assert keys(store) == [key]
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert keys(store) == []
