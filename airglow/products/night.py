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
    "madrigal_hdf5": (".hdf5", write_madrigal_hdf5),
    "legacy": (".npz", write_legacy),
    "samples": ("_samples.csv", write_samples_csv),
    "winds_table": ("_winds.csv", write_winds_csv),
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
"""Kind of product: what follows the night's stem in its name, and what writes it."""

FRAMES_SUFFIX = "_frames.png"
"""What follows the stem in the name of the plot of raw frames, which is made from the frames as well."""


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


def write_products(
    result: NightResult, directory: Path | str, frames_directory: Path | str | None = None
) -> list[Path]:
    """Write all products of a night.

    Each appears whole or not at all; the same result gives the same bytes.

    Parameters
    ----------
    result
        The night.
    directory
        Where to; made if need be.
    frames_directory
        Where the night's frames are; without it there is no plot of raw frames.

    Returns
    -------
    list of Path
        The files, in the order of `PRODUCTS`, the plot of raw frames last.
    """
    directory = Path(directory)
    names = product_names(result.stem)
    written = [write(result, directory / names[kind]) for kind, (_, write) in PRODUCTS.items()]
    if frames_directory is not None:
        written.append(plot_frames(result, frames_directory, directory / (result.stem + FRAMES_SUFFIX)))
    return written
