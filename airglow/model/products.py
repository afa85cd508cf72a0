"""What the products of a night are called, and where they go: nothing here makes one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import PurePath

from airglow.model.errors import BadInput

FRAMES = "frames"
"""The kind of product that shows raw frames, and so is made from these as well."""

FITTED = "fitted"
"""The kind of product that holds the fits of a night, which the analysis writes: no result has them."""

SUFFIXES: Mapping[str, str] = {
    "netcdf": ".nc",
    "madrigal": ".txt",
    "madrigal_hdf5": ".hdf5",
    "legacy": ".npz",
    "samples": "_samples.csv",
    "winds_table": "_winds.csv",
    "log": ".log",
    "winds": "_winds.png",
    "temperature": "_temperature.png",
    "diagnostics": "_diagnostics.png",
    "profiles": "_profiles.png",
    "winds_paper": "_winds.pdf",
    "temperature_paper": "_temperature.pdf",
    "diagnostics_paper": "_diagnostics.pdf",
    "profiles_paper": "_profiles.pdf",
    FRAMES: "_frames.png",
    FITTED: "_fitted.npz",
}
"""Kind of product, and what follows the night's stem in its name."""

GROUPS: Mapping[str, tuple[str, ...]] = {
    "nc": ("netcdf",),
    "csv": ("samples", "winds_table"),
    "madrigal": ("madrigal", "madrigal_hdf5"),
    "legacy": ("legacy",),
    "log": ("log",),
    "png": ("winds", "temperature", "diagnostics", "profiles", FRAMES),
    "pdf": ("winds_paper", "temperature_paper", "diagnostics_paper", "profiles_paper"),
    "fitted": (FITTED,),
}
"""Names for kinds of products that are asked for together."""

DEFAULT_GROUPS = ("nc", "csv", "madrigal", "log", "png", "fitted")
DEFAULT_KINDS = tuple(kind for kind in SUFFIXES if any(kind in GROUPS[group] for group in DEFAULT_GROUPS))
"""What is written of a night unless one asks for something else."""

RESULTS, IMAGES, MADRIGAL = "results", "images", "madrigal"
DESTINATIONS: Mapping[str, str] = {
    ".nc": RESULTS,
    ".npz": RESULTS,
    ".csv": RESULTS,
    ".log": RESULTS,
    ".png": IMAGES,
    ".pdf": IMAGES,
    ".txt": MADRIGAL,
    ".hdf5": MADRIGAL,
}
"""Where products go, by the end of their names: each place is a prefix in the bucket."""

_LOCAL_STEMS = {".nc": "night", ".log": "night", ".txt": "madrigal", ".hdf5": "madrigal", ".npz": "legacy"}


def product_stem(instrument: str, site: str, date: dt.date, tag: str) -> str:
    """Base name of a night's products.

    Parameters
    ----------
    instrument, site, date, tag
        Whose they are.

    Returns
    -------
    str
        Tag ``X`` adds nothing, others their lower case, as in ``minime05_uao_20250429_xr``.
    """
    stem = f"{instrument}_{site}_{date:%Y%m%d}"
    return stem if tag == "X" else f"{stem}_{tag.lower()}"


def local_name(kind: str) -> str:
    """File name of a product in a folder where there is only one night and tag.

    Parameters
    ----------
    kind
        A key of `SUFFIXES`.

    Returns
    -------
    str
        Such as ``night.nc``, ``winds.png``, ``samples.csv``: what follows the stem in the full name, with a
        word before it where that is an extension alone.
    """
    suffix = SUFFIXES[kind]
    return suffix.removeprefix("_") if suffix.startswith("_") else _LOCAL_STEMS[suffix] + suffix


def kinds_asked_for(names: Iterable[str]) -> tuple[str, ...]:
    """Kinds of products by the names that people ask for.

    Parameters
    ----------
    names
        Groups (`GROUPS`) and local names of single files (`local_name`), such as ``nc`` or ``winds.png``.

    Returns
    -------
    tuple of str
        Keys of `SUFFIXES`, each once and in its order there.

    Raises
    ------
    BadInput
        If a name is neither.
    """
    asked: set[str] = set()
    for name in names:
        kind = kind_of_local_name(name)
        if name not in GROUPS and kind is None:
            files = ", ".join(local_name(each) for each in SUFFIXES)
            raise BadInput(
                "products", f"{name!r} is unknown", f"Known are {', '.join(GROUPS)} and single files: {files}"
            )
        asked.update(GROUPS.get(name, (kind,)))
    return tuple(kind for kind in SUFFIXES if kind in asked)


def kind_of_local_name(name: str) -> str | None:
    """The kind of product that has a local name; None if none has.

    Parameters
    ----------
    name
        File name, as of `local_name`.

    Returns
    -------
    str or None
        A key of `SUFFIXES`.
    """
    return next((kind for kind in SUFFIXES if local_name(kind) == name), None)


def kind_of_name(name: str, stem: str) -> str | None:
    """The kind of a product with a stem, by its full name; None for one that is not known here.

    Parameters
    ----------
    name
        File name.
    stem
        As of `product_stem`.

    Returns
    -------
    str or None
        A key of `SUFFIXES`.
    """
    return next((kind for kind, suffix in SUFFIXES.items() if stem + suffix == name), None)


def destination(name: str) -> str | None:
    """Where a product goes, by its file name; None if it is none.

    Parameters
    ----------
    name
        File name, of which the extension alone counts.

    Returns
    -------
    str or None
        `RESULTS`, `IMAGES` or `MADRIGAL`.
    """
    return DESTINATIONS.get(PurePath(name).suffix)
