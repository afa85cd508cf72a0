"""Proof that nothing depends on a night's raw objects any more."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from airglow.archive.manifest import ArchivedFile, Manifest
from airglow.model.errors import StoreError
from airglow.store import MissingObject, Store, StoredObject, json_bytes


class NotArchived(StoreError):
    """The bucket does not have all files of a night as its manifest says."""


class NotLoaded(StoreError):
    """The rows of a night are not those of its products: another machine loaded what it had analysed."""


def prove_archived(store: Store, manifest: Manifest, just_read: bool = False) -> dict[str, StoredObject]:
    """Make sure that the manifest and every file it names are in the bucket, with their size and ETag.

    The ETag of our frames is their MD5, and was compared with the SHA-256 when they were archived.

    Parameters
    ----------
    store
        The bucket.
    manifest
        Manifest of the night.
    just_read
        Whether it was read from the bucket a moment ago.

    Returns
    -------
    dict
        What the folder of the night has, by key.

    Raises
    ------
    StoreError
        If another manifest is in the bucket, or none.
    NotArchived
        Naming the first file that is not there.
    """
    if not just_read:
        _prove_manifest(store, manifest)
    there = {found.key: found for found in store.list(manifest.night.frames_prefix)}
    for file in (*manifest.frames, *manifest.others):
        if problem := _difference(file, there.get(file.key)):
            hint = "Nothing was deleted; put it back from a backup, or upload the night again"
            raise NotArchived(f"{file.key}: {problem}. {hint}")
    return there


def _prove_manifest(store: Store, manifest: Manifest) -> None:
    key = manifest.night.manifest_key
    try:
        in_bucket = hashlib.sha256(store.get_bytes(key)).hexdigest()
    except MissingObject as error:
        raise StoreError(f"{key}: not in the bucket. Nothing was deleted; archive the night again") from error
    if in_bucket != manifest.sha256:
        raise StoreError(f"{key}: another manifest is in the bucket. Nothing was deleted; start again")


def _difference(file: ArchivedFile, found: StoredObject | None) -> str:
    if found is None:
        return "not in the bucket"
    if found.size != file.size:
        return f"{found.size:,} bytes in the bucket, {file.size:,} in the manifest"
    return "" if found.etag == file.etag else "other contents in the bucket than in the manifest"


def prove_published(store: Store, manifest: Manifest, published: Mapping[str, Any]) -> None:
    """Make sure that the products were made from this manifest, and are in the bucket.

    Parameters
    ----------
    store
        The bucket.
    manifest
        What is archived.
    published
        The index that the publication wrote last: ``manifest_sha256``, and ``products``, each with ``key``,
        ``size`` and, if known, ``etag``.

    Raises
    ------
    StoreError
        Naming what is missing.
    """
    key = manifest.night.published_key
    _expect_manifest(key, manifest, published, "publish")
    products = published.get("products")
    outcomes = published.get("outcomes", {})
    is_index = isinstance(products, list) and isinstance(outcomes, Mapping)
    entries = [*products, *outcomes.values()] if is_index else [None]
    if not all(isinstance(one, Mapping) for one in entries) or not all(
        {"key", "size"} <= p.keys() for p in products
    ):
        raise StoreError(f"{key}: not an index of products. Nothing was deleted; publish the night again")
    listed = list_products(store, products)
    for product in products:
        found = listed.get(product["key"])
        if found is None or found.size != product["size"] or product.get("etag", found.etag) != found.etag:
            state = "not in the bucket" if found is None else "not in the bucket as it was published"
            raise StoreError(f"{product['key']}: {state}. Nothing was deleted; publish the night again")


def list_products(store: Store, products: Iterable[Mapping[str, Any]]) -> dict[str, StoredObject]:
    """What the bucket has where products are, with one listing for all of one folder and night.

    Parameters
    ----------
    store
        The bucket.
    products
        Each with ``key``: folder, and a file name that begins with instrument, site and date.

    Returns
    -------
    dict
        Object by key; other products of the same night may be among them.

    Raises
    ------
    StoreError
        If the bucket cannot be listed.
    """
    prefixes = set()
    for product in products:
        folder, slash, name = product["key"].rpartition("/")
        prefixes.add(folder + slash + "_".join(name.split("_")[:3]))
    return {found.key: found for prefix in sorted(prefixes) for found in store.list(prefix)}


def products_digest(published: Mapping[str, Any]) -> str:
    """By which the rows of a night are known to be of its products, and of no other analysis of its frames.

    Parameters
    ----------
    published
        The index of products.

    Returns
    -------
    str
        SHA-256 of what rows depend on: contents of the products, and what each tag came to. The time of the
        publication is no part of it.
    """
    products = [
        [product.get(name) for name in ("key", "size", "sha256", "etag")] for product in published["products"]
    ]
    outcomes = {
        tag: [outcome.get(name) for name in ("state", "reason", "kept")]
        for tag, outcome in published.get("outcomes", {}).items()
    }
    told = json_bytes({"products": sorted(products, key=str), "outcomes": outcomes})
    return hashlib.sha256(told).hexdigest()


def are_loaded(published: Mapping[str, Any], loaded: Mapping[str, Any]) -> bool:
    """Whether rows were made from these products; of rows of an earlier version that is not known.

    Parameters
    ----------
    published
        The index of products.
    loaded
        The record of the load.

    Returns
    -------
    bool
        True also where it is not known.
    """
    return loaded.get("products_sha256") in (None, products_digest(published))


def prove_loaded(manifest: Manifest, loaded: Mapping[str, Any], published: Mapping[str, Any]) -> None:
    """Make sure that the rows were committed, and from these products of this manifest.

    Parameters
    ----------
    manifest
        Manifest of the night.
    loaded
        What `airglow.catalogue.load_night` left on record.
    published
        The index of products, as proven (`prove_published`).

    Raises
    ------
    StoreError
        If the rows are of another manifest, or none are on record.
    NotLoaded
        If they are of other products.
    """
    key = manifest.night.loaded_key
    _expect_manifest(key, manifest, loaded, "load")
    if not are_loaded(published, loaded):
        raise NotLoaded(
            f"{key}: of other products than those that are published. Nothing was deleted; "
            "the next attempt loads the night again"
        )


def _expect_manifest(key: str, manifest: Manifest, value: Mapping[str, Any], verb: str) -> None:
    if not isinstance(value, Mapping) or value.get("manifest_sha256") != manifest.sha256:
        raise StoreError(
            f"{key}: not of the manifest that is archived now. Nothing was deleted; {verb} the night again"
        )
