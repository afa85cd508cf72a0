"""A small night that comes in two steps, and one that is killed again and again: both end alike."""

import datetime as dt
import os
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest
from benchmarks.requests import beyond_data
from running import TIMEOUT_S, everything, upload

from airglow.archive import load_manifest
from airglow.demo.servers import MariadbServer
from airglow.model.states import ErrorClass, NightState
from airglow.pipeline.publish import delivered_key
from airglow.products import read_netcdf
from airglow.simulate import NightFolder
from airglow.store import Store, hash_file
from airglow.uploads import TABLE, read_record, release

from .conftest import SMALL, InTwoSteps, Place, contents, in_one_process, line_of, uploaded_and_made


def test_a_night_that_lacks_its_last_part_waits(in_two_steps: InTwoSteps, small_night: NightFolder) -> None:
    parts = len(small_night.upload.parts)
    assert in_two_steps.before.code == 0
    line = line_of(in_two_steps.before.text, SMALL.name)
    assert "waiting" in line
    assert f"{parts - 1} of {parts} parts" in line
    assert uploaded_and_made(in_two_steps.raw_before) == {
        f"raw/{path.name}" for path in small_night.raw.iterdir() if path != small_night.upload.parts[-1]
    }


def test_it_is_done_once_the_part_is_there(in_two_steps: InTwoSteps, mariadb: MariadbServer) -> None:
    place = in_two_steps.place
    assert in_two_steps.after.code == 0, in_two_steps.after.text
    assert "done" in line_of(in_two_steps.after.text, SMALL.name)
    assert place.store.list("raw/") == []
    assert len(contents(mariadb, place.database)["fpi_sky_sample"]) == 4


def test_a_night_costs_so_many_requests(in_two_steps: InTwoSteps) -> None:
    """Of Snakemake and the steps together, beyond those that its parts, frames, products and pages need."""
    beyond = beyond_data(in_two_steps.asked)
    # 37 with three parts and one weather file, each further part one; here it has more of both, and waited.
    assert sum(beyond.values()) <= 42, beyond
    # What extract unpacked is analysed: no frame comes back from the archive for that.
    assert [
        path for method, path in in_two_steps.asked if method == "GET" and f"/{SMALL.frames_prefix}" in path
    ] == []


def test_products_that_the_configuration_does_without_are_not_made(in_two_steps: InTwoSteps) -> None:
    place = in_two_steps.place
    keys = everything(place.store)
    assert "results/2026/minime05_uao_20260512_xr.nc" in keys
    assert [key for key in keys if key.endswith(("_xr.npz", ".pdf"))] == []
    local = {path.name for path in (place.clone.directory / "results").rglob("*.*")}
    assert {"winds.png", "winds.csv"} <= local
    assert not {"winds.pdf", "legacy.npz"} & local


def test_temperatures_of_the_site_reach_the_products(
    in_two_steps: InTwoSteps, small_night: NightFolder, tmp_path: Path
) -> None:
    """As the logger wrote them at the site, whose clock is five hours behind UTC in May."""
    content = in_two_steps.place.store.get_bytes("results/2026/minime05_uao_20260512_xr.nc")
    (tmp_path / "night.nc").write_bytes(content)
    assert small_night.raw is not None
    written = {}
    for path in small_night.raw.glob("TempL00_uao_*.txt"):
        for line in path.read_text().splitlines():
            when, *values = line.split(",")
            utc = dt.datetime.strptime(when, "%m/%d/%Y %H:%M:%S") + dt.timedelta(hours=5)
            written[np.datetime64(utc, "us")] = [float(value) for value in values]
    dome, inside = read_netcdf(tmp_path / "night.nc").temperatures
    assert (dome.probe, inside.probe, len(dome)) == ("dome", "inside", 288)
    for k, probe in enumerate((dome, inside)):
        assert [written[time][k] for time in probe.time] == probe.temperature_c.tolist()


def nothing_is_lost(store: Store, night: NightFolder) -> None:
    """Every frame is in raw/ or proven in the archive; raw objects have only gone when all else was done."""
    raw = {found.key: found.etag for found in store.list(SMALL.raw_prefix)}
    sent = [*night.upload.parts, night.upload.receipt]
    if any(raw.get(f"raw/{path.name}") != hash_file(path).md5 for path in sent):
        manifest = load_manifest(store, SMALL)
        archived = {found.key: (found.size, found.etag) for found in store.list(SMALL.frames_prefix)}
        assert {frame.name for frame in manifest.frames} == {path.name for path in night.frames.iterdir()}
        assert all(archived[frame.key] == (frame.size, frame.etag) for frame in manifest.frames)
        assert store.head(SMALL.published_key)
        assert store.head(SMALL.loaded_key)


