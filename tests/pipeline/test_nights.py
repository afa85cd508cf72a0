"""Which nights a target of the workflow means."""

import pytest
from known import known_registry
from uploading import MINIME05, MINIME13, send

from airglow.model.errors import AirglowError, BadInput, RegistryError
from airglow.pipeline.nights import archived_nights, published_nights
from airglow.store import Store

REGISTRY = known_registry()


def test_nights_of_a_site_are_those_with_a_manifest_or_a_receipt(store: Store) -> None:
    with pytest.raises(AirglowError, match="is in the archive or in raw"):
        archived_nights(store, REGISTRY, MINIME05.site, MINIME05.day)
    send(store, MINIME05)
    assert archived_nights(store, REGISTRY, MINIME05.site, MINIME05.day) == [MINIME05]
    store.put_json(MINIME13.manifest_key, {})
    assert archived_nights(store, REGISTRY, MINIME05.site, MINIME05.day) == [MINIME05, MINIME13]


def test_published_nights_are_those_with_an_index(store: Store) -> None:
    for night in (MINIME05, MINIME13):
        store.put_json(night.manifest_key, {})
    store.put_json(MINIME05.published_key, {})
    of_site = f"{MINIME05.site}_{MINIME05.day}"
    assert published_nights(store, REGISTRY, of_site) == [MINIME05]
    with pytest.raises(AirglowError, match=f"no products of {MINIME13.name}"):
        published_nights(store, REGISTRY, MINIME13.name)


def test_a_date_or_a_site_that_does_not_exist_is_refused(store: Store) -> None:
    with pytest.raises(BadInput, match="20250431 is not a date"):
        archived_nights(store, REGISTRY, "uao", "20250431")
    with pytest.raises(RegistryError, match="unknown site"):
        archived_nights(store, REGISTRY, "nowhere", "20250430")
