"""Products one by one, under the short names that they have in a folder of their own night and tag."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from airglow.products.night import PRODUCTS
from airglow.result import NightResult

_STEMS = {".nc": "night", ".log": "night", ".txt": "madrigal", ".hdf5": "madrigal", ".npz": "legacy"}


def local_name(kind: str) -> str:
    """File name of a product in a folder where there is only one night and tag.

    Parameters
    ----------
    kind
        A key of `PRODUCTS`.

    Returns
    -------
    str
        Such as ``night.nc``, ``winds.png``, ``samples.csv``: what follows the stem in the full name, with a
        word before it where that is an extension alone.
    """
    suffix, _ = PRODUCTS[kind]
    return suffix.removeprefix("_") if suffix.startswith("_") else _STEMS[suffix] + suffix


def write_kinds(result: NightResult, paths: Mapping[str, str | Path]) -> list[Path]:
    """Write some of the products of a night, each under a name of the caller's.

    Parameters
    ----------
    result
        The night.
    paths
        File by kind (keys of `PRODUCTS`).

    Returns
    -------
    list of Path
        The files, in the order of ``paths``.
    """
    return [PRODUCTS[kind][1](result, Path(path)) for kind, path in paths.items()]
