"""Names of products and tags stand once; what cannot import them says the same."""

from __future__ import annotations

from importlib.resources import files

import pytest

from airglow.frames import tag_of_name
from airglow.model.products import (
    DESTINATIONS,
    IMAGES,
    MADRIGAL,
    SUFFIXES,
    destination,
    kind_of_local_name,
    kind_of_name,
    local_name,
)
from airglow.model.tags import FRAME_TAGS, LINE_NAMES, SKY_TAGS


@pytest.mark.parametrize("kind", SUFFIXES)
def test_a_kind_is_found_by_each_of_its_names(kind):
    stem = "minime05_uao_20250429_xr"
    assert kind_of_local_name(local_name(kind)) == kind
    assert kind_of_name(stem + SUFFIXES[kind], stem) == kind
    assert destination(stem + SUFFIXES[kind]) in set(DESTINATIONS.values())


def test_what_is_no_product_has_no_kind():
    assert kind_of_local_name("odd.bin") is None
    assert kind_of_name("minime05_uao_20250429_odd.bin", "minime05_uao_20250429") is None
    assert destination("odd.bin") is None
    assert destination("winds.png") == IMAGES
    assert destination("madrigal.hdf5") == MADRIGAL


@pytest.mark.parametrize("tag", FRAME_TAGS)
def test_a_frame_is_named_by_its_tag(tag):
    assert tag_of_name(f"UAO_{tag}_20250429_210000_001.hdf5") == tag
    assert tag_of_name(f"{tag}20250429001.img") == tag


def test_the_registry_knows_the_same_tags():
    schema = files("airglow.registry").joinpath("instruments.schema.yaml").read_text(encoding="utf-8")
    assert f"enum: [{', '.join(SKY_TAGS)}]" in schema
    assert list(LINE_NAMES) == list(SKY_TAGS)
