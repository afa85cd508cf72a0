"""What tests of the pages ask of a bucket: what is in it, which requests are made, and to die before one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from airglow.pages.night import publish_night_page
from airglow.pages.settings import PagesSettings
from airglow.pipeline.table import Row
from airglow.store import Store
from airglow.uploads import NightId
from pages.made import SETTINGS, publish, result_of

A, B, C = "minime05_uao_20250428", "minime05_uao_20250429", "minime05_uao_20250501"
OFF = {"XR": ("camera off", "52 of 52 sky frames with the CCD warmer than -10 C")}
SINCE = dt.datetime(2025, 5, 2, 7, tzinfo=dt.UTC)
WAITING = Row("minime05_uao_20250502", "waiting", "12 of 17 parts", SINCE)


def page_of(name: str) -> str:
    return SETTINGS.night_page(NightId.parse(name))


def text_of(store: Store, name: str) -> str:
    return store.get_bytes(SETTINGS.key(name)).decode()


def give_page(store: Store, name: str, settings: PagesSettings = SETTINGS, analysed: bool = False) -> dict:
    """Publish a night, by default one that could not be analysed, and its page."""
    results = [result_of(name)] if analysed else []
    index = publish(store, results, {} if analysed else OFF, name)
    return publish_night_page(store, settings, index, results)


def contents(store: Store) -> dict[str, str]:
    return {found.key: found.etag for found in store.list("")}


@contextmanager
def watched_requests(store: Store, then: Callable[[str], None]) -> Iterator[None]:
    """Tell of every request to the bucket by the name of its operation, before it is made."""

    def record(model, **_: object) -> None:
        then(model.name)

    store.client.meta.events.register("before-call.s3", record)
    try:
        yield
    finally:
        store.client.meta.events.unregister("before-call.s3", record)


def requests_of(store: Store, work: Callable[[], object]) -> list[str]:
    made: list[str] = []
    with watched_requests(store, made.append):
        work()
    return made


class Killed(BaseException):
    """What no handler of errors catches."""


def kill_after(store: Store, writes: int, work: Callable[[], object]) -> bool:
    """Do work and die before the write (or deletion) with this number; False if it ended before."""
    count = 0

    def die(operation: str) -> None:
        nonlocal count
        if operation in ("PutObject", "DeleteObject"):
            if count == writes:
                raise Killed
            count += 1

    try:
        with watched_requests(store, die):
            work()
    except Killed:
        return True
    return False
