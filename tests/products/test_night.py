"""All products at once: of every kind of night, the same each time, and none of them in halves."""

from __future__ import annotations

import dataclasses
import warnings

import pytest
from results import empty_night, example_result

from airglow.products import PRODUCTS, product_names, write_products


@pytest.mark.parametrize(
    "night",
    [example_result(24, 8), example_result(12, 0, tag="XG", site="bdr"), empty_night()],
    ids=["full", "no laser", "not analysed"],
)
def test_every_product_of_every_night_is_written_the_same_again(night, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        once, again = (write_products(night, tmp_path / name) for name in ("once", "again"))
    assert [path.name for path in once] == list(product_names(night.stem).values())
    for one, other in zip(once, again, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name
        assert one.stat().st_size > 150, one.name


@pytest.mark.parametrize("kind", PRODUCTS)
def test_what_cannot_be_written_leaves_the_old_file(kind, tmp_path):
    suffix, write = PRODUCTS[kind]
    path = tmp_path / f"night{suffix}"
    path.write_text("of an earlier analysis")
    night = example_result(6, 2)
    with pytest.raises((AttributeError, TypeError)):
        write(dataclasses.replace(night, sky=None), path)
    assert path.read_text() == "of an earlier analysis"
    assert [item.name for item in tmp_path.iterdir()] == [path.name]
