"""Products of earlier publications of a night that its index does not name any more."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Any

from airglow.archive.proof import list_products
from airglow.store import Store, StoredObject
from airglow.uploads import NightId

REPLACED = "replaced"
"""Of an index: products that earlier ones named and this one does not, each with key, size and ETag."""


def no_longer_named(
    store: Store,
    products: Iterable[Mapping[str, Any]],
    earlier: Mapping[str, Any],
    night: NightId,
    tags: Container[str],
) -> list[dict[str, Any]]:
    """What an earlier index named, is still in the bucket, and is named no more.

    Costs nothing where all is named, as after every analysis with the same settings.

    Parameters
    ----------
    store
        The bucket.
    products
        What the next index names.
    earlier
        The index of before.
    night
        The night.
    tags
        Those that the next index has. Products of others stay: a registry that forgets a tag by mistake must
        not cost what is published.

    Returns
    -------
    list of dict
        For the next index, under `REPLACED`.
    """
    named = {product["key"] for product in products}
    of_tags = (one for one in earlier["products"] if one["tag"] in tags)
    before = {one["key"]: one for one in (*earlier.get(REPLACED, ()), *of_tags) if _is_of(one, night)}
    left = [one for key, one in sorted(before.items()) if key not in named]
    there = list_products(store, left)
    return [
        {"key": one["key"], "size": one["size"], "etag": one["etag"]}
        for one in left
        if _is_still(one, there.get(one["key"]))
    ]


def still_there(store: Store, published: Mapping[str, Any], night: NightId) -> list[StoredObject]:
    """Products that an index says are replaced, and that are in the bucket as they were published.

    Parameters
    ----------
    store
        The bucket.
    published
        The index.
    night
        The night.

    Returns
    -------
    list of StoredObject
        Of this night, and no other objects, whatever the index says.
    """
    named = {product["key"] for product in published["products"]}
    replaced = published.get(REPLACED) or []
    wanted = [one for one in replaced if _is_of(one, night) and one["key"] not in named]
    there = list_products(store, wanted)
    return [there[one["key"]] for one in wanted if _is_still(one, there.get(one["key"]))]


def _is_still(product: Mapping[str, Any], found: StoredObject | None) -> bool:
    return found is not None and (found.size, found.etag) == (product["size"], product.get("etag"))


def _is_of(product: Any, night: NightId) -> bool:
    """Whether it is named as a product of the night, and lies where products may."""
    if not isinstance(product, Mapping) or not {"key", "size", "etag"} <= product.keys():
        return False
    key = str(product["key"])
    return key.rpartition("/")[2].startswith(f"{night.name}_") and not key.startswith(("raw/", "state/"))
