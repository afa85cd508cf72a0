"""All products of a night at once, under their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from airglow.model.products import FRAMES, SUFFIXES
from airglow.model.result import NightResult
from airglow.products.csv_tables import write_samples_csv, write_winds_csv
from airglow.products.legacy import write_legacy
from airglow.products.log import write_log
from airglow.products.madrigal import write_madrigal
from airglow.products.madrigal_hdf5 import write_madrigal_hdf5
from airglow.products.netcdf import write_netcdf
from airglow.products.plots import (
    plot_diagnostics,
    plot_frames,
    plot_profiles,
    plot_temperature,
    plot_winds,
)
from airglow.registry import Instrument, Site

WRITERS: dict[str, Callable[[NightResult, Path], Path]] = {
    "netcdf": write_netcdf,
    "madrigal": write_madrigal,
    "madrigal_hdf5": write_madrigal_hdf5,
    "legacy": write_legacy,
    "samples": write_samples_csv,
    "winds_table": write_winds_csv,
    "log": write_log,
    "winds": plot_winds,
    "temperature": plot_temperature,
    "diagnostics": plot_diagnostics,
    "profiles": plot_profiles,
    "winds_paper": plot_winds,
    "temperature_paper": plot_temperature,
    "diagnostics_paper": plot_diagnostics,
    "profiles_paper": plot_profiles,
}
"""Kind of product, and what writes it from the result alone."""

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
    return {kind: stem + SUFFIXES[kind] for kind in WRITERS}


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
        if kind == FRAMES:
            written.append(plot_frames(result, beside.frames_directory, path))
        elif kind == LEGACY:
            written.append(write_legacy(result, path, beside.site, beside.instrument))
        elif kind == MADRIGAL_HDF5:
            kinst = beside.site.madrigal_kinst if beside.site else None
            written.append(write_madrigal_hdf5(result, path, kinst))
        else:
            written.append(WRITERS[kind](result, Path(path)))
    return written


def write_products(
    result: NightResult, directory: Path | str, beside: Beside = _NOTHING_BESIDE
) -> list[Path]:
    """Write all products of a night.

    Parameters
    ----------
    result
        The night.
    directory
        Where to; made if need be.
    beside
        What some of them show as well; without frames there is no plot of raw frames.

    Returns
    -------
    list of Path
        The files, in the order of `SUFFIXES`, the plot of raw frames last.
    """
    kinds = [kind for kind in SUFFIXES if kind != FRAMES or beside.frames_directory is not None]
    paths = {kind: Path(directory) / (result.stem + SUFFIXES[kind]) for kind in kinds}
    return write_kinds(result, paths, beside)
