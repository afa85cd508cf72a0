"""Tables of a night as CSV: a few lines after # that say what it is, names that say their units, then rows.

Either opens with ``pandas.read_csv(path, comment="#")``; times become times with
``parse_dates=["start_time"]``. They are UTC, numbers have ten digits, what does not exist is an empty field,
and names of causes are separated by blanks. Winds are in m/s: along the line of sight positive away from the
instrument, over the site eastward, northward and upward.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from airglow.model.columns import CLASSES, columns_of, renamed_columns
from airglow.model.files import write_whole
from airglow.model.result import NightResult, causes_in

CYCLE, SMOOTH = "cycle", "smooth"


def write_samples_csv(result: NightResult, path: Path | str) -> Path:
    """Write the sky samples as a table; whole or not at all.

    Parameters
    ----------
    result
        The night.
    path
        The file to be.

    Returns
    -------
    Path
        ``path``.
    """
    names = _fields("sky")
    renamed = renamed_columns("sky")
    rows = _rows([getattr(result.sky, name) for name in (*names, *renamed)], len(result.sky))
    about = "sky samples: line-of-sight winds (m/s, positive away from the instrument), temperatures and more"
    old = [f"deprecated columns: {', '.join(f'{old} (use {name})' for name, old in renamed.items())}"]
    return write_whole(path, _text(result, about, [*names, *renamed.values()], rows, old))


def write_winds_csv(result: NightResult, path: Path | str) -> Path:
    """Write the winds over the site as a table; whole or not at all.

    The column ``kind`` tells winds of cycles of look directions (``cycle``) from the smooth winds on a grid
    of times (``smooth``), which have fewer columns: ``table[table.kind == "cycle"]``.

    Parameters
    ----------
    result
        The night.
    path
        The file to be.

    Returns
    -------
    Path
        ``path``.
    """
    cycles, smooth = result.cycles, result.smooth_winds
    names = _fields("cycles")
    smooth_names = ["time" if name == "mid_time" else name for name in names]
    about = (
        "winds over the site (m/s: zonal eastward, meridional northward, vertical upward), "
        f"of cycles of look directions (kind {CYCLE}) and on a grid of times (kind {SMOOTH})"
    )
    rows = [[CYCLE, *row] for row in _rows([getattr(cycles, name) for name in names], len(cycles))]
    # What the smooth winds have for the night as a whole is no column.
    columns = [getattr(smooth, name, None) for name in smooth_names]
    columns = [column if isinstance(column, np.ndarray) else None for column in columns]
    rows += [[SMOOTH, *row] for row in _rows(columns, len(smooth))]
    return write_whole(path, _text(result, about, ["kind", *names], rows))


def _fields(table: str) -> list[str]:
    """Names of the columns that the class of a table has as fields."""
    names = {field.name for field in fields(CLASSES[table])}
    return [column.field for column in columns_of(table) if column.field in names]


def _text(
    result: NightResult, about: str, names: list[str], rows: Iterable[list[str]], more: Iterable[str] = ()
) -> str:
    made = result.provenance
    place = f"{result.site_name} ({result.site})" if result.site_name else result.site
    head = [
        f"{result.instrument} at {place}, night of {result.date}, {result.wavelength_m * 1e9:.1f} nm",
        about,
        "times are UTC; flags: 0 good, 1 caution, 2 bad; names end in units (mps: m/s, k: K, c: degrees C)",
        f"airglow {made.code_version}, settings {made.settings_hash}, input {made.input_hash}",
        *more,
    ]
    if not len(result.sky):
        head += result.notes
    text = io.StringIO()
    text.writelines(f"# {' '.join(line.split())}\n" for line in head)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return text.getvalue()


def _rows(columns: list[Any], n: int) -> list[list[str]]:
    """A text per column and row; empty where there is no column."""
    written = [[""] * n if column is None else _texts(column) for column in columns]
    return [list(row) for row in zip(*written, strict=True)]


def _texts(column: Any) -> list[str]:
    kind = column.dtype.kind if isinstance(column, np.ndarray) else ""
    if kind == "M":
        return [f"{time}Z" for time in column.astype("datetime64[ms]")]
    if kind == "f":
        return [f"{value:.10g}" if np.isfinite(value) else "" for value in column]
    if kind == "u":  # the only unsigned numbers are masks of causes
        return [" ".join(cause.name.lower() for cause in causes_in(mask)) for mask in column]
    return [str(value) for value in column]
