"""What the pages know of a night, as plain values that JSON can hold.

A night has two records: the whole of what its page shows, kept beside the page so that the page can be
written again (when a neighbour comes) without reading the products; and a short one, for the index and the
health of the instrument, which goes into the part of the index of its year.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from airglow.model.errors import BadInput
from airglow.model.files import parse_json
from airglow.model.outcomes import outcome_reason
from airglow.model.products import product_stem
from airglow.model.result import Cause, NightResult
from airglow.model.summary import count_levels, summary
from airglow.pages.health import health_of
from airglow.pages.kinds import file_kind, place_of
from airglow.uploads import NightId

FORMAT = 1
SHOWN_REJECTIONS = 200  # frames on the page of a night; the log has them all
_SHORT = ("night", "instrument", "site", "site_name", "date", "made_at", "previous", "next")
_SHORT_TAG = ("state", "reason", "sky", "good", "first", "last", "wind_error_mps", "temperature_k", "health")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def night_record(
    index: Mapping[str, Any],
    results: Iterable[NightResult],
    links: Mapping[str, str | None] | None = None,
) -> dict[str, Any]:
    """Everything that the page of a night shows.

    Parameters
    ----------
    index
        What was published (`airglow.pipeline.publish.read_index`).
    results
        Of the tags that were analysed.
    links
        Days (``20250429``) of the ``previous`` and the ``next`` night with a page; none if not known yet.
    """
    night = NightId.parse(index["night"])
    by_tag = {result.tag: result for result in results}
    any_result = next(iter(by_tag.values()), None)
    links = links or {}
    record = {
        "format": FORMAT,
        "night": night.name,
        "instrument": night.instrument,
        "site": night.site,
        "date": night.date.isoformat(),
        "site_name": any_result.site_name if any_result else "",
        "timezone": any_result.site_timezone if any_result else "",
        "made_at": index.get("made_at", ""),
        "manifest_sha256": index["manifest_sha256"],
        "history": index.get("history", []),
        "previous": links.get("previous"),
        "next": links.get("next"),
        "tags": {
            tag: {
                "state": outcome.get("state", "?"),
                "reason": outcome_reason(outcome),
                **(_of_result(by_tag[tag]) if tag in by_tag else {}),
                "products": _products(night, tag, index["products"]),
            }
            for tag, outcome in sorted(index["outcomes"].items())
        },
    }
    return clean(record)


def short_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """What the index keeps of a `night_record`."""
    short = {key: record[key] for key in _SHORT}
    short["tags"] = {
        name: {key: tag[key] for key in _SHORT_TAG if key in tag} for name, tag in record["tags"].items()
    }
    return short


def linked(records: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, str | None]]:
    """The neighbours that each night should have, by its name.

    Parameters
    ----------
    records
        All nights with a page.
    """
    by_instrument: dict[tuple[str, str], list[NightId]] = {}
    for record in records:
        night = NightId.parse(record["night"])
        by_instrument.setdefault((night.instrument, night.site), []).append(night)
    links: dict[str, dict[str, str | None]] = {}
    for nights in by_instrument.values():
        nights.sort(key=lambda night: night.date)
        days = [None, *(night.day for night in nights), None]
        for before, night, after in zip(days[:-2], nights, days[2:], strict=True):
            links[night.name] = {"previous": before, "next": after}
    return links


def year_bytes(year: int, records: Iterable[Mapping[str, Any]]) -> bytes:
    """A part of the index: short records of a year's nights, a line each, the same bytes for the same."""
    ordered = sorted(records, key=lambda r: (r["date"], r["site"], r["instrument"]))
    lines = [
        json.dumps(r, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        for r in ordered
    ]
    return (f'{{"format":{FORMAT},"year":{year},"nights":[\n' + ",\n".join(lines) + "\n]}\n").encode()


def read_record(data: bytes, key: str) -> dict[str, Any]:
    """A record, or a part of the index, as it was written.

    Raises
    ------
    BadInput
        If it is none, or one of another version.
    """
    try:
        value = parse_json(data)
        if value["format"] != FORMAT:
            raise ValueError(f"format {value['format']!r}")
    except (ValueError, KeyError, TypeError) as error:
        hint = "make the pages anew: python -m airglow pages --rebuild"
        raise BadInput(key, f"not a record of the pages ({error})", hint) from error
    return value


def clean(value: Any) -> Any:
    """A value that JSON and HTML can hold, whatever was in it.

    Numbers that are none become None. Text loses what UTF-8 cannot say, control characters, and those
    that turn the direction of what follows: names of frames come from elsewhere and may hold anything.
    """
    if isinstance(value, str):
        return _CONTROL.sub("\ufffd", value.encode("utf-8", "replace").decode())
    if isinstance(value, Mapping):
        return {clean(str(key)): clean(one) for key, one in value.items()}
    if isinstance(value, Sequence):
        return [clean(one) for one in value]
    import numpy as np

    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, np.integer):
        return int(value)
    return value


def _of_result(result: NightResult) -> dict[str, Any]:
    sky, laser, made = result.sky, result.laser, result.provenance
    night = summary(result)
    return {
        "wavelength_nm": round(result.wavelength_m * 1e9, 1),
        "sky": night.sky_frames,
        "good": night.good_winds,
        "winds": list(count_levels(sky.wind_flag)),
        "temperatures": list(count_levels(sky.temperature_flag)),
        "first": _minute(night.first_start),
        "last": _minute(night.last_stop),
        "laser": night.laser_frames,
        "laser_used": int(laser.used.sum()),
        "wind_error_mps": _rounded(night.median_wind_error_mps, 2),
        "temperature_k": _rounded(night.median_temperature_k, 1),
        "temperature_error_k": _rounded(night.median_temperature_error_k, 1),
        "zero_error_mps": result.doppler_reference.error_mps,
        "zero_method": result.doppler_reference.method,
        "shape_source": result.instrument_parameters.source,
        "health": {key: _significant(value) for key, value in health_of(result).items()},
        "causes": [
            {
                "meaning": cause.meaning,
                "wind": cause.wind,
                "temperature": cause.temperature,
                "samples": count,
            }
            for cause in Cause
            if (count := int(((sky.causes >> cause.bit) & 1).sum()))
        ],
        "rejections": [[item.name, item.reason] for item in result.rejections[:SHOWN_REJECTIONS]],
        "rejected": night.rejected_frames,
        "notes": list(result.notes),
        "provenance": {
            "code_version": made.code_version,
            "settings_hash": made.settings_hash,
            "registry_epoch": made.registry_epoch,
            "input_hash": made.input_hash,
            "weather_files": [asdict(item) for item in made.weather_files],
            **({"overrides": list(made.overrides)} if made.overrides else {}),
        },
    }


def _products(night: NightId, tag: str, products: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    stem = product_stem(night.instrument, night.site, night.date, tag)
    of_tag = [(file_kind(product["name"], stem), product) for product in products if product["tag"] == tag]
    return [
        {
            "title": kind.title,
            "shown": kind.shown,
            "name": product["name"],
            "key": product["key"],
            "size": product["size"],
            "sha256": product["sha256"],
            "etag": product.get("etag", ""),
        }
        for kind, product in sorted(of_tag, key=lambda pair: place_of(pair[0]))
    ]


def _minute(moment: dt.datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%MZ}"


def _significant(value: float | None) -> float | None:
    """A number without the digits that nothing needs: thirteen hold the gap to a femtometre."""
    return None if value is None else float(f"{value:.13g}")


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
