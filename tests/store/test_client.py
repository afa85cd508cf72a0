"""What our client does otherwise than botocore: how it begins to send, and how it reads times."""

import datetime as dt

import pytest

from airglow.store import Store
from airglow.store.client import SENT_AT_ONCE_BYTES, _moment


@pytest.mark.parametrize(("size", "waits"), [(SENT_AT_ONCE_BYTES, False), (SENT_AT_ONCE_BYTES + 1, True)])
def test_only_what_is_large_waits_for_the_word_of_the_server(store: Store, size: int, waits: bool) -> None:
    asked = []
    store.client.meta.events.register("before-send.s3", lambda request, **_: asked.append(request))
    data = bytes(size)
    store.put_bytes("key", data)
    (request,) = asked
    assert ("Expect" in request.headers) is waits
    assert store.get_bytes("key") == data


def test_times_are_those_of_the_server_wherever_they_stand(store: Store) -> None:
    before = dt.datetime.now(dt.UTC).replace(microsecond=0)
    store.put_bytes("key", b"...")
    (listed,) = store.list("")
    assert before <= listed.modified <= dt.datetime.now(dt.UTC)
    assert listed.modified.utcoffset() == dt.timedelta(0)
    assert store.head("key").modified == listed.modified.replace(microsecond=0)  # as HTTP writes it


@pytest.mark.parametrize(
    "written",
    [
        "2026-04-29T21:35:07.000Z",
        "2026-04-29T23:35:07+02:00",
        "2026-04-29T21:35:07",
        "Wed, 29 Apr 2026 21:35:07 GMT",
        1777498507,
    ],
)
def test_a_time_is_read_in_every_form_that_servers_use(written: object) -> None:
    assert _moment(written) == dt.datetime(2026, 4, 29, 21, 35, 7, tzinfo=dt.UTC)
