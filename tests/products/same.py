"""Equality of results to the bit, NaN included."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from airglow.model.result import NightResult, RingProfiles


def assert_same(one: Any, other: Any, path: str = "result") -> None:
    """Assert that two nested dataclasses hold the very same values of the same types."""
    assert type(one) is type(other), f"{path}: {type(one)} and {type(other)}"
    if dataclasses.is_dataclass(one):
        for field in dataclasses.fields(one):
            assert_same(getattr(one, field.name), getattr(other, field.name), f"{path}.{field.name}")
    elif isinstance(one, tuple):
        assert len(one) == len(other), path
        for k, (a, b) in enumerate(zip(one, other, strict=True)):
            assert_same(a, b, f"{path}[{k}]")
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype, f"{path}: {one.dtype} and {other.dtype}"
        np.testing.assert_array_equal(one, other, err_msg=path)
    else:
        assert one == other or (one != one and other != other), f"{path}: {one!r} and {other!r}"


def in_single_precision(result: NightResult) -> NightResult:
    """The result with ring profiles as the file holds them."""

    def rounded(profiles: RingProfiles) -> RingProfiles:
        values = (getattr(profiles, field.name) for field in dataclasses.fields(profiles))
        return RingProfiles(*(value.astype("f4").astype("f8") for value in values))

    return dataclasses.replace(
        result,
        sky_profiles=rounded(result.sky_profiles),
        laser_profiles=rounded(result.laser_profiles),
    )
