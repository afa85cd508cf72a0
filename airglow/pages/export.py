"""The pages as a folder: for a browser without a server, a stick, or a web server without a bucket."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from airglow.model.errors import AirglowError
from airglow.pages.records import read_record
from airglow.pages.render import render_night, static_pages
from airglow.pages.settings import PagesSettings
from airglow.store import MissingObject, Store, StoredFile, StoredObject, in_threads


def export_pages(store: Store, settings: PagesSettings, out: Path) -> dict[str, Any]:
    """Copy the pages and every file that they lead to, as they are in the bucket, into a folder.

    What is there already and is the same is not fetched again.

    Parameters
    ----------
    store
        The bucket.
    settings
        Of the pages. Pages of nights that lead to a ``files_url`` are written to lead to the copies.
    out
        The folder; made if need be.

    Returns
    -------
    dict
        ``index``, the page to begin with; how many ``files`` there are; ``problems`` in words.

    Raises
    ------
    AirglowError
        If there are no pages to copy.
    StoreError
        If the bucket cannot be read.
    """
    if not settings.prefix:
        raise AirglowError("the configuration says that there are no pages: set pages: prefix")
    waiting = settings.key("pending/")
    pages = [one for one in store.list(settings.key("")) if not one.key.startswith(waiting)]
    if settings.key("index.html") not in {page.key for page in pages}:
        raise AirglowError(f"there are no pages under {settings.prefix}/ yet: make them first")
    out = Path(out)
    problems = _fetch(store, pages, out)
    own_links = replace(settings, files_url="")
    products = {}
    for page in pages:
        if page.key.startswith(settings.key("nights/")) and page.key.endswith(".json"):
            record = read_record((out / page.key).read_bytes(), page.key)
            for tag in record["tags"].values():
                products.update({product["key"]: product for product in tag["products"]})
            if settings.files_url:
                copy = render_night(own_links, record)
                (out / copy.key).write_bytes(copy.data)
    if settings.files_url:
        for copy in static_pages(own_links):
            path = out / copy.key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(copy.data)
    wanted = [StoredFile(key, one["size"], one["sha256"], one["etag"]) for key, one in products.items()]
    problems += _fetch(store, wanted, out)
    index = out / settings.key("index.html")
    return {"index": index, "files": len(pages) + len(wanted), "problems": problems}


def _fetch(store: Store, objects: Iterable[StoredObject | StoredFile], out: Path) -> list[str]:
    """Download what is not there yet, several at once; what could not be had, in words."""

    def fetch(wanted: StoredObject | StoredFile) -> str:
        path = out / wanted.key
        if not path.resolve().is_relative_to(out.resolve()):
            return f"{wanted.key}: its name leads out of {out}"
        if path.is_file() and path.stat().st_size == wanted.size and _md5(path) == wanted.etag:
            return ""
        try:
            sha256 = store.download(wanted.key, path)
        except MissingObject as missing:
            return str(missing)
        if isinstance(wanted, StoredFile) and sha256 != wanted.sha256:
            return f"{wanted.key}: it is not the file that the night's page speaks of"
        return ""

    return [problem for problem in in_threads(fetch, list(objects)) if problem]


def _md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
