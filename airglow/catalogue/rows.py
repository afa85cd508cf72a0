"""A night as rows of our tables: plain Python values, None for what does not exist."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from airglow.model.columns import database_columns
from airglow.model.errors import CatalogueError
from airglow.model.outcomes import outcome_reason
from airglow.model.result import ANALYSED, NightResult, Provenance
from airglow.model.summary import summary

Row = dict[str, Any]
_NONE: Mapping[str, Any] = {}


@dataclass(frozen=True)
class NightRows:
    """What is to be written of a night: the rows of every table, in the order in which they are written."""

    instrument: str
    site: str
    date: dt.date
    tables: Mapping[str, list[Row]]
    analysed: tuple[NightResult, ...] = field(repr=False, default=())

    @property
    def name(self) -> str:
        """As in ``minime05_uao_20250429``."""
        return f"{self.instrument}_{self.site}_{self.date:%Y%m%d}"


def night_rows(
    results: Sequence[NightResult],
    outcomes: Sequence[Mapping[str, Any]],
    products: Sequence[Mapping[str, Any]],
    manifest_sha256: str | None,
) -> NightRows:
    """Turn results and outcomes of all tags of a night into rows.

    Parameters
    ----------
    results
        One for each tag that was analysed.
    outcomes
        One for each tag: ``instrument``, ``site``, ``date`` (YYYYMMDD), ``tag``, ``state``, ``reason``, and
        ``products``, names of files. A tag without a result may have a ``code_version``; an earlier result
        that was kept has ``kept`` (see `airglow.pipeline.kept`) and its own ``manifest_sha256``.
    products
        What is known of those files: ``tag``, ``name``, and where they are ``key``, ``size``, ``sha256``.
    manifest_sha256
        Of the manifest of the frames that were analysed.

    Raises
    ------
    CatalogueError
        If these are not the results of these outcomes, or not of one night.
    """
    nights = {(o["instrument"], o["site"], o["date"]) for o in outcomes}
    nights |= {(r.instrument, r.site, f"{r.date:%Y%m%d}") for r in results}
    if len(nights) != 1:
        raise CatalogueError(f"one night at a time, not {len(nights)}: {sorted(nights)}; nothing was changed")
    instrument, site, date = nights.pop()
    name = f"{instrument}_{site}_{date}"
    by_tag = {result.tag: result for result in results}
    tags = [outcome["tag"] for outcome in outcomes]
    analysed = [outcome["tag"] for outcome in outcomes if outcome["state"] == ANALYSED]
    if len(set(tags)) != len(tags) or len(by_tag) != len(results):
        raise CatalogueError(f"{name}: a tag is there twice; nothing was changed")
    if set(analysed) != by_tag.keys():
        raise CatalogueError(
            f"{name}: analysed are {sorted(analysed)}, but there are results of {sorted(by_tag)}; "
            "nothing was changed"
        )
    local_date = dt.datetime.strptime(date, "%Y%m%d").date()
    tables: dict[str, list[Row]] = {
        "fpi_night": [],
        "fpi_sky_sample": [],
        "fpi_laser_sample": [],
        "fpi_cycle_wind": [],
        "fpi_smooth_wind": [],
        "fpi_wind_model": [],
        "fpi_rejection": [],
        "fpi_product": [],
    }
    for outcome in outcomes:
        tag = outcome["tag"]
        result = by_tag.get(tag)
        key = {"site": site, "local_date": local_date, "instrument": instrument, "tag": tag}
        night = _night(result) if result else _no_night(outcome)
        outcome_columns = {
            "state": outcome["state"],
            "reason": outcome_reason(outcome),
            "manifest_sha256": outcome.get("manifest_sha256", manifest_sha256),
        }
        tables["fpi_night"].append({**key, **outcome_columns, **night})
        tables["fpi_product"] += [{**key, **row} for row in _products(outcome, products)]
        if result is None:
            continue
        for table, rows in _tables(result).items():
            tables[table] += [{**key, **row} for row in rows]
    return NightRows(instrument, site, local_date, tables, tuple(by_tag[tag] for tag in analysed))


def _no_night(outcome: Mapping[str, Any]) -> Row:
    """What is known of a night and tag that was not analysed."""
    counts = [c.database for c in database_columns("summary") if c.sql_type.endswith("NOT NULL")]
    return {**dict.fromkeys(counts, 0), "code_version": outcome.get("code_version")}


def _tables(result: NightResult) -> dict[str, list[Row]]:
    """What a result has of each table that lies below the night."""
    return {
        "fpi_sky_sample": _numbered("sample_number", _rows("sky", result.sky)),
        "fpi_laser_sample": _numbered("sample_number", _rows("laser", result.laser)),
        "fpi_cycle_wind": _numbered("cycle_number", _rows("cycles", result.cycles)),
        "fpi_smooth_wind": _rows("smooth_winds", result.smooth_winds),
        "fpi_wind_model": [_wind_model(result)],
        "fpi_rejection": _numbered(
            "rejection_number", [_row("rejections", rejection) for rejection in result.rejections]
        ),
    }


def _night(result: NightResult) -> Row:
    row = (
        _row("summary", summary(result))
        | _row("result", result)
        | _row("reference", result.doppler_reference)
        | _row("parameters", result.instrument_parameters)
        | _row("provenance", result.provenance, {"weather_files": _names(result.provenance)})
    )
    del row["manifest_sha256"]  # of the outcome: that of the last analysis
    return row


def _names(provenance: Provenance) -> tuple[str, ...]:
    return tuple(file.name for file in provenance.weather_files)


def _wind_model(result: NightResult) -> Row:
    counts = {"cycle_winds": len(result.cycles), "smooth_winds": len(result.smooth_winds)}
    more = {**counts, "cycle_assumption": result.cycles.assumption}
    return _row("wind_model", result.smooth_winds, more)


def _row(table: str, of: Any, more: Mapping[str, Any] = _NONE) -> Row:
    """A row: values of an object by the columns of the database, and more of them by field."""
    return {
        column.database: _plain(more[column.field] if column.field in more else getattr(of, column.field))
        for column in database_columns(table)
    }


def _rows(table: str, of: Any) -> list[Row]:
    """Rows of an object whose fields are columns, all of one length."""
    columns = database_columns(table)
    lists = [_list(getattr(of, column.field)) for column in columns]
    names = [column.database for column in columns]
    return [dict(zip(names, values, strict=True)) for values in zip(*lists, strict=True)]


def _list(values: Sequence[Any]) -> Sequence[Any]:
    """A column as plain values; times to the microsecond."""
    import numpy as np

    if not isinstance(values, np.ndarray):
        return values
    values = values.astype("datetime64[us]") if values.dtype.kind == "M" else values
    return [_plain(value) for value in values.tolist()]


def _numbered(column: str, rows: Sequence[Row]) -> list[Row]:
    return [{column: number, **row} for number, row in enumerate(rows)]


def _products(outcome: Mapping[str, Any], products: Sequence[Mapping[str, Any]]) -> list[Row]:
    known = {product["name"]: product for product in products if product["tag"] == outcome["tag"]}
    rows = []
    for name in outcome.get("products", ()):
        product = known.get(name, {})
        row = {"object_key": product.get("key"), "size_bytes": product.get("size")}
        rows.append({"name": name, **row, "sha256": product.get("sha256")})
    return rows


def _plain(value: Any) -> Any:
    """A value as the database takes it: Python's own types, None for NaN and infinity, names with commas."""
    import numpy as np

    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
