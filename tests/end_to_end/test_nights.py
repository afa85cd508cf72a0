"""Simulated nights through Snakemake as an operator runs it: to the database, idle, and once more."""

import json
from pathlib import Path

import numpy as np
import pytest
from running import Clone, clone, everything

from airglow.demo.servers import MariadbServer
from airglow.pipeline.failures import forget_failure, record_failure
from airglow.pipeline.publish import delivered_key
from airglow.products import read_netcdf
from airglow.simulate import read_truth
from airglow.store import Store
from airglow.uploads import TABLE, NightId

from .conftest import Delivered, contents, line_of, rows
from .reports import ReadReport

pytestmark = pytest.mark.long

MINIME05 = NightId.parse("minime05_uao_20260510")
MINIME13 = NightId.parse("minime13_uao_20260510")
LACKING = NightId.parse("minime05_uao_20260511")
NETCDF = "results/2026/minime05_uao_20260510_xr.nc"
PICTURE = "summaryimages/2026/minime13_uao_20260510_xg_winds.png"
PLOTS = ("winds", "temperature", "diagnostics", "profiles")
TABLES = {"samples.csv", "winds.csv", "madrigal.txt", "madrigal.hdf5", "night.log"}


def lasting(store: Store) -> dict[str, tuple[str, str]]:
    """The whole bucket but what runs leave of themselves: logs of attempts, the table of nights."""
    return {
        key: value for key, value in everything(store).items() if "/attempts/" not in key and key != TABLE
    }


def test_both_nights_arrive(delivered: Delivered) -> None:
    assert delivered.ran.code == 0, delivered.ran.text
    store = delivered.place.store
    for night in (MINIME05, MINIME13):
        for key in (night.manifest_key, night.published_key, night.loaded_key, night.cleaned_key):
            assert store.head(key) is not None, key
        assert store.head(night.pending_key) is None
        assert store.list(night.raw_prefix) == []
        for product in store.get_json(night.published_key)["products"]:
            assert store.head(product["key"]).etag == product["etag"]


def test_a_report_of_the_run_shows_all_its_nights_but_those_that_failed(delivered: Delivered) -> None:
    """With the profile of the run, which would look into raw/ again."""
    at_hand = delivered.place.clone
    ran = at_hand.hourly("--report", "run.html")
    assert ran.code == 0, ran.text
    report = ReadReport(at_hand.directory / "run.html")
    assert report.categories == {"uao": {"minime05", "minime13"}}
    assert "results/minime13/uao/2026/20260510/XG/winds.png" in report.results
    assert "(557.7 nm, from about 97 km)" in " ".join(report.description().split())

    failed = {"instrument": "minime13", "site": "uao", "date": "20260510"}
    record_failure(at_hand.directory / "work", "load", failed, "no database", log="")
    ran = at_hand.hourly("--report", "run.html")
    forget_failure(at_hand.directory / "work", "load", failed)
    assert ran.code == 0, ran.text
    assert ReadReport(at_hand.directory / "run.html").categories == {"uao": {"minime05"}}


def test_every_frame_of_the_instrument_is_in_the_archive(delivered: Delivered) -> None:
    for night in (MINIME05, MINIME13):
        frames = delivered.nights[night.name].frames
        archived = {
            found.key.removeprefix(night.frames_prefix): found.size
            for found in delivered.place.store.list(night.frames_prefix)
        }
        assert archived == {path.name: path.stat().st_size for path in frames.iterdir()}


def test_products_are_where_people_look_for_them(delivered: Delivered) -> None:
    keys = set(everything(delivered.place.store))
    assert NETCDF in keys
    assert "madrigal/fpi/2026/minime05_uao_20260510_xr.txt" in keys
    assert "madrigal/fpi/2026/minime05_uao_20260510_xr.hdf5" in keys
    for tag in ("xr", "xg"):
        stem = f"2026/minime13_uao_20260510_{tag}"
        ends = (".nc", ".npz", ".log", "_samples.csv", "_winds.csv")
        assert {f"results/{stem}{end}" for end in ends} <= keys
        images = {f"summaryimages/{stem}_{plot}.{kind}" for plot in PLOTS for kind in ("png", "pdf")}
        assert images | {f"summaryimages/{stem}_frames.png"} <= keys
    assert not [key for key in keys if key.startswith("madrigal/") and "minime13" in key]


def test_what_a_step_costs_is_on_record(delivered: Delivered) -> None:
    benchmarks = delivered.place.clone.directory / "benchmarks"
    of_night = {path.name for path in (benchmarks / "minime13/uao/2026/20260510").iterdir()}
    assert {"extract.tsv", "analyze_XR.tsv", "analyze_XG.tsv", "publish.tsv", "load.tsv"} <= of_night
    head, values = (benchmarks / "discover.tsv").read_text().splitlines()
    assert head == "s\tmax_rss\tcpu_time"
    seconds, peak_mb, cpu_s = map(float, values.split("\t"))
    assert 0 < seconds < 600
    assert 20 < peak_mb < 1000
    assert 0.05 < cpu_s < 60


