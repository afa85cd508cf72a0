"""One bucket on a real server: what is written is verified, and only what was read is deleted."""

import datetime as dt
import hashlib
import http.server
import threading
from pathlib import Path

import pytest
from uploading import counted, keys

from airglow.model.errors import StoreError
from airglow.store import (
    ChangedObject,
    MissingObject,
    Store,
    StoreSettings,
    open_store,
    settings_from_environment,
)


def test_put_list_head_get(store: Store):
    etag = store.put_bytes("a/one", b"first")
    store.put_bytes("a/two", b"")
    store.put_bytes("b", b"elsewhere")
    listed = store.list("a/")
    assert [(o.key, o.size) for o in listed] == [("a/one", 5), ("a/two", 0)]
    assert listed[0].etag == etag == hashlib.md5(b"first").hexdigest()
    assert abs(dt.datetime.now(dt.UTC) - listed[0].modified) < dt.timedelta(minutes=1)
    assert store.head("a/one") == listed[0]
    assert store.get_bytes("a/one") == b"first"
    assert store.get_bytes("a/two") == b""


def test_a_listing_of_several_pages(store: Store):
    for number in range(7):
        store.put_bytes(f"many/{number}", b"")

    def small_pages(params, **_):
        params["MaxKeys"] = 3

    store.client.meta.events.register("before-parameter-build.s3.ListObjectsV2", small_pages)
    with counted(store) as sent:
        assert keys(store, "many/") == [f"many/{number}" for number in range(7)]
    assert len(sent) == 3


def test_missing_objects(store: Store):
    assert store.head("nothing") is None
    assert store.get_json("nothing") is None
    with pytest.raises(MissingObject, match="nothing: not in bucket"):
        store.get_bytes("nothing")


@pytest.mark.parametrize("kept_by_another", [True, False])
@pytest.mark.parametrize("moment", ["GetObject", "PutObject"])
def test_what_is_kept_is_never_what_another_writes_at_that_moment(
    store: Store, kept_by_another: bool, moment: str
):
    store.put_bytes("frame", b"old")
    (found,) = store.list("frame")
    other = open_store(StoreSettings(store.bucket, store.endpoint_url, "key", "secret"))

    def overtake(**_: object) -> None:
        """Another process keeps it, and overwrites it, right before a request."""
        if kept_by_another:
            other.put_bytes("kept", b"old")
        other.put_bytes("frame", b"new")

    for request in {moment, "CopyObject"}:
        store.client.meta.events.register_first(f"before-send.s3.{request}", overtake)
    if moment == "GetObject" and not kept_by_another:
        with pytest.raises(ChangedObject, match="frame: it was uploaded again"):
            store.keep(found, "kept")
        assert store.head("kept") is None
    else:
        store.keep(found, "kept")
        assert store.get_bytes("kept") == b"old"


def test_what_is_kept_already_costs_one_look(store: Store):
    store.put_bytes("frame", b"old")
    (found,) = store.list("frame")
    store.keep(found, "kept")
    assert store.get_bytes("kept") == b"old"
    with counted(store) as sent:
        store.keep(found, "kept")
    assert sent == ["HeadObject"]


def test_the_end_of_an_object_is_read_with_one_request(store: Store):
    store.put_bytes("long", bytes(range(256)) * 1000)
    store.put_bytes("short", b"abc")
    store.put_bytes("empty", b"")
    with counted(store) as sent:
        assert store.get_end("long", 300) == bytes(range(212, 256)) + bytes(range(256))
        assert store.get_end("short", 300) == b"abc"
        assert store.get_end("empty", 300) == b""
    assert sent == ["GetObject"] * 3
    with pytest.raises(MissingObject, match="nothing: not in bucket"):
        store.get_end("nothing", 300)


def test_the_end_is_the_end_also_where_the_server_sends_everything(store: Store):
    store.put_bytes("long", b"x" * 1000 + b"end")

    def whole(params, **_):
        params["headers"].pop("Range", None)

    store.client.meta.events.register("before-call.s3.GetObject", whole)
    assert store.get_end("long", 3) == b"end"


