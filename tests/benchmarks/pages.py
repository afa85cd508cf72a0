"""How fast the first page is with thousands of nights: made, updated, and shown by Chromium.

    python -m tests.benchmarks.pages [--nights 3000] [--instruments 6]

Times in the browser are those of its own clock for the page (Navigation and Paint Timing), without and with a
processor that is four times slower, as a phone's.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # where tests find each other

from pages.conftest import DESKTOP, PHONE, Browser, start_browser
from pages.made import SETTINGS, many_records, put_records

from airglow.demo.servers import s3_server
from airglow.pages.export import export_pages
from airglow.pages.site import update_pages
from airglow.pipeline.table import Row
from airglow.store import open_store, settings_from_environment

REPEATS = 5
SITES = ("uao", "mrh", "bdr")
TIMING = """
const navigation = performance.getEntriesByType('navigation')[0];
const paint = performance.getEntriesByName('first-contentful-paint')[0];
return [paint.startTime, navigation.loadEventEnd];
"""
FILTERING = """
const begun = performance.now();
const state = document.getElementById('filter-state');
state.value = 'flagged';
state.dispatchEvent(new Event('change'));
document.body.getBoundingClientRect();
return performance.now() - begun;
"""


def main() -> None:
    """Print sizes and times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--nights", type=int, default=3000)
    parser.add_argument("--instruments", type=int, default=6)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        index = make_pages(given.nights, given.instruments, Path(directory))
        browser = start_browser()
        try:
            show_page(browser, index.resolve().as_uri())
        finally:
            browser.driver.quit()


def make_pages(nights: int, instruments: int, out: Path) -> Path:
    """Make the pages, say how long that takes, and copy them; returns the first page."""
    stations = [f"minime{k + 1:02d}_{SITES[k % len(SITES)]}" for k in range(instruments)]
    with s3_server() as server:
        server.create_bucket("pages-benchmark")
        store = open_store(settings_from_environment(server.environment("pages-benchmark")))
        put_records(store, many_records(nights, stations))
        night = f"{stations[0]}_20250701"
        first, second = (Row(night, "waiting", f"{parts} of 17 parts", None) for parts in (12, 13))
        timed(
            f"all pages but those of nights, {nights} nights", lambda: update_pages(store, SETTINGS, [first])
        )
        timed("an update when what waits has changed", lambda: update_pages(store, SETTINGS, [second]))
        timed("an update with nothing to do", lambda: update_pages(store, SETTINGS, [second]))
        for name in ("index.html", "attention.html", "data/2025.json"):
            print(f"{store.head(SETTINGS.key(name)).size / 1e3:8.0f} kB  {name}")
        return export_pages(store, SETTINGS, out)["index"]


def show_page(browser: Browser, url: str) -> None:
    """Open the page several times, and say how long it took in the middle."""
    for screen, size, slower in (
        ("desktop", DESKTOP, 1),
        ("phone", PHONE, 1),
        ("phone, 4x slower", PHONE, 4),
    ):
        browser.set_width(size)
        browser.driver.execute_cdp_cmd("Emulation.setCPUThrottlingRate", {"rate": slower})
        measured = []
        for _ in range(REPEATS):
            browser.open(url)
            time.sleep(0.5)  # the first paint can come after the load
            measured.append([*browser.run(TIMING), browser.run(FILTERING)])
        paint, load, filtered = (statistics.median(column) for column in zip(*measured, strict=True))
        print(f"{screen:18} first paint {paint:5.0f} ms, loaded {load:5.0f} ms, filtered {filtered:4.0f} ms")


def timed(title: str, work: Callable[[], object]) -> None:
    """Do work and say how long it took."""
    begun = time.perf_counter()
    work()
    print(f"{time.perf_counter() - begun:8.2f} s   {title}")


if __name__ == "__main__":
    main()