def test_the_truth_is_found_again(delivered: Delivered, tmp_path: Path) -> None:
    delivered.place.store.download(NETCDF, tmp_path / "night.nc")
    sky = read_netcdf(tmp_path / "night.nc").sky
    truth = {frame.name: frame for frame in read_truth(delivered.nights[MINIME05.name].truth)}
    assert len(sky) == 24
    wind = sky.line_of_sight_wind_mps - [truth[name].los_wind_mps for name in sky.name]
    temperature = sky.temperature_k - [truth[name].temperature_k for name in sky.name]
    assert np.sqrt(np.mean((wind - np.mean(wind)) ** 2)) < 3.0
    assert abs(np.mean(wind)) < 6.0  # the reference is that of a real vertical wind, which is not nothing
    assert np.sqrt(np.mean(temperature**2)) < 15.0


def test_rows_are_in_the_database(delivered: Delivered, mariadb: MariadbServer) -> None:
    database = delivered.place.database
    nights = rows(mariadb, database, "SELECT instrument, tag, state, sky_frames FROM fpi_night ORDER BY 1, 2")
    assert nights == [
        ("minime05", "XR", "analysed", 24),
        ("minime13", "XG", "analysed", 5),
        ("minime13", "XR", "analysed", 5),
    ]
    images = [image for (image,) in rows(mariadb, database, "SELECT SummaryImage FROM DataSet")]
    assert "SummaryImages/2026/minime05_uao_20260510_xr_winds.png" in images
    assert len(images) == len(set(images))


def test_a_night_that_lacks_a_part_waits_and_says_so(delivered: Delivered) -> None:
    store = delivered.place.store
    line = line_of(delivered.ran.text, LACKING.name)
    assert "waiting" in line
    assert "2 of 3 parts" in line or "1 of 2 parts" in line
    assert store.head(LACKING.manifest_key) is None
    assert store.head(LACKING.receipt_key) is not None
    for night in (MINIME05, MINIME13):
        assert "done" in line_of(delivered.ran.text, night.name)


def test_every_night_has_its_page_and_the_index_leads_to_it(delivered: Delivered) -> None:
    store = delivered.place.store
    index = store.get_bytes("pages/index.html").decode()
    for night in (MINIME05, MINIME13):
        page = store.get_json(night.page_key)["page"]
        assert "winds.png" in store.get_bytes(page).decode()
        assert page.removeprefix("pages/") in index
    assert LACKING.name in store.get_bytes("pages/attention.html").decode()


def test_pages_that_cannot_be_brought_up_to_date_are_told_and_cost_nothing(delivered: Delivered) -> None:
    place = delivered.place
    place.store.put_bytes("pages/pending/minime05_uao_20260510.json", b"rubbish")
    ran = place.clone.hourly()
    assert ran.code == 0, ran.text
    assert "The pages are not up to date: pages/pending/minime05_uao_20260510.json" in ran.text
    place.store.delete("pages/pending/minime05_uao_20260510.json")


def test_cloud_files_are_archived_and_kept_while_a_night_needs_them(delivered: Delivered) -> None:
    store = delivered.place.store
    archived = {found.key for found in store.list("cloudsensor/uao/2026/")}
    assert {f"cloudsensor/uao/2026/Cloud_uao_202605{day}.txt" for day in (10, 11)} <= archived
    raw = {found.key for found in store.list("raw/Cloud")}
    assert "raw/Cloud_uao_20260510.txt" not in raw  # only the two nights needed it
    assert "raw/Cloud_uao_20260511.txt" in raw  # the waiting night needs it


def test_an_idle_run_leaves_everything_and_asks_little(delivered: Delivered, mariadb: MariadbServer) -> None:
    place = delivered.place
    before, before_rows = everything(place.store), contents(mariadb, place.database)
    place.front.forget()
    ran = place.clone.hourly()
    requests = list(place.front.requests)
    assert ran.code == 0, ran.text
    assert everything(place.store) == before
    assert contents(mariadb, place.database) == before_rows
    # the bucket, and three lists: what waits is known from the run before
    assert len(requests) <= 5, requests
    assert {method for method, _ in requests} <= {"GET", "HEAD"}


