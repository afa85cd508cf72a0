"""``python -m airglow.demo``: from uploads to winds in a database, on this machine alone."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from airglow.catalogue import connect
from airglow.catalogue import settings_from_environment as database_settings
from airglow.demo.nights import NIGHTS, QUICK_NIGHTS, DemoNight, simulated, upload
from airglow.demo.servers import mariadb_server, s3_server
from airglow.demo.summary import format_table, summarise_night
from airglow.model.errors import AirglowError
from airglow.pages.export import export_pages
from airglow.pages.settings import PagesSettings
from airglow.registry.configuration import DIRECTORY_VARIABLE
from airglow.store import Store, open_store
from airglow.store import settings_from_environment as store_settings

ROOT = Path(__file__).parents[2]
BUCKET = "airglow-demo"
PREFIXES = {
    "RESULTS_PATH": "results",
    "SUMMARY_IMAGES_PATH": "summaryimages",
    "MADRIGAL_PATH": "madrigal/fpi",
}
FOREIGN = ("AWS_", "MYSQL_", "SNAKEMAKE_", "AIRGLOW_", "DEST_BUCKET")
CHATTER = ("Execute ", "Select jobs ")  # Snakemake, between every two steps
PARTS_OF_DEMO = ("uploads", "run", "products", "site")


def main(arguments: list[str] | None = None) -> int:
    """Run the demo.

    Returns
    -------
    int
        0 if every night ended as it should.
    """
    parser = argparse.ArgumentParser(prog="python -m airglow.demo", description=__doc__)
    parser.add_argument(
        "--directory", type=Path, default=ROOT / "demo", help="for everything that is written (default: demo)"
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="nights of a few frames: shows that it runs, not how good winds are",
    )
    asked = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers are stopped
    try:
        return _demo(asked.directory.absolute(), QUICK_NIGHTS if asked.quick else NIGHTS)
    except AirglowError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("demo: stopped", file=sys.stderr)
        return 130


def _demo(directory: Path, nights: tuple[DemoNight, ...]) -> int:
    begun = time.monotonic()
    for name in PARTS_OF_DEMO:  # of an earlier demo, whose bucket and database are gone
        shutil.rmtree(directory / name, ignore_errors=True)
    uploads, run, products, site = (directory / name for name in PARTS_OF_DEMO)
    run.mkdir(parents=True)
    by_name = {demo.name: demo for demo in nights}

    _say("simulating nights pixel by pixel, and starting an S3 server and a MariaDB of our own")
    with simulated(uploads, nights) as folders, s3_server() as s3, mariadb_server() as mariadb:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)},
            **s3.environment(BUCKET),
            **mariadb.environment(),
            **PREFIXES,
            DIRECTORY_VARIABLE: str(run),  # which holds no configuration: not the operator's of this machine
            "NO_PROXY": f"{mariadb.host},localhost",
            "no_proxy": f"{mariadb.host},localhost",
        }
        s3.create_bucket(BUCKET)
        store = open_store(store_settings(environment))
        for folder in folders:
            demo = by_name[folder.frames.parent.name]
            objects, size_bytes = upload(store, folder, demo.arrives)
            incomplete = "" if demo.arrives else "; its last part is still missing"
            _say(f"uploaded {demo.name}: {objects} objects, {size_bytes / 1e6:.1f} MB{incomplete}")

        code = _run_workflow(run, environment)
        _say(f"all in {time.monotonic() - begun:.0f} s")
        code = _tell(store, environment, nights, uploads, run, products, code)
        return code or _show_pages(store, site)


def _run_workflow(run: Path, environment: dict[str, str]) -> int:
    """Run the workflow as a user does, and show what it says."""
    command = [
        "snakemake",
        "--profile",
        _short(ROOT / "profiles/demo"),
        "--directory",
        _short(run),
    ]
    _say(" ".join(command))
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=Path.cwd(),
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    try:
        with (run / "snakemake.log").open("w", encoding="utf-8") as log:
            for line in process.stdout:
                log.write(line)
                if not line.startswith(CHATTER):
                    print(f"   {line}", end="", flush=True)
        return process.wait()
    finally:  # after Ctrl-C or SIGTERM it ends its jobs before the servers go
        if process.poll() is None:
            process.terminate()
            process.communicate()


def _tell(
    store: Store,
    environment: dict[str, str],
    nights: tuple[DemoNight, ...],
    uploads: Path,
    run: Path,
    products: Path,
    code: int,
) -> int:
    rows, files, as_it_should = [], [], code == 0
    with connect(database_settings(environment)) as database:
        for demo in sorted(nights, key=lambda demo: demo.name):
            truth = uploads / demo.name / "truth.csv"
            discovery = run / "work/discovery.json"
            summary = summarise_night(store, database, demo.night, truth, products, discovery)
            rows += summary.rows
            files += summary.files
            as_it_should &= summary.done == demo.arrives
    print(f"\n{format_table(rows)}\n")
    if not as_it_should:
        print(f"The demo did not end as it should; what the workflow said is in {_short(run)}/snakemake.log")
        return 1
    print("Plots to open:")
    for path in files:
        if path.suffix == ".png":
            print(f"  {_short(path)}")
    print("NetCDF files, Madrigal text and logs are in the same place; the truth that was simulated is in")
    print(f"  {_short(uploads)}/*/truth.csv")
    return 0


def _show_pages(store: Store, site: Path) -> int:
    exported = export_pages(store, PagesSettings(), site)
    for problem in exported["problems"]:
        print(problem)
    print("All nights on pages, to open in a browser:")
    print(f"  {_short(exported['index'])}")
    return 1 if exported["problems"] else 0


def _short(path: Path) -> str:
    """A path as one would type it here."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def _say(text: str) -> None:
    print(f"== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
