"""Updates of the pages that are killed, or overtaken: the end is that of an undisturbed one."""

from dataclasses import replace

import pytest

from airglow.pages.night import publish_night_page
from airglow.pages.site import pending_of, update_pages
from airglow.store import Store
from pages.made import SETTINGS, publish, result_of
from pages.watching import WAITING, A, B, C, contents, give_page, kill_after, text_of, watched_requests


@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.long), 4])
@pytest.mark.parametrize(
    ("there", "new", "analysed"),
    [
        ((A, C, "minime90_mrh_20250429"), (B, "minime90_mrh_20250430"), False),
        ((A,), (B,), True),  # with plots that replace others
    ],
)
def test_being_killed_anywhere_and_run_again_ends_in_the_same_state(
    store: Store, there: tuple[str, ...], new: tuple[str, ...], analysed: bool, every: int
) -> None:
    """Every n-th write or deletion of an update, one after the other, with the one after it never made."""
    for name in there:
        give_page(store, name, analysed=analysed)
    update_pages(store, SETTINGS, [WAITING])
    for name in new:
        give_page(store, name, analysed=analysed)
    start = {key: store.get_bytes(key) for key in contents(store)}

    def begin() -> None:
        for key in contents(store):
            if key not in start:
                store.delete(key)
        for key, data in start.items():
            store.put_bytes(key, data)

    def work() -> None:
        update_pages(store, SETTINGS, [replace(WAITING, reason="13 of 17 parts")])

    work()
    expected = contents(store)
    begin()
    writes = 0
    while kill_after(store, writes, work):
        if writes // every % 4 == 1:  # in between, one that is told something else
            update_pages(store, SETTINGS, [WAITING])
        work()
        assert contents(store) == expected, f"killed before write {writes}"
        begin()
        writes += every
    assert writes > 12


def test_the_page_of_a_night_survives_being_killed_too(store: Store) -> None:
    index = publish(store, [result_of(B)])

    def work() -> None:
        publish_night_page(store, SETTINGS, index, [result_of(B)])

    work()
    expected = contents(store)
    writes = 0
    while True:
        for found in store.list("pages/"):
            store.delete(found.key)
        if not kill_after(store, writes, work):
            break
        assert f"pages/pending/{B}.json" not in contents(store)  # the index never leads to half a page
        work()
        assert contents(store) == expected
        writes += 1
    assert writes == 3  # the record, the page, its place in the queue


def test_a_night_that_is_published_again_during_an_update_is_not_forgotten(store: Store) -> None:
    give_page(store, B)
    changed = False

    def publish_again(operation: str) -> None:
        nonlocal changed
        if operation == "PutObject" and not changed:
            changed = True
            give_page(store, B, analysed=True)

    with watched_requests(store, publish_again):
        update_pages(store, SETTINGS, [])
    assert [one.key for one in pending_of(store, SETTINGS)[0]] == [f"pages/pending/{B}.json"]
    assert 'class="night nothing d29"' in text_of(store, "index.html")
    update_pages(store, SETTINGS, [])
    assert 'class="night nothing d29"' not in text_of(store, "index.html")
