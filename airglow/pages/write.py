"""Pages into the bucket: only those that are not there already, byte for byte."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from airglow.pages.render import Page
from airglow.store import Store, StoredObject


def listed(store: Store, *prefixes: str) -> dict[str, StoredObject]:
    """What is there below some prefixes, by key."""
    return {found.key: found for prefix in prefixes for found in store.list(prefix)}


def put_changed(store: Store, pages: Iterable[Page], there: Mapping[str, StoredObject]) -> list[str]:
    """Write the pages that differ from what is there, one after the other.

    What is there is told by its ETag, which is the MD5 of its bytes; with a store that has ETags of its own
    all pages are written, which costs requests and harms nothing.

    Parameters
    ----------
    store
        The bucket.
    pages
        In the order in which they are to appear: a page after those that it leads to.
    there
        What is there, by key.

    Returns
    -------
    list of str
        Keys of what was written.
    """
    written = []
    for page in pages:
        found = there.get(page.key)
        if found and found.etag == hashlib.md5(page.data, usedforsecurity=False).hexdigest():
            continue
        store.put_bytes(page.key, page.data, page.content_type, page.cache_control)
        written.append(page.key)
    return written
