"""A night that comes to no result: an outcome on record, and never in place of an earlier good one."""

import datetime as dt
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import pytest
from known import known_registry
from running import TIMEOUT_S, Clone, clone, everything, upload

from airglow.archive import load_manifest, prove_published
from airglow.demo.servers import MariadbServer
from airglow.simulate import NightFolder, pack_upload, simulate_night, write_night
from airglow.store import Store
from airglow.uploads import NightId

from .conftest import MIB, SMALL, Place, contents, in_one_process, line_of, rows

TWO_TAGS = NightId("minime13", "uao", dt.date(2026, 5, 13))
ALL_TOO_WARM_C = -200.0  # no camera is colder: all of them pass for switched off
SAMPLES = ("fpi_sky_sample", "fpi_laser_sample", "fpi_cycle_wind", "fpi_smooth_wind", "fpi_product")


def simulated(night: NightId, directory: Path, **changes: object) -> tuple[object, NightFolder]:
    """A night with few frames, on disk."""
    registry = known_registry()
    made = simulate_night(
        registry.instrument(night.instrument, night.date),
        registry.site(night.site),
        night.date,
        **{"sky_frames": 4, "laser_frames": 3, **changes},
    )
    return made, write_night(made, directory, pack=True, part_bytes=MIB)


def switch_off(frame: Path) -> None:
    with h5py.File(frame, "r+") as file:
        file["image"].attrs["CCDTemperature"] = 15.0


def spoil(frame: Path) -> None:
    frame.write_bytes(b"no frame at all")


def nothing_else_to_do(place: Place, mariadb: MariadbServer) -> None:
    """Another run leaves everything as it is."""
    before, tables = everything(place.store), contents(mariadb, place.database)
    ran = place.clone.hourly()
    assert ran.code == 0, ran.text
    assert everything(place.store) == before
    assert contents(mariadb, place.database) == tables


def status(place: Clone, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "airglow", "status", *arguments],
        cwd=place.directory,
        env=place.environment,
        capture_output=True,
        text=True,
    )


def test_a_night_without_a_frame_of_its_tag_is_done_in_one_process(
    place: Place, mariadb: MariadbServer, tmp_path: Path
) -> None:
    """Through the workflow, where it takes longer, it is one of the long tests."""
    made, folder = simulated(SMALL, tmp_path / "night")
    send_harmed(place, made, folder, Path.unlink)
    in_one_process(place, tmp_path)
    assert_without_result(place, mariadb, "no frames")


def send_harmed(place: Place, made: object, folder: NightFolder, harm: Callable[[Path], None]) -> None:
    """Upload a night whose frames are harmed: all if they are to be spoilt, else those of the sky."""
    for frame in folder.frames.iterdir():
        if harm is spoil or "_X" in frame.name:
            harm(frame)
    for path in folder.raw.glob("fpi*"):
        path.unlink()
    pack_upload(folder.frames, folder.raw, made, MIB)
    upload(place.store, folder.raw)


def assert_without_result(place: Place, mariadb: MariadbServer, state: str | None) -> tuple[str, str]:
    """It is done, and database and pages say why there is nothing; returns state and reason."""
    ((shown, reason, samples),) = rows(
        mariadb, place.database, "SELECT state, reason, sky_frames FROM fpi_night"
    )
    assert shown == (state or shown) != "analysed"
    assert samples == 0
    assert reason
    assert place.store.list(SMALL.raw_prefix) == []
    assert place.store.list("results/") == []
    page = place.store.get_bytes(place.store.get_json(SMALL.page_key)["page"]).decode()
    assert f"<strong>{shown}</strong>" in page
    assert shown in place.store.get_bytes("pages/index.html").decode()
    return shown, reason


@pytest.mark.long
@pytest.mark.parametrize(
    ("harm", "state"),
    [
        pytest.param(switch_off, "camera off", id="camera off"),
        pytest.param(spoil, None, id="no frame can be read"),
        pytest.param(Path.unlink, "no frames", id="no frame of the tag"),
    ],
)
def test_a_night_without_any_result_is_done(
    place: Place,
    mariadb: MariadbServer,
    tmp_path: Path,
    harm: Callable[[Path], None],
    state: str | None,
) -> None:
    made, folder = simulated(SMALL, tmp_path / "night")
    send_harmed(place, made, folder, harm)
    ran = place.clone.hourly()
    assert ran.code == 0, ran.text
    line = line_of(ran.text, SMALL.name)
    assert " done " in line
    shown, reason = assert_without_result(place, mariadb, state)
    assert f"XR: {shown} ({reason})" in line
    assert shown in status(place.clone, SMALL.name).stdout
    nothing_else_to_do(place, mariadb)
    ran = place.clone.hourly("-R", "fetch", f"fetched/{SMALL.name}.json")
    assert ran.code == 0, ran.text
    fetched = place.clone.directory / "fetched/minime05/uao/2026/20260512"
    assert fetched.is_dir()
    assert list(fetched.rglob("*.png")) == []


