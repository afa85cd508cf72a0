"""Published nights for tests of the pages, as `airglow.pipeline.publish` leaves them; archives of many."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from results import example_result

from airglow.model.result import NightResult
from airglow.pages.records import linked, night_record, short_record, year_bytes
from airglow.pages.settings import PagesSettings
from airglow.store import Store
from airglow.uploads import NightId

SETTINGS = PagesSettings()
# a picture of one blue pixel
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c4944415408d76360a8da0a0002a20146eb48ef640000000049454e44ae426082"
)
FILES = (
    ".nc",
    ".log",
    "_winds.png",
    "_temperature.png",
    "_diagnostics.png",
    "_samples.csv",
    "_odd_thing.bin",
)


def result_of(name: str, tag: str = "XR", **changes: Any) -> NightResult:
    """A small night, a little different each time."""
    night = NightId.parse(name)
    return replace(
        example_result(
            24, 8, instrument=night.instrument, site=night.site, date=night.date, tag=tag, annuli=4
        ),
        **changes,
    )


def publish(
    store: Store,
    results: Iterable[NightResult],
    without: Mapping[str, tuple[str, str]] | None = None,
    name: str | None = None,
    files: Mapping[str, bytes] | None = None,
) -> dict[str, Any]:
    """Put a night's products and their index into the bucket; returns the index.

    ``without`` are tags without a result: state and reason; ``files`` what products hold, by their names.
    """
    results = list(results)
    first = results[0] if results else None
    night = NightId.parse(name) if name else NightId(first.instrument, first.site, first.date)
    outcomes: dict[str, Any] = {
        tag: {"state": state, "reason": reason, "products": []}
        for tag, (state, reason) in (without or {}).items()
    }
    products = []
    for result in results:
        names = [result.stem + suffix for suffix in FILES]
        outcomes[result.tag] = {"state": "analysed", "reason": "", "products": names}
        for file in names:
            data = (files or {}).get(file) or (PNG if file.endswith(".png") else f"of {file}".encode())
            folder = "SummaryImages" if file.endswith(".png") else "Results"
            key = f"{folder}/{night.date:%Y}/{file}"
            kind = {"png": "image/png", "log": "text/plain"}.get(file[-3:], "application/octet-stream")
            products.append(
                {
                    "tag": result.tag,
                    "name": file,
                    "key": key,
                    "size": len(data),
                    "sha256": hashlib.sha256(data).hexdigest(),
                    "etag": store.put_bytes(key, data, kind),
                }
            )
    index = {
        "format": 1,
        "night": night.name,
        "manifest_sha256": "c0de" * 16,
        "outcomes": outcomes,
        "products": products,
        "made_at": f"{night.date + dt.timedelta(days=1)}T15:00:00+00:00",
    }
    store.put_json(night.published_key, index)
    return index


def many_records(
    nights: int = 3000, stations: Iterable[str] = ("minime05_uao", "minime90_mrh", "minime94_bdr")
) -> list[dict[str, Any]]:
    """Short records of an archive: nights of several years at several sites, as complete as real ones.

    One instrument's etalon is tuned anew once; now and then the camera is off, or the laser dim.
    """
    random = np.random.default_rng(7)
    stations = list(stations)
    records = []
    patterns = {}
    for station in stations:
        result = result_of(f"{station}_20250101")
        index = {
            "night": f"{station}_20250101",
            "manifest_sha256": "c0de" * 16,
            "outcomes": {"XR": {"state": "analysed"}},
            "products": [],
        }
        patterns[station] = short_record(night_record(index, [result]))
    last = dt.date(2025, 6, 30)
    for number in range(nights):
        station = stations[number % len(stations)]
        back = number // len(stations)
        date = last - dt.timedelta(days=back + back // 9)  # a night in ten is not there
        pattern = patterns[station]
        tag = dict(pattern["tags"]["XR"])
        health = dict(tag["health"])
        season = np.sin(2 * np.pi * date.timetuple().tm_yday / 365)
        health["gap_m"] = 1.5e-2 + 8e-9 * season + 3e-9 * random.normal()
        if station == stations[0] and date >= dt.date(2025, 2, 10):
            health["gap_m"] += 1.2e-7
        health["center_x_px"] += 0.1 * random.normal()
        health["center_y_px"] += 0.1 * random.normal()
        health["laser_intensity"] = 31 + 1.5 * random.normal() - (12 if random.random() < 0.01 else 0)
        health["laser_chi_square"] = 1.08 + 0.05 * random.normal()
        health["sky_chi_square"] = 1.02 + 0.03 * random.normal()
        health["ccd_temperature_c"] = -70 + 0.1 * random.normal()
        health["cloud_fraction"] = float(np.clip(random.beta(0.5, 1.2), 0, 1))
        tag |= {"sky": 120, "good": int(120 * (1 - 0.8 * health["cloud_fraction"])), "health": health}
        if random.random() < 0.03:
            tag = {"state": "camera off", "reason": "52 of 52 sky frames with the CCD warmer than -10 C"}
        records.append(
            {
                **pattern,
                "night": f"{station}_{date:%Y%m%d}",
                "date": date.isoformat(),
                "made_at": f"{date + dt.timedelta(days=1)}T15:00:00+00:00",
                "tags": {"XR": tag},
            }
        )
    links = linked(records)
    return [record | links[record["night"]] for record in records]


def put_records(
    store: Store, records: Iterable[Mapping[str, Any]], settings: PagesSettings = SETTINGS
) -> None:
    """Put an archive into the bucket as parts of the index: as if their pages had been made before."""
    by_year: dict[int, list[Mapping[str, Any]]] = {}
    for record in records:
        by_year.setdefault(int(record["date"][:4]), []).append(record)
    for year, of_it in by_year.items():
        store.put_bytes(settings.key(f"data/{year}.json"), year_bytes(year, of_it), "application/json")
