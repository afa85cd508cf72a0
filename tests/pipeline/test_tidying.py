"""What runs leave on the disk goes: by age in every run, the rest with ``airglow clean``."""

import base64
import os
import time
from pathlib import Path

import pytest
from running import new_place, surroundings

from airglow.__main__ import main
from airglow.demo.servers import MariadbServer, S3Server
from airglow.pipeline.runlock import begin_run
from airglow.pipeline.tidying import leftovers, remove, remove_earlier_products, remove_old
from airglow.store import Store
from airglow.uploads import NightId, mark_pending

DAY_S = 86400.0
KINDS = ("night.nc", "outcome.json", "frames.png", "fitted.npz", "night.log", "winds.png", "samples.csv")
STEPS = ("extract", "frames", "analyze_XR", "plots_XR", "publish", "load", "cleanup")


def record(root: Path, output: str) -> Path:
    """A file of Snakemake that is named by an output."""
    text = base64.urlsafe_b64encode(output.encode()).decode()
    parts = [text[at : at + 254] for at in range(0, len(text), 254)]
    return root.joinpath(*(f"@{part}" for part in parts[:-1]), parts[-1])


def write(path: Path, age_days: float, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    moment = time.time() - age_days * DAY_S
    os.utime(path, (moment, moment))
    return path


def worked_on(directory: Path, number: int, age_days: float) -> None:
    """What a run leaves of a night that is done."""
    place = f"minime05/uao/2025/202504{number + 1:02d}"
    for kind in KINDS:
        output = f"results/{place}/XR/{kind}"
        write(directory / output, age_days)
        write(record(directory / ".snakemake/metadata", output), age_days)
    for step in STEPS:
        write(directory / f"logs/{place}/{step}.log", age_days)
        write(directory / f"benchmarks/{place}/{step}.tsv", age_days)
    for state in ("manifest", "published", "loaded", "page", "cleaned"):
        output = f"work/states/{place}/{state}.json"
        write(directory / output, age_days)
        write(record(directory / ".snakemake/metadata", output), age_days)
    write(directory / f".snakemake/log/{number}.snakemake.log", age_days)
    write(directory / f".snakemake/scripts/tmp{number}.py", age_days)


def files(directory: Path) -> int:
    return sum(len(names) for _, _, names in os.walk(directory))


@pytest.mark.parametrize("nights", [1, 20])
def test_files_of_nights_that_are_done_and_old_do_not_grow(tmp_path: Path, nights: int) -> None:
    for number in range(nights):
        worked_on(tmp_path, number, age_days=91)
    worked_on(tmp_path, 25, age_days=1)
    remove_old(tmp_path, 30, 90)
    of_one_night = 2 * len(KINDS) + 2 * len(STEPS) + 2 * 5 + 2
    assert files(tmp_path) == of_one_night
    remove_old(tmp_path, 0.5, 0.5)
    assert files(tmp_path) == 0


def test_mirrors_stay_while_a_night_that_was_named_is_at_work(tmp_path: Path) -> None:
    worked_on(tmp_path, 0, age_days=91)
    remove_old(tmp_path, 30, 0, states=False)
    assert files(tmp_path / "work/states") == 5
    assert files(tmp_path / "logs") == len(STEPS)
    remove_old(tmp_path, 0, 0)
    assert files(tmp_path / "work/states") == 5


def left(directory: Path, open_nights: tuple[str, ...] = ()) -> dict[str, str]:
    found = leftovers(directory, open_nights, 30, 90)
    return {str(one.path.relative_to(directory)): one.why for one in found}


def test_what_is_of_use_is_no_leftover(tmp_path: Path) -> None:
    worked_on(tmp_path, 0, age_days=0.5)
    write(tmp_path / "work/discovery.json", 50)
    write(tmp_path / "work/minime05/uao/2025/20250402/archive.tar.gz", 1)
    write(tmp_path / "results/minime05/uao/2025/20250401/XR/.night.nc.partial", 0)  # is being written
    marker = record(tmp_path / ".snakemake/incomplete", "results/minime05/uao/2025/20250402/XR/night.nc")
    write(marker, 1)
    assert left(tmp_path, ("minime05_uao_20250402",)) == {}


def test_each_leftover_has_its_reason_and_goes(tmp_path: Path) -> None:
    long = f"results/minime05/uao/2025/20250409/{'x' * 300}"
    of_no_night = write(tmp_path / "work/minime05/uao/2025/20250402/frames/1.hdf5", 1).parents[1]
    expected = {
        of_no_night: "of a night that no run goes on with",
        write(tmp_path / "work/states/minime05/uao/2025/20250401/.a.partial", 1): "half written",
        write(tmp_path / "results/minime05/uao/2025/20250401/XR/.b.partial", 1): "half written",
        write(record(tmp_path / ".snakemake/metadata", "results/gone"), 1): "of an output that is gone",
        write(record(tmp_path / ".snakemake/metadata", long), 1): "of an output that is gone",
        write(record(tmp_path / ".snakemake/incomplete", long), 1): "mark of work on a night that is done",
        write(tmp_path / ".snakemake/locks/0.output.lock", 0): "lock of a run that is gone",
        write(tmp_path / ".snakemake/scripts/tmp1.py", 2): "of a step that is over",
        write(tmp_path / "logs/old.log", 91): "older than 90 days (run.keep_log_days)",
        write(tmp_path / "results/old.json", 31): "older than 30 days (run.keep_local_days)",
    }
    write(tmp_path / ".snakemake/metadata/no record of Snakemake", 1)
    found = list(leftovers(tmp_path, (), 30, 90))
    assert {one.path for one in found} == set(expected)
    for one in found:
        assert one.why.startswith(expected[one.path])
        remove(one, tmp_path)
        remove(one, tmp_path) if not one.path.is_dir() else None
    assert left(tmp_path) == {}
    assert files(tmp_path) == 1
    assert not (tmp_path / "work/minime05").exists()


@pytest.fixture
def used(
    s3: S3Server, mariadb: MariadbServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, Store]:
    """A directory in which runs were made, and its bucket."""
    store, database = new_place(s3, mariadb)
    for name, value in surroundings(s3.endpoint_url, store.bucket, s3, mariadb, database).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return tmp_path, store


def test_the_command(used: tuple[Path, Store], capsys: pytest.CaptureFixture) -> None:
    directory, store = used
    assert main(["clean"]) == 0
    assert "no run was ever made here" in capsys.readouterr().out
    begin_run(directory / ".snakemake", 0).end()
    mark_pending(store, NightId.parse("minime05_uao_20250403"), "upload")
    write(directory / "work/minime05/uao/2025/20250402/archive.tar.gz", 1, "x" * 2_000_000)
    write(directory / "work/minime05/uao/2025/20250403/archive.tar.gz", 1)
    before = files(directory)
    assert main(["clean", "--dry-run"]) == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first == "      2.0 MB  work/minime05/uao/2025/20250402: of a night that no run goes on with"
    assert last == "1 leftovers would go, 2.0 MB"
    assert files(directory) == before
    run = begin_run(directory / ".snakemake", 0)
    assert main(["clean"]) == 1
    assert "another run is at work" in capsys.readouterr().err
    run.end()
    assert main(["clean"]) == 0
    assert capsys.readouterr().out == "1 leftovers are gone, 2.0 MB\n"
    assert files(directory) == before - 1


def test_products_of_an_earlier_result_do_not_stay_beside_a_new_one(tmp_path: Path):
    """PDFs that were asked for once, and what a step that was killed has left."""
    earlier = {"winds.pdf", "legacy.npz", "winds.png", ".night.nc.123.partial"}
    for name in (*earlier, "fitted.npz", "mine.txt"):
        (tmp_path / name).write_bytes(b"of before")
    removed = remove_earlier_products(tmp_path, ("fitted",))
    assert {path.name for path in removed} == earlier
    assert {path.name for path in tmp_path.iterdir()} == {"fitted.npz", "mine.txt"}
    assert remove_earlier_products(tmp_path / "nothing", ()) == []