@pytest.mark.long
def test_of_two_tags_that_which_comes_to_none_keeps_its_earlier_result(
    place: Place, mariadb: MariadbServer, tmp_path: Path
) -> None:
    store = place.store
    upload(store, simulated(TWO_TAGS, tmp_path / "first")[1].raw)
    assert place.clone.hourly().code == 0
    first, before = store.get_json(TWO_TAGS.published_key), everything(store)
    green = {product["key"] for product in first["products"] if product["tag"] == "XG"}
    green_rows = rows_of(mariadb, place.database, "XG")

    upload(store, simulated(TWO_TAGS, tmp_path / "second", tags=("XR",), seed=2)[1].raw)
    ran = place.clone.hourly()
    assert ran.code == 0, ran.text
    line = line_of(ran.text, TWO_TAGS.name)
    assert " done " in line
    assert "XG: 4 sky frames (earlier result kept: the analysis of " in line
    assert "came to none: no frames, " in line
    index, after = store.get_json(TWO_TAGS.published_key), everything(store)
    assert green
    assert {key: after[key] for key in green} == {key: before[key] for key in green}
    assert all(after[p["key"]] != before[p["key"]] for p in first["products"] if p["tag"] == "XR")
    manifest = load_manifest(store, TWO_TAGS)
    prove_published(store, manifest, index)
    kept = index["outcomes"]["XG"]["kept"]
    assert (kept["state"], kept["manifest_sha256"]) == ("no frames", manifest.sha256)
    assert index["outcomes"]["XG"]["manifest_sha256"] == first["manifest_sha256"] != manifest.sha256
    assert "kept" not in index["outcomes"]["XR"]
    assert store.list(TWO_TAGS.raw_prefix) == []
    assert rows_of(mariadb, place.database, "XG") == green_rows
    reasons = dict(rows(mariadb, place.database, "SELECT tag, reason FROM fpi_night"))
    assert reasons["XR"] == ""
    assert reasons["XG"].startswith("earlier result kept: ")
    assert rows(mariadb, place.database, "SELECT tag, reason FROM fpi_trouble") == [("XG", reasons["XG"])]
    page = store.get_bytes(store.get_json(TWO_TAGS.page_key)["page"]).decode()
    assert "Earlier result kept: " in page
    assert "minime13_uao_20260513_xg_winds.png" in page
    assert TWO_TAGS.name in store.get_bytes("pages/attention.html").decode()
    nothing_else_to_do(place, mariadb)

    # Plots once more, here and on a fresh disk: what was kept is kept, and stays what it is.
    for number in range(2):
        at_hand = place.clone
        if number:
            at_hand = clone(tmp_path / "fresh", place.clone.environment)
            at_hand.configure("products", legacy_npz=False, paper_plots=False)
        assert at_hand.hourly("-R", "fetch", f"fetched/{TWO_TAGS.name}.json").code == 0
        winds = at_hand.directory / "fetched/minime13/uao/2026/20260513/winds"
        assert {path.name for path in winds.glob("*.png")} == {"XG.png", "XR.png"}
        ran = at_hand.hourly("-R", "plots", f"nights/{TWO_TAGS.name}.json")
        assert ran.code == 0, ran.text
        assert "analyze" not in ran.text
        again = store.get_json(TWO_TAGS.published_key)
        assert again["outcomes"] == index["outcomes"]
        assert {p["key"]: p["sha256"] for p in again["products"]} == {
            p["key"]: p["sha256"] for p in index["products"]
        }
        assert rows_of(mariadb, place.database, "XG") == green_rows


def rows_of(mariadb: MariadbServer, database: str, tag: str) -> dict[str, list[tuple]]:
    """Everything that the tables have of a tag, but for the reason and the time of the load."""
    found = {
        table: rows(mariadb, database, f"SELECT * FROM {table} WHERE tag = %s ORDER BY 1, 2, 3, 4, 5", tag)
        for table in SAMPLES
    }
    facts = "state, sky_frames, good_winds, code_version, input_hash, settings_hash, manifest_sha256"
    found["fpi_night"] = rows(mariadb, database, f"SELECT {facts} FROM fpi_night WHERE tag = %s", tag)
    assert found["fpi_sky_sample"]
    return found


def run_until(place: Place, clone: Clone, kill: tuple[str, str, int], *arguments: str) -> None:
    """A run that is killed (-9), with all its steps, in place of a request to the bucket."""
    process: list[subprocess.Popen] = []
    place.front.when(*kill, lambda: os.killpg(process[0].pid, signal.SIGKILL))
    process.append(clone.start("--profile", "hourly", *arguments))
    text, _ = process[0].communicate(timeout=TIMEOUT_S)
    assert process[0].returncode == -signal.SIGKILL, f"it was never asked to {kill}: {text}"