def test_a_reanalysis_from_the_archive_alone(
    delivered: Delivered, mariadb: MariadbServer, tmp_path: Path
) -> None:
    place = delivered.place
    before, before_rows = lasting(place.store), contents(mariadb, place.database)
    elsewhere = clone(tmp_path / "clone", place.clone.environment)  # nothing of the first run on this disk
    ran = elsewhere.hourly("-R", "analyze", "nights/uao_20260510.json")
    assert ran.code == 0, ran.text
    assert "discover" not in ran.text  # only what was asked for
    after = lasting(place.store)
    assert after.keys() == before.keys()
    for key in before:
        same_etag, same_time = (new == old for new, old in zip(after[key], before[key], strict=True))
        if key.startswith(("results/", "summaryimages/", "madrigal/")):
            assert not same_time, f"{key} was not delivered again"
            assert same_etag or key.endswith(".png"), f"{key}: same input, other output"
        elif not key.startswith(("state/minime", "pages/")):  # which say when
            assert same_etag, key
    for night in (MINIME05, MINIME13):
        assert before[night.manifest_key] == after[night.manifest_key]
        assert before[night.loaded_key] != after[night.loaded_key]
    after_rows = contents(mariadb, place.database)
    assert {table: len(found) for table, found in after_rows.items() if table != "fpi_load"} == {
        table: len(found) for table, found in before_rows.items() if table != "fpi_load"
    }
    summary = {
        entry["night"]: entry
        for entry in json.loads((elsewhere.directory / "nights/uao_20260510.json").read_text())
    }
    assert summary.keys() == {MINIME05.name, MINIME13.name}
    assert summary[MINIME05.name]["state"] == "done"
    assert summary[MINIME13.name]["outcomes"]["XG"]["sky_frames"] == 5


def test_a_reanalysis_that_fails_changes_nothing(
    delivered: Delivered, mariadb: MariadbServer, tmp_path: Path
) -> None:
    place = delivered.place
    elsewhere = clone(tmp_path / "clone", place.clone.environment)
    frame = place.store.list(MINIME13.frames_prefix)[0].key
    data = place.store.get_bytes(frame)
    place.store.delete(frame)
    before, before_rows = lasting(place.store), contents(mariadb, place.database)
    try:
        ran = elsewhere.hourly("-R", "analyze", "nights/minime13_uao_20260510.json")
        assert ran.code == 1
        assert f"{frame}: not in bucket" in line_of(ran.text, MINIME13.name)
        assert lasting(place.store) == before
        assert contents(mariadb, place.database) == before_rows
    finally:
        place.store.put_bytes(frame, data)


def test_a_reanalysis_whose_analysis_fails_changes_nothing(
    delivered: Delivered, mariadb: MariadbServer, tmp_path: Path
) -> None:
    place = delivered.place
    elsewhere = clone(tmp_path / "clone", place.clone.environment)
    before, before_rows = lasting(place.store), contents(mariadb, place.database)
    spoil_analysis(elsewhere)
    ran = elsewhere.hourly("-R", "analyze", "nights/minime13_uao_20260510.json")
    assert ran.code == 1
    assert "analyze X" in line_of(ran.text, MINIME13.name)
    assert lasting(place.store) == before
    assert contents(mariadb, place.database) == before_rows


def spoil_analysis(clone: Clone) -> None:
    """Let the analysis meet a fault of its own."""
    script = clone.directory / "workflow/scripts/analyze.py"
    script.write_text(script.read_text().replace("analyse_frames(", "analyse_frames(None and "))


def marks(directory: Path) -> dict[str, tuple[int, int]]:
    """Inode and time of every file below a directory: another one was written if these change."""
    return {
        str(path.relative_to(directory)): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in directory.rglob("*")
        if path.is_file()
    }


def test_a_file_can_be_asked_for_by_its_name(delivered: Delivered) -> None:
    place = delivered.place
    local = place.clone.directory / "results/minime05/uao/2026/20260510/XR"
    before, stored = marks(local), everything(place.store)
    (local / "winds.png").unlink()
    ran = place.clone.run("--cores", "1", "results/minime05/uao/2026/20260510/XR/winds.png")
    assert ran.code == 0, ran.text
    assert "plots minime05 uao 20260510 XR: done" in ran.text
    after = marks(local)
    remade = {name for name in before if before[name] != after[name]}
    assert remade == {f"{plot}.png" for plot in PLOTS} | TABLES
    assert everything(place.store) == stored


