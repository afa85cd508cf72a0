"""All products of a night at once, under their names."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from airglow.model.products import DEFAULT_KINDS, FITTED, FRAMES, SUFFIXES
from airglow.model.result import NightResult
from airglow.registry import Instrument, Site

WRITERS = {
    "netcdf": ("netcdf", "write_netcdf"),
    "madrigal": ("madrigal", "write_madrigal"),
    "madrigal_hdf5": ("madrigal_hdf5", "write_madrigal_hdf5"),
    "legacy": ("legacy", "write_legacy"),
    "samples": ("csv_tables", "write_samples_csv"),
    "winds_table": ("csv_tables", "write_winds_csv"),
    "log": ("log", "write_log"),
    "winds": ("plots.winds", "plot_winds"),
    "temperature": ("plots.temperature", "plot_temperature"),
    "diagnostics": ("plots.diagnostics", "plot_diagnostics"),
    "profiles": ("plots.profiles", "plot_profiles"),
    "winds_paper": ("plots.winds", "plot_winds"),
    "temperature_paper": ("plots.temperature", "plot_temperature"),
    "diagnostics_paper": ("plots.diagnostics", "plot_diagnostics"),
    "profiles_paper": ("plots.profiles", "plot_profiles"),
    FRAMES: ("plots.frames", "plot_frames"),
}
"""Kind of product, and module and function that write it. A module is imported when its product is made."""

RESULT_KINDS = tuple(kind for kind in SUFFIXES if kind not in (FRAMES, FITTED))
"""Kinds of products that are made from the result alone."""

LEGACY = "legacy"
MADRIGAL_HDF5 = "madrigal_hdf5"
"""The kinds of products that also hold what the registry knows."""


@dataclass(frozen=True)
class Beside:
    """What some kinds of products show beside the result, where it is at hand.

    Parameters
    ----------
    frames_directory
        Where the night's frames are, for `FRAMES`.
    site
        Of the registry, as of the date, for `LEGACY` and `MADRIGAL_HDF5`.
    instrument
        Of the registry, as of the date, for `LEGACY`.
    """

    frames_directory: Path | str | None = None
    site: Site | None = None
    instrument: Instrument | None = None


_NOTHING_BESIDE = Beside()


def product_names(stem: str) -> dict[str, str]:
    """File name of each kind of product that is made from the result alone.

    Parameters
    ----------
    stem
        `NightResult.stem`, such as ``minime05_uao_20250429_xr``.

    Returns
    -------
    dict
        Kind to file name.
    """
    return {kind: stem + SUFFIXES[kind] for kind in RESULT_KINDS}


def writer(kind: str) -> Callable[..., Path]:
    """What writes a kind of product: a function of the result, the path, and what is beside (`write_kinds`).

    Parameters
    ----------
    kind
        A key of `SUFFIXES`.

    Returns
    -------
    callable
    """
    module, function = WRITERS[kind]
    return getattr(importlib.import_module(f"airglow.products.{module}"), function)


def write_kinds(
    result: NightResult, paths: Mapping[str, Path | str], beside: Beside = _NOTHING_BESIDE
) -> list[Path]:
    """Write some of the products of a night, each under a name of the caller's.

    Each appears whole or not at all; the same result gives the same bytes.

    Parameters
    ----------
    result
        The night.
    paths
        File by kind (keys of `SUFFIXES`).
    beside
        What some of them show as well.

    Returns
    -------
    list of Path
        The files, in the order of ``paths``.
    """
    written = []
    for kind, path in paths.items():
        write = writer(kind)
        if kind == FRAMES:
            written.append(write(result, beside.frames_directory, path))
        elif kind == LEGACY:
            written.append(write(result, path, beside.site, beside.instrument))
        elif kind == MADRIGAL_HDF5:
            kinst = beside.site.madrigal_kinst if beside.site else None
            written.append(write(result, path, kinst))
        else:
            written.append(write(result, path))
    return written


def write_products(
    result: NightResult,
    directory: Path | str,
    beside: Beside = _NOTHING_BESIDE,
    kinds: Iterable[str] = DEFAULT_KINDS,
) -> list[Path]:
    """Write products of a night under their full names.

    Parameters
    ----------
    result
        The night.
    directory
        Where to; made if need be.
    beside
        What some of them show as well; without frames there is no plot of raw frames.
    kinds
        Keys of `SUFFIXES`. Fits are passed over: the analysis writes them.

    Returns
    -------
    list of Path
        The files, in the order of ``kinds``.
    """
    missing = (FITTED,) if beside.frames_directory is not None else (FITTED, FRAMES)
    made = [kind for kind in kinds if kind not in missing]
    paths = {kind: Path(directory) / (result.stem + SUFFIXES[kind]) for kind in made}
    return write_kinds(result, paths, beside)
