"""What the products of a night are called on its page; files of kinds unknown here are shown too."""

from __future__ import annotations

from dataclasses import dataclass

from airglow.model.products import SUFFIXES


@dataclass(frozen=True)
class FileKind:
    """What follows the stem in a product's name, and what people call it."""

    suffix: str
    title: str
    shown: bool = False  # as a picture on the page


FILE_KINDS = (
    FileKind(SUFFIXES["winds"], "Winds", shown=True),
    FileKind(SUFFIXES["temperature"], "Temperatures", shown=True),
    FileKind(SUFFIXES["profiles"], "Ring profiles over the night", shown=True),
    FileKind(SUFFIXES["diagnostics"], "Diagnostics", shown=True),
    FileKind(SUFFIXES["frames"], "Raw frames with the fitted rings", shown=True),
    FileKind(SUFFIXES["netcdf"], "Everything, netCDF"),
    FileKind(SUFFIXES["samples"], "Samples, table"),
    FileKind(SUFFIXES["winds_table"], "Winds over the site, table"),
    FileKind(SUFFIXES["madrigal"], "Madrigal text"),
    FileKind(SUFFIXES["madrigal_hdf5"], "Madrigal HDF5"),
    FileKind(SUFFIXES["legacy"], "Legacy npz"),
    FileKind(SUFFIXES["log"], "Log of the analysis"),
    FileKind(SUFFIXES["fitted"], "Fits, to finish the night again with other weather"),
    FileKind(SUFFIXES["winds_paper"], "Winds, for print"),
    FileKind(SUFFIXES["temperature_paper"], "Temperatures, for print"),
    FileKind(SUFFIXES["diagnostics_paper"], "Diagnostics, for print"),
    FileKind(SUFFIXES["profiles_paper"], "Ring profiles, for print"),
)
_ORDER = {kind.suffix: number for number, kind in enumerate(FILE_KINDS)}
_PICTURES = (".png", ".svg", ".jpg", ".webp")


def file_kind(name: str, stem: str) -> FileKind:
    """What a product is, by its name and the stem of the night and tag."""
    suffix = name.removeprefix(stem)
    if suffix in _ORDER:
        return FILE_KINDS[_ORDER[suffix]]
    return FileKind(suffix, suffix.lstrip("._").replace("_", " "), shown=name.endswith(_PICTURES))


def place_of(kind: FileKind) -> tuple[int, str]:
    """Sorts kinds into the order in which pages show them."""
    return _ORDER.get(kind.suffix, len(_ORDER)), kind.suffix