def end_state(place: Place, mariadb: MariadbServer) -> tuple[dict, dict]:
    """What must not depend on how a night got there: all but the times at which it was done."""
    dated = (
        delivered_key(SMALL),
        SMALL.published_key,
        SMALL.loaded_key,
        SMALL.page_key,
        SMALL.cleaned_key,
        "pages/",
        "state/store/",
    )
    pending = "pages/pending/made-from-"  # named after what the last run had to say
    objects = {
        key: "" if key.startswith(dated) else etag
        for key, (etag, _) in everything(place.store).items()
        if not key.startswith((pending, TABLE)) and "/attempts/" not in key  # of runs, not of the night
    }
    tables = contents(mariadb, place.database)
    tables["fpi_night_state"] = []  # of runs too
    for name in ("fpi_load", "fpi_night", "fpi_schema_version"):
        tables[name] = [()] * len(tables[name]) if name == "fpi_night" else []
    return objects, tables


def differences(place: Place, in_two_steps: InTwoSteps, mariadb: MariadbServer) -> set[str]:
    """Keys of objects and names of tables that are not alike at the end."""
    differ = set()
    for ours, theirs in zip(end_state(place, mariadb), end_state(in_two_steps.place, mariadb), strict=True):
        differ |= {name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)}
    return differ


def run_until(place: Place, method: str, path_part: str, number: int) -> None:
    """An hourly run that is killed (-9), with all its steps, in place of a request to the bucket."""
    process: list[subprocess.Popen] = []
    place.front.when(method, path_part, number, lambda: os.killpg(process[0].pid, signal.SIGKILL))
    process.append(place.clone.start("--profile", "hourly"))
    text, _ = process[0].communicate(timeout=TIMEOUT_S)
    assert process[0].returncode == -signal.SIGKILL, f"it was never asked to {method} {path_part}: {text}"


def run_until_said(place: Place, words: str) -> None:
    """An hourly run that is killed (-9), with all its steps, as soon as it says something."""
    process = place.clone.start("--profile", "hourly")
    wait_for(process, words)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def wait_for(process: subprocess.Popen, words: str) -> str:
    """Read what a run says up to a line with these words in it."""
    assert process.stdout is not None
    return next(line for line in process.stdout if words in line)


def test_a_night_in_one_process_ends_as_through_the_workflow(
    place: Place, in_two_steps: InTwoSteps, small_night: NightFolder, mariadb: MariadbServer, tmp_path: Path
) -> None:
    upload(place.store, small_night.raw)
    in_one_process(place, tmp_path)
    assert not SMALL.below(tmp_path / "work").exists()  # nothing of many nights gathers on the disk
    (objects, tables), (same_objects, same_tables) = (
        end_state(one, mariadb) for one in (place, in_two_steps.place)
    )
    assert objects.keys() == same_objects.keys()
    assert [key for key, etag in objects.items() if etag != same_objects[key]] == []
    assert tables == same_tables


# In place of which requests a run is killed, one after the other.
KILLS: tuple[tuple[str, str, int], ...] = (
    ("GET", "tar.gz000001", 1),  # extract, while it joins the parts
    ("PUT", f"/{SMALL.frames_prefix}", 3),  # extract, in the middle
    ("PUT", SMALL.manifest_key, 1),  # extract, all but the manifest
    ("PUT", "/results/", 2),  # publish, in the middle
    ("PUT", delivered_key(SMALL), 1),  # publish, all but the index and its copy
    ("PUT", SMALL.published_key, 1),  # publish, all but the index
    ("PUT", SMALL.loaded_key, 1),  # load, committed but not on record
    ("PUT", "/pages/nights/", 2),  # load, in the middle of the page
    ("PUT", SMALL.page_key, 1),  # load, all but the second sentinel
    ("DELETE", "/raw/fpi", 2),  # cleanup, in the middle
    ("PUT", SMALL.cleaned_key, 1),  # cleanup, all but the sentinel
    ("DELETE", SMALL.pending_key, 1),  # cleanup, all but the marker
    ("PUT", "/pages/index.html", 1),  # the pages of all nights, after the last step
)


@pytest.mark.long
def test_killed_at_every_step_a_night_ends_the_same(
    place: Place, in_two_steps: InTwoSteps, small_night: NightFolder, mariadb: MariadbServer
) -> None:
    upload(place.store, small_night.raw)
    for method, path_part, number in KILLS[:3]:
        run_until(place, method, path_part, number)
        nothing_is_lost(place.store, small_night)
    for step in ("analyze", "plots"):  # steps that ask the bucket for nothing
        run_until_said(place, f"{step} {SMALL.name.replace('_', ' ')} XR: done")
    for method, path_part, number in KILLS[3:]:
        run_until(place, method, path_part, number)
        nothing_is_lost(place.store, small_night)
    ran = place.clone.hourly()
    assert ran.code == 0, ran.text
    assert differences(place, in_two_steps, mariadb) == set()
    assert [found.key for found in place.store.list("state/pending/")] == [TABLE]


