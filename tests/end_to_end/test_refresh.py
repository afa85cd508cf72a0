"""A night whose weather file comes when it is done: refreshed, it is as if it had been analysed again."""

from pathlib import Path

import pytest
from running import everything, upload

from airglow.archive import fetch_frames
from airglow.demo.servers import MariadbServer
from airglow.model.errors import BadInput
from airglow.pipeline.refresh import refresh_night
from airglow.pipeline.whole_night import process_night
from airglow.simulate import NightFolder

from .conftest import SMALL, Place, around_nights, contents


def delivered(place: Place, mariadb: MariadbServer) -> tuple[dict, dict]:
    """Products in the bucket by key, and rows in the database, but for what has the time of the load."""
    products = {p["key"] for p in place.store.get_json(SMALL.published_key)["products"]}
    objects = {key: etag for key, (etag, _) in everything(place.store).items() if key in products}
    assert objects.keys() == products
    tables = contents(mariadb, place.database)
    return objects, {name: rows for name, rows in tables.items() if name not in ("fpi_load", "fpi_night")}


def test_weather_that_comes_later_needs_no_frames(
    place: Place,
    small_night: NightFolder,
    mariadb: MariadbServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    weather = {f"raw/{path.name}": path for path in small_night.raw.glob("Cloud_*.txt")}
    upload(place.store, small_night.raw)
    for key in weather:
        place.store.delete(key)
    around, _ = around_nights(place, tmp_path)
    process_night(SMALL, around)
    without = delivered(place, mariadb)

    for key, path in weather.items():
        place.store.put_file(key, path)
    fetched = []

    def watched(*given):
        fetched.extend(fetch_frames(*given))

    monkeypatch.setattr("airglow.pipeline.refresh.fetch_frames", watched)
    refresh_night(SMALL, around)
    assert len(fetched) == 2
    refreshed = delivered(place, mariadb)
    assert not SMALL.below(tmp_path / "work").exists()

    process_night(SMALL, around)
    assert delivered(place, mariadb) == refreshed
    same = {key for key, etag in without[0].items() if refreshed[0][key] == etag}
    assert {key.rpartition("_")[2] for key in same} == {"fitted.npz"}


def test_without_fits_that_hold_nothing_is_changed(
    place: Place, small_night: NightFolder, tmp_path: Path
) -> None:
    upload(place.store, small_night.raw)
    around, _ = around_nights(place, tmp_path)
    index = process_night(SMALL, around)
    (tag,) = index["outcomes"]
    old = {**index, "products": [p for p in index["products"] if not p["name"].endswith("_fitted.npz")]}
    place.store.put_json(SMALL.published_key, old)  # as an earlier version published it
    before = everything(place.store)
    with pytest.raises(BadInput, match=f"names no fits of {tag}. Analyse the night again"):
        refresh_night(SMALL, around)
    assert everything(place.store) == before
