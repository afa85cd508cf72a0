"""All products of a night at once, under their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from airglow.products.log import write_log
from airglow.products.madrigal import write_madrigal
from airglow.products.netcdf import write_netcdf
from airglow.products.plots import (
    plot_diagnostics,
    plot_frames,
    plot_profiles,
    plot_temperature,
    plot_winds,
)
from airglow.result import NightResult

PRODUCTS: dict[str, tuple[str, Callable[[NightResult, Path], Path]]] = {
    "netcdf": (".nc", write_netcdf),
    "madrigal": (".txt", write_madrigal),
    "log": (".log", write_log),
    "winds": ("_winds.png", plot_winds),
    "temperature": ("_temperature.png", plot_temperature),
    "diagnostics": ("_diagnostics.png", plot_diagnostics),
    "profiles": ("_profiles.png", plot_profiles),
    "winds_paper": ("_winds.pdf", plot_winds),
    "temperature_paper": ("_temperature.pdf", plot_temperature),
    "diagnostics_paper": ("_diagnostics.pdf", plot_diagnostics),
    "profiles_paper": ("_profiles.pdf", plot_profiles),
}
"""Kind of product: what follows the night's stem in its name, and what writes it from the result alone."""

FRAMES = "frames"  # the kind that shows raw frames, and so needs them
SUFFIXES = {**{kind: suffix for kind, (suffix, _) in PRODUCTS.items()}, FRAMES: "_frames.png"}
"""What follows the night's stem in the name of a product, for every kind."""

_LOCAL_STEMS = {".nc": "night", ".log": "night", ".txt": "madrigal", ".hdf5": "madrigal", ".npz": "legacy"}


def product_names(stem: str) -> dict[str, str]:
    """File name of each kind of product.

    Parameters
    ----------
    stem
        `NightResult.stem`, such as ``minime05_uao_20250429_xr``.

    Returns
    -------
    dict
        Kind to file name.
    """
    return {kind: stem + suffix for kind, suffix in SUFFIXES.items()}


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


def write_kinds(
    result: NightResult, paths: Mapping[str, Path | str], frames: Path | str | None = None
) -> list[Path]:
    """Write some of the products of a night, each under a name of the caller's.

    Each appears whole or not at all; the same result gives the same bytes.

    Parameters
    ----------
    result
        The night.
    paths
        File by kind (keys of `SUFFIXES`).
    frames
        Folder of the night's frames, for `FRAMES`.

    Returns
    -------
    list of Path
        The files, in the order of ``paths``.
    """
    written = []
    for kind, path in paths.items():
        if kind == FRAMES:
            written.append(plot_frames(result, frames, path))
        else:
            written.append(PRODUCTS[kind][1](result, Path(path)))
    return written


def write_products(
    result: NightResult, directory: Path | str, frames: Path | str | None = None
) -> list[Path]:
    """Write all products of a night.

    Parameters
    ----------
    result
        The night.
    directory
        Where to; made if need be.
    frames
        Folder of the night's frames; without it there is no `FRAMES`.

    Returns
    -------
    list of Path
        The files, in the order of `SUFFIXES`.
    """
    directory = Path(directory)
    names = product_names(result.stem)
    if frames is None:
        del names[FRAMES]
    return write_kinds(result, {kind: directory / name for kind, name in names.items()}, frames)