def test_plots_are_made_again_without_a_new_analysis(delivered: Delivered, mariadb: MariadbServer) -> None:
    place = delivered.place
    local = place.clone.directory / "results/minime13/uao/2026/20260510"
    logs = place.clone.directory / "logs/minime13/uao/2026/20260510"
    before, logged, stored = marks(local), marks(logs), everything(place.store)
    ran = place.clone.hourly("-R", "plots", f"nights/{MINIME13.name}.json")
    assert ran.code == 0, ran.text
    after, logged_after = marks(local), marks(logs)
    remade = {name.split("/")[1] for name in before if before[name] != after[name]}
    assert remade == {f"{plot}.png" for plot in PLOTS} | TABLES
    untouched = ("analyze_XR.log", "analyze_XG.log", "frames.log")
    assert {name: logged_after[name] for name in untouched} == {name: logged[name] for name in untouched}
    changed = {key for key, was in stored.items() if everything(place.store)[key] != was}
    assert "summaryimages/2026/minime13_uao_20260510_xg_winds.png" in changed
    assert {MINIME13.published_key, MINIME13.loaded_key, MINIME13.page_key, MINIME13.cleaned_key} <= changed
    assert MINIME13.manifest_key not in changed
    loads = rows(mariadb, place.database, "SELECT loaded_at FROM fpi_load WHERE instrument = 'minime13'")
    assert len({moment for (moment,) in loads}) >= 2


@pytest.fixture(scope="module")
def fetched(delivered: Delivered, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A fresh disk, on which both nights were fetched from the bucket, in the words of the README."""
    fresh = clone(tmp_path_factory.mktemp("fresh") / "clone", delivered.place.clone.environment)
    ran = fresh.hourly("-R", "fetch", "fetched/uao_20260510.json")
    assert ran.code == 0, ran.text
    return fresh


def test_a_report_on_a_fresh_disk_shows_what_is_published(fetched: Clone, delivered: Delivered) -> None:
    ran = fetched.run("--report", "night.html", "fetched/uao_20260510.json")
    assert ran.code == 0, ran.text
    assert "Missing metadata" not in ran.text
    report = ReadReport(fetched.directory / "night.html")
    store = delivered.place.store
    for stem, tag in (("minime05_uao_20260510_xr", "XR"), ("minime13_uao_20260510_xg", "XG")):
        instrument = stem.split("_")[0]
        for plot in (*PLOTS, "frames"):
            shown = report.results[f"fetched/{instrument}/uao/2026/20260510/{plot}/{tag}.png"]
            assert report.data(shown) == store.get_bytes(f"summaryimages/2026/{stem}_{plot}.png")
            assert shown["labels"] == {"night": "2026-05-10", "tag": tag, "what": plot}
            assert f"{instrument} at uao, night of 2026-05-10" in shown["caption"]
    summary = json.loads(report.data(report.results["fetched/uao_20260510.json"]))
    assert {entry["night"]: entry["state"] for entry in summary} == {
        MINIME05.name: "done",
        MINIME13.name: "done",
    }
    assert report.categories == {"uao": {"minime05", "minime13", "summary"}}
    assert report.loads_nothing()


def test_plots_are_made_again_on_a_fresh_disk(fetched: Clone, delivered: Delivered) -> None:
    store = delivered.place.store
    before = lasting(store)
    ran = fetched.hourly("-R", "plots", f"nights/{MINIME13.name}.json")
    assert ran.code == 0, ran.text
    # (Of this instrument Madrigal gets no files, so none were fetched, and plots makes them.)
    assert "analyze" not in ran.text
    assert "frames" not in ran.text
    after = lasting(store)
    assert after.keys() == before.keys()
    dated = {MINIME13.published_key, MINIME13.loaded_key, MINIME13.page_key, MINIME13.cleaned_key}
    dated.add(delivered_key(MINIME13))
    same = {key for key in before if before[key][0] == after[key][0]}
    assert {key for key in before.keys() - same if not key.startswith("pages/")} == dated
    assert before[PICTURE][1] != after[PICTURE][1]


def test_what_was_fetched_takes_the_place_of_results_and_is_not_analysed_again(delivered: Delivered) -> None:
    """On the disk on which the night was made, whose files are older than what was fetched."""
    at_hand = delivered.place.clone
    assert at_hand.hourly("-R", "fetch", f"fetched/{MINIME13.name}.json").code == 0
    ran = at_hand.hourly("-n", "-R", "plots", f"nights/{MINIME13.name}.json")
    assert ran.code == 0, ran.text
    for rule in ("analyze", "frames"):
        assert rule not in ran.text


def test_a_report_of_a_night_that_was_just_made(delivered: Delivered) -> None:
    at_hand = delivered.place.clone
    target = f"nights/{MINIME13.name}.json"
    assert at_hand.hourly(target).code == 0
    ran = at_hand.run("--report", "night.html", target)
    assert ran.code == 0, ran.text
    report = ReadReport(at_hand.directory / "night.html")
    shown = report.results["results/minime13/uao/2026/20260510/XG/winds.png"]
    assert report.data(shown) == delivered.place.store.get_bytes(PICTURE)
    assert report.loads_nothing()


def test_a_date_without_nights_is_refused_in_words(delivered: Delivered) -> None:
    ran = delivered.place.clone.hourly("-R", "analyze", "nights/uao_20260402.json")
    assert ran.code == 1
    assert "no night of uao on 2026-04-02 is in the archive or in raw/" in ran.text
