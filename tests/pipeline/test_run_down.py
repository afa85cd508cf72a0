"""Steps that hang, and that take the whole run down, with a real Snakemake and a real store."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from running import TIMEOUT_S, Clone, Front, clone, front, kill_all, new_place, surroundings
from uploading import MINIME05, send

from airglow.demo.servers import MariadbServer, S3Server
from airglow.store import Store
from airglow.uploads import CAME_DOWN, read_record, release

PART = "tar.gz000001"


@dataclass(frozen=True)
class Place:
    clone: Clone
    store: Store
    behind: Front


@pytest.fixture
def place(tmp_path: Path, s3: S3Server, mariadb: MariadbServer) -> Iterator[Place]:
    """A clone, and a bucket with a night whose extraction hangs: one of its parts does not come."""
    store, database = new_place(s3, mariadb)
    send(store, MINIME05)
    with front(s3.endpoint_url) as behind:
        at_hand = clone(tmp_path / "clone", surroundings(behind.url, store.bucket, s3, mariadb, database))
        behind.hold("GET", PART)
        yield Place(at_hand, store, behind)
        behind.forget()


def asked_for_part(place: Place) -> int:
    return sum(method == "GET" and PART in path for method, path in place.behind.requests)


def test_a_night_that_takes_every_run_down_is_left_alone_and_told(place: Place) -> None:
    for number in (1, 2, 3):
        process = place.clone.start_airglow()
        deadline = time.monotonic() + TIMEOUT_S
        while asked_for_part(place) < number:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        kill_all(process)
    ran = place.clone.airglow()
    assert ran.code == 4, ran.text
    assert f"failed, and tried again after a pause: {MINIME05.name} (extract: {CAME_DOWN})" in ran.text
    assert asked_for_part(place) == 3  # it was not tried
    record = read_record(place.store, MINIME05)
    assert [event.result for event in record.events] == ["interrupted", "interrupted", "failed"]
    assert all(place.store.head(event.log) for event in record.events)
    assert CAME_DOWN in (place.clone.directory / "logs/run.log").read_text()


def test_a_step_that_hangs_is_ended_and_has_failed(place: Place) -> None:
    place.clone.configure("run", step_hours=0.008)
    ran = place.clone.airglow()
    assert ran.code == 4, ran.text
    reason = "it was ended, since it took longer than 0.008 hours (run.step_hours)"
    record = read_record(place.store, MINIME05)
    assert (record.state.value, record.step, record.reason) == ("failed", "extract", reason)
    log = place.store.get_bytes(record.events[-1].log).decode()
    assert f'event=failed class=machine msg="{reason}"' in log
    assert record.next_try is not None


@contextmanager
def small_disk(directory: Path) -> Iterator[None]:
    """A disk of its own, of 80 megabytes, of which a plan leaves 50 to a night, at a directory."""
    directory.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=80m", "none", str(directory)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("nothing may be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


def fill(directory: Path) -> None:
    with (directory / "filler").open("wb", buffering=0) as file:
        for size in (1 << 20, 4096):
            with suppress(OSError):
                while True:
                    file.write(bytes(size))


def test_a_disk_that_is_full_is_named_and_the_night_has_failed(place: Place) -> None:
    directory = place.clone.directory / "work"
    with small_disk(directory):
        place.behind.forget()
        place.behind.when("GET", PART, 1, lambda: fill(directory))
        ran = place.clone.airglow()
        assert ran.code == 4, ran.text
        assert f"Make room on the disk at {directory}, for example with airglow clean" in ran.text
        record = read_record(place.store, MINIME05)
        assert (record.state.value, record.step) == ("failed", "extract")
        assert "No space left on device" in record.reason
        (directory / "filler").unlink()
        assert release(place.store, MINIME05)
        ran = place.clone.airglow()
        assert "extract minime05 uao 20260429: done" in ran.text