DELIVERED = "/state/minime05/uao/2026/20260512/delivered.json"

# In place of which requests a run is killed, and whether the working disk is lost then.
KILLS = (
    (("GET", DELIVERED, 1), False),  # publish, before it knows what to keep
    (("DELETE", SMALL.cleaned_key, 1), False),  # publish, before the mark
    (("PUT", SMALL.pending_key, 1), True),  # publish, not marked yet
    (("DELETE", SMALL.published_key, 1), False),  # publish, while the old index is there
    (("PUT", DELIVERED, 1), True),  # publish: the old index is gone
    (("PUT", SMALL.published_key, 1), False),  # publish, all but the index
    (("PUT", SMALL.published_key, 1), True),
    (("PUT", SMALL.loaded_key, 1), True),  # load, committed but not on record
    (("PUT", SMALL.cleaned_key, 1), False),
)


@pytest.mark.long
def test_killed_at_every_request_the_earlier_result_stays_and_a_good_one_replaces_it(
    place: Place, small_night: NightFolder, mariadb: MariadbServer, tmp_path: Path
) -> None:
    store = place.store
    upload(store, small_night.raw)
    assert place.clone.hourly().code == 0
    before, was = everything(store), store.get_json(SMALL.published_key)
    rows_before = rows_of(mariadb, place.database, "XR")
    products = {product["key"]: before[product["key"]] for product in was["products"]}

    place.clone.configure("analysis", camera_off_c=ALL_TOO_WARM_C)
    target = ("-R", "analyze", f"nights/{SMALL.name}.json")
    for kill, disk_is_lost in KILLS:
        # Without a mark nothing has begun, so it is asked for again; with one any run goes on with it.
        run_until(place, place.clone, kill, *(() if store.head(SMALL.pending_key) else target))
        if disk_is_lost:
            for name in ("work", "results", "nights", ".snakemake"):
                shutil.rmtree(place.clone.directory / name, ignore_errors=True)
        assert {key: everything(store)[key] for key in products} == products, kill
        assert rows_of(mariadb, place.database, "XR") == rows_before, kill
    ran = place.clone.hourly()
    assert ran.code == 0, ran.text
    assert "earlier result kept" in line_of(ran.text, SMALL.name)
    index = store.get_json(SMALL.published_key)
    kept = index["outcomes"]["XR"].pop("kept")
    assert (kept["state"], kept["manifest_sha256"]) == ("camera off", was["manifest_sha256"])
    assert {**index, "made_at": ""} == {**was, "made_at": ""}
    assert everything(store).keys() - {key for key in everything(store) if key.startswith("pages/")} == {
        key for key in before if not key.startswith("pages/")
    }
    assert rows_of(mariadb, place.database, "XR") == rows_before
    nothing_else_to_do(place, mariadb)

    place.clone.configure("analysis", camera_off_c=-10.0)
    ran = place.clone.hourly(*target)
    assert ran.code == 0, ran.text
    assert "kept" not in store.get_json(SMALL.published_key)["outcomes"]["XR"]
    assert rows(mariadb, place.database, "SELECT state, reason FROM fpi_night") == [("analysed", "")]
    assert {key: everything(store)[key][0] for key in products} == {k: v[0] for k, v in products.items()}
    assert "arlier result kept" not in all_pages(store)


def all_pages(store: Store) -> str:
    return "".join(
        store.get_bytes(found.key).decode()
        for found in store.list("pages/")
        if found.key.endswith((".html", ".json"))
    )


@pytest.mark.long
def test_pages_made_anew_say_what_was_kept(place: Place, small_night: NightFolder) -> None:
    store = place.store
    upload(store, small_night.raw)
    assert place.clone.hourly().code == 0
    place.clone.configure("analysis", camera_off_c=ALL_TOO_WARM_C)
    ran = place.clone.hourly("-R", "analyze", f"nights/{SMALL.name}.json")
    assert ran.code == 0, ran.text
    (summary,) = json.loads((place.clone.directory / f"nights/{SMALL.name}.json").read_text())
    assert summary["outcomes"]["XR"]["kept"]["state"] == "camera off"
    before = {key: etag for key, (etag, _) in everything(store).items() if key.startswith("pages/")}
    done = subprocess.run(
        [sys.executable, "-m", "airglow", "pages", "--rebuild"],
        cwd=place.clone.directory,
        env=place.clone.environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    after = {key: etag for key, (etag, _) in everything(store).items() if key.startswith("pages/")}
    pending = "pages/pending/made-from-"
    assert {k: v for k, v in after.items() if not k.startswith(pending)} == {
        k: v for k, v in before.items() if not k.startswith(pending)
    }
    assert "Earlier result kept: " in all_pages(store)
