"""What came of the demo's nights, read from where it ended up: the bucket, the database and the truth."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pymysql.connections import Connection

from airglow.model.result import BAD, product_stem
from airglow.pipeline.publish import fetch_products
from airglow.products import read_netcdf
from airglow.simulate import read_truth
from airglow.store import Store
from airglow.uploads import NightId, discovery_from_json

HEADINGS = (
    "night",
    "frames (sky + laser)",
    "wind error",
    "temperature",
    "its error",
    "off the truth (RMS)",
    "products",
    "database rows",
    "raw objects",
)
OUR_TABLES = (
    "fpi_night",
    "fpi_sky_sample",
    "fpi_laser_sample",
    "fpi_cycle_wind",
    "fpi_smooth_wind",
    "fpi_wind_model",
    "fpi_rejection",
    "fpi_product",
)
SUFFIXES = (".nc", ".npz", ".log", ".txt", ".png")
IMAGES = ("winds", "temperature", "diagnostics")


@dataclass(frozen=True)
class NightSummary:
    """What came of a night.

    Parameters
    ----------
    rows
        Rows for the table.
    files
        Files to look at.
    done
        True if the night is done.
    """

    rows: list[tuple[str, ...]]
    files: list[Path]
    done: bool


def summarise_night(
    store: Store,
    database: Connection,
    night: NightId,
    truth: Path,
    products_directory: Path,
    discovery: Path,
) -> NightSummary:
    """Say what came of a night.

    Parameters
    ----------
    store, database
        Where the workflow put it.
    night
        Which night.
    truth
        ``truth.csv`` or its directory, of the simulation.
    products_directory
        Its products are fetched to here.
    discovery
        What the workflow found in ``raw/``.

    Returns
    -------
    NightSummary
    """
    cleaned = store.get_json(night.cleaned_key)
    if cleaned is None:
        return NightSummary([(night.name, _why_not(night, discovery))], [], done=False)
    index = store.get_json(night.published_key)
    tag_of = {product["name"]: product["tag"] for product in index["products"]}
    files: dict[str, list[Path]] = {}
    for suffix in SUFFIXES:
        for path in fetch_products(store, index, products_directory, suffix):
            files.setdefault(tag_of[path.name], []).append(path)
    left = len(store.list(night.raw_prefix))
    raw = f"{len(cleaned['deleted'])} deleted" + (f", {left} left" if left else "")
    rows = []
    for tag, outcome in index["outcomes"].items():
        rows.append(_row(database, night, tag, outcome, files.get(tag, []), truth, raw))
        raw = ""  # of the whole night, said once
    return NightSummary(rows, [path for tag in files for path in files[tag]], done=True)


def _row(
    database: Connection,
    night: NightId,
    tag: str,
    outcome: Mapping[str, Any],
    files: Sequence[Path],
    truth: Path,
    raw: str,
) -> tuple[str, ...]:
    name = f"{night.name} {tag}"
    netcdf = next((path for path in files if path.suffix == ".nc"), None)
    if netcdf is None:
        return (name, f"{outcome['state']}: {outcome['reason']}")
    result = read_netcdf(netcdf)
    sky = result.sky
    wind, temperature = _off_the_truth(sky, truth)
    return (
        name,
        f"{len(sky)} + {len(result.laser)}",
        f"{np.nanmedian(sky.wind_error_mps):.1f} m/s",
        f"{np.nanmedian(sky.temperature_k):.0f} K",
        f"{np.nanmedian(sky.temperature_error_k):.1f} K",
        f"{wind:.1f} m/s, {temperature:.1f} K",
        str(len(outcome["products"])),
        str(count_rows(database, night, tag)),
        raw,
    )


def _off_the_truth(sky: Any, truth: Path) -> tuple[float, float]:
    """How far winds (m/s) and temperatures (K) that are not flagged bad are from what was simulated, RMS."""
    frames = {frame.name: frame for frame in read_truth(truth)}
    true_wind = np.array([frames[name].los_wind_mps for name in sky.name], float)
    true_temperature = np.array([frames[name].temperature_k for name in sky.name], float)
    wind = (sky.line_of_sight_wind_mps - true_wind)[sky.wind_flag < BAD]
    temperature = (sky.temperature_k - true_temperature)[sky.temperature_flag < BAD]
    return tuple(float(np.sqrt(np.nanmean(np.square(off)))) for off in (wind, temperature))


def count_rows(database: Connection, night: NightId, tag: str) -> int:
    """Rows of a night and tag in our tables, and of its images in the website's.

    Parameters
    ----------
    database
        The database.
    night
        The night.
    tag
        Tag of the night.

    Returns
    -------
    int
    """
    total = 0
    with database.cursor() as cursor:
        for table in OUR_TABLES:
            cursor.execute(
                f"SELECT COUNT(*) FROM {table}"
                " WHERE site = %s AND local_date = %s AND instrument = %s AND tag = %s",
                (night.site, night.date, night.instrument, tag),
            )
            total += cursor.fetchone()[0]
        stem = product_stem(night.instrument, night.site, night.date, tag)
        images = tuple(f"SummaryImages/{night.date:%Y}/{stem}_{kind}.png" for kind in IMAGES)
        cursor.execute("SELECT COUNT(*) FROM DataSet WHERE SummaryImage IN %s", (images,))
        return total + cursor.fetchone()[0]


def _why_not(night: NightId, discovery: Path) -> str:
    if not discovery.exists():
        return "not done, and the workflow found nothing out"
    found = discovery_from_json(json.loads(discovery.read_text(encoding="utf-8")), str(discovery))
    report = next((report for report in found.nights if report.night == night), None)
    if report is None:
        return "not found in raw/"
    if report.is_wanted:
        return "not finished"
    return f"{report.state.value}: {report.reason}"


def format_table(rows: Sequence[Sequence[str]]) -> str:
    """A table for the screen; a row of two cells is a name and a sentence.

    Parameters
    ----------
    rows
        Cells by row.

    Returns
    -------
    str
    """
    whole = [HEADINGS, *(row for row in rows if len(row) == len(HEADINGS))]
    widths = [max(len(row[column]) for row in whole) for column in range(len(HEADINGS))]
    widths[0] = max(len(row[0]) for row in [*whole, *rows])
    lines = []
    for row in [HEADINGS, tuple("-" * width for width in widths), *rows]:
        lines.append("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip())
    return "\n".join(lines)
