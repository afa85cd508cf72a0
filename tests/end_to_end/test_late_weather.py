"""Weather that comes when a night is done, as runs find it: killed anywhere, by Snakemake, without fits."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from running import everything, upload

from airglow.demo.servers import MariadbServer
from airglow.model.errors import BadInput
from airglow.pipeline.refresh import refresh_night, renew_night
from airglow.pipeline.whole_night import Surroundings, process_night
from airglow.products import read_netcdf
from airglow.simulate import NightFolder
from airglow.store import Store
from airglow.uploads import NightReport, scan, take_up

from .conftest import SMALL, Place, around_nights, contents, line_of

# Long after the night: what is there need not cover it.
NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
FITS = "results/2026/minime05_uao_20260512_xr_fitted.npz"
RESULT = "results/2026/minime05_uao_20260512_xr.nc"


class Killed(BaseException):
    """As sudden as a signal: nothing in the code catches it."""


@contextmanager
def killed_at(store: Store, number: int) -> Iterator[None]:
    """Let the process die before its n-th request to the bucket."""
    begun = []

    def count(**_) -> None:
        begun.append(1)
        if len(begun) > number:
            raise Killed

    store.client.meta.events.register("before-call.s3", count)
    try:
        yield
    finally:
        store.client.meta.events.unregister("before-call.s3", count)


def weather_of(night: NightFolder) -> dict[str, Path]:
    return {f"raw/{path.name}": path for path in night.raw.glob("Cloud_*.txt")}


@pytest.fixture
def few_products(monkeypatch: pytest.MonkeyPatch) -> None:
    """One product and the fits: what is in the others is the same, and takes longest."""
    monkeypatch.setattr("airglow.pipeline.whole_night.DEFAULT_KINDS", ("netcdf", "fitted"))


@pytest.fixture
def done(place: Place, small_night: NightFolder, tmp_path: Path) -> Surroundings:
    """The small night, done without any cloud file."""
    upload(place.store, small_night.raw)
    for key in weather_of(small_night):
        place.store.delete(key)
    around, _ = around_nights(place, tmp_path)
    process_night(SMALL, around)
    return around


def look(around: Surroundings) -> list[NightReport]:
    return list(scan(around.store, around.registry, now=NOW).nights)


def run(around: Surroundings) -> list[str]:
    """What an hourly run does with such nights; says which."""
    found = scan(around.store, around.registry, now=NOW)
    take_up(around.store, found)
    for report in found.wanted:
        assert report.refresh, report
        renew_night(report.night, around)
    return [report.night.name for report in found.wanted]


def products(store: Store) -> dict[str, str]:
    named = {product["key"] for product in store.get_json(SMALL.published_key)["products"]}
    found = {key: etag for key, (etag, _) in everything(store).items() if key in named}
    assert found.keys() == named
    return found


def rows_of(mariadb: MariadbServer, place: Place) -> dict[str, list[tuple]]:
    """Rows in the database, but for those with the time of the load."""
    tables = contents(mariadb, place.database)
    return {name: rows for name, rows in tables.items() if name not in ("fpi_load", "fpi_night")}


def test_the_workflow_finishes_it_once_as_if_analysed_again_and_says_with_which_files(
    done: Surroundings,
    small_night: NightFolder,
    mariadb: MariadbServer,
    place: Place,
    tmp_path: Path,
) -> None:
    store = done.store
    assert run(done) == []
    without = products(store)
    for key, path in weather_of(small_night).items():
        store.put_file(key, path)
    place.front.forget()
    ran = place.clone.hourly()
    assert ran.code == 0, ran.text
    assert "done" in line_of(ran.text, SMALL.name)
    assert "refresh minime05 uao 20260512: done" in ran.text
    assert not any(step in ran.text for step in ("analyze", "frames minime05"))
    assert (place.clone.directory / "results/minime05/uao/2026/20260512/XR/night.nc").is_file()
    asked = [path for method, path in place.front.requests if method == "GET"]
    # Two frames for the picture; all others stay in the archive.
    assert len({path for path in asked if f"/{SMALL.frames_prefix}" in path and "hdf5" in path}) == 2
    assert run(done) == []
    assert (store.list("raw/"), store.list("state/pending/minime05")) == ([], [])

    (tmp_path / "night.nc").write_bytes(store.get_bytes(RESULT))
    clouds = [
        file for file in read_netcdf(tmp_path / "night.nc").provenance.weather_files if "Cloud" in file.name
    ]
    assert {f"raw/{file.name}": file.size for file in clouds} == {
        key: path.stat().st_size for key, path in weather_of(small_night).items()
    }
    index = store.get_json(SMALL.published_key)
    (entry,) = index["history"]
    assert entry["what"] == "finished again, from its fits"
    assert all(f"{file.name} came ({file.size:,} bytes)" in entry["why"] for file in clouds)
    page = store.get_bytes("pages/nights/uao/minime05/20260512.html").decode()
    assert "finished again, from its fits, since Cloud_uao_2026051" in page
    assert store.get_json(SMALL.cleaned_key)["events"][-1]["reason"].startswith("finished again")

    refreshed, rows = products(store), rows_of(mariadb, place)
    process_night(SMALL, done)
    assert products(store) == refreshed
    assert rows_of(mariadb, place) == rows
    same = {key for key, etag in without.items() if refreshed[key] == etag}
    assert same == {FITS}


def refuses_without_fits(done: Surroundings) -> None:
    """With an index as an earlier version published it, which names no fits: nothing is changed."""
    index = done.store.get_json(SMALL.published_key)
    products = [product for product in index["products"] if product["key"] != FITS]
    assert len(products) == len(index["products"]) - 1
    done.store.put_json(SMALL.published_key, {**index, "products": products})
    before = everything(done.store)
    with pytest.raises(BadInput, match=r"names no fits of XR\. Analyse the night again"):
        refresh_night(SMALL, done)
    assert everything(done.store) == before
    done.store.put_json(SMALL.published_key, index)


@pytest.mark.usefixtures("few_products")
def test_fits_that_do_not_hold_are_no_end_of_it(
    done: Surroundings, small_night: NightFolder, caplog: pytest.LogCaptureFixture
) -> None:
    refuses_without_fits(done)
    config = {**done.config, "analysis": {**done.config["analysis"], "smooth_wind_step_s": 900}}
    changed = dataclasses.replace(done, config=config)
    for key, path in weather_of(small_night).items():
        done.store.put_file(key, path)
    assert run(changed) == [SMALL.name]
    assert "analysed again from its archived frames, since" in caplog.text
    assert done.store.get_json(SMALL.published_key)["history"][-1]["what"].startswith("analysed again")
    assert look(changed) == []
    done.store.delete(FITS)
    key, path = next(iter(weather_of(small_night).items()))
    done.store.put_bytes(key, path.read_bytes().replace(b" 0 ", b" 1 ", 5).replace(b"-2", b"-3", 400))
    assert run(changed) == [SMALL.name]
    assert done.store.head(FITS) is not None


@pytest.mark.long
@pytest.mark.usefixtures("few_products")
def test_killed_before_any_request_it_ends_alike(done: Surroundings, small_night: NightFolder) -> None:
    store, weather = done.store, weather_of(small_night)
    key, path = max(weather.items(), key=lambda item: item[1].stat().st_size)
    lines = path.read_bytes().splitlines(keepends=True)
    number = 0
    while True:
        changed = b"".join(lines[: len(lines) // 2 + number])  # it grows by a line each time
        store.put_bytes(key, changed)
        try:
            with killed_at(store, number):
                run(done)
        except Killed:
            run(done)
        else:
            break
        assert look(done) == [], f"killed before request {number}"
        index = store.get_json(SMALL.published_key)
        used = {file["name"]: file for file in index["outcomes"]["XR"]["weather"]}
        assert used[path.name]["size"] == len(changed)
        assert store.head(SMALL.cleaned_key) is not None
        number += 1
    assert number > 40
    refreshed = products(store)
    process_night(SMALL, done)
    assert products(store) == refreshed
