"""All products of a night at once, under their names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from airglow.products.csv_tables import write_samples_csv, write_winds_csv
from airglow.products.legacy import write_legacy
from airglow.products.log import write_log
from airglow.products.madrigal import write_madrigal
from airglow.products.madrigal_hdf5 import write_madrigal_hdf5
from airglow.products.netcdf import write_netcdf
from airglow.products.plots import plot_diagnostics, plot_temperature, plot_winds
from airglow.result import NightResult

PRODUCTS: dict[str, tuple[str, Callable[[NightResult, Path], Path]]] = {
    "netcdf": (".nc", write_netcdf),
    "madrigal": (".txt", write_madrigal),
    "madrigal_hdf5": (".hdf5", write_madrigal_hdf5),
    "legacy": (".npz", write_legacy),
    "samples": ("_samples.csv", write_samples_csv),
    "winds_table": ("_winds.csv", write_winds_csv),
    "log": (".log", write_log),
    "winds": ("_winds.png", plot_winds),
    "temperature": ("_temperature.png", plot_temperature),
    "diagnostics": ("_diagnostics.png", plot_diagnostics),
}
"""Kind of product: what follows the night's stem in its name, and what writes it."""


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
    return {kind: stem + suffix for kind, (suffix, _) in PRODUCTS.items()}


def write_products(result: NightResult, directory: Path | str) -> list[Path]:
    """Write all products of a night.

    Each appears whole or not at all; the same result gives the same bytes.

    Parameters
    ----------
    result
        The night.
    directory
        Where to; made if need be.

    Returns
    -------
    list of Path
        The files, in the order of `PRODUCTS`.
    """
    directory = Path(directory)
    names = product_names(result.stem)
    return [write(result, directory / names[kind]) for kind, (_, write) in PRODUCTS.items()]
