"""What the products of a night are called on its page; files of kinds unknown here are shown too."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FileKind:
    """What follows the stem in a product's name, and what people call it."""

    suffix: str
    title: str
    shown: bool = False  # as a picture on the page


FILE_KINDS = (
    FileKind("_winds.png", "Winds", shown=True),
    FileKind("_temperature.png", "Temperatures", shown=True),
    FileKind("_profiles.png", "Ring profiles over the night", shown=True),
    FileKind("_diagnostics.png", "Diagnostics", shown=True),
    FileKind("_frames.png", "Raw frames with the fitted rings", shown=True),
    FileKind(".nc", "Everything, netCDF"),
    FileKind("_samples.csv", "Samples, table"),
    FileKind("_winds.csv", "Winds over the site, table"),
    FileKind(".txt", "Madrigal text"),
    FileKind(".hdf5", "Madrigal HDF5"),
    FileKind(".npz", "Legacy npz"),
    FileKind(".log", "Log of the analysis"),
    FileKind("_winds.pdf", "Winds, for print"),
    FileKind("_temperature.pdf", "Temperatures, for print"),
    FileKind("_diagnostics.pdf", "Diagnostics, for print"),
    FileKind("_profiles.pdf", "Ring profiles, for print"),
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