@pytest.mark.long
def test_a_step_that_outlives_its_run_is_waited_for(
    place: Place, in_two_steps: InTwoSteps, small_night: NightFolder, mariadb: MariadbServer
) -> None:
    upload(place.store, small_night.raw)
    killed: list[subprocess.Popen] = []
    place.front.when("PUT", f"/{SMALL.frames_prefix}", 2, lambda: killed[0].kill())
    go_on = place.front.hold("PUT", f"/{SMALL.frames_prefix}")
    killed.append(place.clone.start("--profile", "hourly"))
    assert killed[0].wait(TIMEOUT_S) == -signal.SIGKILL  # alone: the extraction lives on

    again = place.clone.start_airglow()
    assert "Waiting at most 600 s" in wait_for(again, "still at work")
    assert place.store.head(SMALL.manifest_key) is None
    go_on.set()
    text, _ = again.communicate(timeout=TIMEOUT_S)
    assert again.returncode == 0, text
    assert differences(place, in_two_steps, mariadb) == set()


@pytest.mark.long
def test_a_second_run_beside_the_first_is_refused(place: Place, small_night: NightFolder) -> None:
    upload(place.store, small_night.raw)
    place.clone.configure("run", wait_seconds=0)
    go_on = place.front.hold("GET", "tar.gz000000")
    first = place.clone.start("--profile", "hourly")
    wait_for(first, "discover: done")
    second = place.clone.hourly("-R", "analyze", f"nights/{SMALL.name}.json")
    assert second.code == 1
    assert f"another run is at work in .snakemake: process {first.pid} on" in second.text
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    go_on.set()


@pytest.mark.long
def test_without_a_database_the_night_waits_in_raw(
    place: Place, in_two_steps: InTwoSteps, small_night: NightFolder, mariadb: MariadbServer
) -> None:
    upload(place.store, small_night.raw)
    raw = {key: value for key, value in everything(place.store).items() if key.startswith("raw/")}
    place.clone.configure("database", attempts=1)
    ran = place.clone.hourly(MYSQL_PORT="1")
    assert ran.code == 1
    assert "The database does not answer, so nights wait to be loaded: database " in ran.text
    assert "load: database" in line_of(ran.text, SMALL.name)
    assert "nothing was changed" in line_of(ran.text, SMALL.name)
    assert raw.items() <= everything(place.store).items()
    record = read_record(place.store, SMALL)
    assert (record.state, record.step, record.attempts) == (NightState.FAILED, "load", 1)
    assert record.error_class is ErrorClass.MACHINE
    early = place.clone.start_airglow()  # before its next try is due
    text, _ = early.communicate(timeout=TIMEOUT_S)
    assert (early.returncode, f"load {SMALL.name.replace('_', ' ')}" in text) == (4, False), text
    assert release(place.store, SMALL)
    ran = place.clone.hourly()
    assert ran.code == 0, ran.text
    assert "analyze" not in ran.text  # what was done is not done again
    assert differences(place, in_two_steps, mariadb) == set()


@pytest.mark.long
def test_a_bad_upload_of_an_archived_night_harms_nothing(
    place: Place, in_two_steps: InTwoSteps, small_night: NightFolder, mariadb: MariadbServer
) -> None:
    before = everything(in_two_steps.place.store)
    for key in before:
        place.store.put_bytes(key, in_two_steps.place.store.get_bytes(key))
    upload(place.store, small_night.raw)
    spoilt = small_night.upload.parts[1]
    place.store.put_bytes(f"raw/{spoilt.name}", bytes(spoilt.stat().st_size))

    ran = place.clone.hourly()
    assert ran.code == 1
    assert " refused " in line_of(ran.text, SMALL.name)
    after = {key: etag for key, (etag, _) in everything(place.store).items()}
    assert {f"raw/{path.name}" for path in small_night.raw.iterdir()} <= after.keys()
    for key, (etag, _) in before.items():
        if not key.startswith(("state/", "pages/")):
            assert after[key] == etag, key
    assert SMALL.name in place.store.get_bytes("pages/attention.html").decode()

    for found in place.store.list(SMALL.raw_prefix):  # the instrument's people take it back
        place.store.delete(found.key)
    ran = place.clone.hourly()
    assert ran.code == 0, ran.text
    assert differences(place, in_two_steps, mariadb) == set()


def test_weather_files_that_no_night_needs_any_more_go_to_the_archive(place: Place) -> None:
    place.clone.configure("uploads", cloud_wait_hours=0)
    place.store.put_bytes("raw/Cloud_uao_20260512.txt", b"complete, a day after the night was done")
    ran = place.clone.hourly()
    assert ran.code == 0, ran.text
    assert uploaded_and_made(everything(place.store)) == {
        "cloudsensor/uao/2026/Cloud_uao_20260512.txt",
    }