def _read(store: Store, key: str, etag: str) -> bytes | str:
    """What is read of an object that must still have an ETag, or why it is not read."""
    try:
        return store.get_bytes(key, etag)
    except ChangedObject as changed:
        return str(changed)


def test_get_refuses_another_object_than_the_listed_one(store: Store):
    etag = store.put_bytes("key", b"first")
    store.put_bytes("key", b"other")
    assert _read(store, "key", etag) == "key: it was uploaded again since it was listed"


def test_download_appears_only_when_whole(store: Store, tmp_path: Path):
    data = bytes(range(256)) * 20_000  # more than a chunk
    store.put_bytes("large", data)
    path = tmp_path / "deep" / "large"
    assert store.download("large", path) == hashlib.sha256(data).hexdigest()
    assert path.read_bytes() == data
    with pytest.raises(MissingObject):
        store.download("nothing", tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def test_json_is_the_same_bytes_for_the_same_value(store: Store):
    assert store.put_json("a", {"b": 1, "a": "größer"}) == store.put_json("b", {"a": "größer", "b": 1})
    assert store.get_json("a") == {"a": "größer", "b": 1}
    store.put_bytes("c", b"{")
    with pytest.raises(StoreError, match="c: not JSON"):
        store.get_json("c")


def test_put_file_sends_one_part(store: Store, tmp_path: Path):
    (tmp_path / "frame").write_bytes(b"0123456789" * 1_000_000)  # beyond boto3's own threshold
    etag = store.put_file("frame", tmp_path / "frame")
    assert etag == hashlib.md5(b"0123456789" * 1_000_000).hexdigest()


def test_copy(store: Store):
    store.put_bytes("from", b"contents")
    assert store.copy("from", "to").size == 8
    assert store.get_bytes("to") == b"contents"
    with pytest.raises(MissingObject):
        store.copy("nothing", "to")


def test_a_copy_that_is_not_the_object_is_noticed(store: Store, s3):
    """Something of the same size comes to lie at its place, between the copy and the look at it."""
    other = open_store(settings_from_environment(s3.environment(store.bucket)))
    store.put_bytes("from", b"contents")

    def overwrite(**_):
        other.put_bytes("to", b"CONTENTS")

    store.client.meta.events.register("after-call.s3.CopyObject", overwrite)
    try:
        copied = store.copy("from", "to").etag
    except StoreError as refused:
        copied = str(refused)
    assert copied == "to: the copy of from is not the same object. Try again"


def test_what_is_written_is_read_back_where_the_etag_is_no_md5(store: Store, s3):
    """As with encryption at rest; what arrived is other bytes than were sent."""
    other = open_store(settings_from_environment(s3.environment(store.bucket)))

    def damage(parsed, **_):
        parsed["ETag"] = f'"{other.put_bytes("key", b"damaged")}"'

    store.client.meta.events.register("after-call.s3.PutObject", damage)
    try:
        written = store.put_bytes("key", b"whole")
    except StoreError as refused:
        written = str(refused)
    assert "what arrived in bucket" in written


def test_delete_only_what_was_read(store: Store):
    etag = store.put_bytes("key", b"first")
    store.put_bytes("key", b"other")
    assert store.delete_if_unchanged("key", etag) is False
    assert store.get_bytes("key") == b"other"
    assert store.delete_if_unchanged("key", store.head("key").etag) is True
    assert store.head("key") is None
    assert store.delete_if_unchanged("key", etag) is True  # gone already


def test_delete_keeps_a_change_also_where_the_server_knows_no_condition(store: Store):
    def forget_condition(params, **_):
        params.pop("IfMatch", None)

    store.client.meta.events.register("before-parameter-build.s3.DeleteObject", forget_condition)
    etag = store.put_bytes("key", b"first")
    store.put_bytes("key", b"other")
    assert store.delete_if_unchanged("key", etag) is False
    assert store.get_bytes("key") == b"other"


def test_reading_notices_a_change_also_where_the_server_knows_no_condition(store: Store):
    def forget_condition(params, **_):
        params.pop("IfMatch", None)

    store.client.meta.events.register("before-parameter-build.s3.GetObject", forget_condition)
    etag = store.put_bytes("key", b"first")
    store.put_bytes("key", b"other")
    assert _read(store, "key", etag) == "key: it was uploaded again since it was listed"


def test_delete_sees_a_change_after_its_look(store: Store, s3):
    """The upload comes between the look and the deletion: the condition on the deletion itself holds."""
    other = open_store(settings_from_environment(s3.environment(store.bucket)))
    etag = store.put_bytes("key", b"first")

    def upload(model, **_):
        if model.name == "DeleteObject":
            other.put_bytes("key", b"other")

    store.client.meta.events.register("before-call.s3", upload)
    assert store.delete_if_unchanged("key", etag) is False
    assert other.get_bytes("key") == b"other"


def test_check_names_what_is_wrong(store: Store, s3):
    store.check()
    missing = open_store(settings_from_environment(s3.environment("no-such-bucket")))
    with pytest.raises(StoreError, match=r"no-such-bucket at http.* does not exist: create it"):
        missing.check()
    nowhere = open_store(StoreSettings("airglow", "http://127.0.0.1:9", "key", "secret"), attempts=1)
    with pytest.raises(StoreError, match=r"airglow at http://127\.0\.0\.1:9 does not answer.*ENDPOINT"):
        nowhere.check()
    with pytest.raises(StoreError, match=r"could not list raw/\* .*127\.0\.0\.1:9"):
        nowhere.list("raw/")


class _BreaksOff(http.server.BaseHTTPRequestHandler):
    """Announces ten bytes; the first answers break off after five."""

    breaks = 2
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        data = b"0123456789"
        self.send_response(200)
        self.send_header("ETag", '"abc"')
        self.send_header("Last-Modified", "Tue, 29 Apr 2025 10:00:00 GMT")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Connection", "close")
        self.end_headers()
        whole = self.server.answers >= self.breaks
        self.server.answers += 1
        self.wfile.write(data if whole else data[:5])
        self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.mark.parametrize(("breaks", "arrives"), [(2, True), (9, False)])
def test_reading_survives_broken_connections(tmp_path: Path, breaks: int, arrives: bool):
    handler = type("Handler", (_BreaksOff,), {"breaks": breaks})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.answers = 0
    threading.Thread(target=server.serve_forever, daemon=True).start()
    store = open_store(StoreSettings("b", f"http://127.0.0.1:{server.server_port}", "k", "s"), attempts=1)
    try:
        if arrives:
            store.download("key", tmp_path / "file")
            assert (tmp_path / "file").read_bytes() == b"0123456789"
        else:
            with pytest.raises(StoreError, match="key: the connection broke 3 times"):
                store.download("key", tmp_path / "file")
            assert list(tmp_path.iterdir()) == []
    finally:
        server.shutdown()
        server.server_close()


class _NothingInRange(http.server.BaseHTTPRequestHandler):
    """Refuses a range of an empty object, as S3 and Ceph do and the test server does not."""

    def do_GET(self):
        data = b"<Error><Code>InvalidRange</Code><Message>not satisfiable</Message></Error>"
        self.send_response(416)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def test_the_end_of_an_empty_object_is_empty_also_where_the_server_refuses_it():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _NothingInRange)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    store = open_store(StoreSettings("b", f"http://127.0.0.1:{server.server_port}", "k", "s"), attempts=1)
    try:
        assert store.get_end("key", 300) == b""
    finally:
        server.shutdown()
        server.server_close()


def test_how_long_to_keep_an_object_is_said_with_it(store: Store) -> None:
    store.put_bytes("pages/a.html", b"<p>", "text/html", "no-cache")
    store.put_bytes("pages/b.html", b"<p>", "text/html")
    answers = [store.client.head_object(Bucket=store.bucket, Key=f"pages/{name}.html") for name in "ab"]
    assert [answer.get("CacheControl") for answer in answers] == ["no-cache", None]


def test_a_listing_between_two_keys(store: Store):
    for key in ("a/1", "a/2", "a/3", "a/4", "b/1"):
        store.put_bytes(key, b"x")
    assert [found.key for found in store.list("a/", after="a/1", until="a/4")] == ["a/2", "a/3"]
    assert [found.key for found in store.list("a/", after="a/2")] == ["a/3", "a/4"]
    assert [found.key for found in store.list("a/", until="a/3")] == ["a/1", "a/2"]
