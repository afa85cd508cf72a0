"""The products of a night go to the bucket: the files first, the index that names them last.

The index (``published.json``) says which products there are, where, and which manifest was analysed. It is
what the load reads, and what proves to the cleanup that the night was delivered. A copy of it
(``delivered.json``) outlives it while it is replaced.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airglow.model.errors import AirglowError, BadInput, StoreError
from airglow.model.outcomes import manifest_of_delivery
from airglow.model.products import (
    DESTINATIONS,
    MADRIGAL,
    SUFFIXES,
    destination,
    kind_of_local_name,
    kind_of_name,
    local_name,
    product_stem,
)
from airglow.model.result import ANALYSED
from airglow.pipeline.states import mirror_written
from airglow.registry import Instrument
from airglow.store import Store, StoredFile, download_many, hash_file, upload_many
from airglow.uploads import NightId

FORMAT = 1


@dataclass(frozen=True)
class ProductPrefixes:
    """Where in the bucket each kind of product goes; the year follows.

    Parameters
    ----------
    results, images, madrigal
        Prefix of the keys of each destination of `airglow.model.products.DESTINATIONS`, without a slash at
        either end.
    """

    results: str
    images: str
    madrigal: str

    def key(self, night: NightId, name: str) -> str:
        """Key of a product by its file name.

        Parameters
        ----------
        night
            Whose product it is; the year of its date is part of the key.
        name
            File name of the product.

        Returns
        -------
        str

        Raises
        ------
        BadInput
            If such a file is no product.
        """
        place = destination(name)
        if place is None:
            raise BadInput(name, f"is not a product: it ends in none of {', '.join(DESTINATIONS)}")
        return f"{getattr(self, place)}/{night.date:%Y}/{name}"


def prefixes_from_environment(environ: Mapping[str, str] | None = None) -> ProductPrefixes:
    """Read the prefixes from RESULTS_PATH, SUMMARY_IMAGES_PATH and MADRIGAL_PATH.

    Parameters
    ----------
    environ
        Environment variables; by default the process's.

    Returns
    -------
    ProductPrefixes

    Raises
    ------
    AirglowError
        If one is missing.
    """
    environ = os.environ if environ is None else environ
    names = ("RESULTS_PATH", "SUMMARY_IMAGES_PATH", "MADRIGAL_PATH")
    values = {name: environ.get(name, "").strip().strip("/") for name in names}
    missing = [name for name, value in values.items() if not value]
    if missing:
        raise AirglowError(f"the environment does not say {', '.join(missing)}: set what is missing")
    return ProductPrefixes(*values.values())


def delivered_key(night: NightId) -> str:
    """Where a copy of a night's index stays while the index itself is being replaced.

    Parameters
    ----------
    night
        The night.

    Returns
    -------
    str
        Key in the bucket.
    """
    return f"{night.state_prefix}delivered.json"


def plan_delivery(
    night: NightId,
    instrument: Instrument,
    outcomes: Mapping[str, Mapping[str, Any]],
    files: Mapping[str, Iterable[Path]],
    prefixes: ProductPrefixes,
) -> dict[str, Any]:
    """Say what is to be delivered of a night, and where it goes.

    Parameters
    ----------
    night
        Which night.
    instrument
        As it was on that night: it decides whether files for Madrigal are delivered.
    outcomes
        What the analysis said, by tag, each with the SHA-256 of the manifest (``manifest_sha256``) whose
        frames it used. One that was kept before (``kept``, see `airglow.pipeline.kept`) stays so.
    files
        The products by tag, under their local names. Those of a tag that was not analysed stay here.
    prefixes
        Where they go.

    Returns
    -------
    dict
        The index, as JSON can hold it; the ETags come with `deliver`.

    Raises
    ------
    AirglowError
        If the tags were analysed from different manifests.
    BadInput
        If a product is missing, or a file is no product.
    """
    manifests = {manifest_of_delivery(outcome) for outcome in outcomes.values()}
    if len(manifests) != 1:
        raise AirglowError(f"{night.name}: its tags come from different manifests. Analyse all of them")
    products = []
    for tag, outcome in outcomes.items():
        if outcome["state"] != ANALYSED:
            continue
        stem = product_stem(night.instrument, night.site, night.date, tag)
        there = {_kind(path): path for path in files[tag]}
        for kind in (kind for kind in SUFFIXES if kind in there):
            name = stem + SUFFIXES[kind]
            key = prefixes.key(night, name)
            if destination(name) == MADRIGAL and not instrument.send_to_madrigal:
                continue
            if not there[kind].is_file():
                raise BadInput(str(there[kind]), f"is to be delivered of tag {tag}, but it is not there")
            hashes = hash_file(there[kind])
            products.append(
                {"tag": tag, "name": name, "key": key, "size": hashes.size, "sha256": hashes.sha256}
            )
    names = {tag: [product["name"] for product in products if product["tag"] == tag] for tag in outcomes}
    return {
        "format": FORMAT,
        "night": night.name,
        "manifest_sha256": manifests.pop(),
        "outcomes": {tag: {**outcome, "products": names[tag]} for tag, outcome in outcomes.items()},
        "products": products,
    }


def _kind(path: Path) -> str:
    """Kind of product by its local name."""
    kind = kind_of_local_name(path.name)
    if kind is None:
        raise BadInput(str(path), f"is not a product: those are {', '.join(map(local_name, SUFFIXES))}")
    return kind


def _kind_of(night: NightId, product: Mapping[str, Any]) -> str | None:
    """Kind of a product of the index; None for one that this version does not know."""
    stem = product_stem(night.instrument, night.site, night.date, product["tag"])
    return kind_of_name(product["name"], stem)


def deliver(
    store: Store,
    plan: Mapping[str, Any],
    directories: Mapping[str, Path],
    threads: int = 8,
    now: dt.datetime | None = None,
    states: Path | None = None,
) -> dict[str, Any]:
    """Upload the products that `plan_delivery` named, each verified, and the index after all of them.

    Products with an ETag are in the bucket already: an earlier result's, which is kept.

    Parameters
    ----------
    store
        The bucket.
    plan
        What goes where.
    directories
        Where the products are, by tag, under their local names.
    threads
        How many to send at once.
    now
        The present, for the index.
    states
        The directory of the mirrors of sentinels (`airglow.pipeline.states`), if there is one.

    Returns
    -------
    dict
        The index that was written, with the ETag of every product.

    Raises
    ------
    StoreError
        If a product did not arrive, or is no longer the file that was planned; the index is not written then.
    """
    night = NightId.parse(plan["night"])
    kept = [product for product in plan["products"] if "etag" in product]
    new = [product for product in plan["products"] if "etag" not in product]
    files = [(directories[p["tag"]] / local_name(_kind_of(night, p)), p["key"]) for p in new]
    products = []
    for product, stored in zip(new, upload_many(store, files, threads=threads), strict=True):
        if stored.sha256 != product["sha256"]:
            raise StoreError(f"{product['name']}: it changed while it was delivered. Deliver the night again")
        products.append({**product, "etag": stored.etag})
    moment = (now or dt.datetime.now(dt.UTC)).isoformat(timespec="seconds")
    index = {**plan, "products": [*products, *kept], "made_at": moment}
    # The copy first: killed in between, what it names is all there, and the old index is gone already.
    store.put_json(delivered_key(night), index)
    etag = store.put_json(night.published_key, index)
    if states is not None:
        mirror_written(night, "published", etag, states, index)
    return index


def read_index(value: Any, name: str) -> dict[str, Any]:
    """Check that a JSON value is an index of products.

    Parameters
    ----------
    value
        As parsed from JSON.
    name
        Where it is from, for the message.

    Returns
    -------
    dict
        The value, unchanged.

    Raises
    ------
    BadInput
        If it is none.
    """
    wanted = {"format", "night", "manifest_sha256", "outcomes", "products"}
    fine = (
        isinstance(value, dict)
        and wanted <= value.keys()
        and value["format"] == FORMAT
        and isinstance(value["products"], list)
        and all(map(_is_product, value["products"]))
        and isinstance(value["outcomes"], dict)
        and all(_is_outcome(outcome) for outcome in value["outcomes"].values())
    )
    if not fine:
        raise BadInput(name, "is not an index of published products", "publish the night again")
    return value


def _is_product(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and all(isinstance(value.get(name), str) for name in ("tag", "name", "key"))
        and isinstance(value.get("size"), int)
    )


def _is_outcome(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("state"), str)
        and isinstance(value.get("kept"), dict | None)
    )


def fetch_products(
    store: Store, index: Mapping[str, Any], directory: Path, suffix: str = ".nc"
) -> list[Path]:
    """Download a night's published products of one kind, verified against the index.

    Parameters
    ----------
    store
        The bucket.
    index
        What was published.
    directory
        Where the files go; those that are there already and are the same stay.
    suffix
        Which kind.

    Returns
    -------
    list of Path
        In the order of the index.

    Raises
    ------
    StoreError
        If one is missing or is not what was published.
    """
    wanted = [product for product in index["products"] if Path(product["name"]).suffix == suffix]
    return _fetch(store, [(product, directory / product["name"]) for product in wanted])


def fetch_kinds(
    store: Store, index: Mapping[str, Any], place: Callable[[str, str], Path | None]
) -> list[Path]:
    """Download a night's published products to wherever they are wanted, verified against the index.

    Parameters
    ----------
    store
        The bucket.
    index
        What was published.
    place
        Says of a tag and a kind (key of `airglow.model.products.SUFFIXES`) which file it is to be; None if it
        is not wanted.

    Returns
    -------
    list of Path
        In the order of the index.

    Raises
    ------
    StoreError
        If one is missing or is not what was published.
    """
    night = NightId.parse(index["night"])
    files = []
    for product in index["products"]:
        kind = _kind_of(night, product)
        path = place(product["tag"], kind) if kind else None
        if path is not None:
            files.append((product, path))
    return _fetch(store, files)


def _fetch(store: Store, files: Iterable[tuple[Mapping[str, Any], Path]]) -> list[Path]:
    wanted = [(StoredFile(p["key"], p["size"], p["sha256"], p["etag"]), path) for p, path in files]
    return download_many(store, wanted)
